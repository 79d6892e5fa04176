"""EDF and BDF files, with EDF+ annotations; samples are read when they are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from diffecg.errors import DiffecgError
from diffecg.formats.edf_annotations import Notes, gaps, read_notes
from diffecg.formats.edf_file import EdfFile, EdfSignal, open_edf
from diffecg.formats.file_time import FileTime
from diffecg.formats.naming import distinct_names
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.samples import Block, SampleSource
from diffecg.formats.scaling import is_plausible_scale
from diffecg.signal.channels import Channel, make_channels

_MAX_GAP_RATIO = 1000
"""Largest ratio of the recording's length to the samples in the file; beyond, the record times are wrong."""

_MAX_OVERLAP = 0.1
"""Largest overlap of data records, as a part of their duration, that is taken for the jitter of a clock."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Data records without a break between them."""

    first: int
    """First data record."""
    stop: int
    """Data record after the last."""
    start_s: float
    """When the first one begins, in s from the start of the recording."""


class EdfSource(SampleSource):
    """Samples of an EDF or BDF file; breaks between data records are missing samples.

    Args:
        file: the file.
        signals: the signals to read, annotation signals left out.
        runs: the data records.
        notes: annotations of gaps and of the end.
        labels: names of the signals.
    """

    def __init__(
        self, file: EdfFile, signals: Sequence[int], runs: Sequence[Run], notes: Notes, labels: Sequence[str]
    ) -> None:
        self.file, self.signals, self.runs = file, tuple(signals), tuple(runs)
        self.rates_hz = tuple(file.signals[signal].samples / file.record_s for signal in signals)
        scales = [_scale(file.signals[signal]) for signal in signals]
        self.gain, self.baseline = tuple(gain for gain, _ in scales), tuple(zero for _, zero in scales)
        self.is_integer = True
        last = runs[-1]
        last_s = last.start_s + (last.stop - last.first) * file.record_s
        stop_s = notes.end_s if notes.end_s is not None else last_s
        self.lengths = tuple(round(min(stop_s, last_s) * rate) for rate in self.rates_hz)
        self.gaps = gaps(notes.notes, labels)

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of channels that share a sampling rate."""
        rate, count = self.rates_hz[rows[0]], self.file.signals[self.signals[rows[0]]].samples
        stored = np.zeros((len(rows), max(stop - start, 0)), dtype=np.int64)
        missing = np.ones(stored.shape, dtype=bool)
        for run in self.runs:
            offset = round(run.start_s * rate)
            first, last = max(start, offset), min(stop, offset + (run.stop - run.first) * count)
            if first >= last:
                continue
            record, end = run.first + (first - offset) // count, run.first - (offset - last) // count
            skipped = first - offset - (record - run.first) * count
            span = slice(first - start, last - start)
            for i, values in enumerate(self.file.stored([self.signals[row] for row in rows], record, end)):
                stored[i, span] = values[skipped : skipped + last - first]
            missing[:, span] = False
        for row, begin_s, end_at_s in self.gaps:
            if row in rows:
                first, last = round(begin_s * rate) - start, round(end_at_s * rate) - start
                missing[list(rows).index(row), max(first, 0) : max(last, 0)] = True
        return Block(stored, missing)

    def missing_runs(self, rows: Sequence[int]) -> list[list[tuple[int, int]]]:
        """Return the gaps of channels; without breaks and annotated gaps, nothing is read."""
        if len(self.runs) == 1 and not any(row in rows for row, _, _ in self.gaps):
            return [[] for _ in rows]
        return super().missing_runs(rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class EdfLayout:
    """The file that a recording was read from, to write another one like it."""

    file: EdfFile
    notes: Notes
    source: EdfSource
    channels: tuple[Channel, ...]
    """Channels as the file states them."""

    def header(self, row: int) -> EdfSignal:
        """Return the header of a channel."""
        return self.file.signals[self.source.signals[row]]

    @property
    def has_gaps(self) -> bool:
        """Whether samples are missing, which the file marks by annotations or breaks."""
        return len(self.source.runs) > 1 or bool(self.source.gaps)


def read(path: Path, options: ReadOptions) -> Recording:
    """Read an EDF or BDF file; its header states rates, units and scales.

    Every signal keeps its own sampling rate. Breaks of EDF+D are missing samples.

    Args:
        path: the file.
        options: ignored; the file states everything.

    Raises:
        DiffecgError: the file is missing or damaged, or has no signal.
    """
    file = open_edf(path)
    signals = [
        position
        for position, signal in enumerate(file.signals)
        if signal.samples and file.record_s and not signal.is_annotation
    ]
    if not signals:
        raise DiffecgError(f"{path} has no signal")
    if not file.records:
        raise DiffecgError(f"{path} cannot be read as EDF or BDF: it ends before its first data record does")
    headers = [file.signals[signal] for signal in signals]
    labels, assumptions = distinct_names([one.label or f"lead {i + 1}" for i, one in enumerate(headers)])
    notes = read_notes(file, labels)
    runs, jitter = _runs(file, notes.record_onsets_s)
    source = EdfSource(file, signals, runs, notes, labels)
    if not min(source.lengths):
        raise DiffecgError(f"{path} has no samples")
    scaled = [_has_scale(header) for header in headers]
    units = [one.unit if fine else "NU" for one, fine in zip(headers, scaled, strict=True)]
    unscaled = [
        f"{label} has no physical or digital range: its stored values are read as they are, in NU"
        for label, fine in zip(labels, scaled, strict=True)
        if not fine
    ]
    channels = make_channels(labels, units)
    return Recording(
        name=path.stem,
        channels=channels,
        source=source,
        path=path,
        format=file.name,
        time=_file_time(file, notes.first_onset_s),
        load_annotations=notes,
        assumptions=assumptions,
        warnings=(*file.warnings, *jitter, *unscaled),
        layout=EdfLayout(file=file, notes=notes, source=source, channels=channels),
    )


def _runs(file: EdfFile, onsets_s: Sequence[float]) -> tuple[list[Run], tuple[str, ...]]:
    """Return the data records in runs without breaks, and a warning if their times do not fit.

    Only EDF+D and BDF+D have breaks; the data records of other files follow each other, whatever their times.

    Raises:
        DiffecgError: records overlap, or begin at implausible times.
    """
    expected_s = np.arange(len(onsets_s)) * file.record_s
    if not file.name.endswith("+D") or not onsets_s:
        late_s = np.abs(np.asarray(onsets_s) - expected_s).max(initial=0.0)
        warning = f"data records begin up to {late_s:g} s off their time, but {file.name} has no breaks"
        runs = [Run(first=0, stop=file.records, start_s=0.0)]
        return runs, (warning,) if late_s > _MAX_OVERLAP * file.record_s else ()
    tolerance_s = 0.5 * file.record_s / max(signal.samples for signal in file.signals)
    runs = [Run(first=0, stop=1, start_s=0.0)]
    overlap_s = 0.0
    for record, onset_s in enumerate(onsets_s[1:], start=1):
        end_s = runs[-1].start_s + (record - runs[-1].first) * file.record_s
        overlap_s = max(overlap_s, end_s - onset_s)
        if onset_s - end_s <= tolerance_s:
            runs[-1] = Run(first=runs[-1].first, stop=record + 1, start_s=runs[-1].start_s)
        else:
            runs.append(Run(first=record, stop=record + 1, start_s=onset_s))
    if overlap_s > _MAX_OVERLAP * file.record_s:
        raise DiffecgError(
            f"{file.path}: data records overlap by up to {overlap_s:g} s; the times are damaged, "
            "export it again"
        )
    if onsets_s[-1] > _MAX_GAP_RATIO * file.records * file.record_s:
        raise DiffecgError(
            f"{file.path} has {file.records * file.record_s:g} s of samples within {onsets_s[-1]:g} s; the "
            "times of its data records are damaged"
        )
    return runs, ()


def _has_scale(signal: EdfSignal) -> bool:
    """Return whether the physical and digital ranges of a signal define a scale."""
    (low, high), (first, last) = signal.physical, signal.digital
    if low == high or first == last:
        return False
    gain = (last - first) / (high - low)
    return is_plausible_scale(gain, first - low * gain)


def _scale(signal: EdfSignal) -> tuple[float, float]:
    """Return gain (steps per unit) and baseline of a signal; both ranges may be upside down."""
    if not _has_scale(signal):
        return 1.0, 0.0
    (low, high), (first, last) = signal.physical, signal.digital
    gain = (last - first) / (high - low)
    return gain, first - low * gain


def _file_time(file: EdfFile, first_onset_s: float) -> FileTime:
    """Return date and time of the first sample; no date where it is anonymised."""
    day, clock = file.start_date, file.start_time
    if clock is None:
        return FileTime(start_date=day)
    if day is None and clock == time() and not first_onset_s:
        return FileTime()
    start = datetime.combine(day or date(2000, 1, 1), clock) + timedelta(seconds=first_onset_s)
    return FileTime(start_date=None if day is None else start.date(), start_time=start.time())
