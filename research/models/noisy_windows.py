"""Windows of real ECG with recorded noise, to train and calibrate the denoising network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float32, Int16

from diffecg.composition.noise import KINDS
from diffecg.formats.registry import read_recording
from diffecg.inference.denoising_blocks import level_and_scale
from diffecg.model.denoiser_folder import DenoiserConfig
from diffecg.signal.resampling import resample

CONFIG = DenoiserConfig()
FS_HZ = CONFIG.fs_hz
PTBXL_FS_HZ = 100.0
NOISE_COLUMNS = ("baseline_drift", "static_noise", "burst_noise", "electrodes_problems")
"""Columns of PTB-XL that name the leads with noise."""
Partition = Literal["train", "validation", "test"]
NOISE_PARTITIONS: dict[Partition, tuple[float, float]] = {
    "train": (0.0, 0.4),
    "validation": (0.4, 0.5),
    "test": (0.5, 1.0),
}
"""Interval of the noise records that each partition consists of, as shares of their length."""
SHARES = {"bw": 0.34, "ma": 0.2, "em": 0.24, "mixture": 0.14, "synthetic": 0.08}
"""Share of each kind of noise in training: a record of nstdb, their sums, and Gaussian noise."""
SNR_RANGE_DB = (-10.0, 20.0)
CLEAN_SHARE = 0.04
"""Share of windows without noise."""
WHOLE_SHARE = 0.4
"""Share of windows that are noisy from end to end."""
MIN_NOISY_S = 1.0
MIN_STD_MV = 0.02
"""Windows with less variation hold no ECG."""
Signals = list[Float32[np.ndarray, " time"]]
Signal = Float[np.ndarray, " time"]
Mask = Bool[np.ndarray, " time"]


@dataclass(frozen=True, kw_only=True, eq=False)
class NoisyWindows:
    """Windows before and after noise was added, in units of the input's scale."""

    clean: Float32[np.ndarray, "batch time"]
    noisy: Float32[np.ndarray, "batch time"]
    is_noisy: Bool[np.ndarray, "batch time"]


def read_noise(folder: Path, fs_hz: float, partition: Partition) -> dict[str, Signals]:
    """Return the samples of a partition of both channels of the noise records, by kind."""
    first, stop = NOISE_PARTITIONS[partition]
    noises = {}
    for kind in KINDS:
        recording = read_recording(folder / kind)
        rows = np.asarray(resample(recording.signal_mv.astype(np.float64), recording.fs_hz, fs_hz))
        length = rows.shape[1]
        noises[kind] = list(rows[:, int(first * length) : int(stop * length)].astype(np.float32))
    return noises


def read_signals(folder: Path, names: Sequence[str], fs_hz: float) -> Signals:
    """Return all leads of some recordings, without missing samples."""
    signals = []
    for name in names:
        recording = read_recording(folder / name)
        for row in recording.signal_mv:
            signals.append(np.nan_to_num(resample(row.astype(np.float64), recording.fs_hz, fs_hz), nan=0.0))
    return [signal.astype(np.float32) for signal in signals]


def read_ptbxl(folder: Path, folds: Sequence[int]) -> Int16[np.ndarray, "record lead time"]:
    """Return the records of some folds that are annotated as free of noise, at 100 Hz, in microvolts."""
    table = pd.read_csv(folder / "ptbxl_database.csv")
    is_clean = table[list(NOISE_COLUMNS)].isna().all(axis=1)
    names = table.filename_lr[table.strat_fold.isin(folds) & is_clean]
    paths = [folder / f"{name}.dat" for name in names]
    # Format 16 with 1000 units per mV, 12 leads interleaved.
    return np.stack([np.fromfile(path, "<i2").reshape(1000, 12).T for path in paths])


class WindowSource:
    """Draws random windows of PTB-XL and of long recordings, with random noise."""

    def __init__(
        self,
        *,
        ptbxl: Int16[np.ndarray, "record lead time"],
        signals: Signals,
        noises: dict[float, dict[str, Signals]],
        seed: int,
        shares: Mapping[str, float] = SHARES,
    ) -> None:
        """Keep the data.

        Args:
            ptbxl: records at 100 Hz, in microvolts.
            signals: leads of long recordings at FS_HZ, in mV.
            noises: recorded noise by rate, 100 Hz and FS_HZ, and kind.
            seed: seed of everything random.
            shares: share of each kind of noise.
        """
        self.shares = shares
        self.ptbxl, self.signals, self.noises = ptbxl, signals, noises
        self.rng = np.random.default_rng(seed)

    def short(self, count: int) -> NoisyWindows:
        """Return windows of PTB-XL."""
        return self._windows(count, self._ptbxl_window, PTBXL_FS_HZ)

    def long(self, count: int, length_s: float) -> NoisyWindows:
        """Return windows of long recordings."""
        samples = round(length_s * FS_HZ)
        return self._windows(count, lambda: self._signal_window(samples), FS_HZ)

    def _ptbxl_window(self) -> Signal:
        while True:
            record, lead = self.rng.integers(len(self.ptbxl)), self.rng.integers(12)
            signal = self.ptbxl[record, lead].astype(np.float64) / 1000
            if signal.std() > MIN_STD_MV:
                return signal

    def _signal_window(self, samples: int) -> Signal:
        while True:
            signal = self.signals[self.rng.integers(len(self.signals))]
            start = self.rng.integers(len(signal) - samples)
            window = signal[start : start + samples].astype(np.float64)
            if window.std() > MIN_STD_MV:
                return window

    def _windows(self, count: int, draw: Callable[[], Signal], fs_hz: float) -> NoisyWindows:
        clean = np.stack([draw() for _ in range(count)])
        masks = np.stack([self._mask(clean.shape[1], fs_hz) for _ in range(count)])
        noisy = np.stack([self._add_noise(*pair, fs_hz) for pair in zip(clean, masks, strict=True)])
        if fs_hz != FS_HZ:
            clean, noisy = (resample(rows, fs_hz, FS_HZ) for rows in (clean, noisy))
            masks = np.repeat(masks, round(FS_HZ / fs_hz), axis=1)
        level, scale = level_and_scale(noisy, masks, FS_HZ)
        # Beyond the end of the signal everything is continued and nothing counts.
        pad = ((0, 0), (0, -clean.shape[1] % CONFIG.network.stride))
        clean, noisy = (np.pad(rows, pad, mode="edge") for rows in (clean, noisy))
        masks = np.pad(masks, pad)
        gain = np.exp(self.rng.normal(0, 0.2, (count, 1))) * self.rng.choice(
            [-1, 1], (count, 1), p=[0.15, 0.85]
        )
        return NoisyWindows(
            clean=((clean - level) * gain / scale).astype(np.float32),
            noisy=((noisy - level) * gain / scale).astype(np.float32),
            is_noisy=masks,
        )

    def _mask(self, samples: int, fs_hz: float) -> Mask:
        """Return the mask of a random noisy interval, or of the whole window."""
        mask = np.ones(samples, dtype=bool)
        if self.rng.random() >= WHOLE_SHARE:
            least = MIN_NOISY_S * fs_hz
            length = int(self.rng.uniform(least, 0.8 * samples))
            start = int(self.rng.integers(-length // 3, samples - 2 * length // 3))
            mask[:] = False
            mask[max(start, 0) : start + length] = True
        return mask

    def _add_noise(self, signal: Signal, mask: Mask, fs_hz: float) -> Signal:
        """Return a signal with noise of a random kind and level in a mask."""
        if self.rng.random() < CLEAN_SHARE:
            return signal.copy()
        noise = self._noise(int(mask.sum()), fs_hz)
        result = signal.copy()
        inside = signal[mask]
        reference = signal if self.rng.random() < 0.3 else inside  # the interval may miss the QRS complexes
        snr_db = self.rng.uniform(*SNR_RANGE_DB)
        centred = noise - noise.mean()
        factor = np.sqrt(reference.var() / 10 ** (snr_db / 10) / max(centred.var(), 1e-12))
        if self.rng.random() < 0.15:  # the noise begins or ends within the interval
            cut = int(self.rng.integers(len(centred)))
            centred[(slice(0, cut), slice(cut, None))[self.rng.integers(2)]] = 0
        result[mask] = inside + factor * centred
        return result

    def _noise(self, samples: int, fs_hz: float) -> Signal:
        kind = self.rng.choice(list(self.shares), p=list(self.shares.values()))
        if kind == "synthetic":
            return self._synthetic(samples)
        if kind == "mixture":
            parts = [self._recorded(one, samples, fs_hz) for one in KINDS]
            shares = self.rng.exponential(size=(len(parts), 1))
            return np.asarray((shares * [part / (part.std() + 1e-9) for part in parts]).sum(axis=0))
        return self._recorded(str(kind), samples, fs_hz)

    def _recorded(self, kind: str, samples: int, fs_hz: float) -> Signal:
        """Return recorded noise at a random speed and polarity."""
        channels = self.noises[fs_hz][kind]
        first, second = (channels[self.rng.integers(len(channels))] for _ in range(2))
        noise = self._segment(first, samples)
        if self.rng.random() < 0.25:
            noise = noise + self.rng.normal() * self._segment(second, samples)
        return noise

    def _segment(self, noise: Float32[np.ndarray, " noise"], samples: int) -> Signal:
        """Return a random segment of noise, at another speed in half of the cases."""
        speed = np.exp(self.rng.uniform(-0.3, 0.3)) if self.rng.random() < 0.5 else 1.0
        needed = int(samples * speed) + 2
        start = self.rng.integers(len(noise) - needed)
        segment = noise[start : start + needed].astype(np.float64)
        if speed != 1.0:
            segment = np.interp(np.arange(samples) * speed, np.arange(needed), segment)
        segment = segment[:samples]
        if self.rng.random() < 0.5:
            segment = segment[::-1]
        return segment * float(self.rng.choice([-1, 1]))

    def _synthetic(self, samples: int) -> Signal:
        """Return Gaussian noise with a power-law spectrum, with mains hum in some windows."""
        frequency = np.fft.rfftfreq(2 * samples)[1:]
        spectrum = frequency ** -self.rng.uniform(0, 1.2)
        phases = self.rng.normal(size=(2, len(frequency)))
        noise = np.fft.irfft(np.r_[0, spectrum * (phases[0] + 1j * phases[1])])[:samples]
        noise /= noise.std() + 1e-9
        if self.rng.random() < 0.3:
            noise += self.rng.exponential() * np.sin(
                2 * np.pi * self.rng.uniform(0.2, 0.31) * np.arange(samples) + self.rng.uniform(0, 6.28)
            )
        return noise
