"""``python -m research artefacts``: detection of artefacts in real recordings and in added noise."""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from jaxtyping import Float

from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.formats.registry import read_recording
from diffecg.signal.artefacts import ARTEFACTS, find_artefacts
from research.tables import markdown_table

CLEAN = ("100", "103", "111", "118", "213", "219")
SNRS_DB = (6, 0, -6)
NOISY_S = (300, 420)
"""Interval to which noise is added, in s."""


def artefacts(
    database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    noises: Annotated[Path, Parameter(help="MIT-BIH Noise Stress Test Database.")],
    /,
) -> None:
    """Print how often artefacts are detected in a database, and in recordings with added noise.

    Example: python -m research artefacts mitdb/ nstdb/

    The first table gives the share of each artefact in all leads. The second gives the detected share of two
    minutes of added noise in six recordings, by kind of noise and signal-to-noise ratio.
    """
    shares: dict[str, list[float]] = {kind: [] for kind in ARTEFACTS}
    for name in RecordingFolder(database).names():
        recording = read_recording(database / name)
        for row in recording.voltage_indices:
            masks = find_artefacts(recording.lead_mv(row), recording.fs_hz, list(ARTEFACTS))
            for kind, mask in masks.items():
                shares[kind].append(float(mask.mean()))
    rows = [
        (kind, f"{sum(share > 0 for share in of_leads)} of {len(of_leads)}", f"{mean(of_leads):.3%}")
        for kind, of_leads in shares.items()
    ]
    print(markdown_table(("artefact", "leads", "mean share"), rows))
    noise_rows = []
    for kind in ("bw", "em", "ma"):
        noise_mv = read_recording(noises / kind).lead_mv(0)
        detected = [[detected_shares(database / name, noise_mv, snr) for name in CLEAN] for snr in SNRS_DB]
        ranges = [f"{min(x for x, _ in pairs):.0%} to {max(x for x, _ in pairs):.0%}" for pairs in detected]
        elsewhere = max(outside for pairs in detected for _, outside in pairs)
        noise_rows.append((kind, *ranges, f"{elsewhere:.1%}"))
    print(markdown_table(("noise", *(f"{snr} dB" for snr in SNRS_DB), "elsewhere"), noise_rows))


def detected_shares(path: Path, noise_mv: Float[np.ndarray, " time"], snr_db: float) -> tuple[float, float]:
    """Return the share of samples detected as noise inside and outside the interval of added noise.

    The signal's power is that of a sine wave of the amplitude of its beats, as in nst (Moody et al. 1984).
    """
    recording = read_recording(path)
    signal_mv, fs_hz = recording.lead_mv(0).copy(), round(recording.fs_hz)
    seconds = signal_mv[: len(signal_mv) // fs_hz * fs_hz].reshape(-1, fs_hz)
    power = np.median(np.ptp(seconds, axis=1)) ** 2 / 8
    noisy = np.zeros(len(signal_mv), dtype=bool)
    noisy[NOISY_S[0] * fs_hz : NOISY_S[1] * fs_hz] = True
    noise = noise_mv[: noisy.sum()] - noise_mv[: noisy.sum()].mean()
    signal_mv[noisy] += noise * np.sqrt(power / np.mean(noise**2) / 10 ** (snr_db / 10))
    detected = find_artefacts(signal_mv, fs_hz, ["noise"])["noise"]
    return float(detected[noisy].mean()), float(detected[~noisy].mean())
