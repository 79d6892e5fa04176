"""What a set that is shared is: provenance, licence, tables and files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from diffecg import pretrained
from diffecg.citations import Work, works_for
from diffecg.datasets.databases import DATABASES
from diffecg.datasets.folder import INFO
from diffecg.datasets.formats.parquet import METADATA
from diffecg.datasets.shards import MANIFEST, SETTINGS
from diffecg.errors import DiffecgError
from diffecg.files import CARD, MARKER, read_json

README = "README.md"
CROISSANT = "croissant.json"
TABLES = (".parquet", ".csv")
"""Suffixes of files with one row for each window."""

LICENCES = {
    "odc-by": "https://opendatacommons.org/licenses/by/1-0/",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
"""Address of each licence, by its identifier on the Hugging Face hub."""

_DATABASE_LICENCES = {"ODC-By 1.0": "odc-by", "CC BY 4.0": "cc-by-4.0"}


@dataclass(frozen=True, kw_only=True)
class Table:
    """Files with one row for each window, and the same columns."""

    name: str
    """Name of the file, or pattern of the names of several."""
    schema: pa.Schema
    shape: tuple[int, int] | None
    """Leads and samples of the windows in a column of lists; None: there is none."""


@dataclass(frozen=True, kw_only=True)
class SharedSet:
    """A folder that diffecg wrote."""

    folder: Path
    card: Mapping[str, Any]
    """Provenance: model and settings, or database and split."""

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.resolve().name

    @property
    def model(self) -> str | None:
        """The model that generated it; None: it is not generated."""
        return self.card.get("model")

    @property
    def is_synthetic(self) -> bool:
        """Whether it was generated, by a model or without one."""
        return self.model is not None or bool(self.card.get("synthetic"))

    @property
    def database(self) -> str | None:
        """The database that it was prepared from, or is a copy of."""
        return self.card.get("database")

    @property
    def count(self) -> int | None:
        """Number of windows, or of recordings; None: not known."""
        if (self.folder / MANIFEST).is_file():
            return int(read_json(self.folder / MANIFEST)["windows"])
        return self.card.get("count") or len(self.card.get("recordings", ())) or None

    @property
    def licence(self) -> str | None:
        """Licence of the model's weights or of the database, by its name on the hub; None: not known."""
        if self.model is None:
            return _DATABASE_LICENCES.get(str(self.card.get("licence")))
        folder = pretrained.find(self.model)
        found = re.search(r'(?m)^license: "?([\w.-]+)"?$', (folder / README).read_text()) if folder else None
        return found.group(1) if found else None

    @property
    def sources(self) -> list[str]:
        """Names on PhysioNet of the databases that it was prepared from, or that its model was trained on."""
        if self.database in DATABASES:
            return [DATABASES[self.database].physionet_name]
        folder = pretrained.find(self.model) if self.model else None
        listed = (
            re.search(r"(?m)^datasets:\n((?:  - .*\n)+)", (folder / README).read_text()) if folder else None
        )
        return re.findall(r'- "?([\w.-]+)"?', listed.group(1)) if listed else []

    @property
    def works(self) -> list[Work]:
        """What to cite."""
        return works_for(self.card)

    @property
    def files(self) -> list[Path]:
        """The files, in order, other than those that describe the set."""
        hidden = {README, CROISSANT, MARKER}
        return sorted(path for path in self.folder.rglob("*") if path.is_file() and path.name not in hidden)

    def tables(self) -> Iterator[Table]:
        """Yield the tables: shards as one, each other file by itself."""
        shards = sorted(self.folder.glob("shard-*.parquet"))
        if shards:
            yield _table("shard-*.parquet", shards[0])
        for path in sorted(self.folder.iterdir()):
            if path.suffix in TABLES and path not in shards:
                yield _table(path.name, path)


def open_set(folder: str | Path) -> SharedSet:
    """Return a folder that diffecg wrote, or one that holds files of windows that it wrote.

    Raises:
        DiffecgError: it is not a folder, or has no data card.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DiffecgError(f"{folder} is not a folder; move the file of windows into its own folder first")
    for name in (CARD, INFO, SETTINGS):
        if (folder / name).is_file():
            return SharedSet(folder=folder, card=dict(read_json(folder / name)))
    for path in sorted(folder.iterdir()):
        if path.name.endswith(f".{CARD}"):
            return SharedSet(folder=folder, card=dict(read_json(path)))
        if path.suffix == ".parquet" and METADATA in (pq.read_metadata(path).metadata or {}):
            return SharedSet(folder=folder, card=json.loads(pq.read_metadata(path).metadata[METADATA]))
    raise DiffecgError(
        f"{folder} holds no data card ({CARD}, {INFO}, {SETTINGS}, or windows as .parquet or .csv); give a "
        "folder that prepare, generate, compose, augment or bulk wrote"
    )


def _table(name: str, path: Path) -> Table:
    """Return the columns of a table, and the size of its windows."""
    if path.suffix == ".csv":
        from pyarrow import csv

        return Table(name=name, schema=csv.open_csv(path).schema, shape=None)
    file = pq.ParquetFile(path)
    schema, lists = file.schema_arrow, "signal_mv"
    if lists not in schema.names or not file.metadata.num_rows:
        return Table(name=name, schema=schema, shape=None)
    first = next(file.iter_batches(1, columns=[lists]))[lists][0].as_py()
    return Table(name=name, schema=schema, shape=(len(first), len(first[0])))
