"""Preparing recordings without annotated beats: windows of several leads with statements and numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from diffecg.config.schema import WindowConfig
from diffecg.datasets.cutting import prepared_windows
from diffecg.datasets.folder import SIGNAL, read_folder, write_index
from diffecg.datasets.lead_reader import Leads
from diffecg.datasets.options import DetectedBeatsOptions
from diffecg.datasets.prepare import Progress
from diffecg.datasets.recording_beats import RecordingBeats, beats_of_recording
from diffecg.datasets.recording_cutting import Reader, with_way_out
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.signal_sink import open_signal_file
from diffecg.datasets.splits import partition_notes
from diffecg.datasets.subject_table import SubjectTable
from diffecg.datasets.subjects import make_split, subjects_of
from diffecg.datasets.windows import PARTITIONS, WEIGHT, Windows
from diffecg.errors import DiffecgError
from diffecg.files import new_folder
from diffecg.formats.registry import read_recording

BEAT_NUMBERS = ("heart_rate", "rr_before_s", "rr_after_s", "averaged")
"""Numbers of each window beside those of its recording: heart rate in beats per minute, RR intervals in s,
and the number of beats in an average."""
AVERAGE_WEIGHT = 4.0
"""Sampling weight of the average of a recording's beats, which stands beside about four single ones."""
MISSING, NO_BEAT = "missing samples", "no beat found inside the recording"


def prepare_beats(
    folder: str | Path,
    out: Path,
    options: DetectedBeatsOptions,
    *,
    progress: Progress | None = None,
    force: bool = False,
) -> Windows:
    """Write windows around the detected beats of a database: one average and some single beats a recording.

    Columns of the index beside those of :class:`~diffecg.datasets.windows.Windows`: ``labels``, the
    statements about the recording and the label of the beat; ``subject``; the numbers of the recording,
    :data:`BEAT_NUMBERS`, and ``weight``, the sampling weight in training. Recordings with missing samples or
    without a beat are left out and listed in the provenance.

    Args:
        folder: folder of the recordings, on any file system that fsspec supports.
        out: the folder to write.
        options: the windows.
        progress: called before each recording.
        force: replace an older folder.

    Raises:
        DiffecgError: a recording is missing, damaged or without the leads of the windows; no window remains;
            ``out`` exists and must not be replaced.
    """
    source, window = RecordingFolder(folder), options.window
    table = subjects_of(source, options.split, options.subjects, fs_hz=window.fs_hz)
    split = make_split(options.split, table)
    names = [name for name in table.subjects if split.includes(name)]
    if not names:
        raise DiffecgError(f"{folder} has none of the recordings of the split {split.name!r}")
    read, parts, skipped = partial(read_recording, **options.reading), list[pd.DataFrame](), dict[str, str]()
    shape = len(window.leads), window.length
    with new_folder(out, force=force) as unfinished, open_signal_file(unfinished / SIGNAL, shape) as sink:
        for number, name in enumerate(names):
            if progress is not None:
                progress(number, len(names), f"recording {name}")
            try:
                signal_mv = _read(source, name, window, read)
            except DiffecgError as error:
                raise with_way_out(error, split) from error
            complete = bool(np.isfinite(signal_mv).all())
            beats = beats_of_recording(signal_mv, window) if complete else None
            if beats is None:
                skipped[name] = NO_BEAT if complete else MISSING
                continue
            sink.append(beats.signal_mv)
            parts.append(_index(beats, name, table, window, split.partition(name) or "train"))
        if not parts:
            raise DiffecgError(f"no window is left ({', '.join(sorted(set(skipped.values())))})")
        index = pd.concat(parts, ignore_index=True)
        counts = {name: _counts(index[index["partition"] == name]) for name in PARTITIONS}
        notes = partition_notes(split, {name: sum(found.values()) for name, found in counts.items()})
        info = {
            **options.database.provenance(),
            "split": split.name,
            "window": asdict(window),
            "recordings": len(parts),
            "skipped": skipped,
            "excluded": split.excluded,
            "counts": counts,
            "notes": [*notes, *_skipped_notes(skipped)],
        }
        write_index(prepared_windows(sink.signal(), window, index, info), unfinished)
    return read_folder(out)


def _read(
    source: RecordingFolder, name: str, window: WindowConfig, read: Reader
) -> Float[np.ndarray, "lead time"]:
    """Return the leads of a recording at the rate of the windows, in mV."""
    with source.local_copy(name) as path:
        recording = read(path)
        rows = [recording.channel_index(lead) for lead in window.leads]
        leads = Leads.of(recording, rows, window.fs_hz)
        signal_mv = leads.read(0, leads.duration)
    return np.stack([signal_mv[row] for row in rows])


def _index(
    beats: RecordingBeats, name: str, table: SubjectTable, window: WindowConfig, partition: str
) -> pd.DataFrame:
    """Return the index of the windows of a recording."""
    statements = table.statements.get(name, ())
    return pd.DataFrame(
        {
            "recording": name,
            "subject": table.subjects[name],
            "sample": beats.sample,
            "time_s": beats.sample / window.fs_hz,
            "symbol": beats.symbol,
            "labels": [[*statements, symbol] for symbol in beats.symbol.tolist()],
            "partition": partition,
            "lead": "+".join(window.leads),
            "fs_hz": window.fs_hz,
            **table.numbers.get(name, {}),
            "heart_rate": beats.heart_rate,
            "rr_before_s": beats.rr_s[:, 0],
            "rr_after_s": beats.rr_s[:, 1],
            "averaged": beats.averaged.astype(np.float64),
            WEIGHT: np.where(beats.averaged > 1, AVERAGE_WEIGHT, 1.0),
        }
    )


def _counts(index: pd.DataFrame) -> dict[str, int]:
    """Return the number of windows of each label, the most frequent first."""
    return dict(Counter(label for labels in index["labels"] for label in labels).most_common())


def _skipped_notes(skipped: Mapping[str, str]) -> Sequence[str]:
    """Return a note for each reason for which recordings were left out."""
    names: dict[str, list[str]] = {}
    for name, reason in skipped.items():
        names.setdefault(reason, []).append(name)
    return [
        f"left out for {reason}: {len(found)} recordings, such as {found[0]}"
        for reason, found in names.items()
    ]
