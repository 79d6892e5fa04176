"""Sharded sets of windows: Parquet files of equal size, each with a JSON entry, and a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from diffecg.errors import DiffecgError
from diffecg.files import ResumableFolder, open_url, to_json_bytes

SETTINGS = "set.json"
MANIFEST = "manifest.json"

Entry = dict[str, Any]
"""Manifest entry of a shard: name, first, count, windows, bytes, sha256 and what its maker adds."""


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A part of a set, written to one file."""

    name: str
    """Name of the file."""
    first: int
    """Number of its first item in the set; items are windows (generated) or recordings (prepared)."""
    count: int
    """Number of items."""


def plan_shards(count: int, size: int) -> list[Shard]:
    """Divide ``count`` items into shards of ``size`` items; the last may be smaller.

    Raises:
        DiffecgError: a count or size below 1.
    """
    if count < 1 or size < 1:
        raise DiffecgError(f"count {count} and shard size {size} must be at least 1")
    return [
        Shard(name=f"shard-{i:06d}.parquet", first=first, count=min(size, count - first))
        for i, first in enumerate(range(0, count, size))
    ]


class ShardStore:
    """A folder of shards on any file system that fsspec supports: a path, ``s3://…``, ``memory://…``.

    Args:
        url: path or URL of the folder.
    """

    def __init__(self, url: str) -> None:
        self.folder = ResumableFolder(url, settings_file=SETTINGS, content="a set of windows")
        self.url = url

    def start(self, settings: Mapping[str, Any]) -> None:
        """Start a set, or check that the existing one has the same settings.

        Raises:
            DiffecgError: the folder holds a set with other settings, or something else.
        """
        self.folder.start(settings)

    def entry(self, shard: Shard, *, verify: bool = False) -> Entry | None:
        """Return the entry of a finished shard; None if the shard is missing or incomplete.

        Args:
            shard: the shard.
            verify: compare the file's SHA-256, not only its size.
        """
        entry = self.folder.read_json(_entry_name(shard))
        if entry is None or not {"sha256", "windows"} <= set(entry):
            return None
        if entry.get("first") != shard.first or entry.get("count") != shard.count:
            return None
        if self.folder.size(shard.name) != entry.get("bytes"):
            return None
        if verify and _digest(self.folder.read(shard.name)) != entry["sha256"]:
            return None
        return entry

    def write(self, shard: Shard, content: bytes, windows: int, **details: Any) -> Entry:
        """Write a shard, then its entry; return the entry.

        Args:
            shard: the shard.
            content: content of the file.
            windows: number of windows in it.
            **details: further values of the entry.
        """
        entry = {
            **asdict(shard),
            "windows": windows,
            "bytes": len(content),
            "sha256": _digest(content),
            **details,
        }
        self.folder.write(shard.name, content)
        self.folder.write(_entry_name(shard), to_json_bytes(entry))
        return entry

    def write_manifest(self, entries: Sequence[Entry]) -> None:
        """Write the manifest of a finished set."""
        manifest = {
            "windows": sum(entry["windows"] for entry in entries),
            "sha256": _digest("".join(entry["sha256"] for entry in entries).encode()),
            "shards": list(entries),
        }
        self.folder.write(MANIFEST, to_json_bytes(manifest))

    def open(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return settings and manifest of a finished set.

        Raises:
            DiffecgError: the folder holds no set, or an unfinished one.
        """
        settings, manifest = self.folder.read_json(SETTINGS), self.folder.read_json(MANIFEST)
        if settings is None:
            raise DiffecgError(f"{self.url} is not a set of windows in shards ({SETTINGS} is missing)")
        if manifest is None:
            raise DiffecgError(
                f"{self.url} is not finished ({MANIFEST} is missing); run the command that writes it again"
            )
        return settings, manifest

    def read(self, entry: Mapping[str, Any]) -> bytes:
        """Return the content of a shard.

        Raises:
            DiffecgError: the file is missing or damaged.
        """
        content = self.folder.read(entry["name"])
        if content is None or _digest(content) != entry["sha256"]:
            raise DiffecgError(
                f"{self.url}/{entry['name']} is missing or damaged; run the command that wrote the set "
                "again, with --verify"
            )
        return content


def is_sharded(url: str) -> bool:
    """Return whether a path or URL is that of a set in shards."""
    filesystem, root = open_url(url)
    return bool(filesystem.exists(f"{root}/{SETTINGS}"))


def _digest(content: bytes | None) -> str | None:
    return None if content is None else sha256(content).hexdigest()


def _entry_name(shard: Shard) -> str:
    return f"{shard.name}.json"
