"""Leads of a recording at the rate of windows, read part by part.

Parts are those of :func:`diffecg.signal.resampling.resample` of the whole lead: the anti-aliasing filter sees
the samples on either side, and beyond the ends of the lead the line through its first and last sample.
Missing samples are interpolated for the filter; a sample is missing if one at or beside it was missing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from diffecg.formats.recording import Recording
from diffecg.signal.channels import millivolt_scale, unit_scale
from diffecg.signal.resampling import interpolate_gaps, rate_ratio, resample_mask

_FILTER_LENGTH = 10
"""Half the length of the filter of :func:`scipy.signal.resample_poly`, in periods of the lower rate."""
_ENDS = 1 << 16
"""Samples at either end of a lead among which the first and the last observed one are searched."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Leads:
    """Leads of a recording, which may have several sampling rates."""

    readers: list[tuple[list[int], LeadReader]]
    """Channels of the recording, and their reader."""

    @classmethod
    def of(cls, recording: Recording, rows: Sequence[int], fs_hz: float, units: Sequence[str] = ()) -> Leads:
        """Return some channels of a recording.

        Args:
            recording: the recording.
            rows: indices of the channels.
            fs_hz: sampling rate of the windows, in Hz.
            units: unit of each of them in which samples are returned; empty: mV.
        """
        rates = recording.source.rates_hz
        unit_of = dict(zip(rows, units, strict=True)) if units else {}
        groups = [[row for row in rows if rates[row] == rate] for rate in dict.fromkeys(rates)]
        readers = [
            (
                group,
                LeadReader(
                    recording=recording.select(group),
                    fs_hz=fs_hz,
                    units=tuple(unit_of[row] for row in group if units),
                ),
            )
            for group in groups
            if group
        ]
        return cls(readers=readers)

    @property
    def duration(self) -> int:
        """Number of samples at the rate of the windows."""
        return min(reader.length for _, reader in self.readers)

    def block_length(self, samples: int) -> int:
        """Return the length of a part, at the rate of the windows, for which at most ``samples`` are read."""
        rates = [max(reader.fs_hz, reader.recording.fs_hz) for rows, reader in self.readers for _ in rows]
        return int(samples * self.readers[0][1].fs_hz / sum(rates))

    def read(self, start: int, stop: int) -> dict[int, Float[np.ndarray, " time"]]:
        """Return a part of each lead at the rate of the windows, by channel; NaN = missing."""
        return {
            row: signal
            for rows, reader in self.readers
            for row, signal in zip(rows, reader.read(start, stop), strict=True)
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class LeadReader:
    """Leads of a recording that share a sampling rate."""

    recording: Recording
    """The leads."""
    fs_hz: float
    """Sampling rate of the windows, in Hz."""
    units: tuple[str, ...] = ()
    """Unit of each lead in which samples are returned; empty: mV."""

    @property
    def length(self) -> int:
        """Number of samples of a lead at the rate of the windows."""
        return math.ceil(self._samples * rate_ratio(self.recording.fs_hz, self.fs_hz))

    def read(self, start: int, stop: int) -> Float[np.ndarray, "lead time"]:
        """Return the samples ``start`` to ``stop`` at the rate of the windows; NaN = missing."""
        ratio = rate_ratio(self.recording.fs_hz, self.fs_hz)
        if ratio == 1:
            return self._stored(start, stop)
        from scipy.signal import resample_poly  # slow to import

        up, down = ratio.numerator, ratio.denominator
        margin = math.ceil(_FILTER_LENGTH * max(up, down) / up) + 1
        # The part starts where a sample of one rate coincides with a sample of the other.
        period = (start * down // up - margin) // down
        samples = np.arange(period * down, math.ceil(stop * down / up) + margin + 1)
        first, last = max(0, int(samples[0])), min(self._samples, int(samples[-1]) + 1)
        level, slope = self._line
        signal = level + slope * samples
        signal[:, first - samples[0] : last - samples[0]] = self._stored(first, last)
        missing = np.isnan(signal)
        for row in np.flatnonzero(missing.any(axis=1)):
            signal[row] = interpolate_gaps(signal[row])
        resampled = resample_poly(signal, up, down, axis=1)
        resampled[resample_mask(missing, self.recording.fs_hz, self.fs_hz)] = np.nan
        return resampled[:, start - period * up : stop - period * up]

    @property
    def _samples(self) -> int:
        return min(self.recording.source.lengths)

    @cached_property
    def _line(self) -> tuple[Float[np.ndarray, "lead 1"], Float[np.ndarray, "lead 1"]]:
        """Return level and slope, per stored sample, of the line through the ends of each lead."""
        offset = max(0, self._samples - _ENDS)
        heads = self._stored(0, min(_ENDS, self._samples))
        tails = self._stored(offset, self._samples)
        lines = [_line_through(head, tail, offset) for head, tail in zip(heads, tails, strict=True)]
        level, slope = np.array(lines).T[:, :, None]
        return level, slope

    def _stored(self, start: int, stop: int) -> Float[np.ndarray, "lead time"]:
        """Return stored samples, in the units."""
        recording = self.recording
        block = recording.source.read(range(len(recording.channels)), start, stop)
        return recording.to_units(block) * self._scale

    @cached_property
    def _scale(self) -> Float[np.ndarray, "lead 1"]:
        """Factor from the channels' own units."""
        channels = self.recording.channels
        scale = unit_scale(channels, self.units) if self.units else millivolt_scale(channels)
        return np.array(scale)[:, None]


def _line_through(
    head: Float[np.ndarray, " start"], tail: Float[np.ndarray, " end"], offset: int
) -> tuple[float, float]:
    """Return level and slope of the line through the first and the last observed sample of a lead.

    Args:
        head: first samples.
        tail: last samples.
        offset: number of the first sample of ``tail``.
    """
    heads, tails = np.flatnonzero(np.isfinite(head)), np.flatnonzero(np.isfinite(tail))
    if not heads.size or not tails.size:
        return 0.0, 0.0
    first, last = int(heads[0]), offset + int(tails[-1])
    slope = (tail[tails[-1]] - head[first]) / (last - first) if last > first else 0.0
    return float(head[first] - slope * first), float(slope)
