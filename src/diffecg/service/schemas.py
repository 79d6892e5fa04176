"""The JSON bodies of requests and responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict

from diffecg.composition.options import ComposeOptions
from diffecg.inference.options import (
    DenoiseOptions,
    DrawOptions,
    ForecastOptions,
    GenerateOptions,
    ImputeOptions,
    SamplerOptions,
)

State = Literal["queued", "running", "done", "failed", "cancelled"]

_REQUEST = ConfigDict(extra="forbid", use_attribute_docstrings=True)
_RESPONSE = ConfigDict(use_attribute_docstrings=True)


@dataclass(frozen=True, kw_only=True)
class GenerateRequest:
    """A request to generate windows."""

    __pydantic_config__ = _REQUEST

    model: str = "mitbih-beat"
    """Name of a model of the server."""
    options: GenerateOptions = field(default_factory=GenerateOptions)
    """Number, label and seed of the windows."""
    sampling: SamplerOptions = field(default_factory=SamplerOptions)
    """Sampler and its steps."""


@dataclass(frozen=True, kw_only=True)
class ImputeRequest:
    """A request to impute the gaps of a recording."""

    __pydantic_config__ = _REQUEST

    recording: str
    """Id of an uploaded recording."""
    model: str | None = None
    """Name of a model of the server; default: none, the search for analogues."""
    options: ImputeOptions = field(default_factory=ImputeOptions)
    """Gaps and leads."""
    draw: DrawOptions = field(default_factory=DrawOptions)
    """Number of draws, their seed, and the coverage of the interval."""
    sampling: SamplerOptions = field(default_factory=SamplerOptions)
    """Sampler and its steps."""


@dataclass(frozen=True, kw_only=True)
class DenoiseRequest:
    """A request to denoise intervals of a recording."""

    __pydantic_config__ = _REQUEST

    recording: str
    """Id of an uploaded recording."""
    options: DenoiseOptions = field(default_factory=DenoiseOptions)
    """Noisy intervals, leads, and the coverage of the interval."""


@dataclass(frozen=True, kw_only=True)
class ForecastRequest:
    """A request to forecast a lead of a recording."""

    __pydantic_config__ = _REQUEST

    recording: str
    """Id of an uploaded recording."""
    model: str | None = None
    """Name of a model of the server; default: none, the search for analogues."""
    options: ForecastOptions = field(default_factory=ForecastOptions)
    """Lead, start and horizon."""
    draw: DrawOptions = field(default_factory=DrawOptions)
    """Number of draws, their seed, and the coverage of the interval."""
    sampling: SamplerOptions = field(default_factory=SamplerOptions)
    """Sampler and its steps."""


@dataclass(frozen=True, kw_only=True)
class RhythmRequest:
    """A request for the beats of a rhythm."""

    __pydantic_config__ = _REQUEST

    text: str
    """The rhythm: labels, repeats (`N*8`), groups (`(N*3 V)*10`), names (`bigeminy`), or `like:208`."""
    options: ComposeOptions = field(default_factory=ComposeOptions)
    """Length, heart rate and seeds."""


@dataclass(frozen=True, kw_only=True)
class ComposeRequest:
    """A request to compose an annotated recording."""

    __pydantic_config__ = _REQUEST

    text: str
    """The rhythm: labels, repeats (`N*8`), groups (`(N*3 V)*10`), names (`bigeminy`), or `like:208`."""
    model: str = "mitbih-beat"
    """Name of a model of the server that generates beats."""
    options: ComposeOptions = field(default_factory=ComposeOptions)
    """Length, heart rate and seeds."""


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest:
    """A request to evaluate synthetic windows against real ones."""

    __pydantic_config__ = _REQUEST

    synthetic: str
    """Id of an uploaded set, or of a finished job that generated windows."""
    real: str = "beats"
    """Id of an uploaded set of real windows, or `beats` for the server's own."""
    sections: tuple[Literal["fidelity", "physiology", "privacy", "utility"], ...] = ("fidelity", "physiology")
    """Sections of the report."""
    partition: Literal["validation", "test", "train"] = "validation"
    """Partition of the real windows to compare with, if they are partitioned."""
    seeds: int = 3
    """Number of repetitions with different seeds."""
    max_windows: int = 500
    """Largest number of windows of a label on either side of a comparison."""


RecordingRequest = ImputeRequest | ForecastRequest
ModelRequest = GenerateRequest | RecordingRequest | ComposeRequest
Request = ModelRequest | DenoiseRequest | EvaluateRequest


@dataclass(frozen=True, kw_only=True)
class RhythmBeats:
    """The beats of a rhythm."""

    __pydantic_config__ = _RESPONSE

    beats: list[tuple[float, str]]
    """Time of the R peak in seconds, and label, of each beat."""


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """A model of the server."""

    __pydantic_config__ = _RESPONSE

    name: str
    kind: str
    """`beat`: generates beats; `gap`: imputes and forecasts."""
    labels: list[str]
    fs_hz: float
    leads: list[str]
    window_s: float
    """Length of a window, in seconds."""
    before: int
    """Samples of a beat before its R peak."""
    steps: int
    """Default number of sampler steps."""


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """The state of a job."""

    __pydantic_config__ = _RESPONSE

    id: str
    task: str
    state: State
    done: int
    """Completed windows, beats or steps."""
    total: int
    """Their total number; 0 while unknown."""
    position: int
    """Number of jobs that are ahead in the queue."""
    error: str = ""
    """Why the job failed."""
    files: list[str] = field(default_factory=list)
    """Names of the files that can be downloaded."""
    request: dict[str, Any] = field(default_factory=dict)
    """The request, with defaults."""


@dataclass(frozen=True, kw_only=True)
class RecordingInfo:
    """An uploaded recording."""

    __pydantic_config__ = _RESPONSE

    id: str
    name: str
    fs_hz: float
    duration_s: float
    samples: int
    leads: list[str]
    """Leads in units of voltage."""
    lead: str
    """The lead to show first."""
    missing_s: dict[str, float]
    """Duration of the missing samples of each lead, in seconds."""
    beats: list[tuple[float, str]]
    """Time in seconds and symbol of each annotated beat."""
    warnings: list[str]
    """Why the lead may not be an ECG such as the models were trained on."""


@dataclass(frozen=True, kw_only=True)
class WindowsInfo:
    """An uploaded set of windows."""

    __pydantic_config__ = _RESPONSE

    id: str
    name: str
    fs_hz: float
    counts: dict[str, int]
    """Number of windows of each label."""
