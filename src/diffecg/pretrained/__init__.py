"""The models that come with the package: one folder each."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the bundled models."""
    return sorted(file.parent.name for file in _HERE.glob("*/config.json"))


def find(name: str) -> Path | None:
    """Return the folder of the bundled model called ``name``, or None."""
    return _HERE / name if name in names() else None
