"""Write denoised recordings with figures, tables, bounds and a data card."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from diffecg.files import CARD
from diffecg.formats.registry import file_name, output_suffix, write_recording
from diffecg.inference.denoised_recordings import DenoisedRecording, DenoisedSegment
from diffecg.plotting.signals import ImputedStrip, imputed_strip, save_figure

CONTEXT_S = 3.0
"""Clean signal in the figure of an interval, before and after it."""
MAX_FIGURES = 20
"""Figures of the first intervals only; a recording may have thousands."""
MAX_SHOWN_S = 20.0
"""Figures of longer intervals are cut off here."""


def write_denoised(folder: Path, result: DenoisedRecording, suffix: str | None = None) -> Path:
    """Write a denoised recording into a folder and return the recording's path.

    Name, channels, units, times, annotations and clean samples of the recording are kept. Written beside it:
    ``intervals.csv`` (one row per interval, with the mean width of the prediction interval), ``bounds.npz``
    (clean signal and bounds of all denoised samples), a figure per interval and ``card.json``.

    Args:
        folder: an empty folder.
        result: the denoised recording.
        suffix: file format, see :func:`diffecg.formats.registry.write_recording`; None: that of the
            recording.
    """
    recording = result.recording
    suffix = output_suffix(recording) if suffix is None else suffix
    leads = [recording.channel_names[row] for row in result.plan.rows]
    comment = f"partly denoised ({', '.join(leads)}): see {CARD}"
    denoised = replace(result.denoised, comments=(*recording.comments, comment))
    path = write_recording(folder / file_name(recording, suffix), denoised)
    _write_bounds(folder / "bounds.npz", result, leads)
    _interval_table(result).to_csv(folder / "intervals.csv", index=False, float_format="%.4f")
    for number, part in enumerate(result.segments[:MAX_FIGURES], start=1):
        save_figure(_figure(result, part, number), folder / f"interval-{number:03d}.png")
    _write_card(folder / CARD, result)
    return path


def _write_bounds(path: Path, result: DenoisedRecording, leads: list[str]) -> None:
    """Write all denoised samples; ``lead`` and ``sample`` tell where each of them lies."""
    parts = result.segments
    places = [np.flatnonzero(part.noisy) for part in parts]
    rows = [result.plan.rows.index(part.segment.row) for part in parts]

    def join(values: list[Float[np.ndarray, " time"]]) -> Float[np.ndarray, " sample"]:
        return np.concatenate([value[place] for value, place in zip(values, places, strict=True)])

    np.savez_compressed(
        path,
        leads=np.array(leads),
        lead=np.repeat(rows, [len(place) for place in places]),
        sample=np.concatenate(
            [part.segment.start + place for part, place in zip(parts, places, strict=True)]
        ),
        signal_mv=join([part.signal_mv for part in parts]),
        lower_mv=join([part.signal_mv - part.half_width_mv for part in parts]),
        upper_mv=join([part.signal_mv + part.half_width_mv for part in parts]),
        fs_hz=result.fs_hz,
    )


def _interval_table(result: DenoisedRecording) -> pd.DataFrame:
    """Return a row for each interval; times in seconds from the first sample, and as the file writes them."""
    recording, fs_hz = result.recording, result.fs_hz
    return pd.DataFrame(
        {
            "lead": recording.channel_names[part.segment.row],
            "start_s": part.segment.start / fs_hz,
            "stop_s": part.segment.stop / fs_hz,
            "start": recording.time.text(part.segment.start / fs_hz),
            "stop": recording.time.text(part.segment.stop / fs_hz),
            "samples": int(part.noisy.sum()),
            "reason": part.segment.reason,
            "removed_rms_mv": np.sqrt(np.nanmean(np.square(part.recorded_mv - part.signal_mv))),
            "mean_interval_width_mv": 2 * part.half_width_mv.mean(),
        }
        for part in result.segments
    )


def _figure(result: DenoisedRecording, part: DenoisedSegment, number: int) -> Figure:
    """Return the figure of an interval, with the recorded signal as a dashed line."""
    segment, recording, fs_hz = part.segment, result.recording, result.fs_hz
    context, most = round(CONTEXT_S * fs_hz), round(MAX_SHOWN_S * fs_hz)
    first, last = max(segment.start - context, 0), min(segment.stop, segment.start + most) + context
    recorded_mv = recording.select([segment.row]).crop(first / fs_hz, last / fs_hz).lead_mv(0)
    inside = slice(segment.start - first, min(segment.stop - first, len(recorded_mv)))
    shown = slice(0, inside.stop - inside.start)

    def inserted(values_mv: Float[np.ndarray, " time"]) -> Float[np.ndarray, " shown"]:
        result_mv = np.array(recorded_mv, dtype=np.float64)
        result_mv[inside] = values_mv[shown]
        return result_mv

    observed = np.ones(len(recorded_mv), dtype=bool)
    observed[inside] = False
    strip = ImputedStrip(
        signal=inserted(part.signal_mv),
        lower=inserted(part.signal_mv - part.half_width_mv),
        upper=inserted(part.signal_mv + part.half_width_mv),
        observed=observed,
        fs_hz=fs_hz,
        start_s=first / fs_hz,
        truth=recorded_mv,
        signal_name="denoised",
        truth_name="recorded",
    )
    lead = recording.channel_names[segment.row]
    return imputed_strip(
        strip, f"{recording.name} {lead}: noisy interval {number}; {result.info['interval']}"
    )


def _write_card(path: Path, result: DenoisedRecording) -> None:
    names = result.recording.channel_names
    card = {
        **result.info,
        "recording": result.recording.name,
        "fs_hz": result.fs_hz,
        "unit": "mV",
        "intervals": [
            {"lead": names[segment.row], "start": segment.start, "stop": segment.stop}
            for segment in result.plan.segments
        ],
        "signal": "mean of the clean signal given the noisy one, estimated by a network",
        "notice": "Partly estimated ECG. Not for diagnosis.",
    }
    path.write_text(json.dumps(card, indent=2) + "\n")
