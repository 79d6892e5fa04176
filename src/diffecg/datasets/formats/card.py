"""The data card of written windows: provenance, settings and counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError


class CardWriter:
    """Counts windows while they are written, and returns their data card.

    Args:
        first: the first chunk of windows.
        count: total number of windows.
    """

    def __init__(self, first: Windows, count: int) -> None:
        self.first = first.take([0])
        self.total = count
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
            DiffecgError: there were more or fewer windows than announced.
        """
        first = self.first
        if self.windows != self.total:
            raise DiffecgError(f"received {self.windows} windows instead of {self.total}")
        beats = [list(beat) for beat in first.beats[0]]
        return {
            **first.info,
            "fs_hz": first.fs_hz,
            "leads": list(first.channel_names),
            "unit": "mV",
            "r_peak": first.r_peak,
            "count": self.total,
            **({"beats": beats} if beats else {}),
            "labels": dict(self.labels.most_common()),
            **({"first_seed": first.seeds[0]} if first.seeds else {}),
            **({"notice": "Synthetic ECG. Not for diagnosis."} if first.info.get("synthetic") else {}),
        }
