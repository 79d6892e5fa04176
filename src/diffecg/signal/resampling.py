"""Resampling of signals and masks, and interpolation of gaps."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float

from diffecg.errors import DiffecgError

FS_RANGE_HZ = (20.0, 20_000.0)
"""Accepted sampling rates."""


def check_rate(fs_hz: float) -> None:
    """Check that a sampling rate is plausible.

    Raises:
        DiffecgError: the rate is not a number within ``FS_RANGE_HZ``.
    """
    if not isinstance(fs_hz, (int, float, np.number)) or not FS_RANGE_HZ[0] <= fs_hz <= FS_RANGE_HZ[1]:
        raise DiffecgError(
            f"sampling rate {fs_hz} Hz is not plausible for an ECG; give it in Hz, "
            f"{FS_RANGE_HZ[0]:g} to {FS_RANGE_HZ[1]:g}"
        )


def resample(
    signal: Float[np.ndarray, "*batch time"], fs_hz: float, to_hz: float
) -> Float[np.ndarray, "*batch new_time"]:
    """Resample a signal by a polyphase anti-aliasing filter; sample k of the result is at k / ``to_hz``."""
    if fs_hz == to_hz:
        return signal
    ratio = rate_ratio(fs_hz, to_hz)
    if signal.shape[-1] == 1:  # the filter's padding by a line needs two samples
        return np.repeat(signal, math.ceil(ratio), axis=-1)
    from scipy.signal import resample_poly  # slow to import

    return resample_poly(signal, ratio.numerator, ratio.denominator, axis=-1, padtype="line")


def rate_ratio(fs_hz: float, to_hz: float) -> Fraction:
    """Return ``to_hz`` / ``fs_hz``; :func:`resample` turns n samples into ceil(n ratio)."""
    # Rounding the rates instead of their ratio makes resampling back the exact inverse.
    return Fraction(to_hz).limit_denominator(1000) / Fraction(fs_hz).limit_denominator(1000)


def interpolate_gaps(signal: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Replace missing samples (NaN) by linear interpolation, at the ends by the nearest observed sample.

    A signal without observed samples becomes zero.
    """
    observed = np.isfinite(signal)
    if not observed.any():
        return np.zeros(len(signal))
    filled = signal.astype(np.float64)
    if not observed.all():
        missing, known = np.flatnonzero(~observed), np.flatnonzero(observed)
        filled[missing] = np.interp(missing, known, filled[known])
    return filled


def resample_mask(
    missing: Bool[np.ndarray, "lead time"], fs_hz: float, to_hz: float
) -> Bool[np.ndarray, "lead new_time"]:
    """Resample a mask: a sample is missing if a sample at or beside it was missing."""
    if fs_hz == to_hz:
        return missing
    samples = missing.shape[1]
    ratio = fs_hz / to_hz
    index = np.arange(math.ceil(samples * rate_ratio(fs_hz, to_hz)))
    first = np.clip(np.floor((index - 0.5) * ratio).astype(int), 0, samples)
    stop = np.clip(np.ceil((index + 0.5) * ratio).astype(int) + 1, 0, samples)
    counts = np.pad(np.cumsum(missing, axis=1), ((0, 0), (1, 0)))
    return counts[:, stop] > counts[:, first]


def fit_length(signal: Float[np.ndarray, "*batch time"], length: int) -> Float[np.ndarray, "*batch new_time"]:
    """Truncate a signal to ``length`` samples, or continue it by its last value."""
    padding = [(0, 0)] * (signal.ndim - 1) + [(0, max(length - signal.shape[-1], 0))]
    return np.pad(signal, padding, mode="edge")[..., :length]
