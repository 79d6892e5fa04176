"""Windows in a folder of WFDB records, one for each window, with their index in a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diffecg.datasets.formats.card import CardWriter
from diffecg.datasets.formats.content import FileContent, file_index
from diffecg.datasets.label_maps import AAMI
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.files import CARD, write_json
from diffecg.formats.annotations import BEAT_SYMBOLS, Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording, write_recording
from diffecg.formats.scaling import digitise

INDEX = "index.parquet"
STEPS_KEY = "steps_per_mv"
"""Key of the steps per mV in the provenance, if there are any; default: steps of 1 uV."""


def read(path: Path) -> FileContent:
    """Read the records of a folder as windows; without an index, the label is that of the only annotation.

    Raises:
        DiffecgError: the records differ in length, leads or rate, or one is damaged.
    """
    recordings = [read_recording(path / name) for name in RecordingFolder(path).names()]
    shapes = {(recording.source.lengths, recording.fs_hz) for recording in recordings}
    if len(shapes) > 1:
        raise DiffecgError(
            f"the records in {path} differ in length, leads or rate; each must be one window (cut recordings "
            "with diffecg prepare)"
        )
    annotations = [_only_beat(recording) for recording in recordings]
    peaks = [sample for sample, _ in annotations if sample is not None]
    columns: dict[str, Any] = {
        "label": [label for _, label in annotations],
        "fs_hz": recordings[0].fs_hz,
        "leads": list(recordings[0].channel_names),
    }
    if (path / INDEX).is_file():
        index = pd.read_parquet(path / INDEX)
        columns = {**columns, **{str(name): index[name] for name in index}}
    card = path / CARD
    return FileContent(
        signal=np.stack([recording.signal_mv for recording in recordings]),
        columns=columns,
        card=card.read_bytes() if card.is_file() else b"{}",
        r_peak=int(np.median(peaks)) if peaks else None,
    )


def write(chunks: Iterator[Windows], card: CardWriter, path: Path) -> None:
    """Write the records of windows, in steps of 1 uV or of their own, their index and the data card."""
    indices, written = [], 0
    with (path / "RECORDS").open("w") as records:
        for chunk in chunks:
            has_seeds = len(chunk.seeds) == len(chunk)
            numbers = chunk.seeds if has_seeds else range(written, written + len(chunk))
            for number, recording in zip(numbers, _recordings(chunk), strict=True):
                name = f"w{number:08d}"
                write_recording(path / name, digitise(recording, 32, gain=chunk.info.get(STEPS_KEY, 1000.0)))
                records.write(f"{name}\n")
            indices.append(file_index(chunk))
            written += len(chunk)
    pd.concat(indices, ignore_index=True).to_parquet(path / INDEX, index=False)
    write_json(path / CARD, card.card())


def _recordings(windows: Windows) -> Iterator[Recording]:
    """Yield each window as a recording, with its beats, or its label at the R peak, as annotations."""
    for signal_mv, label, beats in zip(
        windows.signal_mv, windows.labels.tolist(), windows.beats, strict=True
    ):
        is_symbol = label in BEAT_SYMBOLS - {UNKNOWN}
        notes = beats or ([(windows.r_peak or 0, label)] if is_symbol else [])
        comment = f"synthetic: {windows.info.get('model')}, label {label}, not for diagnosis"
        yield Recording.from_arrays(
            signal_mv,
            windows.fs_hz,
            channel_names=windows.channel_names,
            annotations=[
                Annotation(time_s=sample / windows.fs_hz, symbol=symbol) for sample, symbol in notes
            ],
            comments=[comment] if windows.info.get("synthetic") else [],
        )


def _only_beat(recording: Recording) -> tuple[int | None, str]:
    """Return sample and label of the only annotated beat; None and ``?`` if there are none or several."""
    beats = recording.beats()
    if len(beats.sample) != 1:
        return None, UNKNOWN
    return int(beats.sample[0]), AAMI.get(str(beats.symbol[0]), UNKNOWN)
