"""The JSON of results, by task; fields beyond these state the provenance."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Result(BaseModel):
    model_config = ConfigDict(extra="allow", use_attribute_docstrings=True)


class IntervalValues(_Result):
    """Signal, mean, bounds and draws of one lead in an interval, in its unit; null = missing."""

    lead: str
    unit: str
    """Such as `mV` or `mmHg`."""
    reason: str | None = None
    """Why it was imputed: `given`, `missing` or the kind of artefact; several are joined by `+`."""
    first: int
    """First sample, in the recording."""
    last: int
    """Exclusive."""
    signal: list[float | None]
    """What was written."""
    mean: list[float | None]
    lower: list[float | None]
    upper: list[float | None]
    draws: list[list[float | None]]
    """The first draws."""


class _IntervalsResult(_Result):
    recording: str
    """Name of the recording."""
    fs_hz: float
    interval: str
    """What the prediction interval is called, such as `90 % interval`."""
    warnings: list[str]
    intervals: list[IntervalValues]


class ImputeResult(_IntervalsResult):
    """The result of an imputation."""

    task: Literal["impute"]
    written: str
    """What was written into the gaps."""
    too_long: int
    """Number of gaps that are longer than the longest that is imputed."""
    file: str
    """Name of the recording among the files."""


class DenoiseResult(_IntervalsResult):
    """The result of denoising."""

    task: Literal["denoise"]
    file: str
    """Name of the recording among the files."""


class ForecastResult(_IntervalsResult):
    """The result of a forecast."""

    task: Literal["forecast"]


class GenerateResult(_Result):
    """Generated windows."""

    task: Literal["generate"]
    signal_mv: list[Any]
    """Windows in mV, axes (window, lead, time)."""


class ComposeResult(_Result):
    """The data card of a composed recording."""

    task: Literal["compose"]
    recordings: list[str]
    """Names of the files."""
    fs_hz: float
    duration_s: float
    beats: dict[str, int]
    """Number of beats of each label."""


class EvaluateResult(_Result):
    """A report."""

    task: Literal["evaluate"]
    rows: list[dict[str, Any]]
    """Metric, label, value, reference, …"""


class ExampleResult(_Result):
    """An example."""

    task: Literal["example"]
    name: str


Result = Annotated[
    ImputeResult
    | DenoiseResult
    | ForecastResult
    | GenerateResult
    | ComposeResult
    | EvaluateResult
    | ExampleResult,
    Field(discriminator="task"),
]
"""The result of a job."""
