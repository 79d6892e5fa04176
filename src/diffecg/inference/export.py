"""Write imputed and forecast recordings with figures, tables, draws and a data card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure

from diffecg.files import CARD
from diffecg.formats.recording import Recording
from diffecg.formats.registry import file_name, output_suffix, write_recording
from diffecg.formats.scaling import digitise
from diffecg.inference.gap_notes import (
    describe_part,
    describe_written,
    gap_notes,
    interval_width,
    is_interpolated,
    write_with_notes,
)
from diffecg.inference.kind_signals import read_signals
from diffecg.inference.planning import ForecastPlan
from diffecg.inference.recordings import SHOWN_SEGMENTS, ImputedRecording
from diffecg.inference.results import ARRAYS, Imputation, name_with_unit
from diffecg.plotting.signals import Companion, ImputedStrip, imputed_strip, save_figure

CONTEXT_S = 3.0
"""Observed signal in the figure of a gap, before and after it."""
PAST_S = 4.0
"""Observed signal in the figure of a forecast."""
MAX_DRAWS_SHOWN = 8
MAX_COMPANIONS = 3
"""Other signals in the figure of a gap."""
MAX_FIGURES = SHOWN_SEGMENTS
"""Figures of the first gaps only; a recording may have thousands."""
MAX_GAP_SHOWN_S = 20.0
"""Figures of longer gaps are cut off here."""
FORECAST_SIGNALS = "representative of the draws, mean, bounds of the prediction interval"


def write_imputed(folder: Path, result: ImputedRecording, suffix: str | None = None) -> Path:
    """Write an imputed recording into a folder and return the recording's path.

    Name, channels, units, times, annotations and observed samples of the recording are kept. An annotation at
    each segment states what was written there: of a WFDB record in the annotation file ``NAME.imputed``, else
    in ``NAME_annotations.csv``. Written beside it: ``gaps.csv`` (one row per segment, also of those that are
    too long, with what was written and the mean width of the prediction interval), ``draws.npz`` (all draws
    of the imputed samples), a figure per segment and ``card.json``.

    Args:
        folder: an empty folder.
        result: the imputed intervals.
        suffix: file format, see :func:`diffecg.formats.registry.write_recording`; None: that of the
            recording.
    """
    recording, plan = result.recording, result.plan
    suffix = output_suffix(recording) if suffix is None else suffix
    leads = [recording.channel_names[row] for row in plan.rows]
    comment = f"partly synthetic ({', '.join(leads)}): see {CARD}"
    imputed = replace(result.imputed, comments=(*recording.comments, comment))
    path = write_with_notes(folder / file_name(recording, suffix), imputed, gap_notes(result))
    _write_draws(folder / "draws.npz", result)
    _gap_table(result).to_csv(folder / "gaps.csv", index=False, float_format="%.4f")
    _save_gap_figures(folder, result)
    intervals = [
        {
            "lead": recording.channel_names[part.segment.row],
            "start": part.segment.start,
            "stop": part.segment.stop,
            name_with_unit("mean_interval_width", result.units): round(interval_width(part), 4),
            "unit": part.imputation.units[0],
        }
        for part in result.parts
    ]
    skipped = [
        {"lead": recording.channel_names[one.row], "start": one.start, "stop": one.stop}
        for one in plan.skipped
    ]
    card: dict[str, Any] = {"written": describe_written(result), "intervals": intervals, "too_long": skipped}
    card["unit"] = ", ".join(dict.fromkeys(result.units))
    if "interpolated_gaps" in result.first.info:
        card["interpolated_gaps"] = sum(is_interpolated(part) for part in result.parts)
    _write_card(folder, recording, result.first, card)
    return path


def _write_draws(path: Path, result: ImputedRecording) -> None:
    """Write the draws of all imputed samples; ``lead`` and ``sample`` tell where each column lies.

    Names state the unit, such as ``draws_mv``, if all leads share it; ``units`` has that of each lead.
    """
    leads, samples, parts = [], [], []
    for imputed in result.parts:
        first, part = imputed.part()
        leads.append(np.full(len(part.observed), result.plan.rows.index(imputed.segment.row)))
        samples.append(first + np.arange(len(part.observed)))
        parts.append(part)
    arrays: dict[str, Any] = {
        name_with_unit(name, result.units): np.concatenate([getattr(part, name) for part in parts], axis=-1)
        for name in ARRAYS
    }
    np.savez_compressed(
        path,
        leads=np.array([result.recording.channel_names[row] for row in result.plan.rows]),
        lead=np.concatenate(leads),
        sample=np.concatenate(samples),
        units=np.array(result.units),
        **arrays,
        seeds=np.array(result.first.seeds),
        fs_hz=result.first.fs_hz,
    )


def write_forecast(folder: Path, recording: Recording, plan: ForecastPlan, forecast: Imputation) -> None:
    """Write a forecast into a folder.

    Writes a WFDB record with the representative of the draws, mean, lower and upper bound as signals,
    ``forecast.csv`` (with the recorded samples where the recording continues), ``draws.npz``, a figure and
    ``card.json``.

    Args:
        folder: an empty folder.
        recording: the recording that was read.
        plan: lead and start of the forecast.
        forecast: result for that lead, axes (time).
    """
    horizon, start, lead = len(forecast.signal), plan.start, recording.channel_names[plan.row]
    fs_hz = forecast.fs_hz
    first = max(start - round(PAST_S * fs_hz), 0)
    last = min(start + horizon, recording.source.lengths[plan.row])
    (around,) = read_signals(recording, [plan.row], fs_hz, first, last)
    past, recorded = around[: start - first], around[start - first :]
    recorded = np.pad(recorded, (0, horizon - len(recorded)), constant_values=np.nan)
    bounds = Recording.from_arrays(
        np.stack([forecast.signal, forecast.mean, forecast.lower, forecast.upper]),
        fs_hz,
        channel_names=[lead, f"{lead} mean", f"{lead} lower", f"{lead} upper"],
        units=[*forecast.units] * 4,
        name=f"{recording.name}_forecast",
        comments=[f"forecast of {recording.name} from sample {start}, synthetic: see {CARD}"],
    )
    write_recording(folder / file_name(bounds, ""), digitise(bounds, 32, gain=1000.0))
    columns = {
        "draw": forecast.signal,
        "mean": forecast.mean,
        "lower": forecast.lower,
        "upper": forecast.upper,
        "recorded": recorded,
    }
    table = {
        "time_s": (start + np.arange(horizon)) / fs_hz,
        **{name_with_unit(name, forecast.units): values for name, values in columns.items()},
    }
    pd.DataFrame(table).to_csv(folder / "forecast.csv", index=False, float_format="%.5f")
    np.savez_compressed(
        folder / "draws.npz",
        **{name_with_unit(name, forecast.units): getattr(forecast, name) for name in ARRAYS},
        seeds=np.array(forecast.seeds),
        fs_hz=forecast.fs_hz,
    )
    title = f"{recording.name} {lead}: forecast from {start / fs_hz:g} s"
    save_figure(forecast_figure(forecast, past, start, title, recorded), folder / "forecast.png")
    interval = {"lead": lead, "start": start, "stop": start + horizon}
    _write_card(folder, recording, forecast, {"written": FORECAST_SIGNALS, "intervals": [interval]})


def forecast_figure(
    forecast: Imputation,
    past: Float[np.ndarray, " past"],
    start: int,
    title: str,
    recorded: Float[np.ndarray, " horizon"] | None = None,
) -> Figure:
    """Return the figure of a forecast of one lead.

    Args:
        forecast: the forecast, axes (time).
        past: the samples before it.
        start: first sample of the forecast, counted from the start of the recording.
        title: title of the figure, to which the coverage is added.
        recorded: the samples that were recorded; NaN or None = unknown.
    """

    def after_past(future: Float[np.ndarray, " horizon"]) -> Float[np.ndarray, " time"]:
        return np.concatenate([past, future])

    strip = ImputedStrip(
        signal=after_past(forecast.signal),
        mean=after_past(forecast.mean),
        lower=after_past(forecast.lower),
        upper=after_past(forecast.upper),
        observed=np.arange(len(past) + len(forecast.signal)) < len(past),
        fs_hz=forecast.fs_hz,
        unit=forecast.units[0],
        start_s=(start - len(past)) / forecast.fs_hz,
        truth=None if recorded is None else after_past(recorded),
        draws=[after_past(draw) for draw in forecast.draws[:MAX_DRAWS_SHOWN]],
    )
    return imputed_strip(strip, _with_coverage(title, forecast))


def imputation_figure(
    imputation: Imputation,
    start: int,
    recorded: Float[np.ndarray, " time"] | None,
    title: str,
    companions: Sequence[Companion] = (),
) -> Figure:
    """Return the figure of an interval of one imputed lead.

    Args:
        imputation: the interval of the imputed lead, axes (time).
        start: its first sample, counted from the start of the recording.
        recorded: the samples that were recorded; NaN or None = unknown.
        title: title of the figure, to which the coverage is added.
        companions: other signals of the recording, to show below.
    """
    strip = ImputedStrip(
        signal=imputation.signal,
        companions=companions,
        mean=imputation.mean,
        lower=imputation.lower,
        upper=imputation.upper,
        observed=imputation.observed,
        fs_hz=imputation.fs_hz,
        unit=imputation.units[0],
        start_s=start / imputation.fs_hz,
        truth=recorded,
        draws=list(imputation.draws[:MAX_DRAWS_SHOWN]),
    )
    return imputed_strip(strip, _with_coverage(title, imputation))


def _with_coverage(title: str, imputation: Imputation) -> str:
    return f"{title}; {len(imputation.seeds)} draws, {imputation.interval_name}"


def _save_gap_figures(folder: Path, result: ImputedRecording) -> None:
    recording, fs_hz = result.recording, result.first.fs_hz
    for number, imputed in enumerate(result.parts[:MAX_FIGURES], start=1):
        segment = imputed.segment
        first, part = imputed.part(round(CONTEXT_S * fs_hz))
        part = part.between(0, round((2 * CONTEXT_S + MAX_GAP_SHOWN_S) * fs_hz))
        last = first + len(part.observed)
        others = [row for row in result.plan.input_rows if row != segment.row][:MAX_COMPANIONS]
        recorded, *beside = read_signals(recording, [segment.row, *others], fs_hz, first, last)
        companions = [
            Companion(name=recording.channel_names[row], signal=signal)
            for row, signal in zip(others, beside, strict=True)
        ]
        title = f"{recording.name} {recording.channel_names[segment.row]}: gap {number}"
        figure = imputation_figure(part, first, recorded, title, companions)
        save_figure(figure, folder / f"gap-{number:03d}.png")


def _gap_table(result: ImputedRecording) -> pd.DataFrame:
    """Return a row for each segment; times in seconds from the first sample, and as the file writes them."""
    widths = {part.segment: interval_width(part) for part in result.parts}
    written = {part.segment: describe_part(result, part) for part in result.parts}
    recording, fs_hz = result.recording, result.first.fs_hz
    units = {part.segment: part.imputation.units[0] for part in result.parts}
    width = name_with_unit("mean_interval_width", result.units)
    rows = [
        {
            "lead": recording.channel_names[segment.row],
            "start_s": segment.start / fs_hz,
            "stop_s": segment.stop / fs_hz,
            "start": recording.time.text(segment.start / fs_hz),
            "stop": recording.time.text(segment.stop / fs_hz),
            "samples": segment.stop - segment.start,
            "reason": segment.reason,
            "written": written.get(segment, "nothing: longer than --max-gap"),
            width: widths.get(segment),
            "unit": units.get(segment),
        }
        for segment in sorted(
            [*result.plan.segments, *result.plan.skipped], key=lambda one: (one.row, one.start)
        )
    ]
    return pd.DataFrame(rows)


def _write_card(folder: Path, recording: Recording, imputation: Imputation, what: dict[str, Any]) -> None:
    card = {
        **imputation.info,
        "recording": recording.name,
        "fs_hz": imputation.fs_hz,
        "unit": imputation.units[0],
        **what,
        "seeds": list(imputation.seeds),
        "notice": "Partly synthetic ECG. Not for diagnosis.",
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")
