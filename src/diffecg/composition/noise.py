"""Recorded noise in a composed recording, at a ratio that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.signal.noise import add_noise
from diffecg.signal.resampling import resample

KINDS = {"bw": "baseline wander", "ma": "muscle artefact", "em": "electrode motion"}
"""The recordings of the MIT-BIH Noise Stress Test Database: Moody et al. (1984), Comput Cardiol 11:381-384."""

SNR_RANGE_DB = (-40.0, 60.0)


@dataclass(frozen=True, kw_only=True)
class NoiseInterval:
    """Recorded noise to add to an interval of a recording."""

    kind: str
    """A key of :data:`KINDS`."""
    snr_db: float
    """Signal-to-noise ratio in the interval, in dB: the ratio of the variances."""
    start_s: float = 0.0
    stop_s: float = np.inf
    """Exclusive."""

    def __post_init__(self) -> None:
        """Raise DiffecgError for an unknown kind or values out of range."""
        if self.kind not in KINDS:
            raise DiffecgError(f"unknown noise {self.kind!r}; choose one of {', '.join(KINDS)}")
        if not SNR_RANGE_DB[0] <= self.snr_db <= SNR_RANGE_DB[1]:
            raise DiffecgError(
                f"SNR of noise {self.snr_db:g} dB must be between {SNR_RANGE_DB[0]:g} and {SNR_RANGE_DB[1]:g}"
            )
        if not 0 <= self.start_s < self.stop_s:
            raise DiffecgError(
                f"noise from {self.start_s:g} to {self.stop_s:g} s must start at 0 s or later and stop after that"
            )


def with_noise(recording: Recording, intervals: Sequence[NoiseInterval], folder: str | Path) -> Recording:
    """Return a composed recording with recorded noise in some intervals, from places that its seed chooses.

    Args:
        recording: the recording.
        intervals: where, what kind and how much.
        folder: of the MIT-BIH Noise Stress Test Database.

    Raises:
        DiffecgError: an interval begins after the end; the noise is missing or unreadable.
    """
    signal_mv, notes = recording.signal_mv.astype(np.float64), list(recording.annotations)
    for place, interval in enumerate(intervals):
        first = round(interval.start_s * recording.fs_hz)
        last = min(round(min(interval.stop_s, 1e9) * recording.fs_hz), recording.samples)
        if last - first < 2:
            raise DiffecgError(
                f"the noise from {interval.start_s:g} s lies outside the recording of {recording.duration_s:g} s"
            )
        rng = np.random.default_rng([recording.info["seed"], place])
        recorded = _recorded(Path(folder) / interval.kind, recording.fs_hz)
        begins = int(rng.integers(recorded.shape[1]))
        rows = np.arange(len(signal_mv)) % len(recorded)
        noise = np.take(recorded[rows], np.arange(begins, begins + last - first), axis=1, mode="wrap")
        signal_mv[:, first:last] = add_noise(signal_mv[:, first:last], noise, interval.snr_db)
        notes.append(_comment(first, f"{KINDS[interval.kind]}, {interval.snr_db:g} dB"))
        if last < recording.samples:
            notes.append(_comment(last, f"{KINDS[interval.kind]} ends"))
    words = [f"{one.kind}:{one.snr_db:g}:{one.start_s:g}:{one.stop_s:g}" for one in intervals]
    return Recording.from_arrays(
        signal_mv.astype(np.float32),
        recording.fs_hz,
        leads=recording.leads,
        name=recording.name,
        annotations=sorted(notes, key=lambda note: note.sample),
        info={**recording.info, "noise": words},
    )


def _comment(sample: int, text: str) -> Annotation:
    return Annotation(sample=sample, symbol='"', text=text)


def _recorded(path: Path, fs_hz: float) -> NDArray[np.float64]:
    """Return recorded noise (lead time), in mV."""
    recording = read_recording(path)
    rows: NDArray[np.float64] = np.nan_to_num(resample(recording.signal_mv, recording.fs_hz, fs_hz))
    return rows
