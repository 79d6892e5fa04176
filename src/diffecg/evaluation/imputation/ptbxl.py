"""The published benchmark of imputation on PTB-XL: 43,960 fixed gaps in lead II of fold 10.

The protocol and the published figures are those of https://github.com/mernan99/ecg-diffusion-imputation
(commit faddfb97, results/final_model_comparison.csv): PTB-XL 1.0.3 at 100 Hz, four lengths, five gaps of each
in a recording, at least one second from its ends; figures are means over gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.signal import find_peaks

from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.baselines import PTBXL_BASELINES, PTBXL_REFERENCE
from diffecg.evaluation.imputation.benchmarks import Benchmark
from diffecg.evaluation.imputation.cases import Case, gap_group, manifest_sha256
from diffecg.evaluation.imputation.contexts import Truth
from diffecg.evaluation.imputation.detection import Peaks, detect_r_peaks, match_peaks
from diffecg.evaluation.imputation.prediction import Prediction
from diffecg.evaluation.imputation.rhythms import UNKNOWN
from diffecg.evaluation.imputation.scores import Scores, coverage_name, gap_scores, r_peak_scores, width_name
from diffecg.evaluation.imputation.summary import Metric

DATABASE_FILE = "ptbxl_database.csv"
TEST_FOLDS = (10,)
LEAD, FS_HZ, SAMPLES = "II", 100, 1000
GAPS = (25, 50, 100, 200)
"""Lengths of the gaps, in samples."""
TRIALS = 5
"""Gaps of each length in a recording."""
MARGIN = 100
"""Smallest distance of a gap from the ends of a recording, in samples."""
SEED = 42
_PEAK_DISTANCE_S, _PEAK_TOLERANCE_S = 0.3, 0.1
_MIN_PROMINENCE_MV, _PROMINENCE = 0.05, 0.5

METRICS: dict[str, Metric] = {
    "RMSE": Metric(score="RMSE of the gap", unit="mV"),
    "MAE": Metric(score="absolute error", unit="mV"),
    "r": Metric(score="correlation"),
    "CRPS": Metric(score="CRPS", unit="mV"),
    "50 % interval coverage": Metric(score=coverage_name(0.5)),
    "50 % interval width": Metric(score=width_name(0.5), unit="mV"),
    "90 % interval coverage": Metric(score=coverage_name(0.9)),
    "90 % interval width": Metric(score=width_name(0.9), unit="mV"),
    "peak F1, published": Metric(score="peak F1 of the gap"),
    "R-peak F1": Metric(score="F1 numerator", per="F1 denominator"),
}
"""Means over gaps; ``peak F1, published`` by the publication's rule, ``R-peak F1`` by this benchmark's."""

_METHODS = ("U-Net (published)", "conditional DDPM (published)")
PUBLISHED = {
    gap_group(gap_s): {
        method: dict(zip(("RMSE", "MAE", "r", "peak F1, published"), figures, strict=True))
        for method, figures in zip(_METHODS, rows, strict=True)
    }
    for gap_s, rows in {
        0.25: ((0.0533, 0.0388, 0.760, 0.778), (0.0418, 0.0287, 0.816, 0.835)),
        0.5: ((0.0666, 0.0440, 0.794, 0.784), (0.0615, 0.0372, 0.815, 0.844)),
        1.0: ((0.0826, 0.0505, 0.737, 0.793), (0.0846, 0.0472, 0.714, 0.841)),
        2.0: ((0.1032, 0.0628, 0.629, 0.736), (0.1103, 0.0622, 0.555, 0.767)),
    }.items()
}
SOURCE = "https://github.com/mernan99/ecg-diffusion-imputation, results/final_model_comparison.csv"


def ptbxl_benchmark(
    folder: Path, *, folds: Sequence[int] = TEST_FOLDS, limit: int | None = None
) -> Benchmark:
    """Return the published benchmark, or the same gaps of other folds for development.

    Args:
        folder: PTB-XL as released: ``ptbxl_database.csv`` and ``records100/``.
        folds: the folds; 10 is the test fold.
        limit: number of gaps of each length, from recordings spread evenly over the folds; None: all.

    Raises:
        DiffecgError: the folder is not PTB-XL, or the limit is not positive.
    """
    cases = draw_gaps(folder, folds)
    if limit is not None:
        cases = _spread(cases, limit)
    return Benchmark(
        name="ptbxl",
        folder=folder,
        cases=cases,
        baselines=PTBXL_BASELINES,
        reference=PTBXL_REFERENCE,
        score=published_scores,
        metrics=METRICS,
        about={
            "folds": list(folds),
            "recordings": len({case.recording for case in cases}),
            "manifest_sha256": manifest_sha256(cases),
            "manifest_seed": SEED,
            "gaps_s": [gap / FS_HZ for gap in GAPS],
            "context": "lead II outside the gap, 10 s in all",
            "limit": limit,
        },
        shows_other_leads=False,
        published=PUBLISHED if tuple(folds) == TEST_FOLDS else {},
        source=SOURCE,
    )


def draw_gaps(folder: Path, folds: Sequence[int]) -> list[Case]:
    """Return the gaps of the published protocol, in the order in which they are drawn.

    Args:
        folder: PTB-XL as released.
        folds: the folds; the generator runs through the recordings in the order of ``ptbxl_database.csv``.

    Raises:
        DiffecgError: the folder is not PTB-XL, or has no recording of these folds.
    """
    table = folder / DATABASE_FILE
    if not table.is_file():
        raise DiffecgError(f"{folder} is not PTB-XL as released: {DATABASE_FILE} is missing")
    database = pd.read_csv(table, usecols=["filename_lr", "strat_fold"])
    names = database.loc[database["strat_fold"].isin(list(folds)), "filename_lr"].tolist()
    if not names:
        raise DiffecgError(f"PTB-XL has no recording of the folds {list(folds)}; choose from 1 to 10")
    rng = np.random.default_rng(SEED)
    return [
        Case(
            recording=name,
            lead=LEAD,
            group=gap_group(gap / FS_HZ),
            rhythm=UNKNOWN,
            start=int(rng.integers(MARGIN, SAMPLES - MARGIN - gap + 1)),
            length=gap,
            forecast=False,
        )
        for name in names
        for gap in GAPS
        for _ in range(TRIALS)
    ]


def published_scores(truth: Truth, prediction: Prediction) -> Scores:
    """Return the scores of a gap, with the F1 score of peaks by the publication's rule and by ours."""
    repaired_mv = truth.repaired_mv(prediction.written_mv)
    return {
        **gap_scores(truth.gap_mv, prediction),
        **r_peak_scores(truth, detect_r_peaks(repaired_mv, truth.fs_hz)),
        "peak F1 of the gap": peak_f1(truth, repaired_mv),
    }


def peak_f1(truth: Truth, repaired_mv: Float[np.ndarray, " around"]) -> float:
    """Return the F1 score of the peaks in a gap by the publication's rule; NaN if there is none.

    A peak is a local extremum of the deviation from the median, at least 0.3 s from others and with a
    prominence of at least half the standard deviation and 0.05 mV. Peaks in the gap agree within 0.1 s.
    """
    gap = truth.gap
    true, found = (
        peaks[(peaks >= gap.start) & (peaks < gap.stop)]
        for peaks in (_extrema(truth.around_mv, truth.fs_hz), _extrema(repaired_mv, truth.fs_hz))
    )
    if not len(true):
        return np.nan
    hits = len(match_peaks(true, found, round(_PEAK_TOLERANCE_S * truth.fs_hz))[0])
    return 2 * hits / (len(true) + len(found))


def _extrema(signal_mv: Float[np.ndarray, " time"], fs_hz: float) -> Peaks:
    prominence = max(_PROMINENCE * float(np.std(signal_mv)), _MIN_PROMINENCE_MV)
    deviation = np.abs(signal_mv - np.median(signal_mv))
    return find_peaks(deviation, distance=round(_PEAK_DISTANCE_S * fs_hz), prominence=prominence)[0]


def _spread(cases: Sequence[Case], limit: int) -> list[Case]:
    """Return ``limit`` cases of each length, from recordings at equal distances in the list."""
    if limit < 1:
        raise DiffecgError(f"{limit} gaps of each length are none; use at least 1")
    recordings = list(dict.fromkeys(case.recording for case in cases))
    needed = min(-(-limit // TRIALS), len(recordings))
    chosen = {recordings[i * len(recordings) // needed] for i in range(needed)}
    kept = []
    for gap in GAPS:
        of_length = (case for case in cases if case.recording in chosen and case.length == gap)
        kept += list(islice(of_length, limit))
    order = {case: number for number, case in enumerate(cases)}
    return sorted(kept, key=order.__getitem__)
