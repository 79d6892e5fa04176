"""Gaps of a recording: given by hand, missing from the file, or found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffecg.formats.recording import Recording
from diffecg.signal import masks
from diffecg.signal.artefacts import find_artefacts
from diffecg.signal.runs import true_runs

MARGIN_S = 0.02
"""A fault begins a little before it shows, and ends a little after."""


@dataclass(frozen=True)
class Gap:
    """A stretch of a lead that is to be drawn."""

    row: int
    """The lead."""
    first: int
    last: int
    """Sample after the last one."""
    reason: str
    """Why: ``given``, ``missing``, or a fault that was found."""


def find_gaps(
    recording: Recording, rows: Sequence[int], gaps_s: Sequence[tuple[float, float]], detect: Sequence[str]
) -> list[Gap]:
    """Return the gaps of some leads, in the order of leads and time; they do not overlap.

    Args:
        recording: the recording.
        rows: its leads.
        gaps_s: (from, to) of each gap that is given, in seconds; they hold for all ``rows``.
        detect: kinds of faults to look for, as :func:`diffecg.signal.artefacts.find_faults` knows them.

    Raises:
        DiffecgError: a gap outside the recording; an unknown kind of fault.
    """
    samples, margin = recording.samples, round(MARGIN_S * recording.fs_hz)
    given_gaps = [masks.Gap(start_s=start_s, stop_s=stop_s) for start_s, stop_s in gaps_s]
    given = masks.gap_mask(given_gaps, samples, recording.fs_hz)
    found: list[Gap] = []
    for row in rows:
        signal_mv = recording.lead_mv(row)
        reasons = {"missing": np.isnan(signal_mv), "given": given}
        for kind, mask in find_artefacts(signal_mv, recording.fs_hz, detect).items():
            reasons[kind] = _wider(mask, margin)
        for first, last in true_runs(np.logical_or.reduce(list(reasons.values()))):
            why = [reason for reason, mask in reasons.items() if mask[first:last].any()]
            found.append(Gap(row, first, last, "+".join(why)))
    return found


def mask_gaps(recording: Recording, rows: Sequence[int], gaps: Sequence[Gap]) -> NDArray[np.float64]:
    """Return the signal of some leads (lead time), in mV, with NaN in the gaps."""
    signal_mv = recording.select(rows).signal_mv
    place = {row: i for i, row in enumerate(rows)}
    for gap in gaps:
        signal_mv[place[gap.row], gap.first : gap.last] = np.nan
    return signal_mv


def _wider(mask: NDArray[np.bool_], margin: int) -> NDArray[np.bool_]:
    wider = mask.copy()
    for first, last in true_runs(mask):
        wider[max(first - margin, 0) : last + margin] = True
    return wider
