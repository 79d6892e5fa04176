"""The report on gaps and forecasts: every method on the same hidden true_runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg._version import __version__
from diffecg.evaluation.imputation.baselines import BASELINES, ImputationMethod
from diffecg.evaluation.imputation.cases import (
    CONTEXT_S,
    GAPS_S,
    HORIZON_S,
    PHASE,
    Case,
    Context,
    contexts,
    digest,
    make_manifest,
)
from diffecg.evaluation.imputation.scores import LEVELS, ScoreRow, calibration, case_scores, summary

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A case with what every method made of it."""

    case: Case
    context: Context
    truth_mv: Array
    """(time), in mV."""
    draws_mv: dict[str, Array]
    """By method, (draw time), in mV."""


@dataclass(frozen=True)
class TaskReport:
    """The report on the paired tasks."""

    rows: list[ScoreRow]
    calibration: dict[str, dict[str, list[float]]]
    """By method that draws, and group: for each of ``levels`` the share of samples that the band holds."""
    about: dict[str, Any]
    """Database, recordings, manifest's hash, draws, version."""
    examples: list[Example]
    """The first case of every group."""
    cases: list[Case]

    def to_dict(self) -> dict[str, Any]:
        """Return what ``report.json`` holds."""
        return {
            "about": self.about,
            "rows": [asdict(row) for row in self.rows],
            "calibration": {"levels": LEVELS.round(2).tolist(), **self.calibration},
            "manifest": [asdict(case) for case in self.cases],
        }


def evaluate_tasks(
    folder: Path,
    recordings: Sequence[str],
    models: Mapping[str, ImputationMethod],
    *,
    each: int = 3,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TaskReport:
    """Return the report of models and of the plain methods on hidden true_runs of recordings.

    Args:
        folder: where the WFDB recordings are.
        recordings: names of the recordings.
        models: what to compare with the plain methods, by name.
        each: cases of each group in a recording.
        seed: of the manifest.
        about: what else the report notes: database, split, sampler.
        progress: called with cases done and in all.

    Raises:
        DiffecgError: a recording is missing, unreadable or too short.
    """
    cases = make_manifest(folder, recordings, each=each, seed=seed)
    methods = {**models, **BASELINES}
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    held: dict[tuple[str, str], list[tuple[Array, Array]]] = {}
    examples: dict[str, Example] = {}
    for case, context, truth in contexts(folder, cases, progress=progress):
        drawn = {name: method(context) for name, method in methods.items()}
        for name, draws in drawn.items():
            scores[name].append(case_scores(truth, draws))
            if len(draws) > 1:
                held.setdefault((name, case.group), []).append((truth, draws))
        examples.setdefault(case.group, Example(case, context, truth, drawn))
    if progress is not None:
        progress(len(cases), len(cases))
    curves: dict[str, dict[str, list[float]]] = {}
    for (name, group), pairs in held.items():
        truths, draws_of = zip(*pairs, strict=True)
        curves.setdefault(name, {})[group] = calibration(truths, draws_of).round(4).tolist()
    return TaskReport(
        summary(cases, scores),
        curves,
        {
            **(about or {}),
            "recordings": list(recordings),
            "cases": len(cases),
            "manifest_sha256": digest(cases),
            "manifest_seed": seed,
            "gaps_s": list(GAPS_S),
            "horizon_s": HORIZON_S,
            "forecast_starts": f"{PHASE:g} of the last RR interval after an R peak",
            "context_s": CONTEXT_S,
            "diffecg": __version__,
            "notice": "Not a medical device.",
        },
        list(examples.values()),
        cases,
    )
