"""Croissant descriptions of sets (MLCommons Croissant 1.1, JSON-LD), which data set search and loaders read.

References:
    | Croissant: A Metadata Format for ML-Ready Datasets (Akhtar et al., 2024)
    | https://doi.org/10.1145/3650203.3663326
"""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from diffecg.integrations.shared_set import LICENCES, SharedSet, Table

CONFORMS_TO = "http://mlcommons.org/croissant/1.1"
MAX_FILES = 50
"""Files that are listed one by one; of more, those of one suffix are a file set."""

_LANGUAGE = {"@container": "@language"}
_TERMS = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet "
    "format includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex "
    "repeated replace samplingRate separator source subField transform"
)
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "description": _LANGUAGE,
    "name": _LANGUAGE,
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
"""The standard context of Croissant 1.1."""

_FORMATS = {
    ".parquet": "application/x-parquet",
    ".npz": "application/x-numpy",
    ".npy": "application/x-numpy",
    ".hea": "text/plain",
}
"""Media types of files that Python does not know."""


def croissant(
    shared: SharedSet, description: str, *, licence: str | None, creator: str | None
) -> dict[str, Any]:
    """Return the description of a set as JSON-LD.

    Args:
        shared: the set.
        description: what it is, in a sentence.
        licence: its licence, by its name on the hub, or an address; None: not stated.
        creator: who made it; None: not stated.
    """
    tables = list(shared.tables())
    optional = {
        "creator": {"@type": "sc:Person", "name": creator} if creator else None,
        "license": LICENCES.get(licence or "", licence),
        "isBasedOn": _addresses(shared),
    }
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": shared.name,
        "description": description,
        "version": "1.0.0",
        "datePublished": datetime.now(UTC).date().isoformat(),
        "citeAs": "\n".join(work.text for work in shared.works),
        **{name: value for name, value in optional.items() if value},
        "keywords": ["ECG", "electrocardiogram", *(["synthetic data"] if shared.is_synthetic else [])],
        "distribution": _distribution(shared, tables),
        "recordSet": [_record_set(table) for table in tables],
    }


def _addresses(shared: SharedSet) -> list[str]:
    return [f"https://physionet.org/content/{name}/" for name in shared.sources]


def _distribution(shared: SharedSet, tables: list[Table]) -> list[dict[str, Any]]:
    """Return the files: tables as they are, others one by one or as a set for each suffix."""
    patterns = [table.name for table in tables if "*" in table.name]
    of_tables = {table.name for table in tables} - set(patterns)
    files = [path for path in shared.files if not any(path.match(pattern) for pattern in patterns)]
    single = files if len(files) <= MAX_FILES else [path for path in files if path.name in of_tables]
    suffixes = sorted({path.suffix for path in files if path not in single and path.suffix})
    return [
        *(_file_object(path, shared.folder) for path in single),
        *(_file_set(pattern) for pattern in [*patterns, *(f"*{suffix}" for suffix in suffixes)]),
    ]


def _file_object(path: Path, folder: Path) -> dict[str, Any]:
    name = path.relative_to(folder).as_posix()
    with path.open("rb") as file:
        digest = file_digest(file, sha256).hexdigest()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": _media_type(name),
        "sha256": digest,
    }


def _file_set(pattern: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": pattern,
        "name": pattern,
        "includes": pattern,
        "encodingFormat": _media_type(pattern),
    }


def _media_type(name: str) -> str:
    suffix = Path(name).suffix
    return _FORMATS.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _record_set(table: Table) -> dict[str, Any]:
    name = table.name.replace("-*", "s").rpartition(".")[0]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": "One row for each window.",
        "field": [_field(name, table, field) for field in table.schema],
    }


def _field(records: str, table: Table, field: pa.Field) -> dict[str, Any]:
    """Return a column; lists of numbers are arrays, the windows of the size that they have."""
    kind, is_array = field.type, False
    while pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind, is_array = kind.value_type, True
    shape = "-1" if table.shape is None or field.name != "signal_mv" else ",".join(map(str, table.shape))
    source = {"@id": table.name}
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{field.name}",
        "name": field.name,
        "dataType": _data_type(kind),
        **({"isArray": True, "arrayShape": shape} if is_array else {}),
        "source": {
            ("fileSet" if "*" in table.name else "fileObject"): source,
            "extract": {"column": field.name},
        },
    }


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
