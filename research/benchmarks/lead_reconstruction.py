"""``python -m research lead-reconstruction``: missing leads of PTB-XL by the model and by baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from cyclopts import Parameter
from jaxtyping import Float

from diffecg.cli.console import Threads, use_threads
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.inference.lead_reconstruction import reconstruct_leads
from diffecg.inference.lead_sampling import LeadSampler
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.options import DrawOptions
from diffecg.signal.baseline import remove_baseline
from diffecg.signal.limb_leads import INDEPENDENT_LEADS
from diffecg.signal.rpeaks import r_peaks_by_velocity, r_peaks_of_leads
from research.benchmarks.lead_methods import GaussianBeats, Leads, LinearRegression, Records
from research.tables import markdown_table

GIVEN = (("I",), ("I", "II"), ("I", "II", "V2"))
"""The sets of given leads."""
LAGS = 8
FS_HZ = 100.0
TRAINING_FOLDS = range(1, 9)
HEAD = ("given", "method", "r", "RMSE, mV", "90 % interval: coverage", "width, mV")


@dataclass(kw_only=True)
class Score:
    """Figures of a method, one for each missing lead of each record."""

    r: list[float] = field(default_factory=list)
    squared_error: list[float] = field(default_factory=list)
    """Mean squared error, in mV squared."""
    coverage: list[float] = field(default_factory=list)
    width_mv: list[float] = field(default_factory=list)

    def add(self, estimate_mv: Leads, recorded_mv: Leads, bounds_mv: Sequence[Leads] = ()) -> None:
        """Add the leads of a record; flat ones have no correlation and are left out of it.

        Args:
            estimate_mv: estimated missing leads.
            recorded_mv: the same leads as they were recorded.
            bounds_mv: bounds of the 90 % interval, if there is one.
        """
        for estimate, recorded in zip(estimate_mv, recorded_mv, strict=True):
            self.squared_error.append(float(np.square(estimate - recorded).mean()))
            if estimate.std() > 0 and recorded.std() > 0:
                self.r.append(float(np.corrcoef(estimate, recorded)[0, 1]))
        if bounds_mv:
            lower, upper = bounds_mv
            self.coverage.append(float(((recorded_mv >= lower) & (recorded_mv <= upper)).mean()))
            self.width_mv.append(float((upper - lower).mean()))

    def row(self, given: Sequence[str], method: str) -> tuple[str, ...]:
        """Return the row of a table."""
        interval = ("–", "–")
        if self.coverage:
            interval = (f"{100 * np.mean(self.coverage):.1f} %", f"{np.mean(self.width_mv):.2f}")
        rmse = np.sqrt(np.mean(self.squared_error))
        return ", ".join(given), method, f"{np.mean(self.r):.3f}", f"{rmse:.3f}", *interval


def lead_reconstruction(
    ptbxl: Annotated[Path, Parameter(help="PTB-XL as released, with records100/.")],
    /,
    *,
    out: Path,
    model: str = "ptbxl-beat",
    fold: int = 9,
    every: int = 4,
    train_every: int = 4,
    draws: int = 16,
    threads: Threads = 1,
) -> None:
    """Reconstruct missing leads of PTB-XL from one, two or three given ones.

    Example: python -m research lead-reconstruction ptbxl/ --out leads.md

    All records are high-passed at 0.5 Hz. r is the mean over records and missing leads (of I, II, V1 to V6),
    RMSE the root of their mean squared error. R peaks are found in the given leads. Where those of all leads
    are used, which is not possible in practice, the position of a beat depends on the missing leads.
    The model leaves out records in whose given leads no beat is found.

    Args:
        out: Markdown file to write.
        model: Bundled name or model folder.
        fold: Fold to measure: 9 for choices, 10 for results.
        every: Measure every n-th record.
        train_every: Train the baselines on every n-th record of folds 1 to 8.
        draws: Draws of the model.
    """
    use_threads(threads)
    records = read_records(ptbxl, [fold], every)
    training = read_records(ptbxl, TRAINING_FOLDS, train_every)
    loaded = load(model)
    rows: list[tuple[str, ...]] = []
    for given in GIVEN:
        for method, score in scores(records, training, given, loaded, draws):
            rows.append(score.row(given, method))
            note = (
                f"PTB-XL fold {fold}, {len(records)} records; baselines trained on {len(training)} records; "
                f"{loaded.name}, {draws} draws."
            )
            out.write_text(f"{note}\n\n{markdown_table(HEAD, rows)}")


def scores(
    records: Records, training: Records, given: Sequence[str], model: Model, draws: int
) -> Iterator[tuple[str, Score]]:
    """Yield each method and its figures for a set of given leads."""
    rows = [INDEPENDENT_LEADS.index(lead) for lead in given]
    missing = [row for row in range(len(INDEPENDENT_LEADS)) if row not in rows]

    def of_given(record: Leads) -> np.ndarray:
        return r_peaks_by_velocity(record[rows], FS_HZ)

    def of_all(record: Leads) -> np.ndarray:
        return r_peaks_of_leads(record, FS_HZ)

    window = model.config.window
    baselines: dict[str, Callable[[], Callable[[Leads], Leads]]] = {
        "linear, per sample": lambda: LinearRegression(training, rows, 0),
        f"linear, {LAGS} lags either side": lambda: LinearRegression(training, rows, LAGS),
        "Gaussian distribution of beats": lambda: GaussianBeats(training, rows, window, of_given),
        "the same, R peaks of all leads": lambda: GaussianBeats(training, rows, window, of_all),
    }
    for name, train in baselines.items():
        method, score = train(), Score()
        for record in records:
            score.add(method(record)[missing], record[missing])
        yield name, score
    mean, mean_of_draws, one_draw, aligned = Score(), Score(), Score(), Score()
    observed = np.isin(np.arange(len(INDEPENDENT_LEADS)), rows)[:, None].repeat(records.shape[2], axis=1)
    wanted = [INDEPENDENT_LEADS[row] for row in missing]
    for record in records:
        recording = Recording.from_arrays(record[rows], FS_HZ, channel_names=given)
        try:
            result = reconstruct_leads(model, recording, wanted, DrawOptions(draws=draws))
        except DiffecgError:  # no beat was found
            continue
        place = [result.leads.index(lead) for lead in wanted]
        recorded = record[missing]
        mean.add(result.mean_mv[place], recorded, [result.lower_mv[place], result.upper_mv[place]])
        mean_of_draws.add(result.draws_mv.mean(axis=0)[place], recorded)
        one_draw.add(result.draws_mv[0][place], recorded)
        known = LeadSampler(
            denoiser=model.denoiser, signal_mv=record, observed=observed, peaks=of_all(record), max_shift_s=0
        )
        aligned.add(known.mean()[0][missing], recorded)
    yield f"{model.name}, mean", mean
    yield "the same, R peaks of all leads", aligned
    yield f"{model.name}, mean of {draws} draws", mean_of_draws
    yield f"{model.name}, one draw", one_draw


def read_records(folder: Path, folds: Sequence[int], every: int) -> Float[np.ndarray, "record lead time"]:
    """Return every n-th record of some folds, without baseline wander, in mV; missing samples are zero."""
    table = pd.read_csv(folder / "ptbxl_database.csv")
    names = table.filename_lr[table.strat_fold.isin(folds)].iloc[::every]
    signals = [_read(folder / name) for name in names]
    return remove_baseline(np.stack(signals), FS_HZ)


def _read(path: Path) -> Leads:
    recording = read_recording(path, leads=INDEPENDENT_LEADS)
    return np.nan_to_num(recording.signal_mv)
