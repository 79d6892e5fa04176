"""The JSON bodies of requests and responses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict, JsonValue

from diffecg.composition.options import ComposeOptions, SubjectOptions
from diffecg.inference.options import (
    DenoiseOptions,
    DrawOptions,
    ForecastOptions,
    GenerateOptions,
    ImputeOptions,
    SamplerOptions,
)

State = Literal["queued", "running", "done", "failed", "cancelled"]
TaskName = Literal["generate", "impute", "denoise", "forecast", "compose", "evaluate", "example"]
Operation = Literal["upload", "example", "impute", "denoise", "forecast", "compose"]
FaultKind = Literal["missing", "flat", "clipped", "saturated", "noise"]
Unit = Literal["mV", "uV", "V"]


def _request(example: dict[str, JsonValue]) -> ConfigDict:
    """Return the settings of the body of a request, with an example."""
    return ConfigDict(
        extra="forbid", use_attribute_docstrings=True, json_schema_extra={"examples": [example]}
    )


_REQUEST = ConfigDict(extra="forbid", use_attribute_docstrings=True)
_RESPONSE = ConfigDict(use_attribute_docstrings=True)


@dataclass(frozen=True, kw_only=True)
class GenerateRequest:
    """A request to generate windows."""

    __pydantic_config__ = _request(
        {"model": "mitbih-beat-fast", "options": {"label": "V", "count": 5, "seed": 3}}
    )

    model: str = "mitbih-beat"
    """Name of a model of the server."""
    options: GenerateOptions = field(default_factory=GenerateOptions)
    """Number, label and seed of the windows."""
    sampling: SamplerOptions = field(default_factory=SamplerOptions)
    """Sampler and its steps."""


@dataclass(frozen=True, kw_only=True)
class ImputeRequest:
    """A request to impute the gaps of a recording."""

    __pydantic_config__ = _request(
        {
            "recording": "ID",
            "options": {"gaps": [{"start_s": 12.0, "stop_s": 12.8, "lead": "II"}]},
            "draw": {"draws": 8},
        }
    )

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

    __pydantic_config__ = _request(
        {"recording": "ID", "options": {"intervals": [{"start_s": 14.0, "stop_s": 17.0}]}}
    )

    recording: str
    """Id of an uploaded recording."""
    options: DenoiseOptions = field(default_factory=DenoiseOptions)
    """Noisy intervals, leads, and the coverage of the interval."""


@dataclass(frozen=True, kw_only=True)
class ForecastRequest:
    """A request to forecast a lead of a recording."""

    __pydantic_config__ = _request({"recording": "ID", "options": {"at_s": 30.0, "horizon_s": 1.0}})

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

    __pydantic_config__ = _request({"text": "N*6 V", "options": {"minutes": 0.5}})

    text: str
    """The rhythm: labels, repeats (`N*8`), groups (`(N*3 V)*10`), names (`bigeminy`), or `like:208`."""
    options: ComposeOptions = field(default_factory=ComposeOptions)
    """Length, heart rate and seeds."""


@dataclass(frozen=True, kw_only=True)
class ComposeRequest:
    """A request to compose an annotated recording."""

    __pydantic_config__ = _request(
        {"text": "N*6 V", "model": "mitbih-beat-fast", "options": {"minutes": 0.5, "seed": 1}}
    )

    text: str
    """The rhythm: labels, repeats (`N*8`), groups (`(N*3 V)*10`), names (`bigeminy`), or `like:208`."""
    model: str = "mitbih-beat"
    """Name of a model of the server that generates beats; `ptbxl-beat` for rhythms of the atria."""
    options: ComposeOptions = field(default_factory=ComposeOptions)
    """Length, heart rate and seeds."""
    subject: SubjectOptions = field(default_factory=SubjectOptions)
    """Statements, age and sex, for models with several labels."""


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest:
    """A request to evaluate synthetic windows against real ones."""

    __pydantic_config__ = _request({"synthetic": "ID", "sections": ["fidelity"]})

    synthetic: str
    """Id of an uploaded set, or of a finished job that generated windows."""
    real: str = "beats"
    """What to compare with: id of an uploaded set, of a recording with annotated beats, or of a finished job
    that generated windows; or `beats` for the server's own."""
    sections: tuple[Literal["fidelity", "physiology", "privacy", "utility"], ...] = ("fidelity", "physiology")
    """Sections of the report."""
    partition: Literal["validation", "test", "train"] = "validation"
    """Partition of the real windows to compare with, if they are partitioned."""
    seeds: int = 3
    """Number of repetitions with different seeds."""
    max_windows: int = 500
    """Largest number of windows of a label on either side of a comparison."""


@dataclass(frozen=True, kw_only=True)
class ExampleRequest:
    """A request for one of the examples."""

    __pydantic_config__ = _REQUEST

    name: str
    """Its name."""


RecordingRequest = ImputeRequest | ForecastRequest
ModelRequest = GenerateRequest | RecordingRequest | ComposeRequest
Request = ModelRequest | DenoiseRequest | EvaluateRequest | ExampleRequest


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
    meanings: dict[str, str]
    """What the labels stand for, where that is known."""
    several_labels: bool
    """Whether it composes recordings with any number of labels, and with the `subject` of a request."""
    fs_hz: float
    leads: list[str]
    window_s: float
    """Length of a window, in seconds."""
    kinds: list[str]
    """Kinds of signals that it generates, or imputes and forecasts, such as `ecg` and `pressure`."""
    before: int
    """Samples of a beat before its R peak."""
    steps: int
    """Default number of sampler steps."""


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """The state of a job."""

    __pydantic_config__ = _RESPONSE

    id: str
    task: TaskName
    state: State
    position: int
    """Number of jobs that are ahead, those that run included; 0 once it runs."""
    done: int
    """Completed windows, beats or steps."""
    total: int
    """Their total number; 0 while unknown."""
    seconds_left: float | None
    """Time until it is done at the present speed, in seconds; null while unknown."""
    created: str
    """Date and time of the request, ISO."""
    ended: str | None
    """Date and time of its end, ISO."""
    error: str = ""
    """Why the job failed."""
    recording: str | None = None
    """Id of the recording that it works on."""
    result_recording: str | None = None
    """Id of the recording that it made, once it is done."""
    files: list[str] = field(default_factory=list)
    """Names of the files that can be downloaded."""
    request: dict[str, Any] = field(default_factory=dict)
    """The request, with defaults."""


@dataclass(frozen=True, kw_only=True)
class LeadInfo:
    """A signal of a recording, such as a lead of an ECG."""

    __pydantic_config__ = _RESPONSE

    name: str
    kind: str
    """Such as `ecg`, `ppg`, `pressure` or `respiration`."""
    unit: str
    """Unit in which it is served, imputed and forecast: mV for an ECG, mmHg for a pressure; `NU`: none."""
    fs_hz: float
    samples: int
    missing_s: float
    """Duration of its missing samples, in seconds."""


@dataclass(frozen=True, kw_only=True)
class InterpretationRequest:
    """How to read a file again."""

    __pydantic_config__ = _request({"fs_hz": 250.0, "unit": "mV", "leads": {"ch1": "II"}})

    fs_hz: float | None = None
    """Sampling rate in Hz, for formats that do not store it; null: the file's."""
    unit: Unit | None = None
    """Unit of all ECG channels; null: the file's."""
    units: dict[str, str] = field(default_factory=dict)
    """Units of other channels by their names in the file, such as `mmHg`."""
    leads: dict[str, str] = field(default_factory=dict)
    """New names of channels by their names in the file."""


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """How a file was understood."""

    __pydantic_config__ = _RESPONSE

    format: str
    """Such as `WFDB`, `EDF+C` or `CSV`."""
    separator: str | None = None
    """Separator of the columns of a text table."""
    decimal: str | None = None
    """Decimal mark of a text table."""
    columns: list[str] = field(default_factory=list)
    """Headings of the columns, or names of the channels."""
    fs_hz: float
    units: dict[str, str] = field(default_factory=dict)
    """Unit of each channel."""
    assumptions: list[str] = field(default_factory=list)
    """What had to be assumed because the file does not state it."""
    stated: InterpretationRequest
    """What the user states instead of the file."""


@dataclass(frozen=True, kw_only=True)
class SyntheticInterval:
    """An interval of a lead that a model or the search for analogues wrote."""

    __pydantic_config__ = _RESPONSE

    lead: str
    start_s: float
    stop_s: float


@dataclass(frozen=True, kw_only=True)
class RecordingSummary:
    """A recording of the project."""

    __pydantic_config__ = _RESPONSE

    id: str
    name: str
    """Name to show and for downloads."""
    created: str
    """Date and time at which it came into the project, ISO."""
    operation: Operation
    """Where it comes from."""
    parent: str | None = None
    """Id of the recording that it was made from."""
    job: str | None = None
    """Id of the job that made it."""
    offset_s: float = 0.0
    """Time of its first sample in its parent, in seconds."""
    fs_hz: float
    """Sampling rate of the lead to show first."""
    duration_s: float
    samples: int
    """Number of samples of the lead to show first."""
    start: str | None
    """Date and time, or time of day, of the first sample, ISO."""
    leads: list[LeadInfo]
    """Its signals, in the order of the file."""
    lead: str
    """The lead to show first."""
    warnings: list[str]
    """Why signals may not be such as the models were trained on."""
    synthetic: list[SyntheticInterval] = field(default_factory=list)
    """What a model wrote; the intervals of its parents included."""
    bytes: int = 0
    """Size of its files."""


@dataclass(frozen=True, kw_only=True)
class RecordingInfo(RecordingSummary):
    """A recording of the project, with its beats and how its file was understood."""

    __pydantic_config__ = _RESPONSE

    beats: list[tuple[float, str]]
    """Time in seconds and symbol of each annotated beat."""
    interpretation: Interpretation


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An interval of a lead without a usable signal."""

    __pydantic_config__ = _RESPONSE

    lead: str
    start_s: float
    stop_s: float
    kind: FaultKind


@dataclass(frozen=True, kw_only=True)
class Overview:
    """Heart rate, faults and ectopic beats of a whole recording."""

    __pydantic_config__ = _RESPONSE

    heart_rate: list[tuple[float, float]]
    """Time in seconds, and beats per minute."""
    faults: list[Fault]
    """As `diffecg impute --detect` finds them, in the order of time."""
    ectopic: list[float]
    """Time of each ectopic beat: annotated, or else premature in an ECG."""
    lead: str = ""
    """The signal in which the beats were found; empty: they are annotated, or there are none."""
    seconds: float
    """Duration of the recording."""


@dataclass(frozen=True, kw_only=True)
class ExampleInfo:
    """An example to open."""

    __pydantic_config__ = _RESPONSE

    name: str
    title: str
    description: str


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """What the page keeps in the project."""

    __pydantic_config__ = _REQUEST

    values: dict[str, JsonValue] = field(default_factory=dict)
    """Any values by name."""


@dataclass(frozen=True, kw_only=True)
class ProjectInfo:
    """The project folder."""

    __pydantic_config__ = _RESPONSE

    name: str
    """Name of the folder."""
    bytes: int
    """Size of recordings, sets and results."""
    max_bytes: int
    """Largest size that the server allows."""
    settings: dict[str, JsonValue]
    """What the page keeps."""


@dataclass(frozen=True, kw_only=True)
class WindowsInfo:
    """An uploaded set of windows."""

    __pydantic_config__ = _RESPONSE

    id: str
    name: str
    created: str
    """Date and time of the upload, ISO."""
    fs_hz: float
    counts: dict[str, int]
    """Number of windows of each label."""
    bytes: int = 0
    """Size of the file."""
