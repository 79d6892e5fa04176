"""Databases of PhysioNet at a pinned version, every file checked by its SHA-256."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pooch
import requests

from diffecg.data.prepare import Progress
from diffecg.errors import DiffecgError


@dataclass(frozen=True)
class Database:
    """A database that diffecg knows."""

    name: str
    version: str
    url: str
    """Where its files are."""
    citation: str
    licence: str
    splits: tuple[str, ...]
    """Splits of its records (``data/splits.py``), the usual one first."""
    lead: str
    """The lead of beats, where it is not the model's."""

    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of every file that is needed, by file name."""
        text = files("diffecg.data").joinpath(f"{self.name}-{self.version}.sha256").read_text()
        pairs = (line.split() for line in text.splitlines())
        return {name: digest for digest, name in pairs}


DATABASES = {
    "mitdb": Database(
        "mitdb",
        "1.0.0",
        "https://physionet.org/files/mitdb/1.0.0/",
        "Moody GB, Mark RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol "
        "20(3):45-50 (2001)",
        "ODC-By 1.0",
        ("strict", "classic", "development"),
        "MLII",
    ),
    "svdb": Database(
        "svdb",
        "1.0.0",
        "https://physionet.org/files/svdb/1.0.0/",
        "Greenwald SD, Patil RS, Mark RG. Improved detection and classification of arrhythmias in "
        "noise-corrupted electrocardiograms using contextual information. Comput Cardiol 17:461-464 (1990)",
        "ODC-By 1.0",
        ("svdb",),
        "ECG1",
    ),
}


def database(name: str) -> Database:
    """Return the database called ``name``.

    Raises:
        DiffecgError: it is not known.
    """
    if name not in DATABASES:
        raise DiffecgError(f"unknown database {name!r}; choose one of {', '.join(DATABASES)}")
    return DATABASES[name]


def download(
    wanted: Database, folder: Path, *, url: str | None = None, progress: Progress | None = None
) -> None:
    """Fetch the files of a database into ``folder``; those that are there and right stay.

    A file takes its name only when its SHA-256 is right, so a download that was stopped goes on
    with the next file.

    Args:
        wanted: the database.
        folder: where to; made if need be.
        url: where from, other than the database's own address.
        progress: called before each file.

    Raises:
        DiffecgError: no connection, a missing file, or one with a wrong SHA-256.
    """
    checksums = wanted.checksums()
    base = (url or wanted.url).rstrip("/") + "/"
    store: Any = pooch.create(path=folder, base_url=base, registry=checksums, retry_if_failed=2)
    pooch.get_logger().setLevel("ERROR")
    for i, name in enumerate(checksums):
        if progress is not None:
            progress(i, len(checksums), f"download {name}")
        try:
            store.fetch(name, downloader=pooch.HTTPDownloader(timeout=30))
        except requests.RequestException as error:
            raise DiffecgError(
                f"cannot download {base}{name} ({type(error).__name__}); the files fetched so far "
                "are kept, run the same command again"
            ) from error
        except ValueError as error:
            raise DiffecgError(
                f"{base}{name} is not the file of version {wanted.version}: its SHA-256 is not "
                f"{checksums[name]}; it was refused"
            ) from error
