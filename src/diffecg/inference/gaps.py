"""Segments of a recording to impute: given by the user, missing from the file, or detected artefacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from diffecg.formats.recording import Recording
from diffecg.signal.artefacts import find_artefacts
from diffecg.signal.masks import Interval, interval_mask
from diffecg.signal.runs import true_runs

MARGIN_S = 0.02
"""A detected artefact is extended on either side by this much, because its edges are below the threshold."""


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

    Args:
        recording: the recording.
        rows: leads to search.
        gaps: gaps given by the user, for all ``rows``.
        detect: kinds of artefacts to detect, see :func:`diffecg.signal.artefacts.find_artefacts`.

    Raises:
        DiffecgError: a gap outside the recording; an unknown kind of artefact.
    """
    margin = round(MARGIN_S * recording.fs_hz)
    given = interval_mask(gaps, recording.samples, recording.fs_hz)
    segments: list[Segment] = []
    for row in rows:
        signal_mv = recording.lead_mv(row)
        masks = {"missing": np.isnan(signal_mv), "given": given}
        for kind, mask in find_artefacts(signal_mv, recording.fs_hz, detect).items():
            masks[kind] = _dilate(mask, margin)
        for start, stop in true_runs(np.logical_or.reduce(list(masks.values()))):
            reasons = [reason for reason, mask in masks.items() if mask[start:stop].any()]
            segments.append(Segment(row=row, start=start, stop=stop, reason="+".join(reasons)))
    return segments


def mask_segments(
    recording: Recording, rows: Sequence[int], segments: Sequence[Segment]
) -> Float[np.ndarray, "lead time"]:
    """Return some leads, in mV, with NaN in the segments; ``rows`` must include those of the segments."""
    signal_mv = recording.select(rows).signal_mv
    index = {row: i for i, row in enumerate(rows)}
    for segment in segments:
        signal_mv[index[segment.row], segment.start : segment.stop] = np.nan
    return signal_mv


def _dilate(mask: Bool[np.ndarray, " time"], margin: int) -> Bool[np.ndarray, " time"]:
    dilated = mask.copy()
    for start, stop in true_runs(mask):
        dilated[max(start - margin, 0) : stop + margin] = True
    return dilated
