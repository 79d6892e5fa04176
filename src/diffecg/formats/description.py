"""What is in a recording."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from diffecg.formats.recording import BEAT_SYMBOLS, PACED_SYMBOLS, Recording
from diffecg.signal.artefacts import ARTEFACTS, find_artefacts
from diffecg.signal.plausibility import plausibility_warnings

DETECTED_S = 300.0
"""Beats are looked for in so much of a recording that has no annotations."""
LEAST_S = 10.0
"""The detector learns from the first seconds."""


def describe(recording: Recording) -> dict[str, Any]:
    """Return name, rate, length, start, leads and beats of a recording, as JSON can hold them.

    Every lead has its ``unit``; voltages also the range of their samples in mV and, as shares, what is
    ``missing`` and what is faulty (:mod:`diffecg.signal.artefacts`).
    """
    day, moment = recording.start
    return {
        "name": recording.name,
        "fs_hz": recording.fs_hz,
        "duration_s": recording.duration_s,
        "samples": recording.stored.shape[1],
        "start": " ".join(str(part) for part in (day, moment) if part is not None) or None,
        "leads": [_lead(recording, row) for row in range(len(recording.leads))],
        "beats": _beats(recording),
        "comments": list(recording.comments),
    }


def warnings_of(recording: Recording, row: int) -> list[str]:
    """Return warnings that a lead of a recording may not be a plausible ECG."""
    paced = sum(note.symbol in PACED_SYMBOLS for note in recording.annotations)
    return plausibility_warnings(recording.lead_mv(row), recording.fs_hz, recording.leads[row], paced)


def _lead(recording: Recording, row: int) -> dict[str, Any]:
    about: dict[str, Any] = {"lead": recording.leads[row], "unit": recording.units[row]}
    about["missing"] = float(recording.missing[row].mean())
    if row not in recording.voltages or recording.missing[row].all():
        return about
    signal_mv = recording.lead_mv(row)
    low, middle, high = np.nanpercentile(signal_mv, [0.1, 50, 99.9])
    about |= {"low_mv": float(low), "median_mv": float(middle), "high_mv": float(high)}
    about["warnings"] = warnings_of(recording, row)
    faults = find_artefacts(signal_mv, recording.fs_hz, list(ARTEFACTS))
    return about | {kind: float(mask.mean()) for kind, mask in faults.items()}


def _beats(recording: Recording) -> dict[str, Any]:
    """Return how many beats there are: annotated ones, by symbol, else those that a detector finds."""
    symbols = Counter(note.symbol for note in recording.annotations)
    counts = {symbol: count for symbol, count in symbols.most_common() if symbol in BEAT_SYMBOLS}
    if counts:
        total = sum(counts.values())
        return {"annotated": counts, "rate_per_min": 60 * total / recording.duration_s}
    if not recording.voltages:
        return {}
    part = recording.lead_mv(recording.default_lead())[: int(DETECTED_S * recording.fs_hz)]
    if recording.duration_s < LEAST_S or np.isnan(part).any() or np.ptp(part) == 0:
        return {}
    from wfdb.processing import xqrs_detect  # takes a while to import

    found = len(xqrs_detect(part, recording.fs_hz, verbose=False))
    return {"detected": found, "rate_per_min": 60 * found * recording.fs_hz / len(part)}
