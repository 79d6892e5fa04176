"""A set in shards: files that are written whole or not at all, each with a mark beside it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from diffecg.datasets.recording_folder import open_url
from diffecg.errors import DiffecgError

ABOUT = "set.json"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Shard:
    """A part of a set."""

    name: str
    """Of its file."""
    first: int
    """Place in the set of the first of what it is made of: windows, or recordings."""
    count: int
    """How many."""


def plan(count: int, size: int) -> list[Shard]:
    """Return the shards of a set made of ``count`` windows or recordings, ``size`` in each but the last.

    Raises:
        DiffecgError: a count or size below 1.
    """
    if count < 1 or size < 1:
        raise DiffecgError(f"count {count} and shard size {size} must be at least 1")
    return [
        Shard(f"shard-{i:06d}.parquet", first, min(size, count - first))
        for i, first in enumerate(range(0, count, size))
    ]


class Store:
    """A folder of shards on any file system that fsspec knows: a path, ``s3://…``, ``memory://…``."""

    def __init__(self, url: str) -> None:
        self.files, self.root = open_url(url)
        self.url = url

    def begin(self, about: Mapping[str, Any]) -> None:
        """Write what the set is, or check that it is this one.

        Raises:
            DiffecgError: there is another set, or something else.
        """
        ours = json.loads(json.dumps(about))
        self.files.makedirs(self.root, exist_ok=True)
        theirs = self._read(ABOUT)
        if theirs is None:
            names = [_name(path) for path in self.files.ls(self.root, detail=False)]
            if all(name.startswith(f".{ABOUT}.") for name in names):  # left by one that was killed
                self._put(ABOUT, _text(ours))
            theirs = self._read(ABOUT)  # another process may just have begun a set, too
        if theirs is None:
            raise DiffecgError(f"{self.url} is not empty and holds no set; choose another --out")
        other = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
        if other:
            raise DiffecgError(
                f"{self.url} holds a set with other {', '.join(other)} ({ABOUT}); choose another --out"
            )

    def finished(self, shard: Shard, *, verify: bool = False) -> dict[str, Any] | None:
        """Return the mark of a shard that is done, or None.

        Args:
            shard: which one.
            verify: read the file and compare its checksum; else its size alone.
        """
        mark, path = self._read(_mark(shard.name)), f"{self.root}/{shard.name}"
        if mark is None or mark.get("first") != shard.first or mark.get("count") != shard.count:
            return None
        if not {"sha256", "windows"} <= set(mark):
            return None
        try:
            if self.files.info(path)["size"] != mark.get("bytes"):
                return None
        except FileNotFoundError:
            return None
        if verify and sha256(self.files.cat_file(path)).hexdigest() != mark["sha256"]:
            return None
        return mark

    def put(self, shard: Shard, content: bytes, windows: int, **more: Any) -> dict[str, Any]:
        """Write a shard, then its mark; return the mark.

        Args:
            shard: which one.
            content: of its file.
            windows: how many that is.
            more: what else to note of them.
        """
        noted = {"windows": windows, "bytes": len(content), "sha256": sha256(content).hexdigest(), **more}
        mark = {**asdict(shard), **noted}
        self._put(shard.name, content)
        self._put(_mark(shard.name), _text(mark))
        return mark

    def close(self, marks: Sequence[Mapping[str, Any]]) -> None:
        """Write the manifest of a set whose shards are all done."""
        digest = sha256("".join(mark["sha256"] for mark in marks).encode()).hexdigest()
        total = sum(mark["windows"] for mark in marks)
        self._put(MANIFEST, _text({"windows": total, "sha256": digest, "shards": list(marks)}))

    def opened(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what the set is, and its manifest.

        Raises:
            DiffecgError: there is no set, or it is not finished.
        """
        about, manifest = self._read(ABOUT), self._read(MANIFEST)
        if about is None:
            raise DiffecgError(f"{self.url} holds no set of shards ({ABOUT} is missing)")
        if manifest is None:
            raise DiffecgError(f"{self.url} is not finished: {MANIFEST} is missing; run the command again")
        return about, manifest

    def content(self, mark: Mapping[str, Any]) -> bytes:
        """Return the file of a shard of the manifest.

        Raises:
            DiffecgError: it is missing, or not what was written.
        """
        path, content = f"{self.root}/{mark['name']}", b""
        with suppress(FileNotFoundError):
            content = self.files.cat_file(path)
        if sha256(content).hexdigest() != mark["sha256"]:
            raise DiffecgError(
                f"{self.url}/{mark['name']} is missing or spoilt; run the command that made the set again, "
                "with --verify"
            )
        return content

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads(self.files.cat_file(f"{self.root}/{name}"))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _put(self, name: str, content: bytes) -> None:
        """Write a file under a name of its own, then give it its name."""
        partial = f"{self.root}/.{name}.{uuid.uuid4().hex[:8]}"
        try:
            self.files.pipe_file(partial, content)
            self.files.mv(partial, f"{self.root}/{name}")
        except OSError:
            if self.files.exists(partial):
                self.files.rm(partial)
            raise


def is_set(url: str) -> bool:
    """Tell whether an address is that of a set of shards."""
    files, root = open_url(url)
    return bool(files.exists(f"{root}/{ABOUT}"))


def _name(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]


def _mark(name: str) -> str:
    return f"{name}.json"


def _text(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
