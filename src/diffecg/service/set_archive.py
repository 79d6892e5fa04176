"""Unpack the archive of a folder of windows; runs in a limited child process."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from zipfile import ZipFile

from diffecg.errors import DiffecgError, one_line
from diffecg.service.expansion import check_expansion
from diffecg.service.limited import is_disk_full

ARCHIVE = ".zip"
_IGNORED = {"__MACOSX", ".DS_Store"}
"""Files and folders that programs add to archives."""


def unpack(archive: Path, folder: Path, max_bytes: float) -> Path:
    """Unpack an archive into a new folder, and return the folder in it that holds files.

    Raises:
        DiffecgError: the archive is damaged, leads out of the folder, is empty or expands to too much.
    """
    check_expansion(archive, max_bytes)
    folder.mkdir()
    try:
        _extract(archive, folder)
    except DiffecgError:
        raise
    except Exception as error:  # zipfile raises exceptions of many types for damaged archives
        if is_disk_full(error):
            raise
        raise DiffecgError(f"{archive} cannot be unpacked ({one_line(error)})") from error
    while len(entries := list(folder.iterdir())) == 1 and entries[0].is_dir():
        folder = entries[0]
    if not entries:
        raise DiffecgError(f"{archive} holds no files")
    return folder


def _extract(archive: Path, folder: Path) -> None:
    with ZipFile(archive) as opened:
        for member in opened.infolist():
            path = PurePosixPath(member.filename)
            if path.is_absolute() or ".." in path.parts:
                raise DiffecgError(f"{archive} leads out of its folder: {member.filename!r}")
            if not _IGNORED.intersection(path.parts):
                opened.extract(member, folder)
