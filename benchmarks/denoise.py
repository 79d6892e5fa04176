"""Real noise on real recordings: how well the model, a band-pass filter and wavelets take it away.

    python benchmarks/denoise.py mitdb/ nstdb/ --out docs/denoising.md

Adds the noises of the MIT-BIH Noise Stress Test Database (Moody et al. 1984) to true_runs of DS2's recordings,
at 6, 0 and -6 dB (mean power of the stretch over that of the noise, both without their means), and asks each
method for the stretch. Errors are counted with and without the mean over the stretch, because the filters
take the level away. The settings were chosen on DS1 (``--recordings 109 114 119``).
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
import pywt
import torch
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

import diffecg
from diffecg.datasets.splits import DS2
from diffecg.formats.registry import read_recording

KINDS = {"bw": "baseline wander", "ma": "muscle", "em": "electrode motion"}
SNRS_DB = (6, 0, -6)
AROUND_S = 10.0
BAND_HZ = (0.5, 40.0)
Array = NDArray[np.float64]


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("noises", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="mitbih-strip")
    parser.add_argument("--recordings", nargs="*", default=DS2)
    parser.add_argument("--length", type=float, default=8.0, help="length of the noisy stretch, in s")
    parser.add_argument("--draws", type=int, default=8)
    options = parser.parse_args()
    model = diffecg.load(options.model)
    noises = {kind: read_recording(options.noises / kind).lead_mv(0) for kind in KINDS}
    found: dict[tuple[str, int, str], list[tuple[float, float]]] = defaultdict(list)
    for name in options.recordings:
        recording = read_recording(options.database / name)
        rng = np.random.default_rng([0, *name.encode()])
        for kind, noise in noises.items():
            for snr_db in SNRS_DB:
                clean, noisy, where = spoilt(
                    rng, recording.lead_mv(0), noise, snr_db, recording.fs_hz, options.length
                )
                drawn = model.denoise(noisy, recording.fs_hz, where, draws=options.draws)
                methods = {
                    "as recorded": noisy,
                    "band-pass": band_passed(noisy, recording.fs_hz),
                    "wavelets": shrunk(noisy),
                    "model": drawn.signal_mv,
                }
                for method, result in methods.items():
                    error = (result - clean)[where]
                    found[kind, snr_db, method].append(
                        (float(np.sqrt(np.mean(error**2))), float(error.std()))
                    )
                inside = (drawn.lower_mv <= clean) & (clean <= drawn.upper_mv)
                found[kind, snr_db, "band"].append((float(inside[where].mean()), 0.0))
        options.out.write_text(table(found, len(found[next(iter(found))]), options))
        print(name, flush=True)


def spoilt(
    rng: np.random.Generator, signal: Array, noise: Array, snr_db: float, fs_hz: float, length_s: float
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return a stretch with its surroundings (time), the same with noise, and where the noise is."""
    length, around = round(length_s * fs_hz), round(AROUND_S * fs_hz)
    start = int(rng.integers(around, len(signal) - around - length))
    at = int(rng.integers(0, len(noise) - length))
    clean = signal[start - around : start + length + around]
    where = np.zeros(len(clean), dtype=bool)
    where[around : around + length] = True
    added = noise[at : at + length] - noise[at : at + length].mean()
    added *= np.sqrt(clean[where].var() / 10 ** (snr_db / 10) / added.var())
    noisy = clean.copy()
    noisy[where] += added
    return clean, noisy, where


def band_passed(signal: Array, fs_hz: float) -> Array:
    """Return what of a signal lies in the band, by a Butterworth filter run both ways."""
    return np.asarray(sosfiltfilt(butter(4, BAND_HZ, "bandpass", fs=fs_hz, output="sos"), signal))


def shrunk(signal: Array) -> Array:
    """Return a signal with soft thresholds on its wavelets (Donoho 1995), the slowest of them removed."""
    coarse, *details = pywt.wavedec(signal, "sym8", level=8)
    threshold = np.median(np.abs(details[-1])) / 0.6745 * np.sqrt(2 * np.log(len(signal)))
    kept = [pywt.threshold(detail, threshold, "soft") for detail in details]
    return np.asarray(pywt.waverec([np.zeros_like(coarse), *kept], "sym8")[: len(signal)])


def table(
    found: dict[tuple[str, int, str], list[tuple[float, float]]], recordings: int, options: argparse.Namespace
) -> str:
    """Return the results as Markdown."""
    names = ["as recorded", "band-pass", "wavelets", "model"]
    lines = [["noise", "SNR", *names, "90 % band holds"], ["---"] * (len(names) + 3)]
    for kind, words in KINDS.items():
        for snr_db in SNRS_DB:
            cells = []
            for name in names:
                error, aside = np.mean(found[kind, snr_db, name], axis=0)
                cells.append(f"{error:.3f} ({aside:.3f})")
            band = np.mean(found[kind, snr_db, "band"], axis=0)[0]
            lines.append([words, f"{snr_db} dB", *cells, f"{band:.0%}"])
    legend = (
        f"RMSE in mV (without the mean error of the stretch): {recordings} recordings, "
        f"a stretch of {options.length:g} s for each kind and SNR, lead 0; {options.model}, mean of "
        f"{options.draws} draws.\n\n"
    )
    return legend + "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
