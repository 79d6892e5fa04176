"""Cutting recordings into windows, with a reason for every window that is dropped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float32, Int, Shaped

from diffecg.config.schema import WindowConfig
from diffecg.datasets.labels import UNKNOWN, LabelMap
from diffecg.datasets.rhythm import format_beats
from diffecg.datasets.splits import ROUND_S, Split, validation_bounds
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Beats
from diffecg.formats.recording import Recording
from diffecg.signal.channels import make_channels
from diffecg.signal.resampling import resample

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
    """One row for each window: recording, sample, symbol, label, partition, lead, fs_hz, rr_before_s,
    rr_after_s, beats."""
    dropped: Dropped


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

    def cut(self, recording: Recording, beats: Beats) -> Cut:
        """Return the windows of a recording.

        Args:
            recording: the recording.
            beats: its annotated beats.

        Raises:
            DiffecgError: the recording has not the leads of the window, or not enough ECG leads.
        """
        groups = self._lead_groups(recording)
        # A lead is resampled once, though it may be in many groups: 12 leads make 132 pairs.
        leads = list(dict.fromkeys(chain.from_iterable(groups)))
        signal_mv = recording.select([recording.channel_index(lead) for lead in leads]).signal_mv
        resampled = dict(zip(leads, resample(signal_mv, recording.fs_hz, self.window.fs_hz), strict=True))
        grid = _grid(self, recording, beats, len(resampled[leads[0]]))
        cuts = [grid.cut(group, np.stack([resampled[lead] for lead in group])) for group in groups]
        return Cut(
            signal_mv=np.concatenate([cut.signal_mv for cut in cuts]),
            index=pd.concat([cut.index for cut in cuts], ignore_index=True),
            dropped=sum((cut.dropped for cut in cuts), Dropped()),
        )

    def _lead_groups(self, recording: Recording) -> list[tuple[str, ...]]:
        """Return the leads of each window; where any leads will do, every ordered selection of ECG leads."""
        if not self.window.any_leads:
            return [self.window.leads]
        names, count = [recording.channel_names[row] for row in recording.ecg_indices], len(self.window.leads)
        if len(names) < count:
            raise DiffecgError(
                f"recording {recording.name} has {len(names)} ECG leads; a window has {count}; choose a "
                "preset with fewer leads"
            )
        return list(permutations(names, count))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grid:
    """The windows of a recording before the leads are chosen: where they start, and their labels."""

    cutter: WindowCutter
    recording: Recording
    beats: Beats
    start: Int[np.ndarray, " window"]
    """First sample, at the windows' rate."""
    sample: Int[np.ndarray, " window"]
    """Sample of the R peak (beats) or first sample (strips), at the recording's rate."""
    symbol: Shaped[np.ndarray, " window"]
    rr_s: Float[np.ndarray, "window 2"]

    def cut(self, leads: tuple[str, ...], signal_mv: Float[np.ndarray, "lead time"]) -> Cut:
        """Return the windows of some leads.

        Args:
            leads: names of the leads.
            signal_mv: their samples, at the windows' rate.
        """
        window, duration = self.cutter.window, signal_mv.shape[1]
        labels = np.array([self.cutter.labels.get(symbol, UNKNOWN) for symbol in self.symbol], dtype=np.str_)
        partition, crossing = self._partitions(duration)
        inside = (self.start >= 0) & (self.start + window.length <= duration)
        windows = np.zeros((len(self.start), len(leads), window.length), dtype=np.float32)
        columns = self.start[inside, None] + np.arange(window.length)
        windows[inside] = signal_mv[:, columns].transpose(1, 0, 2)
        reason = np.full(len(self.start), "", dtype="U64")
        reason[np.ptp(windows, axis=2).min(axis=1) == 0] = FLAT
        reason[np.isnan(windows).any(axis=(1, 2))] = MISSING
        reason[crossing] = CROSSING
        reason[~inside] = EDGE
        kept = reason == ""
        index = pd.DataFrame(
            {
                "recording": self.recording.name,
                "sample": self.sample[kept],
                "symbol": self.symbol[kept],
                "label": labels[kept],
                "partition": partition[kept],
                "lead": "+".join(leads),
                "fs_hz": window.fs_hz,
                "rr_before_s": self.rr_s[kept, 0],
                "rr_after_s": self.rr_s[kept, 1],
                "beats": [self._beats_text(start) for start in self.start[kept].tolist()],
            }
        )
        dropped = Dropped(zip(partition[~kept], labels[~kept], reason[~kept], strict=True))
        return Cut(signal_mv=windows[kept], index=index, dropped=dropped)

    def _partitions(self, duration: int) -> tuple[Shaped[np.ndarray, " window"], Bool[np.ndarray, " window"]]:
        """Return the partition of each window, and whether it overlaps both training and validation."""
        window, count = self.cutter.window, len(self.start)
        partition = self.cutter.split.partition(self.recording.name)
        if partition is not None:
            return np.full(count, partition), np.zeros(count, dtype=bool)
        bounds = validation_bounds(duration, ROUND_S * window.fs_hz)
        first, last, middle = (
            np.searchsorted(bounds, self.start + offset, side="right")
            for offset in (0, window.length - 1, window.before)
        )
        return np.where(middle % 2, "validation", "train"), first != last

    def _beats_text(self, start: int) -> str:
        """Return the beats of the window that starts at ``start``, as text."""
        length, scale = self.cutter.window.length, self.cutter.window.fs_hz / self.recording.fs_hz
        first, last = np.searchsorted(self.beats.sample, [start / scale, (start + length) / scale])
        samples = np.rint(self.beats.sample[first:last] * scale).astype(int) - start
        labels = [self.cutter.labels.get(symbol, UNKNOWN) for symbol in self.beats.symbol[first:last]]
        pairs = zip(samples.tolist(), labels, strict=True)
        return format_beats([(sample, label) for sample, label in pairs if 0 <= sample < length])


def _grid(cutter: WindowCutter, recording: Recording, beats: Beats, duration: int) -> _Grid:
    """Return where the windows of a recording lie; ``duration`` is its length at their rate, in samples."""
    window = cutter.window
    scale = window.fs_hz / recording.fs_hz
    if window.kind == "beat":
        sample, symbol = beats.sample, beats.symbol
        start = np.rint(sample * scale).astype(np.int64) - window.before
        rr_s = np.diff(sample, prepend=np.nan, append=np.nan) / recording.fs_hz
    else:
        start = np.arange(0, duration - window.length + 1, window.stride)
        sample = np.rint(start / scale).astype(np.int64)
        symbol = np.full(len(start), "", dtype=np.str_)
        rr_s = np.full(len(start) + 1, np.nan)
    return _Grid(
        cutter=cutter,
        recording=recording,
        beats=beats,
        start=start,
        sample=sample,
        symbol=symbol,
        rr_s=np.stack([rr_s[:-1], rr_s[1:]], axis=1),
    )
