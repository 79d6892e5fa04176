"""The comparison of imputation methods on the same cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from diffecg._version import __version__
from diffecg.evaluation.imputation.baselines import BASELINES, Draws, ImputationMethod
from diffecg.evaluation.imputation.cases import (
    CONTEXT_S,
    FORECAST_PHASE,
    GAPS_S,
    HORIZON_S,
    Case,
    Context,
    contexts,
    draw_cases,
    manifest_sha256,
)
from diffecg.evaluation.imputation.scores import (
    CALIBRATION_LEVELS,
    ScoreRow,
    Scores,
    Truth,
    calibration_curve,
    case_scores,
    summarise,
)
from diffecg.evaluation.progress import ProgressCallback

Curves = dict[str, dict[str, list[float]]]
"""Calibration curves by method and group."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """A case with the draws of every method."""

    case: Case
    context: Context
    truth_mv: Truth
    draws_mv: dict[str, Draws]
    """Draws by method."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImputationReport:
    """The comparison of imputation methods."""

    about: dict[str, Any]
    """Database, recordings, hash of the cases, draws and version."""
    rows: list[ScoreRow]
    calibration: Curves
    """Coverage at each of CALIBRATION_LEVELS, for methods with several draws."""
    examples: list[Example]
    """The first case of each group."""
    cases: list[Case]

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``report.json``."""
        return {
            "about": self.about,
            "rows": [asdict(row) for row in self.rows],
            "calibration": {"levels": CALIBRATION_LEVELS.round(2).tolist(), **self.calibration},
            "manifest": [asdict(case) for case in self.cases],
        }


def evaluate_imputation(
    folder: Path,
    recordings: Sequence[str],
    methods: Mapping[str, ImputationMethod],
    *,
    per_group: int = 3,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
    progress: ProgressCallback | None = None,
) -> ImputationReport:
    """Compare imputation methods with each other and with the baselines, on gaps and forecasts.

    Args:
        folder: folder of the WFDB recordings.
        recordings: names of the recordings.
        methods: methods by name; the baselines are added.
        per_group: number of cases of each group in a recording.
        seed: seed of the cases.
        about: further entries of the report's ``about``, such as the database and the models.
        progress: called with the numbers of finished and of all cases.

    Raises:
        DiffecgError: a recording is missing, cannot be read or is too short.
    """
    methods = {**methods, **BASELINES}
    cases = draw_cases(folder, recordings, per_group=per_group, seed=seed)
    scores: dict[str, list[Scores]] = {name: [] for name in methods}
    drawn: dict[tuple[str, str], list[tuple[Truth, Draws]]] = {}
    examples: dict[str, Example] = {}
    for case, context, truth_mv in contexts(folder, cases, progress=progress):
        draws_mv = {name: method(context) for name, method in methods.items()}
        for name, draws in draws_mv.items():
            scores[name].append(case_scores(truth_mv, draws))
            if len(draws) > 1:
                drawn.setdefault((name, case.group), []).append((truth_mv, draws))
        if case.group not in examples:
            examples[case.group] = Example(case=case, context=context, truth_mv=truth_mv, draws_mv=draws_mv)
    return ImputationReport(
        about={**(about or {}), **_about(recordings, cases, seed)},
        rows=summarise(cases, scores),
        calibration=_calibration(drawn),
        examples=list(examples.values()),
        cases=cases,
    )


def _calibration(drawn: Mapping[tuple[str, str], Sequence[tuple[Truth, Draws]]]) -> Curves:
    curves: Curves = {}
    for (name, group), pairs in drawn.items():
        truths, draws = zip(*pairs, strict=True)
        curves.setdefault(name, {})[group] = calibration_curve(truths, draws).round(4).tolist()
    return curves


def _about(recordings: Sequence[str], cases: Sequence[Case], seed: int) -> dict[str, Any]:
    return {
        "recordings": list(recordings),
        "cases": len(cases),
        "manifest_sha256": manifest_sha256(cases),
        "manifest_seed": seed,
        "gaps_s": list(GAPS_S),
        "horizon_s": HORIZON_S,
        "forecast_starts": f"{FORECAST_PHASE:g} of the last RR interval after an R peak",
        "context_s": CONTEXT_S,
        "diffecg": __version__,
        "notice": "Not a medical device.",
    }
