"""The signals of a recording as the page shows them: float32, with an envelope for long intervals.

The server keeps none of it in memory; it reads what is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from diffecg.formats.recording import Recording
from diffecg.formats.samples import BLOCK_SAMPLES
from diffecg.signal.channels import unit_scale

SIGNAL, ENVELOPE = "signal.f32", "envelope.f32"
ENVELOPE_SAMPLES = 64
"""Samples of which the envelope keeps the smallest and the largest."""
_TYPE = np.dtype("<f4")


def write_signal(folder: Path, recording: Recording, units: Sequence[str]) -> list[int]:
    """Write the signals and the envelopes of a recording, block by block, each at its own rate.

    Args:
        folder: where to write them.
        recording: the recording.
        units: unit of each signal in which it is written.

    Returns:
        The number of missing samples of each signal.
    """
    stored = StoredSignal(folder=folder, lengths=recording.source.lengths)
    rates = recording.source.rates_hz
    missing = np.zeros(len(rates), dtype=np.int64)
    with (folder / SIGNAL).open("wb") as signal, (folder / ENVELOPE).open("wb") as envelope:
        for rate in dict.fromkeys(rates):
            rows = [row for row, other in enumerate(rates) if other == rate]
            for start, values in _blocks(recording.select(rows), [units[row] for row in rows]):
                missing[rows] += np.isnan(values).sum(axis=1)
                bounds = _bounds(values, ENVELOPE_SAMPLES)
                for i, row in enumerate(rows):
                    signal.seek(stored.signal_offset(row, start))
                    signal.write(values[i].tobytes())
                    envelope.seek(stored.envelope_offset(row, start // ENVELOPE_SAMPLES))
                    envelope.write(bounds[i].tobytes())
    return missing.tolist()


def _blocks(
    recording: Recording, units: Sequence[str]
) -> Iterator[tuple[int, Float32[np.ndarray, "row time"]]]:
    """Yield signals of one rate in parts, in other units, each with its first sample."""
    rows, samples = len(recording.channels), recording.samples
    size = max(1, BLOCK_SAMPLES // rows // ENVELOPE_SAMPLES) * ENVELOPE_SAMPLES
    scale = np.array(unit_scale(recording.channels, units))[:, None]
    for start in range(0, samples, size):
        block = recording.source.read(range(rows), start, min(start + size, samples))
        with np.errstate(over="ignore"):
            yield start, (recording.to_units(block) * scale).astype(_TYPE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Envelope:
    """The smallest and the largest sample of each part of an interval."""

    bounds: Float32[np.ndarray, "row point 2"]
    """In the unit of each signal; NaN where all samples are missing."""
    first: int
    """First sample of the first part."""
    step: int
    """Samples of a part; the last may be shorter."""


@dataclass(frozen=True, kw_only=True)
class StoredSignal:
    """The signals in a folder."""

    folder: Path
    lengths: Sequence[int]
    """Number of samples of each signal."""

    def signal_offset(self, row: int, sample: int) -> int:
        """Return the place of a sample of a signal in its file, in bytes."""
        return (sum(self.lengths[:row]) + sample) * _TYPE.itemsize

    def envelope_offset(self, row: int, block: int) -> int:
        """Return the place of a block of a signal in the file of envelopes, in bytes."""
        blocks = sum(-(-length // ENVELOPE_SAMPLES) for length in self.lengths[:row])
        return (blocks + block) * 2 * _TYPE.itemsize

    def read(self, rows: Sequence[int], start: int, stop: int) -> Float32[np.ndarray, "row time"]:
        """Return the samples ``start`` to ``stop``, exclusive, of some signals of one rate."""
        path = self.folder / SIGNAL
        return np.stack(
            [np.fromfile(path, _TYPE, stop - start, offset=self.signal_offset(row, start)) for row in rows]
        )

    def read_envelope(self, rows: Sequence[int], start: int, stop: int, points: int) -> Envelope:
        """Return the smallest and the largest sample of some signals of one rate, in ``points`` equal parts.

        There are fewer parts where the envelope that is stored is coarser.
        """
        step = -(-(stop - start) // points)
        if step < 2 * ENVELOPE_SAMPLES:
            bounds = _bounds(self.read(rows, start, stop), step)
            return Envelope(bounds=bounds, first=start, step=step)
        per_point = -(-step // ENVELOPE_SAMPLES)
        first, last = start // ENVELOPE_SAMPLES, -(-stop // ENVELOPE_SAMPLES)
        parts = []
        for row in rows:
            offset = self.envelope_offset(row, first)
            pairs = np.fromfile(self.folder / ENVELOPE, _TYPE, 2 * (last - first), offset=offset).reshape(
                -1, 2
            )
            edges = np.arange(0, len(pairs), per_point)
            low = np.fmin.reduceat(pairs[:, 0], edges)
            parts.append(np.stack([low, np.fmax.reduceat(pairs[:, 1], edges)], axis=1))
        return Envelope(
            bounds=np.stack(parts), first=first * ENVELOPE_SAMPLES, step=per_point * ENVELOPE_SAMPLES
        )

    def lead(self, row: int) -> Float32[np.ndarray, " time"]:
        """Return a whole signal, mapped into memory and read when it is used."""
        path, offset = self.folder / SIGNAL, self.signal_offset(row, 0)
        return np.memmap(path, _TYPE, "r", offset, shape=(self.lengths[row],))


def _bounds(values: Float32[np.ndarray, "row time"], size: int) -> Float32[np.ndarray, "row point 2"]:
    edges = np.arange(0, values.shape[1], size)
    low = np.fmin.reduceat(values, edges, axis=1)
    return np.stack([low, np.fmax.reduceat(values, edges, axis=1)], axis=2)
