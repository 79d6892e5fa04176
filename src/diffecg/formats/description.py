"""What is in a recording."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from diffecg.formats.recording import BEAT_SYMBOLS, PACED_SYMBOLS, Record
from diffecg.signal.artefacts import FAULTS, find_faults
from diffecg.signal.plausibility import plausibility_warnings

DETECTED_S = 300.0
"""Beats are looked for in so much of a recording that has no annotations."""
LEAST_S = 10.0
"""The detector learns from the first seconds."""


def describe(record: Record) -> dict[str, Any]:
    """Return name, rate, length, start, leads and beats of a recording, as JSON can hold them.

    Every lead has its ``unit``; voltages also the range of their samples in mV and, as shares, what is
    ``missing`` and what is faulty (:mod:`diffecg.signal.artefacts`).
    """
    day, moment = record.start
    return {
        "name": record.name,
        "fs_hz": record.fs_hz,
        "duration_s": record.duration_s,
        "samples": record.stored.shape[1],
        "start": " ".join(str(part) for part in (day, moment) if part is not None) or None,
        "leads": [_lead(record, row) for row in range(len(record.leads))],
        "beats": _beats(record),
        "comments": list(record.comments),
    }


def warnings_of(record: Record, row: int) -> list[str]:
    """Return warnings that a lead of a recording may not be a plausible ECG."""
    paced = sum(note.symbol in PACED_SYMBOLS for note in record.annotations())
    return plausibility_warnings(record.signal_mv[row], record.fs_hz, record.leads[row], paced)


def _lead(record: Record, row: int) -> dict[str, Any]:
    about: dict[str, Any] = {"lead": record.leads[row], "unit": record.units[row]}
    about["missing"] = float(record.missing[row].mean())
    signal_mv = record.signal_mv[row]
    if row not in record.voltages or np.isnan(signal_mv).all():
        return about
    low, middle, high = np.nanpercentile(signal_mv, [0.1, 50, 99.9])
    about |= {"low_mv": float(low), "median_mv": float(middle), "high_mv": float(high)}
    about["warnings"] = warnings_of(record, row)
    faults = find_faults(signal_mv, record.fs_hz, list(FAULTS))
    return about | {kind: float(mask.mean()) for kind, mask in faults.items()}


def _beats(record: Record) -> dict[str, Any]:
    """Return how many beats there are: annotated ones, by symbol, else those that a detector finds."""
    symbols = Counter(note.symbol for note in record.annotations())
    counts = {symbol: count for symbol, count in symbols.most_common() if symbol in BEAT_SYMBOLS}
    if counts:
        total = sum(counts.values())
        return {"annotated": counts, "rate_per_min": 60 * total / record.duration_s}
    part = record.signal_mv[record.usual_lead() if record.voltages else 0, : int(DETECTED_S * record.fs_hz)]
    if record.duration_s < LEAST_S or np.isnan(part).any() or np.ptp(part) == 0:
        return {}
    from wfdb.processing import xqrs_detect  # takes a while to import

    found = len(xqrs_detect(part, record.fs_hz, verbose=False))
    return {"detected": found, "rate_per_min": 60 * found * record.fs_hz / len(part)}
