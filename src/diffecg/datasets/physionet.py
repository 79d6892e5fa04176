"""Files of PhysioNet's databases at a pinned version, every one checked by its SHA-256."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pooch
import requests

from diffecg.datasets.databases import Database
from diffecg.datasets.prepare import Progress
from diffecg.errors import DiffecgError


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
        DiffecgError: no connection, a missing file, or one with a wrong SHA-256; one's own recordings.
    """
    if not wanted.url:
        raise DiffecgError("one's own recordings cannot be downloaded; say where they are with --from")
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
