"""The two benchmarks: gaps and forecasts in annotated recordings, and the published gaps of PTB-XL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from diffecg.evaluation.imputation.baselines import BASELINES, REFERENCE
from diffecg.evaluation.imputation.cases import (
    FORECAST_PHASE,
    GAPS_S,
    HORIZON_S,
    Case,
    draw_cases,
    first_cases,
    manifest_sha256,
)
from diffecg.evaluation.imputation.contexts import Truth
from diffecg.evaluation.imputation.prediction import Method, Prediction
from diffecg.evaluation.imputation.scores import Scores, recording_scores
from diffecg.evaluation.imputation.summary import METRICS, Metric

PublishedScores = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Published figures, by group, method and metric."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Benchmark:
    """Cases, the baselines that are run on them, and how all methods are scored."""

    name: str
    folder: Path
    """Folder of the recordings."""
    cases: Sequence[Case]
    baselines: Mapping[str, Method]
    reference: str
    """Baseline that errors are divided by."""
    score: Callable[[Truth, Prediction], Scores]
    """Scores a prediction; a function of a module, as worker processes import it."""
    metrics: Mapping[str, Metric]
    about: Mapping[str, Any]
    """What the cases are, for the report."""
    shows_other_leads: bool = True
    """Whether there are rows in which the other leads are observed."""
    published: PublishedScores = field(default_factory=dict)
    """Figures of others on the same cases."""
    source: str = ""
    """Where the published figures are from."""


def recordings_benchmark(
    folder: Path, recordings: Sequence[str], *, per_group: int = 7, seed: int = 0
) -> Benchmark:
    """Return the benchmark on gaps and forecasts in recordings; a method may use all that is outside the gap.

    Args:
        folder: folder of the recordings.
        recordings: names of the recordings.
        per_group: number of cases of each length in a recording.
        seed: seed of the cases.

    Raises:
        DiffecgError: a recording is missing, cannot be read or is too short.
    """
    cases = draw_cases(folder, recordings, per_group=per_group, seed=seed)
    return Benchmark(
        name="recordings",
        folder=folder,
        cases=cases,
        baselines=BASELINES,
        reference=REFERENCE,
        score=recording_scores,
        metrics=METRICS,
        about={
            "recordings": list(recordings),
            "manifest_sha256": manifest_sha256(cases),
            "manifest_sha256_of_first_cases": manifest_sha256(first_cases(cases)),
            "manifest_seed": seed,
            "gaps_s": list(GAPS_S),
            "horizon_s": HORIZON_S,
            "forecast_starts": f"{FORECAST_PHASE:g} of the last RR interval after an R peak",
            "context": "the whole recording outside the gap; forecasts: the whole past",
        },
    )
