"""Where the windows of a recording lie, their labels and partitions, and why some are dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float32, Int, Shaped

from diffecg.config.schema import WindowConfig
from diffecg.datasets.faults import find_faults
from diffecg.datasets.label_maps import LabelMap
from diffecg.datasets.rhythm import format_beats, running_mean
from diffecg.datasets.splits import ROUND_S, Split, validation_bounds
from diffecg.formats.annotations import Beats
from diffecg.formats.recording import Recording

EDGE = "extends beyond the recording"

CROSSING = "overlaps both training and validation"

MISSING = "has missing samples"

FLAT = "is a flat line"

Dropped = Counter[tuple[str, str, str]]
"""Number of dropped windows by (partition, label, reason)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """The windows of a recording, and the number of dropped ones."""

    signal_mv: Float32[np.ndarray, "window lead time"]
    index: pd.DataFrame
    """One row for each window: recording, sample, time_s, symbol, label, partition, lead, fs_hz,
    rr_before_s, rr_after_s, rr_before_ratio, rr_after_ratio, beats."""
    dropped: Dropped


@dataclass(frozen=True, kw_only=True, eq=False)
class WindowGrid:
    """The windows of a recording before the leads are chosen: where they start, and their labels."""

    recording: Recording
    """The recording, or one of its leads."""
    beats: Beats
    window: WindowConfig
    split: Split
    beat_label: Shaped[np.ndarray, " beat"]
    """Label of each beat."""
    start: Int[np.ndarray, " window"]
    """First sample, at the windows' rate."""
    sample: Int[np.ndarray, " window"]
    """Sample of the R peak, at the recording's rate."""
    symbol: Shaped[np.ndarray, " window"]
    label: Shaped[np.ndarray, " window"]
    rr_s: Float[np.ndarray, "window 2"]
    """RR intervals before and after each beat, in s."""
    rr_ratio: Float[np.ndarray, "window 2"]
    """The same intervals as multiples of the running mean before them."""

    @classmethod
    def of(
        cls, recording: Recording, beats: Beats, window: WindowConfig, split: Split, labels: LabelMap
    ) -> WindowGrid:
        """Return where the windows of a recording lie.

        Args:
            recording: the recording, or one of its leads.
            beats: its annotated beats.
            window: the windows.
            split: partition of each recording.
            labels: label of each annotation code.
        """
        scale = window.fs_hz / recording.fs_hz
        sample = beats.sample
        label = labels.labels(recording, beats)
        interval_s = np.diff(sample, prepend=np.nan, append=np.nan) / recording.fs_hz
        rr_s = np.stack([interval_s[:-1], interval_s[1:]], axis=1)
        return cls(
            recording=recording,
            beats=beats,
            window=window,
            split=split,
            beat_label=label,
            start=np.rint(sample * scale).astype(np.int64) - window.before,
            sample=sample,
            symbol=beats.symbol,
            label=label,
            rr_s=rr_s,
            rr_ratio=rr_s / running_mean(rr_s[:, 0])[:, None],
        )

    def within(self, first: int, stop: int, *, is_last: bool) -> WindowGrid:
        """Return the windows that start in a part of the recording; the ends take those beyond them."""
        after = self.start >= first if first else np.ones(len(self.start), dtype=bool)
        rows = after if is_last else after & (self.start < stop)
        return replace(
            self,
            start=self.start[rows],
            sample=self.sample[rows],
            symbol=self.symbol[rows],
            label=self.label[rows],
            rr_s=self.rr_s[rows],
            rr_ratio=self.rr_ratio[rows],
        )

    def cut(
        self, leads: Sequence[str], signal_mv: Float[np.ndarray, "lead time"], offset: int, duration: int
    ) -> Cut:
        """Return the windows of some leads.

        Args:
            leads: names of the leads.
            signal_mv: their samples, at the windows' rate.
            offset: sample of the recording that the first of ``signal_mv`` is.
            duration: length of the recording, in samples.
        """
        window = self.window
        partition, crossing = self._partitions(duration)
        inside = (self.start >= 0) & (self.start + window.length <= duration)
        windows = np.zeros((len(self.start), len(leads), window.length), dtype=np.float32)
        columns = self.start[inside, None] - offset + np.arange(window.length)
        windows[inside] = signal_mv[:, columns].transpose(1, 0, 2)
        faults = find_faults(windows)
        reason = np.full(len(self.start), "", dtype="U64")
        reason[faults.constant] = FLAT
        reason[faults.not_finite] = MISSING
        reason[crossing] = CROSSING
        reason[~inside] = EDGE
        kept = reason == ""
        index = pd.DataFrame(
            {
                "recording": self.recording.name,
                "sample": self.sample[kept],
                "time_s": self.sample[kept] / self.recording.fs_hz,
                "symbol": self.symbol[kept],
                "label": self.label[kept],
                "partition": partition[kept],
                "lead": "+".join(leads),
                "fs_hz": window.fs_hz,
                "rr_before_s": self.rr_s[kept, 0],
                "rr_after_s": self.rr_s[kept, 1],
                "rr_before_ratio": self.rr_ratio[kept, 0],
                "rr_after_ratio": self.rr_ratio[kept, 1],
                "beats": [self._beats_text(start) for start in self.start[kept].tolist()],
            }
        )
        dropped = Dropped(zip(partition[~kept], self.label[~kept], reason[~kept], strict=True))
        return Cut(signal_mv=windows[kept], index=index, dropped=dropped)

    def _partitions(self, duration: int) -> tuple[Shaped[np.ndarray, " window"], Bool[np.ndarray, " window"]]:
        """Return the partition of each window, and whether it overlaps both training and validation."""
        window, count = self.window, len(self.start)
        partition = self.split.partition(self.recording.name)
        bounds = validation_bounds(duration, ROUND_S * window.fs_hz)
        if partition is None and bounds[1] - bounds[0] < window.length:
            partition = "train"  # a recording too short to be divided
        if partition is not None:
            return np.full(count, partition), np.zeros(count, dtype=bool)
        first, last, middle = (
            np.searchsorted(bounds, self.start + offset, side="right")
            for offset in (0, window.length - 1, window.before)
        )
        return np.where(middle % 2, "validation", "train"), first != last

    def _beats_text(self, start: int) -> str:
        """Return the beats of the window that starts at ``start``, as text."""
        length, scale = self.window.length, self.window.fs_hz / self.recording.fs_hz
        first, last = np.searchsorted(self.beats.sample, [start / scale, (start + length) / scale])
        samples = np.rint(self.beats.sample[first:last] * scale).astype(int) - start
        pairs = zip(samples.tolist(), self.beat_label[first:last].tolist(), strict=True)
        return format_beats([(sample, label) for sample, label in pairs if 0 <= sample < length])
