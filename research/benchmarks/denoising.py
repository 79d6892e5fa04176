"""``python -m research denoising``: recorded noise removed by the network of the package and by filters."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from jaxtyping import Bool, Float, Int

from diffecg.cli.console import Threads, use_threads
from diffecg.composition.noise import KINDS
from diffecg.datasets.splits import DS2
from diffecg.formats.registry import read_recording
from diffecg.inference.denoised import Denoised
from diffecg.inference.denoising import Denoiser, bundled_denoiser
from diffecg.signal.noise import add_noise
from research.benchmarks.denoising_methods import FILTERS, Signal, match_peaks, r_peaks
from research.models.noisy_windows import PTBXL_FS_HZ, Signals, read_noise, read_ptbxl
from research.tables import markdown_table

SNRS_DB = (6, 0, -6)
CONTEXT_S = 10.0
LEAD_II = 1
NETWORK = "network"


@dataclass(frozen=True, eq=False)
class NoisySignal:
    """A segment with its surroundings, with and without noise."""

    clean_mv: Signal
    noisy_mv: Signal
    is_noisy: Bool[np.ndarray, " time"]


@dataclass(eq=False)
class Score:
    """Sums over the cases of a method for one kind of noise and SNR."""

    squared_errors: list[float] = field(default_factory=list)
    """Mean squared error of each case, in mV^2."""
    peaks: Int[np.ndarray, "3"] = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    """R peaks: found, in the estimate, in the clean signal."""

    @property
    def rmse_mv(self) -> float:
        """Root of the mean squared error over all cases, in mV."""
        return float(np.sqrt(np.mean(self.squared_errors)))

    @property
    def f1(self) -> float:
        """F1 of the R peaks."""
        found, estimated, true = self.peaks
        return float(2 * found / max(estimated + true, 1))


def denoising(
    database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    noises: Annotated[Path, Parameter(help="MIT-BIH Noise Stress Test Database.")],
    /,
    *,
    out: Path,
    ptbxl: Path | None = None,
    model: Path | None = None,
    recordings: tuple[str, ...] = DS2,
    cases: int = 2,
    fold: int = 10,
    records: int = 150,
    length: float = 8.0,
    threads: Threads = 1,
) -> None:
    """Compare denoising by the network of the package and by filters, on recorded noise.

    Example: python -m research denoising mitdb/ nstdb/ --ptbxl ptbxl/ --out denoising.md

    Adds noise of the second halves of the MIT-BIH Noise Stress Test Database (Moody et al. 1984; the network
    was trained on the first halves) at 6, 0 and -6 dB (ratio of the variances) to segments of recordings,
    with 10 s of clean signal on either side, and to whole records of PTB-XL, lead II, that are annotated as
    free of noise. Filters get the mean of the noisy segment, which the noise does not change. R peaks are
    those of NeuroKit, within 50 ms of those in the clean signal. Choices were made on DS1 (--recordings 109
    114 119 207 223) and fold 9.

    Args:
        out: Markdown file to write.
        ptbxl: PTB-XL, with records100/.
        model: Folder of a denoiser; default: that of the package.
        recordings: Names of the recordings.
        cases: Segments of each recording for each kind of noise and SNR.
        fold: Fold of PTB-XL.
        records: Records of PTB-XL, evenly spaced within the fold.
        length: Length of the noisy segment, in s.
    """
    use_threads(threads)
    denoiser = bundled_denoiser() if model is None else Denoiser(model)
    texts = []
    found = recording_cases(database, noises, recordings, cases, length)
    texts.append(f"{len(recordings)} recordings, {cases} segment(s) of {length:g} s each, lead 0.\n\n")
    texts.append(compare(denoiser, found, 360.0))
    if ptbxl is not None:
        found = ptbxl_cases(ptbxl, noises, fold, records)
        texts.append(f"\nPTB-XL fold {fold}, {records} records, lead II, 10 s, noisy throughout.\n\n")
        texts.append(compare(denoiser, found, PTBXL_FS_HZ))
    out.write_text("".join(texts))


def recording_cases(
    database: Path, noises: Path, recordings: Sequence[str], cases: int, length_s: float
) -> Iterator[tuple[str, int, NoisySignal]]:
    """Yield (kind of noise, SNR, segment) for segments of recordings."""
    for name in recordings:
        recording = read_recording(database / name)
        lead_mv = np.nan_to_num(recording.lead_mv(0))
        noise_mv = read_noise(noises, recording.fs_hz, "test")
        samples, context = (round(seconds * recording.fs_hz) for seconds in (length_s, CONTEXT_S))
        rng = np.random.default_rng([0, *name.encode()])
        for kind, snr_db in _rows():
            for _ in range(cases):
                noise = _channel(rng, noise_mv[kind])
                yield kind, snr_db, noisy_signal(rng, lead_mv, noise, snr_db, samples, context)


def ptbxl_cases(folder: Path, noises: Path, fold: int, count: int) -> Iterator[tuple[str, int, NoisySignal]]:
    """Yield (kind of noise, SNR, record) for records of PTB-XL, which are noisy throughout."""
    noise_mv = read_noise(noises, PTBXL_FS_HZ, "test")
    found = read_ptbxl(folder, [fold])
    rng = np.random.default_rng(0)
    for index in np.linspace(0, len(found) - 1, count).astype(int):
        lead_mv = found[index, LEAD_II] / 1000
        if lead_mv.std() == 0:
            continue
        for kind, snr_db in _rows():
            noise = _channel(rng, noise_mv[kind])
            yield kind, snr_db, noisy_signal(rng, lead_mv, noise, snr_db, len(lead_mv), 0)


def noisy_signal(
    rng: np.random.Generator,
    signal: Signal,
    noise: Float[np.ndarray, " noise"],
    snr_db: float,
    length: int,
    context: int,
) -> NoisySignal:
    """Add noise to a random segment of ``length`` samples, with ``context`` samples on either side."""
    start = int(rng.integers(context, len(signal) - context - length, endpoint=True))
    noise_start = int(rng.integers(0, len(noise) - length))
    clean = signal[start - context : start + length + context].astype(np.float64)
    is_noisy = np.zeros(len(clean), dtype=bool)
    is_noisy[context : context + length] = True
    noisy = clean.copy()
    noisy[is_noisy] = add_noise(clean[is_noisy], noise[noise_start : noise_start + length], snr_db)
    return NoisySignal(clean, noisy, is_noisy)


def compare(denoiser: Denoiser, cases: Iterator[tuple[str, int, NoisySignal]], fs_hz: float) -> str:
    """Return a table of all methods, with the coverage of the intervals by kind of noise.

    Args:
        denoiser: the network.
        cases: kind of noise, SNR and signal.
        fs_hz: sampling rate of the signals, in Hz.
    """
    scores: dict[tuple[str, int, str], Score] = defaultdict(Score)
    intervals: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    spent_s = noisy_s = 0.0
    for kind, snr_db, case in cases:
        began = time.process_time()
        result = denoiser.denoise(case.noisy_mv, fs_hz, case.is_noisy)
        spent_s += time.process_time() - began
        noisy_s += case.is_noisy.sum() / fs_hz
        true_peaks = r_peaks(case.clean_mv, fs_hz)
        for method, signal_mv in _estimates(case, result, fs_hz).items():
            score = scores[kind, snr_db, method]
            score.squared_errors.append(float(np.mean((signal_mv - case.clean_mv)[case.is_noisy] ** 2)))
            score.peaks += match_peaks(true_peaks, r_peaks(signal_mv, fs_hz), case.is_noisy, fs_hz)
        inside = (result.lower_mv <= case.clean_mv) & (case.clean_mv <= result.upper_mv)
        width_mv = (result.upper_mv - result.lower_mv)[case.is_noisy].mean()
        intervals[kind, snr_db].append((float(inside[case.is_noisy].mean()), float(width_mv)))
    return f"{_table(scores, intervals)}\n{1000 * spent_s / noisy_s:.1f} ms a second of noisy ECG.\n"


def _estimates(case: NoisySignal, result: Denoised, fs_hz: float) -> dict[str, Signal]:
    """Return the signal by each method; outside the noisy segment it is the clean one."""
    estimates = {"as recorded": case.noisy_mv}
    level_mv = case.noisy_mv[case.is_noisy].mean()
    for name, filtered in FILTERS.items():
        signal_mv = filtered(case.noisy_mv, fs_hz)
        signal_mv += level_mv - signal_mv[case.is_noisy].mean()
        estimates[name] = np.where(case.is_noisy, signal_mv, case.clean_mv)
    return {**estimates, NETWORK: np.asarray(result.signal_mv)}


def _table(
    scores: dict[tuple[str, int, str], Score], intervals: dict[tuple[str, int], list[tuple[float, float]]]
) -> str:
    """Return RMSE in mV, F1 of the R peaks and coverage, a row for each kind of noise and SNR."""
    methods = list(dict.fromkeys(method for *_, method in scores))
    rows = []
    for kind, snr_db in _rows():
        cells = [scores[kind, snr_db, method] for method in methods]
        coverage, width_mv = np.mean(intervals[kind, snr_db], axis=0)
        pooled = np.mean([part for snr in SNRS_DB for part, _ in intervals[kind, snr]])
        shown = [f"{cell.rmse_mv:.3f} / {cell.f1:.3f}" for cell in cells]
        others = min(cell.rmse_mv for method, cell in zip(methods, cells, strict=True) if method != NETWORK)
        relative = f"{(scores[kind, snr_db, NETWORK].rmse_mv / others) ** 2:.2f}"
        interval = f"{coverage:.0%} ({pooled:.0%}), {width_mv:.2f} mV"
        rows.append((KINDS[kind], f"{snr_db} dB", *shown, relative, interval))
    squared = "squared error of the network / best other"
    head = ("RMSE in mV / F1", "SNR", *methods, squared, "90 % interval: coverage (pooled), width")
    return markdown_table(head, rows)


def _rows() -> list[tuple[str, int]]:
    """Return the kinds of noise and the ratios."""
    return [(kind, snr_db) for kind in KINDS for snr_db in SNRS_DB]


def _channel(rng: np.random.Generator, channels: Signals) -> Signal:
    """Return one of the channels of a noise record."""
    return channels[int(rng.integers(len(channels)))].astype(np.float64)
