"""``python -m research leads``: imputation and forecasting with one, two and eight leads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from jaxtyping import Float

from diffecg.cli.console import Threads, progress_bar, use_threads
from diffecg.evaluation.imputation.ptbxl import FS_HZ, MARGIN, SAMPLES, draw_gaps
from diffecg.files import write_atomic
from diffecg.formats.registry import read_recording
from diffecg.inference.imputer import Imputer
from diffecg.inference.imputer_loading import load_imputer
from research.tables import Table, format_number, markdown

TARGET = "II"
GAPS_S, HORIZON_S = (0.5, 1.0, 2.0), 1.0
DRAWS = 16
LEADS = {
    "1 lead: II": ("II",),
    "2 leads: II, V2": ("II", "V2"),
    "8 leads": ("II", "I", "V1", "V2", "V3", "V4", "V5", "V6"),
}
"""Leads that the imputer is given; the first is scored."""
MISSING = {"in lead II": slice(0, 1), "in all leads": slice(None)}
"""Leads in which the gap is."""
PAST_S = 7.0
"""Past of a forecast, in s."""


def leads(
    data: Annotated[Path, Parameter(help="PTB-XL as released.")],
    /,
    *,
    out: Path,
    model: str = "mitbih-strip",
    fold: int = 9,
    count: int = 200,
    threads: Threads = 1,
) -> None:
    """Impute and forecast lead II with one, two and eight leads of the same recordings.

    Example: python -m research leads ptb-xl/ --out leads.md

    Gaps are missing in lead II alone, or in all leads at once; forecasts are of all leads. Figures are means
    over gaps of the root mean square error in lead II, and of the coverage of the 90 % interval.

    Args:
        out: Markdown file to write.
        model: A model that imputes and forecasts, or analogues.
        fold: Fold of PTB-XL.
        count: Number of recordings, evenly spread over the fold.
    """
    use_threads(threads)
    imputer = load_imputer(model)
    names = list(dict.fromkeys(case.recording for case in draw_gaps(data, [fold])))
    names = names[:: max(1, len(names) // count)][:count]
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with progress_bar("leads") as progress:
        for number, name in enumerate(names):
            for key, score in score_recording(imputer, read_leads(data / name), seed=number).items():
                scores.setdefault(key, []).append(score)
            progress(number + 1, len(names))
    table = Table(
        title="One lead against two and eight",
        note=f"{model}, {len(names)} recordings of fold {fold}, one gap of each kind in a recording: RMSE in "
        f"lead II in mV, coverage of the 90 % interval; {DRAWS} draws.",
        head=("task", *LEADS),
        rows=[
            (task, *(_cell(scores.get((task, given), [])) for given in LEADS))
            for task in dict.fromkeys(task for task, _ in scores)
        ],
    )
    write_atomic(out, markdown([table]).encode())


def read_leads(path: Path) -> Float[np.ndarray, "lead time"]:
    """Return the leads of a recording in the order of the eight, in mV."""
    recording = read_recording(path)
    rows = [recording.channel_index(lead) for lead in LEADS["8 leads"]]
    return recording.select(rows).signal_mv


def score_recording(
    imputer: Imputer, signal_mv: Float[np.ndarray, "lead time"], *, seed: int
) -> Mapping[tuple[str, str], tuple[float, float]]:
    """Return RMSE and coverage in lead II by task and given leads; the gaps follow from the seed."""
    rng, order = np.random.default_rng(seed), LEADS["8 leads"]
    scores = {}
    for gap_s in GAPS_S:
        length = round(gap_s * FS_HZ)
        start = int(rng.integers(MARGIN, SAMPLES - MARGIN - length + 1))
        gap = slice(start, start + length)
        for where, rows in MISSING.items():
            for given, names in LEADS.items():
                chosen = signal_mv[[order.index(name) for name in names]].copy()
                chosen[rows, gap] = np.nan
                wanted = np.isnan(chosen) & (np.arange(len(chosen)) == 0)[:, None]
                found = imputer.impute(chosen, FS_HZ, wanted=wanted, axes="lead time", draws=DRAWS, seed=seed)
                bounds = found.lower_mv[0, gap], found.signal_mv[0, gap], found.upper_mv[0, gap]
                scores[f"gap of {gap_s:g} s {where}", given] = _score(signal_mv[0, gap], *bounds)
    past = round(PAST_S * FS_HZ)
    future = slice(past, past + round(HORIZON_S * FS_HZ))
    for given, names in LEADS.items():
        chosen = signal_mv[[order.index(name) for name in names], :past]
        found = imputer.forecast(chosen, FS_HZ, horizon_s=HORIZON_S, axes="lead time", draws=DRAWS, seed=seed)
        bounds = found.lower_mv[0], found.signal_mv[0], found.upper_mv[0]
        scores[f"forecast of {HORIZON_S:g} s", given] = _score(signal_mv[0, future], *bounds)
    return scores


def _score(
    truth_mv: Float[np.ndarray, " time"],
    lower_mv: Float[np.ndarray, " time"],
    mean_mv: Float[np.ndarray, " time"],
    upper_mv: Float[np.ndarray, " time"],
) -> tuple[float, float]:
    error = float(np.sqrt(np.square(mean_mv - truth_mv).mean()))
    return error, float(((lower_mv <= truth_mv) & (truth_mv <= upper_mv)).mean())


def _cell(scores: list[tuple[float, float]]) -> str:
    error, coverage = np.mean(scores, axis=0) if scores else (np.nan, np.nan)
    return f"{format_number(error, 4)} / {format_number(coverage)}"
