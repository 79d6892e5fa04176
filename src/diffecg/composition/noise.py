"""Recorded noise added to a composed recording at a known signal-to-noise ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from diffecg.choices import choices
from diffecg.composition.steps import BASIS, STEPS_PER_MV, to_steps
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import NOTE, Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.signal.limb_leads import LIMB_LEADS, derive_leads
from diffecg.signal.noise import add_noise
from diffecg.signal.resampling import resample

KINDS = {"bw": "baseline wander", "ma": "muscle artefact", "em": "electrode motion"}
"""Records of the MIT-BIH Noise Stress Test Database: Moody et al. (1984), Comput Cardiol 11:381-384."""

SNR_RANGE_DB = (-40.0, 60.0)

MIN_SAMPLES = 2
"""Shortest noise interval, in samples; its variance must be defined."""


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
            raise DiffecgError(f"unknown noise {self.kind!r}; {choices(self.kind, KINDS)}")
        if not SNR_RANGE_DB[0] <= self.snr_db <= SNR_RANGE_DB[1]:
            raise DiffecgError(
                f"SNR of noise {self.snr_db:g} dB must be between {SNR_RANGE_DB[0]:g} and {SNR_RANGE_DB[1]:g}"
            )
        if not 0 <= self.start_s < self.stop_s:
            raise DiffecgError(
                f"noise from {self.start_s:g} to {self.stop_s:g} s must start at 0 s or later "
                "and stop after that"
            )

    def __str__(self) -> str:
        """Return the interval as the command line takes it, such as ``em:6:60:120``."""
        return f"{self.kind}:{self.snr_db:g}:{self.start_s:g}:{self.stop_s:g}"


def with_noise(recording: Recording, intervals: Sequence[NoiseInterval], folder: str | Path) -> Recording:
    """Return a composed recording with recorded noise; its seed chooses the segments of noise.

    Limb leads that follow from I and II are derived from these two again, so that the ratio of such a lead
    differs from the given one.

    Args:
        recording: the composed recording.
        intervals: intervals, kinds and signal-to-noise ratios.
        folder: folder of the MIT-BIH Noise Stress Test Database.

    Raises:
        DiffecgError: an interval outside the recording; missing or unreadable noise.
    """
    names = recording.channel_names
    derived = set(LIMB_LEADS) - set(BASIS) if set(names) >= set(BASIS) else set()
    kept = [lead for lead in names if lead not in derived]
    signal_mv = recording.signal_mv[[names.index(lead) for lead in kept]].astype(np.float64)
    annotations = list(recording.annotations)
    for i, interval in enumerate(intervals):
        start, stop = _samples(interval, recording)
        rng = np.random.default_rng([recording.info["seed"], i])
        recorded_mv = _read_noise(Path(folder) / interval.kind, recording.fs_hz)
        noise_mv = _segments(recorded_mv, len(kept), stop - start, rng)
        signal_mv[:, start:stop] = add_noise(signal_mv[:, start:stop], noise_mv, interval.snr_db)
        annotations.append(_note(start / recording.fs_hz, f"{KINDS[interval.kind]}, {interval.snr_db:g} dB"))
        if stop < recording.samples:
            annotations.append(_note(stop / recording.fs_hz, f"{KINDS[interval.kind]} ends"))
    if len(kept) < len(names):
        signal_mv = derive_leads(to_steps(signal_mv) / STEPS_PER_MV, kept, names)
    return Recording.from_arrays(
        signal_mv.astype(np.float32),
        recording.fs_hz,
        channel_names=names,
        name=recording.name,
        annotations=sorted(annotations, key=lambda annotation: annotation.time_s),
        info={**recording.info, "noise": [str(interval) for interval in intervals]},
    )


def _segments(
    recorded_mv: Float[np.ndarray, "channel time"], leads: int, samples: int, rng: np.random.Generator
) -> Float[np.ndarray, "{leads} {samples}"]:
    """Return a segment of recorded noise for each lead; leads beyond its channels have other segments."""
    channels, length = recorded_mv.shape
    firsts = [int(rng.integers(length)) for _ in range(-(-leads // channels))]
    return np.stack(
        [
            np.take(recorded_mv[lead % channels], firsts[lead // channels] + np.arange(samples), mode="wrap")
            for lead in range(leads)
        ]
    )


def _samples(interval: NoiseInterval, recording: Recording) -> tuple[int, int]:
    """Return the first sample of an interval and the one after its last."""
    start = round(interval.start_s * recording.fs_hz)
    stop = round(min(interval.stop_s, recording.duration_s) * recording.fs_hz)
    if stop - start < MIN_SAMPLES:
        raise DiffecgError(
            f"noise from {interval.start_s:g} s is outside the recording of {recording.duration_s:g} s"
        )
    return start, stop


def _note(time_s: float, text: str) -> Annotation:
    return Annotation(time_s=time_s, symbol=NOTE, text=text)


def _read_noise(path: Path, fs_hz: float) -> Float[np.ndarray, "lead time"]:
    """Return recorded noise at a sampling rate, in mV."""
    recording = read_recording(path)
    return np.nan_to_num(resample(recording.signal_mv, recording.fs_hz, fs_hz))
