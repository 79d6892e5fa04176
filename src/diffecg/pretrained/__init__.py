"""The models that are part of the package, one folder each."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the bundled models."""
    return sorted(path.parent.name for path in _ROOT.glob("*/config.json"))


def find(name: str) -> Path | None:
    """Return the folder of a bundled model; None if there is no model of that name."""
    return _ROOT / name if name in names() else None
