"""The data card of written windows: provenance, settings and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError


class CardWriter:
    """Counts windows while they are written, and returns their data card.

    Args:
        first: the first chunk of windows.
        count: total number of windows.
        path: file or folder that is written, for messages.
    """

    def __init__(self, first: Windows, count: int, path: Path) -> None:
        self.first = first.take([0])
        self.total = count
        self.path = path
        self.labels: Counter[str] = Counter()
        self.windows = 0

    def count_chunks(self, chunks: Iterable[Windows]) -> Iterator[Windows]:
        """Yield the chunks, and count their windows and labels."""
        for chunk in chunks:
            self.labels.update(chunk.counts())
            self.windows += len(chunk)
            yield chunk

    def card(self) -> dict[str, Any]:
        """Return the data card of all windows.

        Raises:
            DiffecgError: the chunks held more or fewer windows than ``count``.
        """
        first = self.first
        if self.windows != self.total:
            raise DiffecgError(
                f"{self.path} received {self.windows} windows instead of {self.total}; set count to the "
                "number of windows in all chunks"
            )
        return {
            **first.info,
            "fs_hz": first.fs_hz,
            "leads": list(first.channel_names),
            "unit": "mV",
            "r_peak": first.r_peak,
            "count": self.total,
            "labels": dict(self.labels.most_common()),
            **({"first_seed": first.seeds[0]} if first.seeds else {}),
            **({"notice": "Synthetic ECG. Not for diagnosis."} if first.info.get("synthetic") else {}),
        }
