"""Examples to open: composed recordings, some of them with faults as they occur in practice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from diffecg.choices import choices
from diffecg.composition.options import ComposeOptions
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.samples import ArraySource
from diffecg.service.schemas import ExampleInfo

MODEL, LEADS = "ptbxl-beat", ("I", "II", "V2")
DURATION_S = 60.0
Fault = Callable[[Float[np.ndarray, "lead time"], float], None]
"""Changes a signal in mV, given its sampling rate in Hz."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """An example."""

    info: ExampleInfo
    rhythm: str
    options: ComposeOptions
    fault: Fault | None = None


def _detach_electrode(signal_mv: Float[np.ndarray, "lead time"], fs_hz: float) -> None:
    """Hold lead II at one value for two seconds, and lose lead V2 for one and a half."""
    first, stop = round(20.0 * fs_hz), round(22.0 * fs_hz)
    signal_mv[1, first:stop] = signal_mv[1, first]
    signal_mv[2, round(40.0 * fs_hz) : round(41.5 * fs_hz)] = np.nan


def _walk(signal_mv: Float[np.ndarray, "lead time"], fs_hz: float) -> None:
    """Add steps and muscle noise in two intervals of lead II."""
    rng = np.random.default_rng(7)
    for start_s, stop_s in ((14.0, 17.0), (38.0, 42.0)):
        first, stop = round(start_s * fs_hz), round(stop_s * fs_hz)
        time_s = np.arange(stop - first) / fs_hz
        fade = np.sin(np.pi * time_s / time_s[-1]) ** 0.5
        steps = 0.8 * np.sin(2 * np.pi * 1.7 * time_s + 0.5 * np.sin(2 * np.pi * 0.6 * time_s))
        signal_mv[1, first:stop] += fade * (steps + 0.35 * rng.standard_normal(stop - first))


EXAMPLES = {
    example.info.name: example
    for example in (
        Example(
            info=ExampleInfo(
                name="bigeminy",
                title="Bigeminy",
                description="Every second beat is ventricular. One minute, three leads.",
            ),
            rhythm="N*12 bigeminy*14 N*12",
            options=ComposeOptions(seed=2, subject_seed=2),
        ),
        Example(
            info=ExampleInfo(
                name="atrial-fibrillation",
                title="Atrial fibrillation",
                description="Irregular intervals and fibrillatory waves. One minute, three leads.",
            ),
            rhythm="atrial fibrillation",
            options=ComposeOptions(seed=1, subject_seed=1),
        ),
        Example(
            info=ExampleInfo(
                name="detached-electrode",
                title="A detached electrode",
                description="Lead II is flat for two seconds, V2 is lost for one and a half: impute them.",
            ),
            rhythm="sinus rhythm",
            options=ComposeOptions(seed=3, subject_seed=3),
            fault=_detach_electrode,
        ),
        Example(
            info=ExampleInfo(
                name="noisy-walk",
                title="A noisy walk",
                description="Steps and muscles disturb lead II twice: denoise or impute it.",
            ),
            rhythm="sinus tachycardia",
            options=ComposeOptions(seed=4, subject_seed=4),
            fault=_walk,
        ),
    )
}
"""All examples by name."""


def check_example(name: str) -> Example:
    """Return an example.

    Raises:
        DiffecgError: there is none of this name.
    """
    if name not in EXAMPLES:
        raise DiffecgError(f"unknown example {name!r}; {choices(name, EXAMPLES)}")
    return EXAMPLES[name]


def make_example(name: str) -> Recording:
    """Return the recording of an example."""
    from diffecg.composition.recording import compose  # imports PyTorch

    example = check_example(name)
    options = example.options
    recording = compose(
        options.rhythm(example.rhythm),
        DURATION_S,
        model=MODEL,
        leads=LEADS,
        seed=options.seed,
        subject_seed=options.subject_seed,
    )
    signal_mv = recording.signal_mv
    if example.fault is not None:
        example.fault(signal_mv, recording.fs_hz)
    return replace(recording, name=name, source=ArraySource(signal_mv, recording.fs_hz))
