"""Labelled windows and their index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.errors import DiffecgError


@dataclass(frozen=True)
class Windows:
    """Real windows with their labels."""

    signal_mv: NDArray[np.float32]
    """Axes (window, lead, time), in mV; memory-mapped when read from disk."""
    fs_hz: float
    """Sampling rate, in Hz."""
    index: pd.DataFrame
    """A row a window: recording, sample, symbol, label, split, lead, fs_hz; rr_before_s and rr_after_s, the
    intervals to the annotated beats around it, in s (NaN = none); beats, all beats of the window as text."""
    info: dict[str, Any]
    """Database, version, split, class map, window settings and counts."""

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.index)

    def part(self, split: str) -> Windows:
        """Return the windows of one part: ``train``, ``validation`` or ``test``.

        Raises:
            DiffecgError: there is no window in that part.
        """
        rows = np.flatnonzero(self.index["split"].to_numpy() == split)
        if not rows.size:
            parts = ", ".join(sorted(self.index["split"].unique()))
            raise DiffecgError(f"no windows in the part {split!r}; there are {parts}")
        return self.take(rows)

    def take(self, rows: NDArray[np.intp]) -> Windows:
        """Return the windows at some places."""
        index = self.index.iloc[rows].reset_index(drop=True)
        return Windows(self.signal_mv[rows], self.fs_hz, index, self.info)


def concatenate(windows: Sequence[Windows]) -> Windows:
    """Return the windows of one database as one."""
    first = windows[0]
    index = pd.concat([some.index for some in windows], ignore_index=True)
    return Windows(np.concatenate([some.signal_mv for some in windows]), first.fs_hz, index, first.info)


def fingerprint(windows: Windows) -> str:
    """Return a number that tells these windows from others: of the whole index and some signals."""
    digest = hashlib.sha256(pd.util.hash_pandas_object(windows.index, index=False).to_numpy().tobytes())
    digest.update(np.ascontiguousarray(windows.signal_mv[:: max(1, len(windows) // 64)]).tobytes())
    return digest.hexdigest()
