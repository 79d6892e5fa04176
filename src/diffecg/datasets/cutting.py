"""Cutting recordings into windows, with a reason for every window that is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float32

from diffecg.config.schema import WindowConfig
from diffecg.datasets.labels import LabelMap
from diffecg.datasets.lead_reader import Leads
from diffecg.datasets.splits import Split
from diffecg.datasets.window_grid import Cut, Dropped, WindowGrid
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
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
        r_peak=window.before if window.kind == "beat" else None,
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
    """Cuts recordings into the windows of a configuration.

    A beat is one window around each annotated R peak; strips start at regular intervals. Signals are
    resampled to the windows' rate first.
    """

    window: WindowConfig
    split: Split
    labels: LabelMap
    """Label of each annotation symbol."""
    leads: tuple[str, ...] = ()
    """Leads of windows of any leads; empty: the ECG leads of each recording, which are found by name."""

    def cut(self, recording: Recording, beats: Beats | None = None) -> Cut:
        """Return all windows of a recording; see :meth:`cuts`."""
        return concatenate_cuts(list(self.cuts(recording, beats)), self.window)

    def cuts(self, recording: Recording, beats: Beats | None = None) -> Iterator[Cut]:
        """Yield the windows of a recording, those of a group of leads in a part of the recording at a time.

        Args:
            recording: the recording.
            beats: its annotated beats, at the rate of the first lead that is cut; None: the recording's.

        Raises:
            DiffecgError: the recording has not the leads of the window, or not enough ECG leads.
        """
        groups = self._lead_groups(recording)
        rows = list(dict.fromkeys(chain.from_iterable(groups)))
        leads = Leads.of(recording, rows, self.window.fs_hz)
        first = recording.select(rows[:1])
        grid = WindowGrid.of(
            first,
            first.beats() if beats is None else beats,
            self.window,
            self.split,
            self.labels,
            leads.duration,
        )
        size = max(self.window.length, leads.block_length(BLOCK_SAMPLES))
        for block in range(0, max(leads.duration, 1), size):
            part = grid.within(block, block + size, is_last=block + size >= leads.duration)
            if not len(part.start):
                continue
            start = int(np.clip(part.start.min(), 0, leads.duration))
            stop = int(np.clip(part.start.max() + self.window.length, start, leads.duration))
            signal_mv = leads.read_mv(start, stop)
            for group in groups:
                names = [recording.channel_names[row] for row in group]
                yield part.cut(
                    self.window.leads if not self.window.any_leads else names,
                    np.stack([signal_mv[row] for row in group]),
                    start,
                    leads.duration,
                )

    def _lead_groups(self, recording: Recording) -> list[tuple[int, ...]]:
        """Return the channels of each window; for any leads, every ordered selection of ECG leads."""
        if not self.window.any_leads:
            return [tuple(recording.channel_index(lead) for lead in self.window.leads)]
        rows = [recording.channel_index(lead) for lead in self.leads] or recording.ecg_indices
        count = len(self.window.leads)
        if len(rows) < count:
            channels = ", ".join(recording.channel_names)
            raise DiffecgError(
                f"recording {recording.name} has {len(rows)} ECG leads among its channels {channels}; a "
                f"window has {count}; name the leads with --lead, or choose a preset with fewer leads"
            )
        return list(permutations(rows, count))
