"""The comparison of imputation methods on the same cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from diffecg.evaluation.imputation.benchmarks import Benchmark
from diffecg.evaluation.imputation.cases import Case
from diffecg.evaluation.imputation.contexts import Truth
from diffecg.evaluation.imputation.prediction import Prediction
from diffecg.evaluation.imputation.scores import CALIBRATION_LEVELS
from diffecg.evaluation.imputation.summary import MethodScores, calibration_curves

MEDIAN, WORST = "median", "worst"
"""Which case of a group is shown."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """A case with the prediction of every method, from one lead."""

    case: Case
    kind: str
    """MEDIAN or WORST of its group and rhythm, by the error of one method."""
    truth: Truth
    predictions: Mapping[str, Prediction]
    """Predictions by method."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImputationReport:
    """The comparison of imputation methods."""

    about: Mapping[str, Any]
    """Database, recordings, hash of the cases, draws and version."""
    benchmark: Benchmark
    rows: list[MethodScores]
    scores: pd.DataFrame
    """Scores of each case; see :func:`diffecg.evaluation.imputation.summary.summarise`."""
    examples: list[Example]
    """The median and the worst case of each group and rhythm."""
    chosen_by: str
    """Method by whose error these are the median and the worst."""

    @cached_property
    def calibration(self) -> dict[str, dict[str, list[float]]]:
        """Coverage at each of CALIBRATION_LEVELS, by method and group, for methods with intervals."""
        return calibration_curves(self.benchmark.cases, self.scores)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of ``report.json``."""
        return {
            "about": dict(self.about),
            "reference": self.benchmark.reference,
            "rows": [asdict(row) for row in self.rows],
            "published": {"source": self.benchmark.source, "groups": self.benchmark.published},
            "calibration": {"levels": CALIBRATION_LEVELS.tolist(), **self.calibration},
            "manifest": [asdict(case) for case in self.benchmark.cases],
        }
