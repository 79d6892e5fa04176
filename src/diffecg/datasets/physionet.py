"""Download of PhysioNet databases at a fixed version; every file is verified by its SHA-256."""

from __future__ import annotations

from pathlib import Path

import pooch
import requests

from diffecg.datasets.databases import Database
from diffecg.datasets.prepare import Progress
from diffecg.errors import DiffecgError


def download(
    database: Database, folder: Path, *, url: str | None = None, progress: Progress | None = None
) -> None:
    """Download the files of a database; files that exist with the right SHA-256 are kept.

    An interrupted download continues with the next file.

    Args:
        database: the database.
        folder: destination; created if it does not exist.
        url: address of a mirror; None: the database's own address.
        progress: called before each file.

    Raises:
        DiffecgError: the server cannot be reached, a file is missing or has another SHA-256, or the database
            cannot be downloaded.
    """
    if not database.url:
        raise DiffecgError(
            f"the database {database.name!r} cannot be downloaded; give the folder of its recordings with "
            "--from"
        )
    checksums = database.checksums()
    base = (url or database.url).rstrip("/") + "/"
    files = pooch.create(path=folder, base_url=base, registry=checksums, retry_if_failed=2)
    pooch.get_logger().setLevel("ERROR")
    for i, name in enumerate(checksums):
        if progress is not None:
            progress(i, len(checksums), f"download {name}")
        try:
            files.fetch(name, downloader=pooch.HTTPDownloader(timeout=30))
        except requests.RequestException as error:
            raise DiffecgError(
                f"cannot download {base}{name} ({type(error).__name__}); run the same command again to "
                "continue with this file"
            ) from error
        except ValueError as error:
            raise DiffecgError(
                f"{base}{name} is not the file of version {database.version}: its SHA-256 is not "
                f"{checksums[name]}; try again, or another --url"
            ) from error
