"""Synthetic windows to .npz, .parquet, .csv or a folder of WFDB recordings, chosen by suffix."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.parquet import SIGNAL, nested
from diffecg.datasets.rhythm import parse_beats
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.files import CARD, check_output, new_directory, write_atomic
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording
from diffecg.formats.scaling import digitise


def write_generated(
    chunks: Iterable[Windows], path: str | Path, *, count: int, force: bool = False
) -> dict[str, Any]:
    """Write synthetic windows as they are made, whole or not at all; return their data card.

    ``.npz`` holds the arrays signal_mv, labels, seeds, leads, fs_hz and the card as JSON text;
    ``.parquet`` a row a window with nested lists (lead, time), the card in the file's metadata;
    ``.csv`` a row a window and lead, the card beside it; anything without a suffix is a folder with
    one WFDB recording a window, its label as the annotation at the R peak.

    Args:
        chunks: what ``Model.stream`` yields, or a list of what ``generate`` returned. One at a time is held
            in memory.
        path: where to; the suffix chooses the format.
        count: windows in all.
        force: replace what is there.

    Raises:
        DiffecgError: an unknown suffix; the path exists and ``force`` is not given.
    """
    path = Path(path)
    check_format(path)
    chunks = iter(chunks)
    first = next(chunks)  # what cannot be made fails here, before anything is written
    tally = Tally(first, count)
    counted = tally.counted(chain([first], chunks))
    if not path.suffix:
        _write_wfdb(counted, tally, path, force)
        return tally.card()
    beside = path.with_suffix(".card.json")
    check_output(path, force=force, is_folder=False)
    if path.suffix == ".csv":
        check_output(beside, force=force, is_folder=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    try:
        _WRITERS[path.suffix](counted, tally, partial)
        card = tally.card()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if path.suffix == ".csv":
        write_atomic(beside, (json.dumps(card, indent=2) + "\n").encode())
    return card


class Tally:
    """What the data card tells of windows that pass by."""

    def __init__(self, first: Windows, count: int) -> None:
        self.first = first.take([0])
        self.count = count
        self.labels: Counter[str] = Counter()
        self.first_beats = [list(beat) for beat in beats_of(first)[0]]

    def counted(self, chunks: Iterable[Windows]) -> Iterator[Windows]:
        """Yield what comes, and count it."""
        for chunk in chunks:
            self.labels.update(chunk.labels.tolist())
            yield chunk

    def card(self) -> dict[str, Any]:
        """Return the data card of a set: that it is synthetic, and what it takes to make it again."""
        first = self.first
        if self.labels.total() != self.count:
            raise DiffecgError(f"{self.labels.total()} windows came in place of {self.count}")
        return {
            **first.info,
            "fs_hz": first.fs_hz,
            "leads": list(first.leads),
            "unit": "mV",
            "r_peak": first.r_peak,
            "count": self.count,
            **({"beats": self.first_beats} if self.first_beats else {}),
            "labels": dict(self.labels.most_common()),
            "first_seed": first.seeds[0],
            "notice": "Synthetic ECG. Not for diagnosis.",
        }


def beats_of(windows: Windows) -> list[list[tuple[int, str]]]:
    """Return the beats of each window, empty where the index has none."""
    return [parse_beats(text) for text in windows.index.get("beats", [""] * len(windows))]


def check_format(path: Path) -> None:
    """Refuse a path whose suffix is that of no format.

    Raises:
        DiffecgError: so it is.
    """
    if path.suffix and path.suffix not in _WRITERS:
        raise DiffecgError(
            f"cannot write {path.name}: choose a suffix of {', '.join(_WRITERS)}, or none for a "
            "folder of WFDB recordings"
        )


def _write_npz(chunks: Iterator[Windows], tally: Tally, path: Path) -> None:
    labels: list[NDArray[np.str_]] = []
    seeds: list[NDArray[np.int64]] = []
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("signal_mv.npy", "w", force_zip64=True) as file:
            header = np.lib.format.header_data_from_array_1_0(tally.first.signal_mv)
            header["shape"] = (tally.count, *tally.first.signal.shape[1:])
            np.lib.format.write_array_header_1_0(file, header)
            for chunk in chunks:
                file.write(np.ascontiguousarray(chunk.signal_mv).data)
                labels.append(np.array(chunk.labels, dtype=np.str_))
                seeds.append(np.array(chunk.seeds, dtype=np.int64))
        rest = {
            "fs_hz": np.float64(tally.first.fs_hz),
            "leads": np.array(tally.first.leads, dtype=np.str_),
            "labels": np.concatenate(labels),
            "seeds": np.concatenate(seeds),
            "card": np.array(json.dumps(tally.card()), dtype=np.str_),
        }
        for name, values in rest.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.lib.format.write_array(file, np.asanyarray(values), allow_pickle=False)


def _write_parquet(chunks: Iterator[Windows], tally: Tally, path: Path) -> None:
    types = [
        ("seed", pa.int64()),
        ("label", pa.string()),
        ("fs_hz", pa.float64()),
        ("signal_mv", SIGNAL),
    ]
    schema = pa.schema(types)
    with pq.ParquetWriter(path, schema) as writer:
        for chunk in chunks:
            fs_hz = [chunk.fs_hz] * len(chunk)
            columns = [chunk.seeds, chunk.labels.tolist(), fs_hz, nested(chunk.signal_mv)]
            writer.write_table(pa.table(columns, schema=schema))
        writer.add_key_value_metadata({"diffecg": json.dumps(tally.card())})


def _write_csv(chunks: Iterator[Windows], tally: Tally, path: Path) -> None:
    with path.open("w", newline="") as file:
        for chunk in chunks:
            count, leads, length = chunk.signal_mv.shape
            samples = pd.DataFrame(
                chunk.signal_mv.reshape(count * leads, length),
                columns=[f"mv_{i}" for i in range(length)],
            )
            samples.insert(0, "seed", np.repeat(chunk.seeds, leads))
            samples.insert(1, "label", np.repeat(chunk.labels, leads))
            samples.insert(2, "lead", np.tile(chunk.leads, count))
            samples.insert(3, "fs_hz", chunk.fs_hz)
            samples.to_csv(file, index=False, header=file.tell() == 0, float_format="%.5f")


def _write_wfdb(chunks: Iterator[Windows], tally: Tally, path: Path, force: bool) -> None:
    with new_directory(path, force=force) as folder, (folder / "RECORDS").open("w") as recordings:
        for chunk in chunks:
            rows = zip(chunk.seeds, chunk.signal_mv, chunk.labels.tolist(), beats_of(chunk), strict=True)
            for seed, signal_mv, label, beats in rows:
                name = f"w{seed:08d}"
                labelled = beats or ([] if label == UNKNOWN else [(chunk.r_peak or 0, label)])
                recording = Recording.from_arrays(
                    signal_mv,
                    chunk.fs_hz,
                    leads=[lead if lead != "*" else "ECG" for lead in chunk.leads],
                    name=name,
                    annotations=[Annotation(sample=sample, symbol=symbol) for sample, symbol in labelled],
                    comments=[f"synthetic: {chunk.info['model']}, label {label}, not for diagnosis"],
                )
                write_recording(folder / name, digitise(recording, 32, gain=1000.0))
                recordings.write(f"{name}\n")
        (folder / CARD).write_text(json.dumps(tally.card(), indent=2) + "\n")


_WRITERS: dict[str, Callable[[Iterator[Windows], Tally, Path], None]] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
