"""The models that are part of the package, one folder each."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).parent

DENOISER = "ecg-denoiser"
"""The network of :func:`diffecg.denoise`, which is not a diffusion model."""


def names() -> list[str]:
    """Return the names of the bundled diffusion models."""
    return sorted(path.parent.name for path in _ROOT.glob("*/config.json") if path.parent.name != DENOISER)


def folder(name: str) -> Path:
    """Return the folder of something that is part of the package."""
    return _ROOT / name


def find(name: str) -> Path | None:
    """Return the folder of a bundled diffusion model; None if there is no model of that name."""
    return folder(name) if name in names() else None
