"""Recordings that several test modules of formats use."""

from pathlib import Path

import numpy as np

from diffecg.formats.annotations import Annotation
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording
from diffecg.formats.registry import file_name, write_recording
from diffecg.formats.samples import ArraySource
from diffecg.signal.channels import make_channels

ANNOTATIONS = (
    Annotation(time_s=7 / 360, symbol="N"),
    Annotation(time_s=500 / 360, symbol="+", text="(AFIB"),
    Annotation(time_s=900 / 360, symbol='"', text="a note"),
)


def make_recording(fs_hz=360.0, samples=3601, start=(None, None)) -> Recording:
    """Return two voltages and a pulse wave, stored as integers, with a gap and annotations."""
    stored = np.random.default_rng(0).integers(-900, 900, (3, samples))
    missing = np.zeros(stored.shape, bool)
    missing[1, 100:200] = True
    return Recording(
        name="r",
        channels=make_channels(("MLII", "V1", "PLETH"), ("mV", "uV", "NU")),
        source=ArraySource(
            stored, fs_hz, gain=(200.0, 0.25, 100.0), baseline=(1024.0, 0.0, -3.0), missing=missing
        ),
        time=FileTime(start_date=start[0], start_time=start[1]),
        load_annotations=lambda: ANNOTATIONS,
    )


def write_to(folder: Path, recording: Recording, suffix: str) -> Path:
    """Write a recording under its own name and return the path."""
    return write_recording(folder / file_name(recording, suffix), recording)
