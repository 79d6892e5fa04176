"""Recording sets: whole recordings at one rate, memory-mapped, for models that use all of a recording.

A folder holds

- ``signal.int16``: the samples, little-endian, in steps of 1 uV, of other signals than ECG in steps of their
  kind (:mod:`diffecg.signal.kinds`); those of a recording follow each other lead by lead. :data:`MISSING`
  stands for a missing sample.
- ``recordings.parquet``: one row for each recording (:data:`COLUMNS`, :data:`KIND_COLUMNS`).
- ``r_peaks.npy``: the R peaks of all recordings, one after the other; of recordings without an ECG the events
  of another signal, such as pulses.
- ``card.json``: where the recordings come from, their split, what was left out and why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int, Int16

from diffecg.errors import DiffecgError, one_line
from diffecg.files import CARD, read_json
from diffecg.signal.channels import Channel, millivolt_scale

FORMAT = 1
SIGNAL, PEAKS, INDEX = "signal.int16", "r_peaks.npy", "recordings.parquet"
DTYPE = np.dtype("<i2")
STEPS_PER_MV = 1000
MISSING = -32768
"""Stored value of a missing sample."""
LARGEST = 32767
"""Largest stored value, of either sign; samples beyond it are clipped."""

COLUMNS = (
    "recording",
    "database",
    "subject",
    "partition",
    "labels",
    "leads",
    "samples",
    "offset",
    "peaks",
    "peak_offset",
    "peak_lead",
    "source_fs_hz",
    "flat_leads",
    "missing",
    "clipped",
)
"""Columns of the table.

``labels`` and ``leads`` are lists of names, ``samples`` is the number of samples of a lead, ``offset`` the
number of the recording's first sample in the file of samples; ``peaks`` and ``peak_offset`` are the same
for the R peaks or other events, which were detected in ``peak_lead``, empty if no lead has events;
``source_fs_hz`` is the rate of the file.
``flat_leads`` are flat throughout or were never observed; their samples are stored as missing.
``missing`` (flat leads apart) and ``clipped`` are numbers of samples.
"""

KIND_COLUMNS = {"kinds": "ecg", "units": "mV", "steps_per_unit": STEPS_PER_MV}
"""Columns of sets with other signals than ECG: kind and unit of each lead, and the number of stored steps of
one unit. A set without them has these values in all leads."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedRecording:
    """One recording of a set."""

    name: str
    database: str
    subject: str
    partition: str
    """``train``, ``validation`` or ``test``."""
    labels: tuple[str, ...]
    """Labels of the recording; empty: unknown."""
    leads: tuple[str, ...]
    """Name of each lead, as the file writes it."""
    fs_hz: float
    """Sampling rate, in Hz."""
    kinds: tuple[str, ...]
    """Kind of each lead (:mod:`diffecg.signal.kinds`)."""
    units: tuple[str, ...]
    """Unit of each lead."""
    signal: Float32[np.ndarray, "lead time"]
    """Samples in each lead's unit; NaN = missing."""
    events: Int[np.ndarray, " event"]
    """Samples of the events in ``event_lead``: R peaks if there is an ECG, else pulses or breaths."""
    event_lead: str
    """Lead in which the events were detected; empty if no lead has events."""

    @property
    def signal_mv(self) -> Float32[np.ndarray, "lead time"]:
        """Samples in mV; NaN = missing.

        Raises:
            DiffecgError: a lead is not a voltage.
        """
        leads = zip(self.leads, self.units, self.kinds, strict=True)
        channels = [Channel(name=name, unit=unit, kind=kind) for name, unit, kind in leads]
        return self.signal * np.array(millivolt_scale(channels), np.float32)[:, None]

    @property
    def r_peaks(self) -> Int[np.ndarray, " beat"]:
        """Samples of the R peaks, detected in one of the leads.

        Raises:
            DiffecgError: the recording has no ECG.
        """
        kind = dict(zip(self.leads[::-1], self.kinds[::-1], strict=True)).get(self.event_lead)
        if kind != "ecg":
            raise DiffecgError(
                f"recording {self.name} has no R peaks: its events are those of "
                f"{self.event_lead or 'no lead'}; use .events"
            )
        return self.events


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """The samples and R peaks of one folder."""

    signal: Int16[np.ndarray, " sample"]
    peaks: Int[np.ndarray, " peak"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RecordingSet:
    """Recordings at one rate, of one or several folders; samples are read from disk when they are needed.

    Attributes:
        fs_hz: sampling rate, in Hz.
        index: one row for each recording, see :data:`COLUMNS` and :data:`KIND_COLUMNS`.
        cards: the data card of each folder.
        parts: samples and R peaks of each folder.
        part_of: which of ``parts`` each recording is in.
    """

    fs_hz: float
    index: pd.DataFrame
    cards: tuple[dict[str, Any], ...]
    parts: tuple[_Part, ...] = field(repr=False)
    part_of: Int[np.ndarray, " recording"]

    @classmethod
    def open(cls, folder: str | Path) -> RecordingSet:
        """Return the set that ``diffecg prepare --preset imputation`` wrote into a folder.

        Raises:
            DiffecgError: the folder is missing, holds something else, is not finished or is damaged.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise DiffecgError(
                f"no folder {folder}; write it with: diffecg prepare mitdb --preset imputation --out {folder}"
            )
        if not (folder / CARD).is_file():
            raise DiffecgError(
                f"{folder} is not a finished recording set ({CARD} is missing); write it, or finish it, with "
                "diffecg prepare --preset imputation"
            )
        card = read_json(folder / CARD)
        if not isinstance(card, dict) or card.get("content") != CONTENT or card.get("format") != FORMAT:
            raise DiffecgError(f"{folder / CARD} is not that of a recording set of this version's format")
        try:
            index = _with_kinds(pd.read_parquet(folder / INDEX))
            peaks = np.load(folder / PEAKS, mmap_mode="r", allow_pickle=False)
            # Copy-on-write: nothing is written, and PyTorch warns of tensors that share read-only memory.
            signal = np.memmap(folder / SIGNAL, DTYPE, "c")
            ends = index["offset"] + index["leads"].map(len) * index["samples"]
            complete = ends.max() == len(signal) and (index["peak_offset"] + index["peaks"]).max() == len(
                peaks
            )
            fs_hz = float(card["fs_hz"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DiffecgError(f"{folder} is damaged ({one_line(error)}); prepare it again") from error
        if not complete:
            raise DiffecgError(f"{folder} is damaged: {INDEX} does not fit {SIGNAL}; prepare it again")
        return cls(
            fs_hz=fs_hz,
            index=index,
            cards=(card,),
            parts=(_Part(signal=signal, peaks=peaks),),
            part_of=np.zeros(len(index), dtype=np.int64),
        )

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.index)

    def __repr__(self) -> str:
        """Return number, duration, rate and partitions in one line."""
        counts = self.index["partition"].value_counts()
        partitions = ", ".join(f"{count} {name}" for name, count in counts.items())
        hours = self.index["samples"].sum() / self.fs_hz / 3600
        size = f"{len(self)} recordings, {hours:.1f} h at {self.fs_hz:g} Hz"
        return f"<RecordingSet {size}: {partitions or 'empty'}>"

    def recording(self, number: int) -> PreparedRecording:
        """Return a recording by its number, from 0."""
        row = self.index.iloc[number]
        part = self.parts[int(self.part_of[number])]
        leads, samples = tuple(row["leads"]), int(row["samples"])
        first, first_peak = int(row["offset"]), int(row["peak_offset"])
        stored = part.signal[first : first + len(leads) * samples].reshape(len(leads), samples)
        signal = stored.astype(np.float32) / np.array(row["steps_per_unit"], np.float32)[:, None]
        signal[stored == MISSING] = np.nan
        return PreparedRecording(
            name=str(row["recording"]),
            database=str(row["database"]),
            subject=str(row["subject"]),
            partition=str(row["partition"]),
            labels=tuple(row["labels"]),
            leads=leads,
            fs_hz=self.fs_hz,
            kinds=tuple(row["kinds"]),
            units=tuple(row["units"]),
            signal=signal,
            event_lead=str(row["peak_lead"]),
            events=part.peaks[first_peak : first_peak + int(row["peaks"])].astype(np.int64),
        )

    def select(self, *, partition: str | None = None, database: str | None = None) -> RecordingSet:
        """Return the recordings of a partition, of a database, or both; None: of all.

        Raises:
            DiffecgError: there are none.
        """
        chosen = np.ones(len(self), dtype=bool)
        for column, value in (("partition", partition), ("database", database)):
            if value is not None and value not in set(self.index[column]):
                available = ", ".join(sorted(set(self.index[column])))
                raise DiffecgError(f"no recordings in the {column} {value!r}; available: {available}")
            if value is not None:
                chosen &= (self.index[column] == value).to_numpy()
        return replace(self, index=self.index[chosen].reset_index(drop=True), part_of=self.part_of[chosen])

    def fingerprint(self, partition: str) -> str:
        """Return a digest of the table of the recordings of a partition, which identifies the data."""
        index = self.index[self.index["partition"] == partition]
        lists = ["labels", "leads", "flat_leads", *KIND_COLUMNS]
        index = index.drop(columns=[*lists, "offset", "peak_offset"], errors="ignore")
        hashes = pd.util.hash_pandas_object(index.astype(str), index=False)
        return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()


def _with_kinds(index: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a set with the columns of kinds, which a set of ECG does not have."""
    index = index.copy()
    for name, value in KIND_COLUMNS.items():
        if name not in index:
            index[name] = pd.Series([[value] * len(leads) for leads in index["leads"]], index.index)
    return index


def is_recording_set(folder: Path) -> bool:
    """Return whether a folder holds a recording set, finished or not."""
    return (folder / SIGNAL).is_file()


CONTENT = "recordings"
"""Content of a folder, as its data card states it."""


def concatenate_sets(sets: Sequence[RecordingSet]) -> RecordingSet:
    """Return the recordings of several sets, such as those of several databases, in their order.

    Raises:
        DiffecgError: no sets, or sets of different rates.
    """
    if not sets:
        raise DiffecgError("there are no recording sets to concatenate")
    rates = sorted({recordings.fs_hz for recordings in sets})
    if len(rates) > 1:
        raise DiffecgError(
            f"recording sets of {' and '.join(f'{rate:g}' for rate in rates)} Hz cannot be concatenated; "
            "prepare them with one preset"
        )
    firsts = np.cumsum([0, *(len(recordings.parts) for recordings in sets[:-1])])
    return RecordingSet(
        fs_hz=rates[0],
        index=pd.concat([recordings.index for recordings in sets], ignore_index=True),
        cards=tuple(card for recordings in sets for card in recordings.cards),
        parts=tuple(part for recordings in sets for part in recordings.parts),
        part_of=np.concatenate(
            [recordings.part_of + first for recordings, first in zip(sets, firsts, strict=True)]
        ),
    )
