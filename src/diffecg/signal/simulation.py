"""A simulated ECG for demos and tests, in which every wave is a Gaussian.

After McSharry et al. 2003 (IEEE Trans Biomed Eng 50:289-294), without the dynamical model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, Shaped

WAVES = {
    "N": (
        (-0.17, 0.022, 0.14),
        (-0.025, 0.009, -0.12),
        (0.0, 0.011, 1.2),
        (0.028, 0.011, -0.25),
        (0.27, 0.045, 0.28),
    ),
    "V": ((0.0, 0.045, 1.6), (0.28, 0.06, -0.5)),
    "F": ((0.0, 0.03, 1.4), (0.27, 0.05, 0.1)),
}
"""Waves of a beat by symbol: time after the R peak in s, standard deviation in s, amplitude in mV."""
WAVES["L"] = WAVES["N"]
WAVES["A"] = WAVES["N"][1:]
REACH = 12
"""Standard deviations of a wave beyond which its values are below the resolution of a float."""


class SimulatedEcg(NamedTuple):
    """A simulated lead and its beats."""

    signal_mv: Float[np.ndarray, " time"]
    sample: Int[np.ndarray, " beat"]
    """Sample of each R peak."""
    symbol: Shaped[np.ndarray, " beat"]
    """Annotation symbol of each beat."""


def simulate_ecg(
    duration_s: float, fs_hz: float, *, seed: int = 0, symbols: tuple[str, ...] = ("N",)
) -> SimulatedEcg:
    """Simulate a lead with about 75 beats per minute, baseline wander and a little noise.

    Args:
        duration_s: duration, in s.
        fs_hz: sampling rate, in Hz.
        seed: seed of rhythm, beats and noise.
        symbols: annotation symbols; each beat has one of them with equal probability.
    """
    rng = np.random.default_rng(seed)
    peaks_s = np.cumsum(rng.normal(0.8, 0.03, int(duration_s / 0.6) + 1)) - 0.7
    peaks_s = peaks_s[(peaks_s > 0.05) & (peaks_s < duration_s - 0.05)]
    symbol = rng.choice(np.array(symbols, dtype=np.str_), len(peaks_s))
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    signal_mv = 0.05 * np.sin(2 * np.pi * 0.3 * time_s) + 0.005 * rng.standard_normal(len(time_s))
    for peak_s, kind in zip(peaks_s, symbol, strict=True):
        for offset_s, width_s, amplitude_mv in WAVES[str(kind)]:
            ends_s = peak_s + offset_s + REACH * width_s * np.array([-1, 1])
            near = slice(*np.clip(np.rint(ends_s * fs_hz), 0, len(time_s)).astype(int))
            distance_s = time_s[near] - peak_s - offset_s
            signal_mv[near] += amplitude_mv * np.exp(-0.5 * (distance_s / width_s) ** 2)
    return SimulatedEcg(signal_mv, np.rint(peaks_s * fs_hz).astype(np.int64), symbol)
