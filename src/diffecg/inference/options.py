"""What can be asked of the tasks: one set of settings for the command line and the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SamplerOptions:
    """How samples are computed."""

    sampler: str | None = None
    """ddpm, ddim, heun or dpm2m; the model's own unless given."""
    steps: int | None = None
    """Steps of the sampler; as the model was made for unless given."""
    batch_size: int = 64
    """Windows computed together; changes speed and memory, not the samples."""

    def sampling(self) -> dict[str, Any]:
        """Return the arguments that the tasks take."""
        return {"sampler": self.sampler, "steps": self.steps, "batch_size": self.batch_size}


@dataclass(frozen=True)
class DrawOptions:
    """How often what is missing is drawn."""

    draws: int = 16
    """How many times to draw what is missing."""
    band: float = 0.9
    """Share of draws between the lower and the upper bound."""
    seed: int = 0
    """Seed of the first draw; draw i has seed + i."""


@dataclass(frozen=True)
class GenerateOptions:
    """Which windows to make."""

    label: str | None = None
    """Class of the windows: N, S, V or F; left to the model unless given."""
    count: int = 1
    """Number of windows."""
    seed: int = 0
    """Seed of the first sample; sample i has seed + i."""
    rhythm: str | None = None
    """Beats of every window, as "0.5:N 1.3:N 1.9:V" (time of the R peak in s, class), for strips."""


@dataclass(frozen=True)
class ImputeOptions:
    """What of a recording to fill."""

    gap: tuple[str, ...] = ()
    """A stretch to draw anew, from:to in seconds; may be repeated."""
    detect: str = ""
    """Faults to look for and draw anew, with commas: flat, clipped, saturated, noise."""
    lead: tuple[str, ...] = ()
    """Lead to repair; may be repeated. Unless given: all in which something is missing or found; with gaps
    the model's own, else MLII or II, else the first ECG lead."""
    label: str | None = None
    """Class of the beats, if the model knows classes."""


@dataclass(frozen=True)
class DenoiseOptions:
    """What of a recording is noisy."""

    stretch: tuple[str, ...] = ()
    """A noisy stretch, from:to in seconds; may be repeated. Unless given, noise is looked for."""
    detect: str = "noise"
    """What to look for where no stretch is given, with commas: noise, flat, clipped, saturated."""
    lead: tuple[str, ...] = ()
    """Lead to repair; may be repeated. Unless given: all in which noise is found; with true_runs the model's
    own, else MLII or II, else the first ECG lead."""
    label: str | None = None
    """Class of the beats, if the model knows classes."""


@dataclass(frozen=True)
class ForecastOptions:
    """From where a recording is to be forecast."""

    at: float | None = None
    """ForecastOptions in seconds; only what lies before it is used. The recording's end unless given."""
    horizon: float = 1.0
    """Seconds to draw."""
    lead: str | None = None
    """Name of the lead; the model's own, else MLII or II, else the first ECG lead."""
    label: str | None = None
    """Class of the beats, if the model knows classes."""
