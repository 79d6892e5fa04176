"""``python -m research denoising``: real noise removed by the model, a band-pass filter and wavelets."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pywt
from cyclopts import Parameter
from jaxtyping import Bool, Float
from scipy.signal import butter, sosfiltfilt

from diffecg.cli.console import Threads, use_threads
from diffecg.composition.noise import KINDS
from diffecg.datasets.splits import DS2
from diffecg.formats.registry import read_recording
from diffecg.inference.loading import load
from diffecg.signal.noise import add_noise
from research.tables import markdown_table

SNRS_DB = (6, 0, -6)
CONTEXT_S = 10.0
PASSBAND_HZ = (0.5, 40.0)
METHODS = ("as recorded", "band-pass", "wavelets", "model")
INTERVAL = "90 % interval coverage"
Signal = Float[np.ndarray, " time"]
Scores = dict[tuple[str, int, str], list[tuple[float, float]]]
"""By kind of noise, SNR and method, for each recording: RMSE, and RMSE without the mean error, in mV."""


@dataclass(frozen=True, eq=False)
class NoisySignal:
    """A segment with its surroundings, with and without noise."""

    clean_mv: Signal
    noisy_mv: Signal
    is_noisy: Bool[np.ndarray, " time"]


def denoising(
    database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    noises: Annotated[Path, Parameter(help="MIT-BIH Noise Stress Test Database.")],
    /,
    *,
    out: Path,
    model: str = "mitbih-strip",
    recordings: tuple[str, ...] = DS2,
    length: float = 8.0,
    draws: int = 8,
    threads: Threads = 1,
) -> None:
    """Compare denoising by the model, a band-pass filter and wavelets, on real noise.

    Example: python -m research denoising mitdb/ nstdb/ --out denoising.md

    Adds noise of the MIT-BIH Noise Stress Test Database (Moody et al. 1984) to segments of recordings, at 6,
    0
    and -6 dB (ratio of the variances). Errors are given with and without the mean error of the segment,
    because the filters remove the level. All settings were chosen on DS1 (--recordings 109 114 119).

    Args:
        out: Markdown file to write.
        model: Bundled name or model folder.
        recordings: Names of the recordings.
        length: Length of the noisy segment, in s.
        draws: Draws of the model.
    """
    use_threads(threads)
    denoiser = load(model)
    noise_mv = {kind: read_recording(noises / kind).lead_mv(0) for kind in KINDS}
    scores: Scores = defaultdict(list)
    for done, name in enumerate(recordings, 1):
        recording = read_recording(database / name)
        samples, context = (round(seconds * recording.fs_hz) for seconds in (length, CONTEXT_S))
        rng = np.random.default_rng([0, *name.encode()])
        for kind in KINDS:
            for snr_db in SNRS_DB:
                case = noisy_signal(rng, recording.lead_mv(0), noise_mv[kind], snr_db, samples, context)
                result = denoiser.denoise(case.noisy_mv, recording.fs_hz, case.is_noisy, draws=draws)
                denoised = {
                    "as recorded": case.noisy_mv,
                    "band-pass": band_pass(case.noisy_mv, recording.fs_hz),
                    "wavelets": shrink_wavelets(case.noisy_mv),
                    "model": result.mean_mv,
                }
                for method, signal_mv in denoised.items():
                    error = (signal_mv - case.clean_mv)[case.is_noisy]
                    rmse = float(np.sqrt(np.mean(error**2)))
                    scores[kind, snr_db, method].append((rmse, float(error.std())))
                inside = (result.lower_mv <= case.clean_mv) & (case.clean_mv <= result.upper_mv)
                scores[kind, snr_db, INTERVAL].append((float(inside[case.is_noisy].mean()), 0.0))
        note = (
            "RMSE in mV (without the segment's mean error): "
            f"{done} recordings, a segment of {length:g} s for "
            f"each kind of noise and SNR, lead 0; {model}, mean of {draws} draws."
        )
        out.write_text(f"{note}\n\n{table(scores)}")


def noisy_signal(
    rng: np.random.Generator,
    signal: Signal,
    noise: Float[np.ndarray, " noise"],
    snr_db: float,
    length: int,
    context: int,
) -> NoisySignal:
    """Add noise to a random segment of ``length`` samples, with ``context`` samples on either side."""
    start = int(rng.integers(context, len(signal) - context - length))
    noise_start = int(rng.integers(0, len(noise) - length))
    clean = signal[start - context : start + length + context]
    is_noisy = np.zeros(len(clean), dtype=bool)
    is_noisy[context : context + length] = True
    noisy = clean.copy()
    noisy[is_noisy] = add_noise(clean[is_noisy], noise[noise_start : noise_start + length], snr_db)
    return NoisySignal(clean, noisy, is_noisy)


def band_pass(signal: Signal, fs_hz: float) -> Signal:
    """Apply a Butterworth filter forwards and backwards."""
    return np.asarray(sosfiltfilt(butter(4, PASSBAND_HZ, "bandpass", fs=fs_hz, output="sos"), signal))


def shrink_wavelets(signal: Signal) -> Signal:
    """Apply soft thresholds to wavelet coefficients (Donoho 1995) and remove the approximation."""
    coarse, *details = pywt.wavedec(signal, "sym8", level=8)
    threshold = np.median(np.abs(details[-1])) / 0.6745 * np.sqrt(2 * np.log(len(signal)))
    shrunk = [pywt.threshold(detail, threshold, "soft") for detail in details]
    return np.asarray(pywt.waverec([np.zeros_like(coarse), *shrunk], "sym8")[: len(signal)])


def table(scores: Scores) -> str:
    """Return a row for each kind of noise and SNR."""
    rows = []
    for kind, name in KINDS.items():
        for snr_db in SNRS_DB:
            means = [np.mean(scores[kind, snr_db, method], axis=0) for method in METHODS]
            coverage = np.mean(scores[kind, snr_db, INTERVAL], axis=0)[0]
            errors = [f"{rmse:.3f} ({centred:.3f})" for rmse, centred in means]
            rows.append((name, f"{snr_db} dB", *errors, f"{coverage:.0%}"))
    return markdown_table(("noise", "SNR", *METHODS, INTERVAL), rows)
