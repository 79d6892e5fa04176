"""Recordings with known beats, and random windows of them with recorded noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from diffecg.composition.detector_set import CLEAN_SHARE, SNR_RANGE_DB
from diffecg.composition.language import BEAT_LABELS
from diffecg.datasets.label_maps import AAMI
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.signal.noise import add_noise
from diffecg.signal.resampling import interpolate_gaps, resample
from research.models.noisy_windows import Signals
from research.studies.detector_network import FS_HZ, OTHER, STRIDE, WINDOW, Batch, frame_targets

FLUTTER = ("[", "]")
"""Symbols at the start and the end of ventricular flutter, in which no beats are annotated."""
CONCENTRATION = 0.4
"""Of the Dirichlet distribution of the shares of the kinds of noise: most windows have mainly one."""
EVEN_SHARE = 0.5
"""Share of windows around a beat of a random label, each label equally often; the others lie anywhere."""
INVERTED_SHARE = 0.25
LOG_SPEED = 0.2
"""Windows are played at up to 22 % more or less speed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BeatRecording:
    """A recording with its beats."""

    name: str
    signal_mv: Float[np.ndarray, "lead time"]
    fs_hz: float
    time_s: Float[np.ndarray, " beat"]
    types: Int[np.ndarray, " beat"]
    """Number of the label in BEAT_LABELS, or OTHER."""
    flutter_s: Float[np.ndarray, "interval 2"]
    """Intervals that count neither in training nor in testing."""

    @classmethod
    def of(cls, recording: Recording, name: str) -> BeatRecording:
        """Return a recording with its annotations, real or composed; missing samples are interpolated."""
        beats = recording.beats()
        numbers = {label: number for number, label in enumerate(BEAT_LABELS)}
        types = [numbers.get(AAMI.get(symbol, "?"), OTHER) for symbol in beats.symbol.tolist()]
        start_s, stop_s = (
            [one.time_s for one in recording.annotations if one.symbol == symbol] for symbol in FLUTTER
        )
        signal_mv = np.stack([interpolate_gaps(lead) for lead in recording.signal_mv])
        return cls(
            name=name,
            signal_mv=signal_mv,
            fs_hz=recording.fs_hz,
            time_s=beats.sample / recording.fs_hz,
            types=np.array(types, dtype=np.int64),
            flutter_s=np.array(list(zip(start_s, stop_s, strict=True))).reshape(-1, 2),
        )

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.signal_mv.shape[1] / self.fs_hz

    def at_rate_of_detector(self) -> BeatRecording:
        """Return the recording at FS_HZ."""
        signal_mv = resample(self.signal_mv, self.fs_hz, FS_HZ).astype(np.float32)
        return replace(self, signal_mv=signal_mv, fs_hz=FS_HZ)

    def is_flutter(self, time_s: Float[np.ndarray, " moment"]) -> Bool[np.ndarray, " moment"]:
        """Return which moments are in ventricular flutter."""
        start_s, stop_s = self.flutter_s.T
        return ((time_s[:, None] >= start_s) & (time_s[:, None] <= stop_s)).any(axis=1)


def read_beat_recordings(folder: Path, names: Sequence[str]) -> list[BeatRecording]:
    """Return recordings of an annotated database."""
    return [BeatRecording.of(read_recording(folder / name), name) for name in names]


class WindowSource:
    """Draws random windows of recordings, with random noise, speed and polarity.

    Args:
        recordings: at FS_HZ; every lead is used.
        noises: recorded noise at FS_HZ by kind.
    """

    def __init__(self, recordings: Sequence[BeatRecording], noises: Mapping[str, Signals]) -> None:
        self.recordings, self.noises = recordings, noises

    def draw(self, count: int, rng: np.random.Generator) -> Batch:
        """Return random windows."""
        rows = [self._window(rng) for _ in range(count)]
        signal, presence, types = zip(*rows, strict=True)
        return Batch(signal=np.stack(signal), presence=np.stack(presence), types=np.stack(types))

    @cached_property
    def _places(self) -> list[Int[np.ndarray, "beat 2"]]:
        """Number of the recording and sample of each beat, by label; labels without beats are left out."""
        rows = [
            np.concatenate(
                [
                    np.stack([np.full_like(at, number), at], axis=1)
                    for number, one in enumerate(self.recordings)
                    for at in [np.rint(one.time_s[one.types == label] * FS_HZ).astype(np.int64)]
                ]
            )
            for label in range(len(BEAT_LABELS))
        ]
        return [found for found in rows if len(found)]

    @cached_property
    def _shares(self) -> Float[np.ndarray, " recording"]:
        lengths = np.array([one.signal_mv.shape[1] for one in self.recordings], dtype=float)
        return lengths / lengths.sum()

    def _window(
        self, rng: np.random.Generator
    ) -> tuple[Float32[np.ndarray, " 2048"], Float32[np.ndarray, " 512"], Int[np.ndarray, " 512"]]:
        speed = float(np.exp(rng.uniform(-LOG_SPEED, LOG_SPEED)))
        needed = int(WINDOW * speed) + 2
        if rng.random() < EVEN_SHARE:
            places = self._places[rng.integers(len(self._places))]
            number, sample = places[rng.integers(len(places))].tolist()
            start = sample - int(rng.integers(needed))
        else:
            number = int(rng.choice(len(self.recordings), p=self._shares))
            start = int(rng.integers(self.recordings[number].signal_mv.shape[1]))
        recording = self.recordings[number]
        start = max(min(start, recording.signal_mv.shape[1] - needed), 0)
        lead_mv = recording.signal_mv[rng.integers(len(recording.signal_mv)), start : start + needed]
        place = np.arange(WINDOW) * speed
        signal = np.interp(place, np.arange(len(lead_mv)), lead_mv)
        signal *= -1 if rng.random() < INVERTED_SHARE else 1
        time = (recording.time_s * FS_HZ - start) / speed
        near = (time > -STRIDE * 4) & (time < WINDOW + STRIDE * 4)
        presence, types = frame_targets(time[near], recording.types[near])
        unknown = recording.is_flutter((start + place[::STRIDE]) / FS_HZ)
        presence[unknown] = np.nan
        return self._noisy(signal, rng).astype(np.float32), presence, types

    def _noisy(
        self, signal: Float[np.ndarray, " time"], rng: np.random.Generator
    ) -> Float[np.ndarray, " time"]:
        """Return a signal with a mixture of the kinds of noise at a random level, or without noise."""
        if rng.random() < CLEAN_SHARE:
            return signal
        shares = rng.dirichlet([CONCENTRATION] * len(self.noises))
        noise = np.zeros(len(signal))
        for share, channels in zip(shares, self.noises.values(), strict=True):
            channel = channels[rng.integers(len(channels))]
            start = int(rng.integers(len(channel) - len(signal)))
            segment = channel[start : start + len(signal)]
            noise += share * segment / segment.std()
        return add_noise(signal + 1e-6 * noise, noise, rng.uniform(*SNR_RANGE_DB))


def with_recorded_noise(
    recording: BeatRecording, noise_mv: Float32[np.ndarray, " noise"], snr_db: float
) -> BeatRecording:
    """Return the first lead of a recording with noise, from a sample on that depends on its name.

    Args:
        recording: the recording.
        noise_mv: recorded noise at its rate, repeated if it is shorter.
        snr_db: ratio of the variances of the whole recording, in dB.
    """
    rng = np.random.default_rng(list(recording.name.encode()))
    samples = recording.signal_mv.shape[1]
    noise = np.take(noise_mv, int(rng.integers(len(noise_mv))) + np.arange(samples), mode="wrap")
    return replace(recording, signal_mv=add_noise(recording.signal_mv[:1], noise[None], snr_db))
