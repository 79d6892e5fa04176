"""What is asked of the service and what it answers: the command line's own settings, as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import docstring_parser
from pydantic import ConfigDict, GetJsonSchemaHandler

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


class Documented:
    """Settings whose JSON schema says what the docstrings under their fields say; no other is taken."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema with descriptions, those of the bases' fields too."""
        schema = handler.resolve_ref_schema(handler(core))
        for base in cls.__mro__[:-1]:
            for field_ in docstring_parser.parse_from_object(base).params:
                if field_.arg_name in schema["properties"] and field_.description:
                    words = " ".join(field_.description.split())
                    schema["properties"][field_.arg_name].setdefault("description", words)
        return schema


@dataclass(frozen=True, kw_only=True)
class GenerateRequest(GenerateOptions, SamplerOptions, Documented):
    """Windows to make."""

    model: str = "mitbih-beat"
    """One of the server's models."""


@dataclass(frozen=True, kw_only=True)
class OfRecording(DrawOptions, SamplerOptions, Documented):
    """What is asked of an uploaded recording."""

    recording: str
    """Id of an uploaded recording."""
    model: str = "mitbih-strip"
    """One of the server's models."""


@dataclass(frozen=True, kw_only=True)
class ImputeRequest(ImputeOptions, OfRecording):
    """ImputeOptions of a recording to fill."""


@dataclass(frozen=True, kw_only=True)
class DenoiseRequest(DenoiseOptions, OfRecording):
    """Noisy true_runs of a recording to draw anew, in agreement with what they show."""


@dataclass(frozen=True, kw_only=True)
class ForecastRequest(ForecastOptions, OfRecording):
    """What follows a moment of a recording."""


@dataclass(frozen=True, kw_only=True)
class ComposeRequest(ComposeOptions, Documented):
    """A recording to compose."""

    text: str
    """Which beats come: a period of labels, repeats, groups and names, or like:208."""
    model: str = "mitbih-beat"
    """One of the server's models, of beats."""


@dataclass(frozen=True, kw_only=True)
class EvaluateRequest(Documented):
    """A set of synthetic windows to judge against real ones."""

    synthetic: str
    """Id of an uploaded set, or of a finished job that generated windows."""
    against: str = "beats"
    """Id of an uploaded set of real windows; or beats, those that the server was started with."""
    sections: tuple[Literal["fidelity", "physiology", "privacy", "utility"], ...] = ("fidelity", "physiology")
    """What to compute."""
    partition: Literal["validation", "test", "train"] = "validation"
    """Partition of prepared windows to compare with."""
    seeds: int = 3
    """How often sets are drawn anew."""
    most: int = 500
    """Most windows of a class on either side of a comparison."""


Request = GenerateRequest | OfRecording | ComposeRequest | EvaluateRequest


@dataclass(frozen=True, kw_only=True)
class RhythmRequest(ComposeOptions, Documented):
    """A rhythm to look at before it is composed."""

    text: str
    """Which beats come."""


@dataclass(frozen=True)
class RhythmAnswer:
    """The beats of a rhythm."""

    beats: list[tuple[float, str]]
    """(time of the R peak in s, label)."""


@dataclass(frozen=True)
class ModelInfo:
    """A model of the server."""

    name: str
    kind: str
    """beat or strip."""
    labels: list[str]
    fs_hz: float
    leads: list[str]
    window_s: float
    before: int
    """Samples of a beat before its R peak."""
    steps: int
    """As the model was made for."""


@dataclass(frozen=True)
class Job:
    """Where a job stands."""

    id: str
    task: str
    state: State
    done: int
    """Windows, beats or steps that are done."""
    total: int
    """Of how many; 0 while that is not known."""
    position: int
    """Jobs before it in the queue."""
    error: str = ""
    """Why it failed."""
    files: list[str] = field(default_factory=list)
    """What it wrote."""
    request: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RecordingInfo:
    """An uploaded recording."""

    id: str
    name: str
    fs_hz: float
    duration_s: float
    samples: int
    leads: list[str]
    """Those that are voltages."""
    lead: str
    """The one that people look at first."""
    missing_s: dict[str, float]
    """Seconds that the file lacks, by lead."""
    beats: list[tuple[float, str]]
    """(time in s, symbol) of each annotated beat."""
    warnings: list[str]
    """What makes it look like no ECG that the models know."""


@dataclass(frozen=True)
class WindowsInfo:
    """An uploaded set of windows."""

    id: str
    name: str
    fs_hz: float
    counts: dict[str, int]
    """Windows by class."""
