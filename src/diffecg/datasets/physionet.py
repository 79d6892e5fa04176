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
    base = (url or database.url).rstrip("/") + "/"
    checksums = database.checksums()
    if database.listed:
        checksums |= _listed(database, base)
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


LIST = "SHA256SUMS.txt"
"""Name of the list of SHA-256 that PhysioNet's releases contain."""


def _listed(database: Database, base: str) -> dict[str, str]:
    """Return the SHA-256 of the files in the folders ``listed``, from the release's own list.

    Raises:
        DiffecgError: the list cannot be downloaded, or is that of another version.
    """
    try:
        response = requests.get(base + LIST, timeout=30)
        response.raise_for_status()
    except requests.RequestException as error:
        raise DiffecgError(
            f"cannot download {base}{LIST} ({type(error).__name__}); run the same command again"
        ) from error
    lines = (line.split(maxsplit=1) for line in response.text.splitlines() if line.strip())
    digests = {name.strip(): digest for digest, *rest in lines for name in rest}
    for name, digest in database.checksums().items():
        if digests.get(name) != digest:
            raise DiffecgError(
                f"{base}{LIST} is not the list of version {database.version}: {name} has another SHA-256; "
                "try another --url"
            )
    return {name: digest for name, digest in digests.items() if name.startswith(database.listed)}
