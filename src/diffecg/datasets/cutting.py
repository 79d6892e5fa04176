"""Cutting recordings into windows, with a reason for every window that is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32

from diffecg.config.schema import WindowConfig
from diffecg.datasets.label_maps import LabelMap
from diffecg.datasets.lead_reader import Leads
from diffecg.datasets.splits import Split
from diffecg.datasets.window_grid import Cut, Dropped, WindowGrid
from diffecg.datasets.windows import Windows
from diffecg.formats.annotations import Beats
from diffecg.formats.recording import Recording
from diffecg.signal.channels import make_channels

BLOCK_SAMPLES = 1 << 21
"""Samples of all leads, at the windows' rate, that are in memory at once."""


def prepared_windows(
    signal_mv: Float32[np.ndarray, "window lead time"],
    window: WindowConfig,
    index: pd.DataFrame,
    info: dict[str, Any],
) -> Windows:
    """Return :class:`Windows` with the channels and the R peak that the window settings define."""
    return Windows(
        signal=signal_mv,
        fs_hz=window.fs_hz,
        channels=make_channels(window.leads),
        index=index,
        r_peak=window.before,
        info=info,
    )


def concatenate_cuts(cuts: Sequence[Cut], window: WindowConfig) -> Cut:
    """Return all windows of several cuts; there may be none."""
    none = np.empty((0, len(window.leads), window.length), dtype=np.float32)
    return Cut(
        signal_mv=np.concatenate([none, *(cut.signal_mv for cut in cuts)]),
        index=pd.concat([cut.index for cut in cuts], ignore_index=True) if cuts else pd.DataFrame(),
        dropped=sum((cut.dropped for cut in cuts), Dropped()),
    )


@dataclass(frozen=True, kw_only=True)
class WindowCutter:
    """Cuts recordings into windows, one around each annotated R peak, resampled to their rate."""

    window: WindowConfig
    split: Split
    labels: LabelMap
    """Label of each annotation code."""

    def cut(self, recording: Recording, beats: Beats | None = None) -> Cut:
        """Return all windows of a recording; see :meth:`cuts`."""
        return concatenate_cuts(list(self.cuts(recording, beats)), self.window)

    def cuts(self, recording: Recording, beats: Beats | None = None) -> Iterator[Cut]:
        """Yield the windows of a recording, those of a part of the recording at a time.

        Args:
            recording: the recording.
            beats: its annotated beats, at the rate of the first lead that is cut; None: the recording's.

        Raises:
            DiffecgError: the recording has not the leads of the window.
        """
        rows = [recording.channel_index(lead) for lead in self.window.leads]
        leads = Leads.of(recording, list(dict.fromkeys(rows)), self.window.fs_hz)
        first = recording.select(rows[:1])
        grid = WindowGrid.of(
            first,
            self.labels.beats(first) if beats is None else beats,
            self.window,
            self.split,
            self.labels,
        )
        size = max(self.window.length, leads.block_length(BLOCK_SAMPLES))
        for block in range(0, max(leads.duration, 1), size):
            part = grid.within(block, block + size, is_last=block + size >= leads.duration)
            if not len(part.start):
                continue
            start = int(np.clip(part.start.min(), 0, leads.duration))
            stop = int(np.clip(part.start.max() + self.window.length, start, leads.duration))
            signal_mv = leads.read(start, stop)
            lead_mv = np.stack([signal_mv[row] for row in rows])
            yield part.cut(self.window.leads, lead_mv, start, leads.duration)
