"""Names of uploaded files: ours on the disk, the user's on the page and in downloads."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from diffecg.errors import DiffecgError
from diffecg.formats.registry import FORMATS
from diffecg.formats.tables.text_files import COMPRESSIONS

MAX_NAME = 120
"""Longest name that is kept, in characters."""
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,8}){1,2}")
_WFDB_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9]{1,8})?")
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\ud800-\udfff]")
_WFDB = (".hea", ".dat", ".atr")
_READABLE = tuple(suffix for format in FORMATS for suffix in format.suffixes if suffix not in ("", *_WFDB))


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """A file as the client sent it."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class NamedUpload:
    """The files of an upload under names of ours."""

    files: dict[str, bytes]
    """Content by name on the disk."""
    originals: dict[str, str]
    """The user's name of each file."""
    main: str
    """The file to read; of a WFDB record, its name without suffix."""
    title: str
    """The user's name of the recording."""


def name_upload(files: Sequence[UploadedFile]) -> NamedUpload:
    """Return the files of a recording under safe names: a WFDB record, or one file of another format.

    Raises:
        DiffecgError: no files; files that do not belong together.
    """
    if not files:
        raise DiffecgError("the upload has no file; choose one")
    names = [clean_name(file.name) for file in files]
    headers = [i for i, name in enumerate(names) if name.lower().endswith(".hea")]
    if len(headers) == 1:
        return _name_record(files, names, headers[0])
    if len(files) > 1 or headers or suffix_of(names[0]) in (".dat", ".atr"):
        raise DiffecgError(
            f"{', '.join(names)[:200]} is not one recording; upload one file, or a WFDB header (.hea) with "
            "its signals (.dat) and annotations (.atr)"
        )
    suffix = suffix_of(names[0])
    stored = f"recording{suffix}"
    return NamedUpload(
        files={stored: files[0].content},
        originals={stored: names[0]},
        main=stored,
        title=names[0][: len(names[0]) - len(suffix)] or "recording",
    )


def _name_record(files: Sequence[UploadedFile], names: Sequence[str], header: int) -> NamedUpload:
    """Return the files of a WFDB record, named as its header says, whatever the browser called them."""
    lines = [
        line.split()
        for line in files[header].content.decode("latin-1").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    if not lines:
        raise DiffecgError(f"{names[header]} is empty; it is not a WFDB header")
    record = lines[0][0].split("/")[0]
    signals = list(dict.fromkeys(line[0] for line in lines[1:]))
    for name in (record, *signals):
        if not _WFDB_NAME.fullmatch(name):
            raise DiffecgError(
                f"{names[header]} refers to {name[:80]!r}; WFDB files have letters, digits, _ and -"
            )
    stored: dict[str, bytes] = {f"{record}.hea": files[header].content}
    originals = {f"{record}.hea": names[header]}
    for i, file in enumerate(files):
        if i == header:
            continue
        suffix = suffix_of(names[i])
        name = names[i] if names[i] in signals else f"{record}{suffix}"
        if name not in signals and suffix == ".dat" and len(signals) == 1:
            name = signals[0]
        if name in stored or not _WFDB_NAME.fullmatch(name):
            raise DiffecgError(
                f"{names[i]} does not belong to {names[header]}; upload one recording at a time"
            )
        stored[name], originals[name] = file.content, names[i]
    return NamedUpload(files=stored, originals=originals, main=record, title=record)


def clean_name(name: str) -> str:
    """Return the last part of a file name without characters that file systems or terminals refuse."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    cleaned = _NOT_IN_NAMES.sub("_", last).strip().lstrip(".")
    suffix = suffix_of(cleaned)
    return (
        cleaned[: MAX_NAME - len(suffix)]
        if len(cleaned) <= MAX_NAME
        else cleaned[: MAX_NAME - len(suffix)] + suffix
    )


def suffix_of(name: str) -> str:
    """Return the suffix that selects the format, with that of a compression; empty if it is not a suffix."""
    parts = name.lower().rsplit(".", 2)
    last = f".{parts[-1]}" if len(parts) > 1 else ""
    if last in COMPRESSIONS and len(parts) == 3:
        last = f".{parts[1]}{last}"
    known = last in _READABLE or _SUFFIX.fullmatch(last)
    return last if known else ""
