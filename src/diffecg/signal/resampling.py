"""Resampling of signals and masks, with gaps."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

FS_RANGE_HZ = (20.0, 20_000.0)
"""Accepted sampling rates."""


def check_rate(fs_hz: float) -> None:
    """Raise an error for a sampling rate outside the accepted range.

    Raises:
        DiffecgError: the rate is not a number in ``FS_RANGE_HZ``.
    """
    if not isinstance(fs_hz, (int, float, np.number)) or not FS_RANGE_HZ[0] <= fs_hz <= FS_RANGE_HZ[1]:
        raise DiffecgError(
            f"sampling rate {fs_hz} Hz is not one of an ECG; give it in Hz, "
            f"{FS_RANGE_HZ[0]:g} to {FS_RANGE_HZ[1]:g}"
        )


def resample(signal: NDArray[np.float64], fs_hz: float, to_hz: float) -> NDArray[np.float64]:
    """Return ``signal`` (time last) at another sampling rate, band-limited by a polyphase filter.

    Sample k of the result lies at the time k / ``to_hz``.
    """
    if fs_hz == to_hz:
        return signal
    ratio = rate_ratio(fs_hz, to_hz)
    if signal.shape[-1] == 1:  # the filter's straight line needs two samples
        return np.repeat(signal, math.ceil(ratio), axis=-1)
    from scipy.signal import resample_poly  # takes half a second to import

    resampled: NDArray[np.float64] = resample_poly(
        signal, ratio.numerator, ratio.denominator, axis=-1, padtype="line"
    )
    return resampled


def rate_ratio(fs_hz: float, to_hz: float) -> Fraction:
    """Return ``to_hz`` over ``fs_hz``: n samples become ceil(n ratio) by :func:`resample`."""
    # Rounding the rates, not their ratio, makes the way back the exact inverse of the way there.
    return Fraction(to_hz).limit_denominator(1000) / Fraction(fs_hz).limit_denominator(1000)


def interpolate_gaps(row: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ``row`` (time) with straight lines over its gaps, so that resampling does not ring.

    A row of nothing but gaps becomes zero.
    """
    known = ~np.isnan(row)
    if not known.any():
        return np.zeros(len(row))
    time = np.arange(len(row))
    line: NDArray[np.float64] = np.interp(time, time[known], row[known].astype(np.float64))
    return line


def resample_mask(missing: NDArray[np.bool_], fs_hz: float, to_hz: float) -> NDArray[np.bool_]:
    """Return which samples (lead time) at another rate lie on or beside missing ones."""
    if fs_hz == to_hz:
        return missing
    length = math.ceil(missing.shape[1] * rate_ratio(fs_hz, to_hz))
    ratio = fs_hz / to_hz
    before = np.clip(np.floor((np.arange(length) - 0.5) * ratio).astype(int), 0, None)
    after = np.ceil((np.arange(length) + 0.5) * ratio).astype(int) + 1
    counts = np.pad(np.cumsum(missing, axis=1), ((0, 0), (1, 0)))
    last = missing.shape[1]
    touched: NDArray[np.bool_] = counts[:, np.minimum(after, last)] > counts[:, np.minimum(before, last)]
    return touched


def fit_length(signal: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return ``signal`` (… time) cut, or continued by its last value, to ``length`` samples."""
    short = max(length - signal.shape[-1], 0)
    padding = [(0, 0)] * (signal.ndim - 1) + [(0, short)]
    return np.pad(signal, padding, mode="edge")[..., :length]
