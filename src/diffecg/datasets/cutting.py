"""Recordings to windows: resampling, cutting, and a reason for every window that is dropped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from diffecg.config.schema import WindowConfig
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.rhythm import format_beats
from diffecg.datasets.splits import ROUND_S, Split, validation_bounds
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Beats
from diffecg.formats.recording import Recording
from diffecg.signal.channels import make_channels
from diffecg.signal.resampling import resample

EDGE = "runs past the recording's end"

CROSSING = "lies in training and in validation"

MISSING = "holds missing samples"

FLAT = "is a flat line"


Dropped = Counter[tuple[str, str, str]]
"""Windows not taken by (split, label, reason)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """The windows of one recording, and why others are not among them."""

    signal_mv: NDArray[np.float32]
    """Axes (window, lead, time), in mV."""
    index: pd.DataFrame
    """A row a window: recording, sample, symbol, label, split, lead, fs_hz, rr_before_s, rr_after_s, beats."""
    dropped: Dropped


def prepared_windows(
    signal_mv: NDArray[np.float32], window: WindowConfig, index: pd.DataFrame, info: dict[str, Any]
) -> Windows:
    """Return windows as :class:`Windows`, with the channels and the R peak that their settings define."""
    return Windows(
        signal=signal_mv,
        fs_hz=window.fs_hz,
        channels=make_channels(window.leads),
        index=index,
        r_peak=window.before if window.kind == "beat" else None,
        info=info,
    )


def cut_windows(
    recording: Recording, beats: Beats, window: WindowConfig, split: Split, labels: dict[str, str]
) -> Cut:
    """Return the windows of ``recording``.

    Args:
        recording: the recording.
        beats: its annotated beats.
        window: what a window is.
        split: partition of each recording.
        labels: annotation symbol to class.

    Raises:
        DiffecgError: it has not the wanted leads, or fewer leads of an ECG than a window takes.
    """
    count, names = len(window.leads), [recording.leads[row] for row in recording.ecg_leads]
    if window.any_leads and len(names) < count:
        raise DiffecgError(
            f"recording {recording.name} has {len(names)} leads of an ECG; a window takes {count}"
        )
    groups = list(permutations(names, count)) if window.any_leads else [window.leads]
    # Each lead once, though it may be in many groups: two of twelve leads make 132.
    wanted = list(dict.fromkeys(chain.from_iterable(groups)))
    rows = [recording.lead_index(lead) for lead in wanted]
    resampled = dict(
        zip(wanted, resample(recording.select(rows).signal_mv, recording.fs_hz, window.fs_hz), strict=True)
    )
    cuts = [
        _cut_leads(
            recording, beats, window, split, labels, leads, np.stack([resampled[lead] for lead in leads])
        )
        for leads in groups
    ]
    return Cut(
        signal_mv=np.concatenate([cut.signal_mv for cut in cuts]),
        index=pd.concat([cut.index for cut in cuts], ignore_index=True),
        dropped=sum((cut.dropped for cut in cuts), Dropped()),
    )


def _cut_leads(
    recording: Recording,
    beats: Beats,
    window: WindowConfig,
    split: Split,
    labels: dict[str, str],
    leads: tuple[str, ...],
    signal_mv: NDArray[np.float64],
) -> Cut:
    length = signal_mv.shape[1]
    scale = window.fs_hz / recording.fs_hz
    if window.kind == "beat":
        sample, symbol = beats.sample, beats.symbol
        rr_s = np.diff(sample, prepend=np.nan, append=np.nan) / recording.fs_hz
        start = np.rint(sample * scale).astype(np.int64) - window.before
    else:
        start = np.arange(0, length - window.length + 1, window.stride)
        sample = np.rint(start / scale).astype(np.int64)
        symbol = np.full(len(start), "", dtype=np.str_)
        rr_s = np.full(len(start) + 1, np.nan)
    label = np.array([labels.get(s, UNKNOWN) for s in symbol], dtype=np.str_)
    whole = split.partition(recording.name)
    if whole is not None:
        part, crosses = np.full(len(start), whole), np.zeros(len(start), bool)
    else:
        bounds = validation_bounds(length, ROUND_S * window.fs_hz)
        first, last, middle = (
            np.searchsorted(bounds, start + offset, side="right")
            for offset in (0, window.length - 1, window.before)
        )
        part, crosses = np.where(middle % 2, "validation", "train"), first != last
    reason = np.full(len(start), "", dtype="U64")
    inside = (start >= 0) & (start + window.length <= length)
    windows = np.zeros((len(start), len(leads), window.length), dtype=np.float32)
    offsets = np.arange(window.length)
    windows[inside] = signal_mv[:, start[inside, None] + offsets].transpose(1, 0, 2)
    reason[np.ptp(windows, axis=2).min(axis=1) == 0] = FLAT
    reason[np.isnan(windows).any(axis=(1, 2))] = MISSING
    reason[crosses] = CROSSING
    reason[~inside] = EDGE

    kept = reason == ""
    dropped = Dropped(zip(part[~kept], label[~kept], reason[~kept], strict=True))
    index = pd.DataFrame(
        {
            "recording": recording.name,
            "sample": sample[kept],
            "symbol": symbol[kept],
            "label": label[kept],
            "partition": part[kept],
            "lead": "+".join(leads),
            "fs_hz": window.fs_hz,
            "rr_before_s": rr_s[:-1][kept],
            "rr_after_s": rr_s[1:][kept],
            "beats": [_beats_text(beats, labels, scale, first, window.length) for first in start[kept]],
        }
    )
    return Cut(signal_mv=windows[kept], index=index, dropped=dropped)


def _beats_text(beats: Beats, labels: dict[str, str], scale: float, start: int, length: int) -> str:
    """Return the beats of the window that begins at ``start``, all at the window's rate."""
    first, last = np.searchsorted(beats.sample, [start / scale, (start + length) / scale])
    places = np.rint(beats.sample[first:last] * scale).astype(int) - start
    names = [labels.get(symbol, UNKNOWN) for symbol in beats.symbol[first:last]]
    return format_beats([(p, n) for p, n in zip(places.tolist(), names, strict=True) if 0 <= p < length])
