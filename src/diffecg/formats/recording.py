"""RecordingFolder: stored samples and their meaning in physical units."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, time
from functools import cached_property
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""The annotation symbols that stand for a beat, in PhysioNet's code."""


PACED_SYMBOLS = frozenset("/f")
"""The annotation symbols of paced beats and of their fusion with normal ones."""

MV_PER_UNIT = {"mV": 1.0, "uV": 1e-3, "µV": 1e-3, "V": 1e3}
"""Millivolts in one of the units that files name."""


ECG_LEAD = re.compile(r"(?i)(ecg.*|ekg.*|m?l?i{1,3}|d[1-3]|av[rlf]|m?c?v[1-6]?r?|v[xyz]|cm[1-6])$")
"""Names of ECG leads."""


FS_RANGE_HZ = (20.0, 20_000.0)
"""Sampling rates that are taken for real."""


LARGEST = 1e30
"""Samples beyond it, in their units, are taken for damage; float32 ends at 3e38."""


WFDB = ("", ".hea", ".dat", ".atr")

EDF = (".edf", ".bdf")

TABLES = (".csv", ".parquet", ".npz", ".npy")


@dataclass(frozen=True)
class Annotation:
    """What is said of a sample."""

    sample: int
    symbol: str
    """PhysioNet's code: ``N``, ``V``, ``+``, or ``"`` for a note."""
    text: str = ""
    """The note, or the name of a rhythm."""


@dataclass(frozen=True)
class Beats:
    """The annotated beats of a recording."""

    sample: NDArray[np.int64]
    """Sample of each beat's annotation."""
    symbol: NDArray[np.str_]
    """Its symbol."""


@dataclass(frozen=True)
class Recording:
    """A recording, as it was stored and in millivolts."""

    name: str
    fs_hz: float
    """Sampling rate, in Hz."""
    leads: tuple[str, ...]
    """Lead names, in the file's order."""
    units: tuple[str, ...]
    """Unit of each lead."""
    stored: NDArray[Any]
    """What the file holds, axes (lead, time): int64 (WFDB, EDF) or float64 (tables, in the leads' units)."""
    gain: tuple[float, ...]
    """Stored steps per unit, for each lead."""
    baseline: tuple[float, ...]
    """What is stored for zero, for each lead."""
    missing: NDArray[np.bool_]
    """True where there is no sample, axes (lead, time)."""
    path: Path
    """Where it was read from; of WFDB without suffix."""
    start: tuple[date | None, time | None] = (None, None)
    """Date and time of the first sample, where known."""
    comments: tuple[str, ...] = ()
    """Lines that came with it."""
    annotations: Callable[[], tuple[Annotation, ...]] = tuple
    """Returns the annotations, which are read when they are asked for."""

    def __post_init__(self) -> None:
        """Refuse a sampling rate that no ECG has."""
        check_rate(self.fs_hz)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.stored.shape[1] / self.fs_hz)

    @cached_property
    def signal_mv(self) -> NDArray[np.float64]:
        """Signal in mV, axes (lead, time); NaN where a sample is missing and in leads of no voltage."""
        scale = np.array([MV_PER_UNIT.get(unit, np.nan) for unit in self.units])
        signal: NDArray[np.float64] = self.values * scale[:, None]
        return signal

    @property
    def values(self) -> NDArray[np.float64]:
        """Samples in the leads' own units, axes (lead, time); NaN where one is missing."""
        gain, zero = (np.array(numbers)[:, None] for numbers in (self.gain, self.baseline))
        values: NDArray[np.float64] = np.where(self.missing, np.nan, (self.stored - zero) / gain)
        return values

    @property
    def voltages(self) -> list[int]:
        """Rows of the leads that are voltages."""
        return [row for row, unit in enumerate(self.units) if unit in MV_PER_UNIT]

    @property
    def ecg_leads(self) -> list[int]:
        """Rows of the leads whose names are an ECG's; of all voltages, where none is."""
        return [row for row in self.voltages if ECG_LEAD.match(self.leads[row])] or self.voltages

    def usual_lead(self) -> int:
        """Return the row of the lead that people look at first: MLII or II, else another ECG lead.

        Raises:
            DiffecgError: no lead is a voltage.
        """
        if not self.voltages:
            raise DiffecgError(
                f"no lead of {self.name} is a voltage; their units are {', '.join(self.units)}"
            )
        first = [row for row in self.ecg_leads if self.leads[row].upper() in ("MLII", "II")]
        return (first or self.ecg_leads)[0]

    def lead_index(self, lead: str) -> int:
        """Return the row of ``lead``.

        Raises:
            DiffecgError: the recording has no such lead, or it is no voltage.
        """
        if lead not in self.leads:
            raise DiffecgError(
                f"recording {self.name} has no lead {lead!r}; its leads are {', '.join(self.leads)}"
            )
        row = self.leads.index(lead)
        if self.units[row] not in MV_PER_UNIT:
            raise DiffecgError(
                f"lead {lead} of recording {self.name} is in {self.units[row]!r}; a voltage is "
                f"needed ({', '.join(MV_PER_UNIT)})"
            )
        return row

    def with_imputed(self, row: int, signal_mv: NDArray[np.floating], drawn: NDArray[np.bool_]) -> Recording:
        """Return the recording with some samples of a lead replaced; all others stay as they are stored.

        Args:
            row: the lead.
            signal_mv: (time), in mV.
            drawn: (time), True where to take it.
        """
        stored, missing = self.stored.copy(), self.missing.copy()
        values = signal_mv[drawn] / MV_PER_UNIT[self.units[row]] * self.gain[row] + self.baseline[row]
        stored[row, drawn] = np.rint(values) if np.issubdtype(stored.dtype, np.integer) else values
        missing[row, drawn] = False
        return replace(self, stored=stored, missing=missing)


def beats_of(recording: Recording) -> Beats:
    """Return the beats among a recording's annotations."""
    found = [note for note in recording.annotations() if note.symbol in BEAT_SYMBOLS]
    inside = [note for note in found if 0 <= note.sample < recording.stored.shape[1]]
    samples, symbols = ([getattr(note, what) for note in inside] for what in ("sample", "symbol"))
    return Beats(np.array(samples, np.int64), np.array(symbols, np.str_))


def check_rate(fs_hz: float) -> None:
    """Refuse a sampling rate that no ECG has.

    Raises:
        DiffecgError: so it is.
    """
    if not isinstance(fs_hz, (int, float, np.number)) or not FS_RANGE_HZ[0] <= fs_hz <= FS_RANGE_HZ[1]:
        raise DiffecgError(
            f"sampling rate {fs_hz} Hz is not one of an ECG; give it in Hz, "
            f"{FS_RANGE_HZ[0]:g} to {FS_RANGE_HZ[1]:g}"
        )


def is_scale(gain: float, baseline: float) -> bool:
    """Return whether stored integers become numbers that one can reckon with."""
    return 1e-12 < abs(gain) < 1e12 and abs(baseline) < 1e15


def digitised(recording: Recording, bits: int) -> Recording:
    """Return the recording with integers of at most ``bits`` bits; those that are stored stay as they are."""
    if np.issubdtype(recording.stored.dtype, np.integer):
        return recording
    largest = np.abs(np.where(recording.missing, 0, recording.stored)).max(axis=1, initial=1e-3)
    finest = 5 if bits > 16 else 3
    gain = [10.0 ** min(finest, floor(log10((2 ** (bits - 1) - 1) / value))) for value in largest]
    digital = np.rint(np.where(recording.missing, 0, recording.stored) * np.array(gain)[:, None])
    return replace(recording, stored=digital.astype(np.int64), gain=tuple(gain), baseline=(0.0,) * len(gain))
