"""The tasks of the worker, and the names of the files that it writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from diffecg.composition.options import ComposeOptions, SubjectOptions
from diffecg.inference.options import (
    DenoiseOptions,
    DrawOptions,
    ForecastOptions,
    GenerateOptions,
    ImputeOptions,
    SamplerOptions,
)
from diffecg.service.schemas import Unit

RESULT = "result.json"
"""The result of a job, in its folder."""
OUTPUT = "output"
"""Folder of the files that a client can download, in the folder of a job."""
BEATS = "beats.npz"
"""Generated windows, in the output folder."""
WINDOWS = "windows.f32"
"""The same samples as float32, appended to while the job runs, in the folder of the job."""


@dataclass(frozen=True, kw_only=True)
class RecordingFile:
    """An uploaded recording on disk."""

    path: Path
    fs_hz: float | None
    """Sampling rate given with the upload, for formats that do not store it."""
    unit: Unit | None
    """Unit given with the upload, for leads whose unit the file does not state."""
    units: tuple[tuple[str, str], ...] = ()
    """Names of other channels in the file, and their units."""
    name: str = ""
    """Name of the recording; empty: that of the file."""
    leads: tuple[tuple[str, str], ...] = ()
    """Names of channels in the file, and their new names."""


@dataclass(frozen=True, kw_only=True)
class GenerateTask:
    """Generate windows."""

    name: ClassVar[str] = "generate"
    model: str
    options: GenerateOptions
    sampling: SamplerOptions


@dataclass(frozen=True, kw_only=True)
class RecordingInputs:
    """What the tasks on a recording have in common."""

    model: str | None
    """Source of the model; None: the search for analogues."""
    recording: RecordingFile
    draw: DrawOptions
    sampling: SamplerOptions


@dataclass(frozen=True, kw_only=True)
class ImputeTask:
    """Impute the gaps of a recording."""

    name: ClassVar[str] = "impute"
    inputs: RecordingInputs
    options: ImputeOptions
    max_draw_samples: int
    """Largest product of draws and samples to impute."""


@dataclass(frozen=True, kw_only=True)
class DenoiseTask:
    """Denoise intervals of a recording."""

    name: ClassVar[str] = "denoise"
    recording: RecordingFile
    options: DenoiseOptions


@dataclass(frozen=True, kw_only=True)
class ForecastTask:
    """Forecast a lead of a recording."""

    name: ClassVar[str] = "forecast"
    inputs: RecordingInputs
    options: ForecastOptions


@dataclass(frozen=True, kw_only=True)
class ComposeTask:
    """Compose an annotated recording."""

    name: ClassVar[str] = "compose"
    model: str
    text: str
    """The rhythm."""
    options: ComposeOptions
    subject: SubjectOptions = field(default_factory=SubjectOptions)


@dataclass(frozen=True, kw_only=True)
class EvaluateTask:
    """Evaluate synthetic windows against real ones."""

    name: ClassVar[str] = "evaluate"
    synthetic: Path
    real: Path | RecordingFile
    """A set of windows, or a recording with annotated beats."""
    sections: tuple[str, ...]
    partition: str
    seeds: int
    max_windows: int


@dataclass(frozen=True, kw_only=True)
class ExampleTask:
    """Make one of the examples."""

    name: ClassVar[str] = "example"
    example: str
    """Its name."""


Task = ExampleTask | GenerateTask | ImputeTask | DenoiseTask | ForecastTask | ComposeTask | EvaluateTask
