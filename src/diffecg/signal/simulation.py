"""An analytic ECG for demos and tests: every wave a Gaussian, no recording needed.

The idea of McSharry et al. (2003), IEEE Trans Biomed Eng 50(3):289-294, without its dynamics.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
"""Waves of a beat by annotation symbol: time from R in s, width in s, height in mV."""
WAVES["L"] = WAVES["N"]
WAVES["A"] = WAVES["N"][1:]


class Simulated(NamedTuple):
    """A simulated lead and its beats."""

    signal_mv: NDArray[np.float64]
    """Axes (time), in mV."""
    sample: NDArray[np.int64]
    """Sample of each R peak."""
    symbol: NDArray[np.str_]
    """Its annotation symbol."""


def simulate_ecg(
    duration_s: float, fs_hz: float, *, seed: int = 0, symbols: tuple[str, ...] = ("N",)
) -> Simulated:
    """Return an ECG of about 75 beats a minute with wandering baseline and a little noise.

    Args:
        duration_s: length, in s.
        fs_hz: sampling rate, in Hz.
        seed: of rhythm, beats and noise.
        symbols: annotation symbols, drawn evenly for every beat.
    """
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.normal(0.8, 0.03, int(duration_s / 0.6) + 1)) - 0.7
    times = times[(times > 0.05) & (times < duration_s - 0.05)]
    symbol = rng.choice(np.array(symbols, dtype=np.str_), len(times))
    time = np.arange(round(duration_s * fs_hz)) / fs_hz
    signal_mv = 0.05 * np.sin(2 * np.pi * 0.3 * time) + 0.005 * rng.standard_normal(len(time))
    for at, kind in zip(times, symbol, strict=True):
        for offset, width, height in WAVES[str(kind)]:
            signal_mv += height * np.exp(-0.5 * ((time - at - offset) / width) ** 2)
    return Simulated(signal_mv, np.rint(times * fs_hz).astype(np.int64), symbol)
