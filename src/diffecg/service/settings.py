"""What a server is started with, and what it refuses as too much."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from diffecg.composition.options import ComposeOptions
from diffecg.errors import DiffecgError
from diffecg.inference.options import DrawOptions, ForecastOptions, SamplerOptions
from diffecg.service.schemas import ComposeRequest, EvaluateRequest, GenerateRequest, Request, RhythmRequest

MOST_SEED = 2**62
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class LimitExceeded(DiffecgError):
    """More was asked for than the server was started to give."""


@dataclass(frozen=True)
class Limits:
    """The most that one request may ask for, and that the server keeps."""

    windows: int = 2000
    """Windows of a request to generate."""
    minutes: float = 60.0
    """Length of a composed recording."""
    draws: int = 64
    """Draws of what is missing."""
    steps: int = 1000
    """Steps of a sampler."""
    horizon_s: float = 30.0
    """Length of a forecast, in s."""
    upload_mb: float = 64.0
    """Size of an uploaded recording or set, in MB."""
    samples: int = 10**8
    """Samples of a recording times draws."""
    text: int = 500
    """Characters of a rhythm."""
    body_kb: float = 256.0
    """Size of any other request, in kB."""
    queue: int = 64
    """Jobs that wait."""
    jobs: int = 200
    """Finished jobs whose results are kept, however old."""
    keep_s: float = 60.0
    """How long results are kept at least, in s."""
    uploads: int = 32
    """RecordingFolder and sets that are kept."""

    def check(self, asked: Request | RhythmRequest) -> None:
        """Refuse what is too much, or impossible.

        Raises:
            LimitExceeded: it is more than these limits.
            DiffecgError: it is below the least, or out of range.
        """
        if isinstance(asked, SamplerOptions):
            _check("steps", 1 if asked.steps is None else asked.steps, 1, self.steps)
            _check("batch_size", asked.batch_size, 1, 4096)
        if isinstance(asked, GenerateRequest):
            _check("count", asked.count, 1, self.windows)
        if isinstance(asked, DrawOptions):
            _check("draws", asked.draws, 1, self.draws)
            if not 0 < asked.band < 1:
                raise DiffecgError(f"band {asked.band:g} must lie between 0 and 1")
        if isinstance(asked, ForecastOptions):
            _check("horizon", asked.horizon, 0.0, self.horizon_s)
        if isinstance(asked, ComposeOptions):
            _check("minutes", asked.minutes, 0.0, self.minutes)
            _seed("subject_seed", asked.subject_seed)
        if isinstance(asked, ComposeRequest | RhythmRequest):
            _check("characters of the rhythm", len(asked.text), 0, self.text)
        if isinstance(asked, EvaluateRequest):
            _check("seeds", asked.seeds, 2, 20)
            _check("most", asked.most, 2, 5000)
        else:
            _seed("seed", asked.seed)

    def check_draws(self, draws: int, samples: int) -> None:
        """Refuse what would not fit into memory.

        Raises:
            LimitExceeded: so it is.
        """
        _check("draws x samples of the recording", draws * samples, 0, self.samples)


@dataclass(frozen=True)
class Settings:
    """What a server is started with."""

    models: tuple[str, ...]
    """Bundled models or model folders; no other is ever loaded."""
    folder: Path
    """Where uploads and results are kept while the server runs."""
    beats: Path | None = None
    """Real beats to show beside: a folder that ``diffecg prepare`` wrote."""
    token: str = ""
    """What every request must bring; none is asked for unless given."""
    loopback: bool = True
    """Whether only this machine is to reach it."""
    threads: int | None = None
    """Of the process that computes."""
    engine: str = "torch"
    """What computes: ``torch`` or ``onnx``."""
    limits: Limits = field(default_factory=Limits)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not value >= least:
        raise DiffecgError(f"{name} {value:g} must be at least {least:g}")
    if value > most:
        raise LimitExceeded(f"{name} {value:g} is more than this server gives, {most:g}")


def _seed(name: str, value: int) -> None:
    if not 0 <= value < MOST_SEED:
        raise DiffecgError(f"{name} must be 0 to {MOST_SEED - 1}")
