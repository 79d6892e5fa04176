"""The signal of a recording as the page shows it: float32 in mV, with an envelope for long intervals.

The server keeps none of it in memory; it reads what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from diffecg.formats.recording import Recording
from diffecg.formats.samples import BLOCK_SAMPLES
from diffecg.signal.channels import millivolt_scale

SIGNAL, ENVELOPE = "signal.f32", "envelope.f32"
ENVELOPE_SAMPLES = 64
"""Samples of which the envelope keeps the smallest and the largest."""
_TYPE = np.dtype("<f4")


def write_signal(folder: Path, recording: Recording) -> list[int]:
    """Write the signal and the envelope of a recording of voltages of one rate, block by block.

    Returns:
        The number of missing samples of each lead.
    """
    leads, samples = len(recording.channels), recording.samples
    size = max(1, BLOCK_SAMPLES // max(leads, 1) // ENVELOPE_SAMPLES) * ENVELOPE_SAMPLES
    scale = np.array(millivolt_scale(recording.channels))[:, None]
    missing = np.zeros(leads, dtype=np.int64)
    blocks = -(-samples // ENVELOPE_SAMPLES)
    with (folder / SIGNAL).open("wb") as signal, (folder / ENVELOPE).open("wb") as envelope:
        for start in range(0, samples, size):
            block = recording.source.read(range(leads), start, min(start + size, samples))
            with np.errstate(over="ignore"):
                values = (recording.to_units(block) * scale).astype(_TYPE)
            missing += np.isnan(values).sum(axis=1)
            bounds = _bounds(values, ENVELOPE_SAMPLES)
            for row in range(leads):
                signal.seek((row * samples + start) * _TYPE.itemsize)
                signal.write(values[row].tobytes())
                envelope.seek((row * blocks + start // ENVELOPE_SAMPLES) * 2 * _TYPE.itemsize)
                envelope.write(bounds[row].tobytes())
    return missing.tolist()


@dataclass(frozen=True, kw_only=True, eq=False)
class Envelope:
    """The smallest and the largest sample of each part of an interval."""

    bounds_mv: Float32[np.ndarray, "row point 2"]
    """In mV; NaN where all samples are missing."""
    first: int
    """First sample of the first part."""
    step: int
    """Samples of a part; the last may be shorter."""


@dataclass(frozen=True, kw_only=True)
class StoredSignal:
    """The signal in a folder."""

    folder: Path
    leads: int
    samples: int

    def read(self, rows: Sequence[int], start: int, stop: int) -> Float32[np.ndarray, "row time"]:
        """Return the samples ``start`` to ``stop``, exclusive, of some leads."""
        parts = [
            np.fromfile(
                self.folder / SIGNAL,
                _TYPE,
                stop - start,
                offset=(row * self.samples + start) * _TYPE.itemsize,
            )
            for row in rows
        ]
        return np.stack(parts)

    def read_envelope(self, rows: Sequence[int], start: int, stop: int, points: int) -> Envelope:
        """Return the smallest and the largest sample of some leads in at most ``points`` equal parts."""
        step = -(-(stop - start) // points)
        if step < 2 * ENVELOPE_SAMPLES:
            bounds = _bounds(self.read(rows, start, stop), step)
            return Envelope(bounds_mv=bounds, first=start, step=step)
        blocks, per_point = -(-self.samples // ENVELOPE_SAMPLES), -(-step // ENVELOPE_SAMPLES)
        first, last = start // ENVELOPE_SAMPLES, -(-stop // ENVELOPE_SAMPLES)
        parts = []
        for row in rows:
            offset = (row * blocks + first) * 2 * _TYPE.itemsize
            pairs = np.fromfile(self.folder / ENVELOPE, _TYPE, 2 * (last - first), offset=offset).reshape(
                -1, 2
            )
            edges = np.arange(0, len(pairs), per_point)
            low = np.fmin.reduceat(pairs[:, 0], edges)
            parts.append(np.stack([low, np.fmax.reduceat(pairs[:, 1], edges)], axis=1))
        return Envelope(
            bounds_mv=np.stack(parts), first=first * ENVELOPE_SAMPLES, step=per_point * ENVELOPE_SAMPLES
        )

    def as_array(self) -> Float32[np.ndarray, "lead time"]:
        """Return the whole signal, mapped into memory and read when it is used."""
        shape = (self.leads, self.samples)
        return np.memmap(self.folder / SIGNAL, _TYPE, "r", shape=shape)


def _bounds(values: Float32[np.ndarray, "row time"], size: int) -> Float32[np.ndarray, "row point 2"]:
    edges = np.arange(0, values.shape[1], size)
    low = np.fmin.reduceat(values, edges, axis=1)
    return np.stack([low, np.fmax.reduceat(values, edges, axis=1)], axis=2)
