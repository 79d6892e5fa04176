"""Options of the tasks, shared by the library, the command line and the REST service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from diffecg.signal.masks import Interval

Write = Literal["draw", "mean", "none"]
"""What is written into the gaps of a recording."""


@dataclass(frozen=True, kw_only=True)
class SamplerOptions:
    """Sampler, number of steps and batch size."""

    sampler: str | None = None
    """ddpm, ddim, heun or dpm2m; default: the model's own."""
    steps: int | None = None
    """Sampling steps; default: the model's own."""
    batch_size: int = 64
    """Windows computed together; affects speed and memory, not the samples."""

    def sampling(self) -> dict[str, Any]:
        """Return the options as keyword arguments of :class:`diffecg.Model`'s methods."""
        return {"sampler": self.sampler, "steps": self.steps, "batch_size": self.batch_size}


@dataclass(frozen=True, kw_only=True)
class ComposedSamplerOptions(SamplerOptions):
    """Sampler, number of steps and batch size of many composed recordings."""

    batch_size: int = 256
    """Recordings composed, and beats computed, together; affects speed and memory, not the samples."""


@dataclass(frozen=True, kw_only=True)
class DrawOptions:
    """Posterior draws and their prediction interval."""

    draws: int = 16
    """Number of draws."""
    coverage: float = 0.9
    """Nominal coverage of the prediction interval, between 0 and 1. K draws of a model cover at most
    (K - 1)/(K + 1): 88 % for 16 draws, and 90 % takes 19."""
    seed: int = 0
    """Seed of the draws; different seeds share no noise."""


@dataclass(frozen=True, kw_only=True)
class GenerateOptions:
    """Windows to generate."""

    label: str | None = None
    """Label of the windows, such as N, S, V or F; of models with several labels a window, one or more, as in
    MI+AFIB; default: unconditional."""
    count: int = 1
    """Number of windows."""
    seed: int = 0
    """Seed of the first window; window i has seed + i."""


@dataclass(frozen=True, kw_only=True)
class ImputeOptions:
    """Samples of a recording to impute, besides those that are missing from the file, and what is written."""

    gaps: tuple[Interval, ...] = ()
    """Intervals to impute."""
    detect: tuple[str, ...] = ()
    """Artefacts to detect and impute: flat, clipped, saturated, noise."""
    leads: tuple[str, ...] = ()
    """Leads to impute; default: with gaps the model's lead, else MLII or II, else the first ECG lead; without
    gaps all leads in which samples are missing or artefacts are detected."""
    label: str | None = None
    """Label of the beats, for models with labels."""
    max_gap_s: float = 10.0
    """Longest gap that is imputed, in s; longer ones stay as they are."""
    write: Write = "draw"
    """What the recording gets in a gap: draw (an ECG that represents the draws), mean (the mean of the draws,
    which is smooth), or none (nothing: the samples stay as they are)."""


@dataclass(frozen=True, kw_only=True)
class DenoiseOptions:
    """Noisy intervals of a recording to denoise."""

    intervals: tuple[Interval, ...] = ()
    """Noisy intervals; default: those that are detected."""
    detect: tuple[str, ...] = ("noise",)
    """Artefacts to detect where no interval is given: noise, flat, clipped, saturated."""
    leads: tuple[str, ...] = ()
    """Leads to denoise; default: with intervals MLII or II, else the first ECG lead; without intervals all
    leads in which noise is detected."""
    coverage: float = 0.9
    """Coverage of the prediction interval, between 0 and 1."""


@dataclass(frozen=True, kw_only=True)
class ForecastOptions:
    """Where and how far to forecast a recording."""

    at_s: float | None = None
    """Start of the forecast in s; only earlier samples are used. Default: the end of the recording."""
    horizon_s: float = 1.0
    """Length of the forecast in s."""
    lead: str | None = None
    """Lead to forecast; default: the model's lead, else MLII or II, else the first ECG lead."""
    label: str | None = None
    """Label of the beats, for models with labels."""
