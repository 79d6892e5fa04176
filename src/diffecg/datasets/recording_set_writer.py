"""Writing a recording set one recording after the other; an interrupted set is continued."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Int16

from diffecg.datasets.recording_set import (
    COLUMNS,
    DTYPE,
    INDEX,
    KIND_COLUMNS,
    LARGEST,
    MISSING,
    PEAKS,
    SIGNAL,
    STEPS_PER_MV,
)
from diffecg.files import CARD, atomic_path, write_json

JOURNAL = "journal.jsonl"
"""The recordings that are in an unfinished set, and those that were skipped: one JSON object a line."""

COMMIT_S = 5.0
"""What is written within this time is lost at most when the process is killed."""


class RecordingSetWriter:
    """Appends recordings to a set.

    Samples are on disk before the journal says so: after an interruption, what the journal does not list is
    cut off and written again.

    Args:
        folder: the folder of the set.

    Attributes:
        entries: what the journal says about each recording so far.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries = _read_journal(folder)
        self._files = ExitStack()
        (folder / SIGNAL).touch()
        self._signal = self._files.enter_context((folder / SIGNAL).open("r+b"))
        lines = [json.dumps(entry) + "\n" for entry in self.entries]
        with atomic_path(folder / JOURNAL) as partial:  # without a line that was cut short
            partial.write_text("".join(lines))
        self._journal = self._files.enter_context((folder / JOURNAL).open("a"))
        self._end = max(
            (entry["offset"] + _samples(entry) for entry in self.entries if _kept(entry)), default=0
        )
        self._signal.truncate(self._end * DTYPE.itemsize)
        self._pending: list[dict[str, Any]] = []
        self._committed = time.monotonic()

    def __enter__(self) -> RecordingSetWriter:
        """Return the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit what was appended, and close the files."""
        with self._files:
            self._commit()

    def write_signal(
        self,
        blocks: Iterable[Float[np.ndarray, "lead block"]],
        leads: int,
        samples: int,
        steps_per_unit: Sequence[int] | None = None,
    ) -> dict[str, Any]:
        """Write the samples of the next recording, without adding it yet.

        Args:
            blocks: consecutive parts of the recording, in each lead's unit; NaN = missing.
            leads: number of leads.
            samples: number of samples of a lead.
            steps_per_unit: number of stored steps of one unit, for each lead; None: those of mV.

        Returns:
            For each lead whether it is flat, and how many samples are missing and clipped, as lists.
        """
        smallest, largest = np.full(leads, LARGEST), np.full(leads, -LARGEST)
        missing, clipped, start = np.zeros(leads, dtype=int), np.zeros(leads, dtype=int), 0
        steps = np.array(steps_per_unit or [STEPS_PER_MV] * leads)[:, None]
        for block in blocks:
            stored, beyond = to_steps(block, steps)
            gaps = stored == MISSING
            smallest = np.minimum(smallest, np.where(gaps, LARGEST, stored).min(axis=1))
            largest = np.maximum(largest, np.where(gaps, -LARGEST, stored).max(axis=1))
            missing += gaps.sum(axis=1)
            clipped += beyond
            for lead, row in enumerate(stored):
                self._write(lead * samples + start, row)
            start += block.shape[1]
        flat = smallest >= largest
        for lead in np.flatnonzero(flat).tolist():
            self._write(lead * samples, np.full(samples, MISSING, DTYPE))
        self._signal.flush()
        return {"flat": flat.tolist(), "missing": missing.tolist(), "clipped": clipped.tolist()}

    def read_steps(self, lead: int, samples: int) -> Int16[np.ndarray, " time"]:
        """Return the stored samples of a lead of the recording that was written last."""
        offset = (self._end + lead * samples) * DTYPE.itemsize
        return np.fromfile(self.folder / SIGNAL, DTYPE, samples, offset=offset)

    def add(self, entry: Mapping[str, Any], events: Int[np.ndarray, " event"]) -> None:
        """Add the recording whose samples were written last.

        Args:
            entry: the columns of its row that the writer does not know.
            events: its R peaks, or other events.
        """
        row = {**entry, "offset": self._end, "r_peaks": events.tolist()}
        self._end += _samples(row)
        self._append(row)

    def skip(self, recording: str, reason: str) -> None:
        """Leave a recording out."""
        self._append({"recording": recording, "skipped": reason})

    def finish(self, card: Mapping[str, Any]) -> None:
        """Write table, R peaks and data card; afterwards the set is complete."""
        self._commit()
        self._signal.truncate(self._end * DTYPE.itemsize)
        rows = [entry for entry in self.entries if _kept(entry)]
        table = pd.DataFrame(rows)
        table["peaks"] = table["r_peaks"].map(len)
        table["peak_offset"] = table["peaks"].cumsum() - table["peaks"]
        with atomic_path(self.folder / PEAKS) as partial:
            np.save(partial, np.array([peak for row in rows for peak in row["r_peaks"]], dtype=np.int64))
        with atomic_path(self.folder / INDEX) as partial:
            columns = [*COLUMNS, *(name for name in KIND_COLUMNS if name in table)]
            table[columns].to_parquet(partial, index=False)
        write_json(self.folder / CARD, dict(card))
        (self.folder / JOURNAL).unlink()

    def _write(self, sample: int, values: Int16[np.ndarray, " time"]) -> None:
        self._signal.seek((self._end + sample) * DTYPE.itemsize)
        self._signal.write(values.tobytes())

    def _append(self, entry: dict[str, Any]) -> None:
        self.entries.append(entry)
        self._pending.append(entry)
        if time.monotonic() - self._committed >= COMMIT_S:
            self._commit()

    def _commit(self) -> None:
        """Put the samples on disk, then the journal."""
        self._signal.flush()
        os.fsync(self._signal.fileno())
        self._journal.writelines(json.dumps(entry) + "\n" for entry in self._pending)
        self._journal.flush()
        os.fsync(self._journal.fileno())
        self._pending.clear()
        self._committed = time.monotonic()


def to_steps(
    signal: Float[np.ndarray, "lead time"],
    steps_per_unit: int | Int[np.ndarray, "lead 1"] = STEPS_PER_MV,
) -> tuple[Int16[np.ndarray, "lead time"], Int[np.ndarray, " lead"]]:
    """Return samples as they are stored, and the number of clipped ones of each lead."""
    missing = ~np.isfinite(signal)
    steps = np.rint(np.where(missing, 0, signal) * steps_per_unit)
    clipped = (np.abs(steps) > LARGEST).sum(axis=1)
    stored = np.clip(steps, -LARGEST, LARGEST).astype(DTYPE)
    stored[missing] = MISSING
    return stored, clipped


def from_steps(
    stored: Int16[np.ndarray, "*lead time"], steps_per_unit: int = STEPS_PER_MV
) -> Float[np.ndarray, "*lead time"]:
    """Return stored samples in their unit, mV unless other steps are given; NaN = missing."""
    return np.where(stored == MISSING, np.nan, stored / steps_per_unit)


def _read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return the entries of a journal whose samples are there, up to a line that was cut short."""
    path, entries = folder / JOURNAL, list[dict[str, Any]]()
    available = (folder / SIGNAL).stat().st_size // DTYPE.itemsize if (folder / SIGNAL).is_file() else 0
    for line in path.read_text().splitlines() if path.is_file() else ():
        try:
            entry = json.loads(line)
        except ValueError:
            break
        if _kept(entry) and entry["offset"] + _samples(entry) > available:
            break
        entries.append(entry)
    return entries


def _kept(entry: Mapping[str, Any]) -> bool:
    return "skipped" not in entry


def _samples(entry: Mapping[str, Any]) -> int:
    """Return the number of samples of all leads of a recording."""
    return len(entry["leads"]) * int(entry["samples"])
