"""What becomes of a recording: repaired, or continued by a forecast; with pictures, tables, a data card."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from diffecg.files import CARD
from diffecg.formats.recording import Recording
from diffecg.formats.registry import file_name, write_recording
from diffecg.formats.scaling import digitise
from diffecg.inference.gaps import Gap
from diffecg.inference.results import Imputation
from diffecg.plotting.figures import imputed_strip_figure, save

CONTEXT_S = 3.0
"""Shown before and after a gap."""
SHOWN_PAST_S = 4.0
"""Of the past, beside a forecast."""
SHOWN_DRAWS = 8
MOST_PICTURES = 20
"""Pictures of the first gaps only: a recording may have thousands."""
MOST_SHOWN_S = 20.0
"""Of a longer gap the picture shows the beginning."""
GAP_OF_TASK = {"impute": "gap", "denoise": "noisy stretch"}
"""What the tasks call what they draw."""


def write_imputed(
    folder: Path,
    recording: Recording,
    rows: Sequence[int],
    drawn: Imputation,
    gaps: Sequence[Gap],
    suffix: str = "",
) -> Path:
    """Write a repaired recording into ``folder`` and return its path.

    The recording keeps its name, leads, units and annotations; all samples that were observed stay what was
    stored. Beside it: ``gaps.csv`` (with the mean width of the band in each gap), ``draws.npz`` (every
    draw of the drawn samples), a picture of each gap, ``card.json``.

    Args:
        folder: an empty folder.
        recording: what was read.
        rows: the leads that were repaired.
        drawn: what ``impute`` or ``denoise`` returned for them, (lead, time).
        gaps: what was drawn, and why.
        suffix: of the format, as :func:`diffecg.formats.registry.write_recording` takes it.
    """
    repaired = recording
    for i, row in enumerate(rows):
        repaired = repaired.with_imputed(row, drawn.signal_mv[i], ~drawn.observed[i])
    names = ", ".join(recording.leads[row] for row in rows)
    comment = f"partly synthetic ({names}): see {CARD}"
    path = write_recording(
        folder / file_name(recording, suffix), replace(repaired, comments=(*recording.comments, comment))
    )
    lead, sample = np.nonzero(~drawn.observed)
    np.savez_compressed(
        folder / "draws.npz",
        leads=np.array([recording.leads[row] for row in rows]),
        lead=lead,
        sample=sample,
        draws_mv=drawn.draws_mv[:, lead, sample],
        lower_mv=drawn.lower_mv[lead, sample],
        upper_mv=drawn.upper_mv[lead, sample],
        seeds=np.array(drawn.seeds),
        fs_hz=drawn.fs_hz,
    )
    place = {row: i for i, row in enumerate(rows)}
    _gap_table(recording, drawn, place, gaps).to_csv(folder / "gaps.csv", index=False, float_format="%.4f")
    context = int(CONTEXT_S * drawn.fs_hz)
    for number, gap in enumerate(gaps[:MOST_PICTURES], start=1):
        last_shown = min(gap.last, gap.first + int(MOST_SHOWN_S * drawn.fs_hz))
        span = slice(max(0, gap.first - context), last_shown + context)
        what = GAP_OF_TASK[drawn.info["task"]]
        title = f"{recording.name} {recording.leads[gap.row]}: {what} {number}, {drawn.band:.0%} band"
        save(
            imputation_figure(drawn.lead(place[gap.row]), span, recording.lead_mv(gap.row), title),
            folder / f"gap-{number:03d}.png",
        )
    _write_card(
        folder,
        recording,
        drawn,
        synthetic_samples=[[recording.leads[gap.row], gap.first, gap.last] for gap in gaps],
    )
    return path


def write_forecast(folder: Path, recording: Recording, row: int, drawn: Imputation, at: int) -> None:
    """Write a forecast into ``folder``.

    A WFDB recording with the mean and the bounds as leads, ``forecast.csv`` (with the truth where the
    recording goes on), ``draws.npz``, a picture and ``card.json``.

    Args:
        folder: an empty folder.
        recording: what was read.
        row: the lead that was forecast.
        drawn: what ``forecast`` returned for that lead, (time).
        at: first sample of the forecast.
    """
    horizon = len(drawn.signal_mv)
    truth = recording.lead_mv(row)[at : at + horizon]
    truth = np.pad(truth, (0, horizon - len(truth)), constant_values=np.nan)
    lead = recording.leads[row]
    series = {"": drawn.signal_mv, " lower": drawn.lower_mv, " upper": drawn.upper_mv}
    forecast = Recording.from_arrays(
        np.stack(list(series.values())),
        recording.fs_hz,
        leads=[lead + suffix for suffix in series],
        name=f"{recording.name}_forecast",
        comments=[f"forecast of {recording.name} from sample {at}, synthetic: see {CARD}"],
    )
    write_recording(folder / file_name(forecast, ""), digitise(forecast, 32, gain=1000.0))
    pd.DataFrame(
        {
            "time_s": (at + np.arange(horizon)) / recording.fs_hz,
            "mean_mv": drawn.signal_mv,
            "lower_mv": drawn.lower_mv,
            "upper_mv": drawn.upper_mv,
            "truth_mv": truth,
        }
    ).to_csv(folder / "forecast.csv", index=False, float_format="%.5f")
    np.savez_compressed(
        folder / "draws.npz",
        draws_mv=drawn.draws_mv,
        seeds=np.array(drawn.seeds),
        fs_hz=drawn.fs_hz,
    )
    title = f"{recording.name} {lead}: forecast from {at / recording.fs_hz:g} s, {drawn.band:.0%} band"
    past_mv = recording.lead_mv(row)[:at][-round(SHOWN_PAST_S * recording.fs_hz) :]
    save(forecast_figure(drawn, past_mv, at, title, truth), folder / "forecast.png")
    _write_card(folder, recording, drawn, synthetic_samples=[[lead, at, at + horizon]])


def forecast_figure(
    drawn: Imputation,
    past_mv: NDArray[np.floating],
    at: int,
    title: str,
    truth_mv: NDArray[np.floating] | None = None,
) -> Figure:
    """Return the picture of a forecast after the past (time) that it was made from."""

    def after_past(future: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.concatenate([past_mv, future])

    return imputed_strip_figure(
        (at - len(past_mv)) / drawn.fs_hz,
        drawn.fs_hz,
        after_past(drawn.signal_mv),
        after_past(drawn.lower_mv),
        after_past(drawn.upper_mv),
        np.arange(len(past_mv) + len(drawn.signal_mv)) < len(past_mv),
        title,
        truth_mv=None if truth_mv is None else after_past(truth_mv),
        draws_mv=[after_past(draw) for draw in drawn.draws_mv[:SHOWN_DRAWS]],
    )


def imputation_figure(
    drawn: Imputation,
    span: slice,
    truth_mv: NDArray[np.floating] | None,
    title: str,
) -> Figure:
    """Return the picture of a stretch of a repaired lead (time)."""
    return imputed_strip_figure(
        span.start / drawn.fs_hz,
        drawn.fs_hz,
        drawn.signal_mv[span],
        drawn.lower_mv[span],
        drawn.upper_mv[span],
        drawn.observed[span],
        title,
        truth_mv=None if truth_mv is None else truth_mv[span],
        draws_mv=[draw[span] for draw in drawn.draws_mv[:SHOWN_DRAWS]],
    )


def _gap_table(
    recording: Recording, drawn: Imputation, place: dict[int, int], gaps: Sequence[Gap]
) -> pd.DataFrame:
    width = drawn.upper_mv - drawn.lower_mv
    return pd.DataFrame(
        [
            (
                recording.leads[gap.row],
                gap.first / drawn.fs_hz,
                gap.last / drawn.fs_hz,
                gap.last - gap.first,
                gap.reason,
                width[place[gap.row], gap.first : gap.last].mean(),
            )
            for gap in gaps
        ],
        columns=["lead", "from_s", "to_s", "samples", "reason", "mean_band_width_mv"],
    )


def _write_card(folder: Path, recording: Recording, drawn: Imputation, **about: Any) -> None:
    card = {
        **drawn.info,
        "recording": recording.name,
        "fs_hz": drawn.fs_hz,
        "unit": "mV",
        **about,
        "signal": "mean of the draws",
        "seeds": list(drawn.seeds),
        "band": drawn.band,
        "notice": "Partly synthetic ECG. Not for diagnosis.",
    }
    (folder / CARD).write_text(json.dumps(card, indent=2) + "\n")
