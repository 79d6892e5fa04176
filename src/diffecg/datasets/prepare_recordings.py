"""Preparing a database as a recording set: whole recordings at one rate, with R peaks or other events."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Int16

from diffecg._version import __version__
from diffecg.datasets.cutting import BLOCK_SAMPLES
from diffecg.datasets.lead_reader import Leads
from diffecg.datasets.lead_selection import SelectedLeads, event_order, select_leads
from diffecg.datasets.options import RecordingSetOptions
from diffecg.datasets.prepare import Progress
from diffecg.datasets.recording_cutting import Reader, remarks_of, with_way_out
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.recording_set import FORMAT, RecordingSet
from diffecg.datasets.recording_set_card import make_card
from diffecg.datasets.recording_set_writer import RecordingSetWriter, from_steps
from diffecg.datasets.splits import Split
from diffecg.datasets.subject_table import SubjectTable
from diffecg.datasets.subjects import make_split, subjects_of
from diffecg.errors import DiffecgError
from diffecg.files import CARD, MARKER, ResumableFolder, check_output
from diffecg.formats.registry import read_recording
from diffecg.signal.kinds import SignalKind

SETTINGS = "settings.json"
MIN_DURATION_S = 5.0
"""Shorter recordings are left out."""
CHUNK_S, MARGIN_S = 3600.0, 30.0
"""Events are detected in chunks of a recording, with a margin on either side."""


def prepare_recordings(
    folder: str | Path,
    out: Path,
    options: RecordingSetOptions,
    *,
    progress: Progress | None = None,
    force: bool = False,
) -> RecordingSet:
    """Write the recordings of a database as a recording set; an interrupted set is continued.

    Recordings shorter than :data:`MIN_DURATION_S`, without a lead of the kinds or flat throughout are left
    out and listed in the data card.

    Args:
        folder: folder of the recordings, on any file system that fsspec supports.
        out: the folder to write.
        options: the recordings.
        progress: called before each recording.
        force: replace an older folder.

    Raises:
        DiffecgError: a recording is missing or damaged; no recording is left; ``out`` holds something else.
    """
    source = RecordingFolder(folder)
    table = subjects_of(source, options.split, options.subjects, fs_hz=options.fs_hz)
    split = make_split(options.split, table)
    names = [name for name in table.subjects if split.includes(name)]
    if not names:
        raise DiffecgError(
            f"{folder} has none of the recordings of the split {split.name!r}; choose another --split"
        )
    _start(out, _settings(source, options, table, names), force=force)
    read = partial(read_recording, **options.reading)
    with RecordingSetWriter(out) as writer:
        done = {entry["recording"] for entry in writer.entries}
        for index, name in enumerate(names):
            if name in done:
                continue
            if progress is not None:
                progress(index, len(names), f"recording {name}")
            try:
                _add(writer, source, name, options, split, table, read)
            except DiffecgError as error:
                raise with_way_out(error, split) from error
        writer.finish(make_card(writer.entries, options, split, label_map=table.label_map))
    return RecordingSet.open(out)


def _start(out: Path, settings: Mapping[str, Any], *, force: bool) -> None:
    """Start a set, or check that an unfinished one has the same settings."""
    if force or (out / CARD).exists() or not out.is_dir():
        check_output(out, force=force, is_folder=True)
    if force and out.exists():
        shutil.rmtree(out)
    ResumableFolder(out, settings_file=SETTINGS, content="a recording set").start(settings)
    (out / MARKER).write_text("This folder was written by diffecg; --force may replace it.\n")


def _settings(
    source: RecordingFolder, options: RecordingSetOptions, table: SubjectTable, names: Sequence[str]
) -> dict[str, Any]:
    """Return everything that the content of a set depends on, the files apart."""
    used = [[name, table.subjects[name], table.partitions.get(table.subjects[name])] for name in names]
    return {
        **options.database.provenance(),
        "split": options.split,
        "fs_hz": options.fs_hz,
        "leads": list(options.leads),
        **({} if options.is_ecg else {"kinds": list(options.kinds)}),
        "reading": dict(options.reading),
        "source": source.root,
        "recordings": len(names),
        "recordings_sha256": sha256(json.dumps(used).encode()).hexdigest(),
        "format": FORMAT,
        "diffecg": __version__,
    }


def _add(
    writer: RecordingSetWriter,
    source: RecordingFolder,
    name: str,
    options: RecordingSetOptions,
    split: Split,
    table: SubjectTable,
    read: Reader,
) -> None:
    """Add a recording to a set, or leave it out with the reason."""
    with source.local_copy(name) as path:
        recording = replace(read(path), name=name)
        chosen = select_leads(recording, options.leads, options.kinds)
        rows = chosen.rows
        if not rows:
            writer.skip(name, _without_leads(options, chosen))
            return
        leads = Leads.of(recording, rows, options.fs_hz, chosen.units)
        if leads.duration < MIN_DURATION_S * options.fs_hz:
            writer.skip(name, f"shorter than {MIN_DURATION_S:g} s")
            return
        found = writer.write_signal(_blocks(leads, chosen), len(rows), leads.duration, chosen.steps_per_unit)
    if all(found["flat"]):
        writer.skip(name, "all leads are flat or missing throughout")
        return
    channel_names = [recording.channel_names[row] for row in rows]
    event_lead = next((n for n in event_order(recording, chosen) if not found["flat"][n]), None)
    events = np.empty(0, dtype=np.int64)
    if event_lead is not None:
        steps = writer.read_steps(event_lead, leads.duration)
        events = _detect(steps, chosen.kinds[event_lead], options.fs_hz)
    entry = {
        "recording": name,
        "database": options.database.name,
        "subject": table.subjects[name],
        "partition": split.partition(name) or "train",
        "labels": list(table.labels.get(name, ())),
        "leads": channel_names,
        **({} if options.is_ecg else _kind_columns(chosen)),
        "samples": leads.duration,
        "peak_lead": "" if event_lead is None else channel_names[event_lead],
        "source_fs_hz": recording.source.rates_hz[rows[0]],
        "flat_leads": [lead for lead, flat in zip(channel_names, found["flat"], strict=True) if flat],
        "missing": sum(n for n, flat in zip(found["missing"], found["flat"], strict=True) if not flat),
        "clipped": sum(found["clipped"]),
        "remarks": [
            *remarks_of(recording, by_name=bool(options.leads) or "ecg" not in options.kinds),
            *chosen.left_out,
        ],
    }
    writer.add(entry, events)


def _without_leads(options: RecordingSetOptions, chosen: SelectedLeads) -> str:
    """Return why a recording has no lead."""
    if options.is_ecg:
        return "no channel is named as an ECG lead and in a unit of voltage"
    return "; ".join([f"no channel of the kinds {', '.join(options.kinds)}", *chosen.left_out])


def _kind_columns(chosen: SelectedLeads) -> dict[str, Any]:
    """Return the columns of the row of a recording that has other signals than ECG."""
    return {
        "kinds": [kind.name for kind in chosen.kinds],
        "units": chosen.units,
        "steps_per_unit": chosen.steps_per_unit,
    }


def _blocks(leads: Leads, chosen: SelectedLeads) -> Iterator[Float[np.ndarray, "lead block"]]:
    """Yield consecutive parts of some leads, in the unit of each; what is not of the signal is missing."""
    size = max(1, leads.block_length(BLOCK_SAMPLES))
    for start in range(0, leads.duration, size):
        signal = leads.read(start, min(start + size, leads.duration))
        leads_of_set = zip(chosen.rows, chosen.kinds, strict=True)
        yield np.stack([kind.valid(signal[row]) for row, kind in leads_of_set])


def _detect(steps: Int16[np.ndarray, " time"], kind: SignalKind, fs_hz: float) -> Int[np.ndarray, " event"]:
    """Return the events of a lead of a set."""
    chunk, margin, found = round(CHUNK_S * fs_hz), round(MARGIN_S * fs_hz), [np.empty(0, dtype=np.int64)]
    for first in range(0, len(steps), chunk):
        start = max(0, first - margin)
        part = from_steps(steps[start : first + chunk + margin], kind.steps_per_unit)
        events = start + kind.events_in(part, fs_hz)
        found.append(events[(events >= first) & (events < first + chunk)])
    return np.concatenate(found)
