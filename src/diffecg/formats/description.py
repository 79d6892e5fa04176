"""Summary of a recording: channels, missing samples, artefacts and beats."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from diffecg.formats.annotations import PACED_SYMBOLS
from diffecg.formats.recording import Recording
from diffecg.signal.artefacts import ARTEFACTS, find_artefacts
from diffecg.signal.plausibility import plausibility_warnings

DETECTION_S = 300.0
"""Beats of recordings without annotations are detected in this much of the beginning."""
MIN_DETECTION_S = 10.0
"""Shortest recording for beat detection: the detector learns its thresholds from the first seconds."""


def describe(recording: Recording) -> dict[str, Any]:
    """Return a summary of a recording that can be written as JSON.

    Every channel has its ``name``, ``unit``, ``kind`` and ``missing``, the share of missing samples. Voltages
    also have percentiles in mV, warnings (:mod:`diffecg.signal.plausibility`), and the share of each kind of
    artefact (:mod:`diffecg.signal.artefacts`).
    """
    return {
        "name": recording.name,
        "fs_hz": recording.fs_hz,
        "duration_s": recording.duration_s,
        "samples": recording.samples,
        "start": " ".join(str(part) for part in recording.start if part is not None) or None,
        "channels": [_describe_channel(recording, row) for row in range(len(recording.channels))],
        "beats": _describe_beats(recording),
        "comments": list(recording.comments),
    }


def lead_warnings(recording: Recording, row: int) -> list[str]:
    """Return warnings that a lead may not be an ECG, or not one that the bundled models know.

    Raises:
        DiffecgError: the channel is not a voltage.
    """
    paced_beats = sum(annotation.symbol in PACED_SYMBOLS for annotation in recording.annotations)
    return plausibility_warnings(
        recording.lead_mv(row), recording.fs_hz, recording.channel_names[row], paced_beats
    )


def _describe_channel(recording: Recording, row: int) -> dict[str, Any]:
    channel, missing = recording.channels[row], recording.missing[row]
    summary: dict[str, Any] = {
        "name": channel.name,
        "unit": channel.unit,
        "kind": channel.kind,
        "missing": float(missing.mean()),
    }
    if not channel.is_voltage or missing.all():
        return summary
    signal_mv = recording.lead_mv(row)
    low, median, high = np.nanpercentile(signal_mv, [0.1, 50, 99.9])
    artefacts = find_artefacts(signal_mv, recording.fs_hz, list(ARTEFACTS))
    return summary | {
        "low_mv": float(low),
        "median_mv": float(median),
        "high_mv": float(high),
        "warnings": lead_warnings(recording, row),
        "artefacts": {kind: float(mask.mean()) for kind, mask in artefacts.items()},
    }


def _describe_beats(recording: Recording) -> dict[str, Any]:
    """Return the counts of annotated beats by symbol, else the number of beats that a detector finds."""
    symbols = Counter(recording.beats().symbol.tolist())
    if symbols:
        rate_per_min = 60 * symbols.total() / recording.duration_s
        return {"annotated": dict(symbols.most_common()), "rate_per_min": rate_per_min}
    if not recording.voltage_indices:
        return {}
    signal_mv = recording.lead_mv(recording.default_lead())[: int(DETECTION_S * recording.fs_hz)]
    if recording.duration_s < MIN_DETECTION_S or np.isnan(signal_mv).any() or np.ptp(signal_mv) == 0:
        return {}
    from wfdb.processing import xqrs_detect  # slow to import

    count = len(xqrs_detect(signal_mv, recording.fs_hz, verbose=False))
    return {"detected": count, "rate_per_min": 60 * count * recording.fs_hz / len(signal_mv)}
