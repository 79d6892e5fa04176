"""Summary of a recording: what was understood of the file, missing samples, artefacts and beats."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from jaxtyping import Float

from diffecg.formats.annotations import BEAT_SYMBOLS, NOTE, PACED_SYMBOLS
from diffecg.formats.recording import Recording
from diffecg.formats.wfdb import WfdbLayout
from diffecg.signal.artefacts import ARTEFACTS, find_artefacts
from diffecg.signal.channels import ecg_rows
from diffecg.signal.kind_plausibility import kind_warnings
from diffecg.signal.kinds import KINDS
from diffecg.signal.plausibility import plausibility_warnings

DETECTION_S = 300.0
"""Beats of recordings without annotations are detected in this much of the beginning."""
MIN_DETECTION_S = 10.0
"""Shortest recording for beat detection: the detector learns its thresholds from the first seconds."""
EXCERPTS, EXCERPT_S = 30, 60.0
"""Amplitude, artefacts and plausibility of longer recordings are judged by this many excerpts of this length,
evenly spaced."""


def describe(recording: Recording) -> dict[str, Any]:
    """Return a summary of a recording that can be written as JSON.

    Every channel has its ``name``, ``unit``, ``kind``, ``fs_hz`` and number of ``samples``, the share of
    ``missing`` samples, the number of ``gaps`` and the ``longest_gap_s``. ECG channels also have percentiles
    in mV, warnings (:mod:`diffecg.signal.plausibility`), and the share of each kind of artefact
    (:mod:`diffecg.signal.artefacts`); channels of other kinds have warnings
    (:mod:`diffecg.signal.kind_plausibility`). ``excerpts`` tells whether these are judged by excerpts.
    """
    rows, assumption = ecg_rows(recording.channels)
    assumptions = [*recording.assumptions, *([assumption] if assumption else [])]
    return {
        "name": recording.name,
        "format": recording.format,
        "duration_s": recording.duration_s,
        "start": " ".join(str(part) for part in recording.start if part is not None) or None,
        "time_zone": None if (clock := recording.time.start_time) is None else _text(clock.tzinfo),
        "is_epoch": recording.time.is_epoch,
        "first_time": recording.time.text(0.0),
        "last_time": recording.time.text(recording.duration_s),
        "excerpts": _is_long(recording),
        "channels": [
            _describe_channel(recording, row, gaps, is_ecg=row in rows)
            for row, gaps in sorted(_gaps(recording).items())
        ],
        "annotations": _describe_annotations(recording),
        "beats": _describe_beats(recording, rows),
        "comments": list(recording.comments),
        "assumptions": assumptions,
        "warnings": list(recording.warnings),
    }


def channel_warnings(recording: Recording, row: int) -> list[str]:
    """Return warnings that a channel may not be what it is taken for, or not what the bundled models know."""
    channel = recording.channels[row]
    if channel.signal_kind != "ecg":
        has_kind = channel.kind in KINDS
        excerpts = _excerpts(recording, row)
        return kind_warnings(excerpts, recording.source.rates_hz[row], channel) if has_kind else []
    paced_beats = sum(annotation.symbol in PACED_SYMBOLS for annotation in recording.annotations)
    fs_hz = recording.source.rates_hz[row]
    return plausibility_warnings(
        _excerpts_mv(recording, row), fs_hz, recording.channel_names[row], paced_beats
    )


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _is_long(recording: Recording) -> bool:
    """Return whether a recording is judged by excerpts."""
    return recording.duration_s > 2 * EXCERPTS * EXCERPT_S


def _excerpts_mv(recording: Recording, row: int) -> Float[np.ndarray, " time"]:
    """Return a lead in mV; of a long recording, excerpts of it, one after the other."""
    return np.concatenate([part.lead_mv(0) for part in _parts(recording, row)])


def _excerpts(recording: Recording, row: int) -> Float[np.ndarray, " time"]:
    """Return a channel in its own unit; of a long recording, excerpts of it, one after the other."""
    return np.concatenate([part.signal[0] for part in _parts(recording, row)])


def _parts(recording: Recording, row: int) -> list[Recording]:
    """Return the parts of a channel by which it is judged."""
    channel = recording.select([row])
    if not _is_long(recording):
        return [channel]
    starts_s = np.linspace(0, recording.duration_s - EXCERPT_S, EXCERPTS).tolist()
    return [channel.crop(start_s, start_s + EXCERPT_S) for start_s in starts_s]


def _gaps(recording: Recording) -> dict[int, list[tuple[int, int]]]:
    """Return the gaps of each channel; channels of one rate are read together."""
    rates = recording.source.rates_hz
    gaps: dict[int, list[tuple[int, int]]] = {}
    for rate in dict.fromkeys(rates):
        rows = [row for row, other in enumerate(rates) if other == rate]
        gaps |= dict(zip(rows, recording.source.missing_runs(rows), strict=True))
    return gaps


def _describe_channel(
    recording: Recording, row: int, gaps: list[tuple[int, int]], *, is_ecg: bool
) -> dict[str, Any]:
    channel, fs_hz = recording.channels[row], recording.source.rates_hz[row]
    lengths = [stop - first for first, stop in gaps]
    summary: dict[str, Any] = {
        "name": channel.name,
        "unit": channel.unit,
        "kind": channel.kind,
        "is_ecg": is_ecg,
        "fs_hz": fs_hz,
        "samples": recording.source.lengths[row],
        "missing": sum(lengths) / recording.source.lengths[row],
        "gaps": len(gaps),
        "longest_gap_s": max(lengths, default=0) / fs_hz,
    }
    if summary["missing"] == 1:
        return summary
    if not is_ecg:
        return summary | {"warnings": channel_warnings(recording, row)}
    signal_mv = _excerpts_mv(recording, row)
    if np.isnan(signal_mv).all():
        return summary
    low, median, high = np.nanpercentile(signal_mv, [0.1, 50, 99.9])
    artefacts = find_artefacts(signal_mv, fs_hz, list(ARTEFACTS))
    return summary | {
        "low_mv": float(low),
        "median_mv": float(median),
        "high_mv": float(high),
        "warnings": channel_warnings(recording, row),
        "artefacts": {kind: float(mask.mean()) for kind, mask in artefacts.items()},
    }


def _describe_annotations(recording: Recording) -> dict[str, Any]:
    """Return the number of annotations by kind, and the annotation files of a WFDB record."""
    kinds = Counter(
        "beats" if note.symbol in BEAT_SYMBOLS else "notes" if note.symbol == NOTE else "others"
        for note in recording.annotations
    )
    layout = recording.layout
    files = layout.annotations if isinstance(layout, WfdbLayout) else ()
    return {**kinds, "annotators": [file.annotator for file in files]}


def _describe_beats(recording: Recording, rows: list[int]) -> dict[str, Any]:
    """Return the counts of annotated beats by symbol, else the number of beats that a detector finds."""
    symbols = Counter(note.symbol for note in recording.annotations if note.symbol in BEAT_SYMBOLS)
    if symbols:
        rate_per_min = 60 * symbols.total() / recording.duration_s
        return {"annotated": dict(symbols.most_common()), "rate_per_min": rate_per_min}
    if not rows or recording.duration_s < MIN_DETECTION_S:
        return {}
    lead = recording.select([recording.default_lead()]).crop(0, DETECTION_S)
    signal_mv = lead.lead_mv(0)
    if np.isnan(signal_mv).any() or np.ptp(signal_mv) == 0:
        return {}
    from wfdb.processing import xqrs_detect  # slow to import

    count = len(xqrs_detect(signal_mv, lead.fs_hz, verbose=False))
    return {"detected": count, "rate_per_min": 60 * count * lead.fs_hz / len(signal_mv)}
