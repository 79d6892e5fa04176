"""Records of eight independent leads with their conditions: real ones of PTB-XL, and generated sets."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Int16

from diffecg.errors import DiffecgError
from diffecg.files import atomic_path

LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
FS_HZ = 100.0
SAMPLES = 1000
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
RHYTHMS = ("AFIB", "STACH", "SBRAD", "1AVB", "PVC", "PAC", "BIGU")
TRAIN_FOLDS, VALIDATION_FOLD, TEST_FOLD = tuple(range(1, 9)), 9, 10
MAX_AGE_YEARS = 89
"""PTB-XL states 300 for older subjects."""
UV_PER_MV = 1000.0
SIGNAL, TABLE = "signal_mv.npy", "conditions.parquet"
_HEADER_LEADS = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
_INDEPENDENT = [_HEADER_LEADS.index(lead) for lead in LEADS]


@dataclass(frozen=True, kw_only=True, eq=False)
class Records:
    """Records of 10 s and their conditions, a row for each."""

    signal_uv: Int16[np.ndarray, "record lead time"]
    """In µV: half the memory of float32, exact for PTB-XL."""
    table: pd.DataFrame
    """Columns ``labels`` (superclasses and SCP statements), ``age`` (years; NaN = unknown), ``sex``,
    ``heart_rate`` (per minute) and ``seed``; of real records ``subject``, ``fold`` and
    ``filename`` too. A generated set may name the ``subject`` whose conditions a record was given."""

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.signal_uv)

    def take(self, chosen: Bool[np.ndarray, " record"] | Int[np.ndarray, " chosen"]) -> Records:
        """Return some records."""
        numbers = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return Records(
            signal_uv=self.signal_uv[numbers], table=self.table.iloc[numbers].reset_index(drop=True)
        )

    def folds(self, folds: Sequence[int]) -> Records:
        """Return the records of some folds."""
        return self.take(self.table["fold"].isin(list(folds)).to_numpy())

    def targets(self, labels: Sequence[str]) -> Float[np.ndarray, "record label"]:
        """Return 1 where a record has a label and 0 elsewhere."""
        return np.array(
            [[label in own for label in labels] for own in self.table["labels"]], dtype=np.float32
        )

    def with_superclass(self) -> Records:
        """Return the records that have a diagnostic superclass."""
        return self.take(np.flatnonzero(self.targets(SUPERCLASSES).any(axis=1)))


def read_ptbxl(folder: Path, cache: Path) -> Records:
    """Return all records of PTB-XL at 100 Hz, from a copy in a cache folder where there is one.

    Args:
        folder: PTB-XL as released: ``ptbxl_database.csv``, ``scp_statements.csv`` and ``records100/``.
        cache: folder of the copy.

    Raises:
        DiffecgError: the folder is not PTB-XL, or a record is not of the format of the release.
    """
    database = pd.read_csv(folder / "ptbxl_database.csv")
    copy = cache / "ptbxl_uv.npy"
    if not copy.is_file():
        signal_uv = np.stack([_read_record(folder / name) for name in database["filename_lr"]])
        cache.mkdir(parents=True, exist_ok=True)
        with atomic_path(copy) as partial:
            np.save(partial, signal_uv)
    statements = pd.read_csv(folder / "scp_statements.csv", index_col=0)
    superclass = statements.loc[statements["diagnostic"] == 1, "diagnostic_class"]
    age = database["age"].where(database["age"] <= MAX_AGE_YEARS, MAX_AGE_YEARS + 1)
    table = pd.DataFrame(
        {
            "labels": [_labels(codes, superclass) for codes in database["scp_codes"]],
            "age": age.where(database["age"].notna()),
            "sex": database["sex"].map({0: "male", 1: "female"}),
            "seed": database["ecg_id"],
            "subject": database["patient_id"].astype(int),
            "fold": database["strat_fold"],
            "filename": database["filename_lr"],
        }
    )
    return Records(signal_uv=np.load(copy), table=table)


def read_set(path: Path) -> Records:
    """Return a generated set: a folder of ``signal_mv.npy`` (or ``.npz``) and ``conditions.parquet``.

    Args:
        path: the folder, or a ``.npz`` file beside a table of the same name.

    Raises:
        DiffecgError: the signals or the table have another form.
    """
    arrays = next((p for p in (path / SIGNAL, path.with_suffix(".npz")) if p.is_file()), None)
    if path.is_dir() and arrays is None:
        arrays = next(iter(sorted(path.glob("*.np[yz]"))), None)
    tables = sorted(path.glob("*.parquet")) if path.is_dir() else [path.with_suffix(".parquet")]
    if arrays is None or len(tables) != 1:
        raise DiffecgError(
            f"{path} must have one array of signals ({SIGNAL} or .npz) and one table (.parquet)"
        )
    loaded = np.load(arrays)
    signal = loaded if isinstance(loaded, np.ndarray) else loaded["signal_mv"]
    table = pd.read_parquet(tables[0])
    if signal.ndim != 3 or signal.shape[1:] != (len(LEADS), SAMPLES) or len(table) != len(signal):
        raise DiffecgError(
            f"{arrays} has the shape {signal.shape} and {tables[0]} {len(table)} rows; needed are (record, "
            f"{len(LEADS)}, {SAMPLES}), leads {', '.join(LEADS)} at {FS_HZ:g} Hz, and a row for each record"
        )
    return Records(signal_uv=to_microvolts(signal), table=_with_rhythm(table.reset_index(drop=True)))


def write_set(records: Records, folder: Path) -> None:
    """Write a set as :func:`read_set` reads it."""
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / SIGNAL) as partial:
        np.save(partial, records.signal_uv)
    with atomic_path(folder / TABLE) as partial:
        records.table.to_parquet(partial)


def to_microvolts(signal: np.ndarray) -> Int16[np.ndarray, "record lead time"]:
    """Return signals as integers in µV; integers are taken to be in µV, others to be in mV."""
    if np.issubdtype(signal.dtype, np.integer):
        return signal.astype(np.int16, copy=False)
    limit = np.iinfo(np.int16).max
    rows = np.empty(signal.shape, np.int16)
    for first in range(0, len(signal), 1024):
        part = signal[first : first + 1024].astype(np.float32) * UV_PER_MV
        rows[first : first + 1024] = np.clip(np.rint(part), -limit, limit)
    return rows


def read_limb_leads(path: Path) -> Float[np.ndarray, "lead time"]:
    """Return leads I, II and III of a record, in mV, as they were released."""
    return _read_leads(path)[:3] / UV_PER_MV


def _read_record(path: Path) -> Int16[np.ndarray, "lead time"]:
    """Return the independent leads of a record, in µV."""
    return _read_leads(path)[_INDEPENDENT]


def _read_leads(path: Path) -> Int16[np.ndarray, "lead time"]:
    """Return a record of format 16 with 1000 units per mV, as its header states, in µV."""
    header = path.with_suffix(".hea").read_text().split("\n")
    _, signals, rate, samples = header[0].split()[:4]
    leads = tuple(line.split()[-1] for line in header[1 : 1 + int(signals)])
    gains = {tuple(line.split()[1:3]) for line in header[1 : 1 + int(signals)]}
    found = (float(rate), int(samples), leads, gains)
    if found != (FS_HZ, SAMPLES, _HEADER_LEADS, {("16", "1000.0(0)/mV")}):
        raise DiffecgError(f"{path} is not a record of PTB-XL 1.0.3 at 100 Hz: its header states {found}")
    return np.fromfile(path.with_suffix(".dat"), "<i2").reshape(SAMPLES, len(leads)).T


def _with_rhythm(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose labels include the statement of the column ``rhythm``, where there is one."""
    if "rhythm" not in table:
        return table
    pairs = zip(table["labels"], table["rhythm"], strict=True)
    labels = [[*own, rhythm] if isinstance(rhythm, str) else list(own) for own, rhythm in pairs]
    return table.assign(labels=pd.Series(labels, index=table.index))


def _labels(codes: str, superclass: pd.Series[str]) -> list[str]:
    """Return the superclasses and the statements of a record, of any likelihood."""
    own = list(ast.literal_eval(codes))
    return [*sorted({superclass[code] for code in own if code in superclass.index}), *own]
