"""Synthetic windows to .npz, .parquet, .csv or a folder of WFDB records, chosen by suffix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from diffecg.data.labels import UNKNOWN
from diffecg.data.store import new_folder, refuse_existing
from diffecg.errors import DiffecgError
from diffecg.exchange.wfdb_format import DIGITS_PER_MV, write_wfdb
from diffecg.model.folder import write_atomically
from diffecg.tasks.results import Generated

CARD = "card.json"
"""The data card beside or inside every set: what made it."""


def write_generated(windows: Generated, path: str | Path, *, before: int, force: bool = False) -> None:
    """Write synthetic windows, whole or not at all.

    ``.npz`` holds the arrays signal_mv, labels, seeds, leads, fs_hz and the card as JSON text;
    ``.parquet`` a row a window with nested lists (lead, time), the card in the schema's metadata;
    ``.csv`` a row a window and lead, the card beside it; anything without a suffix is a folder with
    one WFDB record a window, its label as the annotation at the R peak.

    Args:
        windows: what ``generate`` returned.
        path: where to; the suffix chooses the format.
        before: samples before the R peak, for WFDB annotations.
        force: replace what is there.

    Raises:
        DiffecgError: an unknown suffix; the path exists and ``force`` is not given.
    """
    path = Path(path)
    check_format(path)
    if not path.suffix:
        _write_wfdb(windows, path, before, force)
        return
    beside = path.with_suffix(".card.json")
    refuse_existing(path, force=force, is_folder=False)
    if path.suffix == ".csv":
        refuse_existing(beside, force=force, is_folder=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial{path.suffix}")
    try:
        _WRITERS[path.suffix](windows, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if path.suffix == ".csv":
        write_atomically(beside, (json.dumps(card(windows), indent=2) + "\n").encode())


def check_format(path: Path) -> None:
    """Refuse a path whose suffix is that of no format.

    Raises:
        DiffecgError: so it is.
    """
    if path.suffix and path.suffix not in _WRITERS:
        raise DiffecgError(
            f"cannot write {path.name}: choose a suffix of {', '.join(_WRITERS)}, or none for a "
            "folder of WFDB records"
        )


def card(windows: Generated) -> dict[str, Any]:
    """Return the data card of a set: that it is synthetic, and what it takes to make it again."""
    return {
        **windows.info,
        "fs_hz": windows.fs_hz,
        "leads": list(windows.leads),
        "unit": "mV",
        "count": len(windows),
        **({"beats": [list(beat) for beat in windows.beats]} if windows.beats else {}),
        "labels": {str(k): int(v) for k, v in pd.Series(windows.labels).value_counts().items()},
        "first_seed": windows.seeds[0],
        "notice": "Synthetic ECG. Not for diagnosis.",
    }


def _write_npz(windows: Generated, path: Path) -> None:
    np.savez(
        path,
        signal_mv=windows.signal_mv,
        fs_hz=np.float64(windows.fs_hz),
        leads=np.array(windows.leads, dtype=np.str_),
        labels=np.array(windows.labels, dtype=np.str_),
        seeds=np.array(windows.seeds, dtype=np.int64),
        card=np.array(json.dumps(card(windows)), dtype=np.str_),
    )


def _write_parquet(windows: Generated, path: Path) -> None:
    table = pa.table(
        {
            "seed": pa.array(windows.seeds, pa.int64()),
            "label": pa.array(windows.labels, pa.string()),
            "fs_hz": pa.array([windows.fs_hz] * len(windows), pa.float64()),
            "signal_mv": pa.array(windows.signal_mv.tolist(), pa.list_(pa.list_(pa.float32()))),
        }
    )
    pq.write_table(table.replace_schema_metadata({"diffecg": json.dumps(card(windows))}), path)


def _write_csv(windows: Generated, path: Path) -> None:
    count, leads, length = windows.signal_mv.shape
    samples = pd.DataFrame(
        windows.signal_mv.reshape(count * leads, length),
        columns=[f"mv_{i}" for i in range(length)],
    )
    samples.insert(0, "seed", np.repeat(windows.seeds, leads))
    samples.insert(1, "label", np.repeat(windows.labels, leads))
    samples.insert(2, "lead", np.tile(windows.leads, count))
    samples.insert(3, "fs_hz", windows.fs_hz)
    samples.to_csv(path, index=False, float_format="%.5f")


def _write_wfdb(windows: Generated, path: Path, before: int, force: bool) -> None:
    with new_folder(path, force=force) as folder:
        names = [f"w{seed:08d}" for seed in windows.seeds]
        for name, signal_mv, label in zip(names, windows.signal_mv, windows.labels, strict=True):
            write_wfdb(
                folder / name,
                np.rint(signal_mv * DIGITS_PER_MV).astype(np.int64),
                windows.fs_hz,
                [lead if lead != "*" else "ECG" for lead in windows.leads],
                beats=windows.beats or ([] if label == UNKNOWN else [(before, label)]),
                comments=[f"synthetic: {windows.info['model']}, label {label}, not for diagnosis"],
            )
        (folder / "RECORDS").write_text("\n".join(names) + "\n")
        (folder / CARD).write_text(json.dumps(card(windows), indent=2) + "\n")


_WRITERS: dict[str, Callable[[Generated, Path], None]] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
