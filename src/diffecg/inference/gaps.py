"""Segments of a recording to impute: given by the user, missing from the file, or detected artefacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from diffecg.formats.recording import Recording
from diffecg.inference.kind_signals import read_signals
from diffecg.signal.artefacts import ANY_SIGNAL, find_artefacts
from diffecg.signal.kinds import KINDS
from diffecg.signal.masks import Interval, interval_mask
from diffecg.signal.runs import true_runs

MARGIN_S = 0.02
"""A detected artefact is extended on either side by this much, because its edges are below the threshold."""

DETECTION_S, OVERLAP_S = 3600.0, 5.0
"""Signals are read in intervals of about this length, those with artefacts overlap: a day does not fill the
memory."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Samples of one lead to impute."""

    row: int
    """Index of the lead in the recording."""
    start: int
    """First sample."""
    stop: int
    """Exclusive."""
    reason: str
    """``given``, ``missing`` or the kind of artefact; several are joined by ``+``."""


def find_segments(
    recording: Recording, rows: Sequence[int], gaps: Sequence[Interval], detect: Sequence[str]
) -> list[Segment]:
    """Return the segments to impute, sorted by lead and time, without overlap.

    Values that are not of the signal, such as those of a flushed pressure line, count as missing.

    Args:
        recording: the recording.
        rows: leads to search; they share a sampling rate.
        gaps: gaps given by the user, for all ``rows`` or for the lead that they name.
        detect: kinds of artefacts to detect, see :func:`diffecg.signal.artefacts.find_artefacts`.

    Raises:
        DiffecgError: leads of several rates; a gap outside the recording; an unknown kind of artefact.
    """
    chosen = recording.select(rows)
    segments: list[Segment] = []
    missing = np.zeros((len(rows), chosen.samples), dtype=bool)
    for mask, runs in zip(missing, chosen.source.missing_runs(range(len(rows))), strict=True):
        for start, stop in runs:
            mask[start:stop] = True
    for i, row in enumerate(rows):
        of_lead = [gap for gap in gaps if gap.lead is None or recording.find_channel(gap.lead) == row]
        given = interval_mask(of_lead, chosen.samples, chosen.fs_hz)
        masks = {
            "missing": missing[i] | _implausible(chosen, i),
            "given": given,
            **_artefacts(chosen, i, detect),
        }
        for start, stop in true_runs(np.logical_or.reduce(list(masks.values()))):
            reasons = [reason for reason, mask in masks.items() if mask[start:stop].any()]
            segments.append(Segment(row=row, start=start, stop=stop, reason="+".join(reasons)))
    return segments


def group_segments(segments: Sequence[Segment], longest: int) -> list[list[Segment]]:
    """Return the segments in groups that are imputed one after the other, in the order of time.

    Args:
        segments: segments of any leads.
        longest: samples from the start of the first segment of a group to the end of the last; a group of one
            segment may be longer. Segments that overlap in time are in one group.
    """
    groups: list[list[Segment]] = []
    end = 0
    for segment in sorted(segments, key=lambda one: (one.start, one.row)):
        if groups and (segment.start < end or segment.stop - groups[-1][0].start <= longest):
            groups[-1].append(segment)
        else:
            groups.append([segment])
        end = max(end, segment.stop)
    return groups


def _artefacts(recording: Recording, row: int, kinds: Sequence[str]) -> dict[str, Bool[np.ndarray, " time"]]:
    """Return the mask of each kind of artefact of a channel, found in intervals of at most DETECTION_S."""
    find_artefacts(np.zeros(0), recording.fs_hz, kinds)  # unknown kinds
    if not kinds:
        return {}
    fs_hz, samples = recording.fs_hz, recording.samples
    margin, overlap = round(MARGIN_S * fs_hz), round(OVERLAP_S * fs_hz)
    masks = {kind: np.zeros(samples, dtype=bool) for kind in kinds}
    is_ecg = recording.channels[row].signal_kind == "ecg"
    of_kind = [kind for kind in kinds if is_ecg or kind in ANY_SIGNAL]
    for start, stop in _blocks(recording):
        first, last = max(start - overlap, 0), min(stop + overlap, samples)
        (lead,) = read_signals(recording, [row], fs_hz, first, last)
        for kind, mask in find_artefacts(lead, fs_hz, of_kind).items():
            masks[kind][start:stop] = _dilate(mask, margin)[start - first : stop - first]
    return masks


def _implausible(recording: Recording, row: int) -> Bool[np.ndarray, " time"]:
    """Return where a channel has no value of its kind, if such values count as missing."""
    mask = np.zeros(recording.samples, dtype=bool)
    name = recording.channels[row].signal_kind
    if name in KINDS and KINDS[name].implausible_is_missing:
        for start, stop in _blocks(recording):
            mask[start:stop] = np.isnan(read_signals(recording, [row], recording.fs_hz, start, stop)[0])
    return mask


def _blocks(recording: Recording) -> list[tuple[int, int]]:
    """Return first and last sample, exclusive, of intervals of about DETECTION_S."""
    count = max(1, round(recording.duration_s / DETECTION_S))
    bounds = np.linspace(0, recording.samples, count + 1).astype(int).tolist()
    return list(zip(bounds[:-1], bounds[1:], strict=True))


def _dilate(mask: Bool[np.ndarray, " time"], margin: int) -> Bool[np.ndarray, " time"]:
    dilated = mask.copy()
    for start, stop in true_runs(mask):
        dilated[max(start - margin, 0) : stop + margin] = True
    return dilated
