"""The even grid of samples that lies behind a column of times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from diffecg.errors import DiffecgError

_MAX_SAMPLES_PER_ROW = 100
"""Largest ratio of samples to rows; with more missing samples, the column is not one of times."""

_MIN_DURATION_S = 1e-9
_CLOCK_PRECISION_S = 1e-6
"""Precision of an epoch in seconds that is a floating-point number."""
_REFINEMENTS = 3
_LONG_STEP = 1.5
"""Steps longer than this multiple of the median one are gaps, for times of single samples."""
_JITTER = 5.0
"""Deviations within this multiple of the median one are jitter, for times of packets."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleGrid:
    """Samples of the rows of a table.

    Attributes:
        samples: number of the sample of each row.
        fs_hz: sampling rate, in Hz.
        start_s: time of sample 0 after the first row's time, in seconds.
        assumption: how the times were interpreted, where that had to be guessed; empty otherwise.
    """

    samples: Int[np.ndarray, " row"]
    fs_hz: float
    start_s: float = 0.0
    assumption: str = ""


def find_grid(
    seconds: Float[np.ndarray, " row"], path: Path, name: str, fs_hz: float | None = None
) -> SampleGrid:
    """Return the sample of each row on an even grid; long steps are gaps.

    Rows of the same time belong to one packet, or to one tick of a clock that is coarser than the samples.

    Args:
        seconds: seconds after the first row, which do not decrease.
        path: the file, for messages.
        name: heading of the column, for messages.
        fs_hz: sampling rate in Hz, if it is known; None: from the times.

    Raises:
        DiffecgError: the times do not lie on an even grid.
    """
    if seconds[-1] < _MIN_DURATION_S:
        raise DiffecgError(
            f"{path}: time does not increase in {name!r}; give the rate with --fs to read all rows "
            "as evenly spaced"
        )
    first_rows = np.concatenate([[0], np.flatnonzero(np.diff(seconds) > 0) + 1])
    sizes = np.diff(np.append(first_rows, len(seconds)))
    if (sizes == 1).sum() > 0.9 * len(sizes) or len(sizes) < 3:
        return _grid_of_samples(seconds, path, name, fs_hz)
    return _grid_of_packets(seconds[first_rows], sizes, path, name, fs_hz)


def _grid_of_samples(
    seconds: Float[np.ndarray, " row"], path: Path, name: str, fs_hz: float | None
) -> SampleGrid:
    """Return the grid of times of single samples."""
    rows, steps = np.arange(len(seconds)), np.diff(seconds)
    median, mean_rate = float(np.median(steps)), (len(seconds) - 1) / seconds[-1]
    first_rows = np.flatnonzero(np.append(True, steps > _LONG_STEP * median))
    if len(first_rows) == 1 and np.abs(seconds * mean_rate - rows).max() < 1:  # whatever they are rounded to
        return SampleGrid(samples=rows, fs_hz=fs_hz or _rate_of_times(seconds, rows, mean_rate))
    if median < _MIN_DURATION_S or (steps < median * (2 - _LONG_STEP)).any():
        raise _uneven(steps, path, name)
    sizes = np.diff(np.append(first_rows, len(seconds)))
    within = _within(sizes)
    rate = fs_hz or 1 / _slope(within - _means(within, sizes), seconds - _means(seconds, sizes))
    for _ in range(_REFINEMENTS):
        if seconds[-1] * rate > _MAX_SAMPLES_PER_ROW * len(seconds):
            raise _uneven(steps, path, name)
        starts = _means(seconds * rate - within, sizes)
        samples = np.rint(starts - starts[0]).astype(np.int64) + within
        rate = fs_hz or 1 / _slope(samples - samples.mean(), seconds - seconds.mean())
    if (np.diff(samples) <= 0).any():
        raise _uneven(steps, path, name)
    return SampleGrid(samples=samples, fs_hz=fs_hz or _rate_of_times(seconds, samples, rate))


def _rate_of_times(
    seconds: Float[np.ndarray, " row"], samples: Int[np.ndarray, " row"], rate: float
) -> float:
    """Return the nearest integer if it agrees with the times as well as ``rate`` does, else ``rate``."""
    rounded = _round_rate(rate, int(samples[-1]))
    deviation, own = (float(np.ptp(seconds - samples / hz)) for hz in (rounded, rate))
    return rounded if deviation <= 2 * own + _CLOCK_PRECISION_S else round(rate, 6)


def _means(
    values: Float[np.ndarray, " row"] | Int[np.ndarray, " row"], sizes: Int[np.ndarray, " segment"]
) -> Any:
    """Return the mean of its segment for each row."""
    first_rows = np.cumsum(sizes) - sizes
    return np.repeat(np.add.reduceat(values, first_rows) / sizes, sizes)


def _slope(samples: Float[np.ndarray, " row"], seconds: Float[np.ndarray, " row"]) -> float:
    """Return the seconds a sample of the line that fits centred samples and times best."""
    return float(samples @ seconds / (samples @ samples))


def _grid_of_packets(
    times: Float[np.ndarray, " packet"],
    sizes: Int[np.ndarray, " packet"],
    path: Path,
    name: str,
    fs_hz: float | None,
) -> SampleGrid:
    """Return the grid of times that several samples share."""
    steps, counts = np.diff(times), sizes[:-1]
    usual = float(np.median(sizes))
    inner = slice(1, None) if len(steps) > 1 else slice(None)  # the first packet may have begun earlier
    regular = steps[inner] <= _LONG_STEP * np.median(steps)
    kept_steps, kept_counts = steps[inner][regular], counts[inner][regular]
    rate = float(np.median(kept_counts / kept_steps))
    for _ in range(_REFINEMENTS):  # leave out packets that lost samples
        excess = np.abs(kept_steps * rate - kept_counts)
        kept = excess <= 1 + _JITTER * np.median(excess)
        kept_steps, kept_counts = kept_steps[kept], kept_counts[kept]
        rate = kept_counts.sum() / kept_steps.sum()
    rate = fs_hz or _round_rate(float(rate), int(kept_counts.sum()))
    excess = steps * rate - counts
    tolerance = max(1.0 + 1e-6 * usual, min(0.5 * usual, 1 + _JITTER * float(np.median(np.abs(excess)))))
    start_s = 0.0
    if excess[0] > tolerance and steps[0] <= _LONG_STEP * np.median(steps):  # begins within a packet
        start_s = float(times[1] - counts[0] / rate)
        excess[0] = 0.0
    if (excess < -tolerance).any():
        raise _uneven(steps, path, name)
    first_packets = np.flatnonzero(np.append(True, excess > tolerance))
    packets = np.diff(np.append(first_packets, len(times)))
    late = (times - start_s) * rate - np.concatenate([[0], np.cumsum(counts)])
    lost = np.rint(_means(late, packets) - _means(late, packets)[0]).astype(np.int64)
    before = np.concatenate([[0], np.cumsum(counts)]) + lost
    if (np.diff(before) < counts).any():
        raise _uneven(steps, path, name)
    samples = np.repeat(before, sizes) + _within(sizes)
    if samples[-1] > _MAX_SAMPLES_PER_ROW * len(samples):
        raise _uneven(steps, path, name)
    many = f"{usual:g} rows" if usual > 1 else "several rows"
    return SampleGrid(
        samples=samples,
        fs_hz=rate,
        start_s=start_s,
        assumption=f"one time for {many} in {name}: they are read as evenly spaced at {rate:g} Hz",
    )


def _within(sizes: Int[np.ndarray, " packet"]) -> Int[np.ndarray, " row"]:
    """Return the number of each row within its packet."""
    first = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) - np.repeat(first, sizes)


def _uneven(steps: Float[np.ndarray, " step"], path: Path, name: str) -> DiffecgError:
    return DiffecgError(
        f"{path}: the times in {name!r} are not evenly spaced (steps of {steps.min():.3g} to "
        f"{steps.max():.3g} s); resample them, or give the rate with --fs to read all rows as evenly spaced"
    )


def _round_rate(rate: float, samples: int) -> float:
    """Return the nearest integer if it agrees with ``rate`` to within one of ``samples`` samples."""
    nearest = round(rate)
    return float(nearest) if nearest and abs(nearest / rate - 1) * samples < 1 else round(rate, 6)
