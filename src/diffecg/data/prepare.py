"""A database to windows: ``diffecg prepare``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from diffecg.config import WindowConfig
from diffecg.data.labels import LABELS, UNKNOWN, class_map
from diffecg.data.read_wfdb import read_beats, record_names
from diffecg.data.records import read_record
from diffecg.data.splits import split
from diffecg.data.store import Windows
from diffecg.data.windows import Cut, cut_windows
from diffecg.errors import DiffecgError

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is being done)."""


@dataclass(frozen=True)
class Prepared:
    """What was cut from a database."""

    windows: Windows
    counts: pd.DataFrame
    """Windows kept: a row a part (train, validation, test), a column a class."""
    dropped: pd.DataFrame
    """Windows not taken: a row for each part, class and reason."""


def prepare(
    folder: str | Path,
    window: WindowConfig,
    *,
    source: dict[str, str] | None = None,
    split_name: str = "strict",
    class_map_name: str = "aami",
    progress: Progress | None = None,
) -> Prepared:
    """Return the windows of a database's records that take part in the split.

    Args:
        folder: where the WFDB records are.
        window: what a window is.
        source: what to note of the database: name, version, licence, citation.
        split_name: ``strict``, ``classic`` or ``development``.
        class_map_name: ``aami`` or ``aami-escape-s``.
        progress: called before each record.

    Raises:
        DiffecgError: a record is missing or unreadable, or has not the wanted leads.
    """
    parts, labels = split(split_name), dict(class_map(class_map_name))
    folder = Path(folder)
    if not folder.is_dir():
        raise DiffecgError(f"no folder {folder}; get the database with --download")
    present = record_names(folder)
    wanted = [name for name in present if name in parts.train + parts.test]
    if not wanted:
        raise DiffecgError(f"none of the records of the split {split_name!r} is in {folder}")
    cuts: list[Cut] = []
    for i, name in enumerate(wanted):
        if progress is not None:
            progress(i, len(wanted), f"record {name}")
        record = read_record(folder / name)
        beats = read_beats(folder / name, length=record.signal_mv.shape[1])
        cuts.append(cut_windows(record, beats, window, parts, labels))
    dropped = sum((cut.dropped for cut in cuts), Counter[tuple[str, str, str]]())
    for name in present:
        annotated = (folder / f"{name}.atr").is_file()
        if window.kind == "beat" and name in parts.left_out and annotated:
            for symbol in read_beats(folder / name).symbol:
                dropped["left out", labels.get(symbol, UNKNOWN), parts.left_out[name]] += 1
    index = pd.concat([cut.index for cut in cuts], ignore_index=True)
    if index.empty:
        reasons = ", ".join(sorted({reason for _, _, reason in dropped})) or "the records are too short"
        raise DiffecgError(
            f"no window of {window.length} samples is left ({reasons}); choose another --length"
        )
    counts = _counts(index)
    dropped_table = pd.DataFrame(
        [(*key, count) for key, count in sorted(dropped.items())],
        columns=["split", "label", "reason", "count"],
    )
    info = {
        **(source or {}),
        "split": split_name,
        "class_map": class_map_name,
        "window": asdict(window),
        "records": wanted,
        "left_out": parts.left_out,
        "counts": counts.to_dict(orient="index"),
        "dropped": dropped_table.to_dict(orient="records"),
    }
    signal_mv = np.concatenate([cut.signal_mv for cut in cuts])
    return Prepared(Windows(signal_mv, window.fs_hz, index, info), counts, dropped_table)


def _counts(index: pd.DataFrame) -> pd.DataFrame:
    present = set(index["label"])
    labels = [label for label in (*LABELS, UNKNOWN) if label in present]
    table = pd.crosstab(index["split"], index["label"])
    return table.reindex(index=["train", "validation", "test"], columns=labels, fill_value=0)
