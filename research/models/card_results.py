"""The main results of the reports in docs/reports, as the Hugging Face hub indexes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from diffecg.evaluation.imputation.summary import ALL, ONE_LEAD
from diffecg.files import read_json
from diffecg.training.card_fields import Result
from research.repository import REPORTS

GENERATION = "generation"
VALIDATION = "MIT-BIH Arrhythmia Database, split strict, partition validation"
DS2 = "MIT-BIH Arrhythmia Database, DS2"
CLASSIFIERS = ("residual CNN", "recurrent", "boosted features + RR")
FIDELITY = {"Fréchet, encoder": "frechet_distance", "precision": "precision", "coverage": "coverage"}
GAP_METRICS = {
    "RMSE": ("rmse", "RMSE (mV)"),
    "CRPS": ("crps", "CRPS (mV)"),
    "90 % interval coverage": ("interval_coverage", "90 % interval coverage"),
}


def report_results(model: str) -> list[Result]:
    """Return the main results of the reports of a model; none where there is no report that is known."""
    return [
        result
        for path in sorted((REPORTS / model).glob("*.json"))
        for result in _results(model, read_json(path))
    ]


def _results(model: str, report: Mapping[str, Any]) -> list[Result]:
    """Return the main results of a report of any kind."""
    if "cells" in report:
        return two_database_results(model, report["cells"])
    if "gap_rows" in report:
        return monitor_results(report["about"]["partition"], report["gap_rows"])
    if "measures" in report:
        return lead_results(report["about"]["fold"], report["measures"])
    return gap_results(model, report["rows"]) if "calibration" in report else beat_results(report["rows"])


def beat_results(rows: Iterable[Mapping[str, Any]]) -> list[Result]:
    """Return fidelity on the validation partition, and the utility for classifiers on DS2."""
    values = {row["metric"]: row["value"] for row in rows if row["label"] == "all"}
    fidelity = {(kind, metric): values[metric] for metric, kind in FIDELITY.items()}
    utility = [f"TSTR, {classifier}, macro-F1" for classifier in CLASSIFIERS]
    return [
        Result(task=GENERATION, dataset="mitdb", data=VALIDATION, metrics=fidelity),
        Result(
            task="training of classifiers",
            dataset="mitdb",
            data=DS2,
            metrics={("f1", metric): values[metric] for metric in utility},
        ),
    ]


def two_database_results(model: str, cells: Mapping[str, Any]) -> list[Result]:
    """Return the utility of beats for classifiers on the test subjects of two databases."""
    values = cells[f"utility--{model}"]["result"]
    named = {"mitdb": DS2, "svdb": "MIT-BIH Supraventricular Arrhythmia Database, test subjects"}
    return [
        Result(
            task="training of classifiers",
            dataset=name,
            data=data,
            metrics={
                ("f1", f"TSTR, {classifier}, macro-F1"): fmean(values[f"{classifier}, {name}"])
                for classifier in CLASSIFIERS
            },
        )
        for name, data in named.items()
    ]


def lead_results(fold: int, measures: Mapping[str, Any]) -> list[Result]:
    """Return the utility of recordings of twelve leads for classifiers of superclasses."""
    rows = measures[f"tstr-fold{fold}"]["rows"]
    values = {row["label"]: fmean(row["values"]) for row in rows}
    return [
        Result(
            task="training of classifiers",
            dataset="ptb-xl",
            data=f"PTB-XL, fold {fold}",
            metrics={("roc_auc", "TSTR, macro-AUROC of the superclasses"): values["macro"]},
        )
    ]


def monitor_results(partition: str, rows: Iterable[Mapping[str, Any]]) -> list[Result]:
    """Return the errors of the model of monitor signals, in the unit of the signal that is missing."""
    return [
        Result(
            task=row["row"],
            dataset="challenge-2015",
            data=f"PhysioNet/CinC Challenge 2015, split recordings, partition {partition}",
            metrics={("crps", "CRPS"): row["crps"]["model"]},
        )
        for row in rows
    ]


def gap_results(model: str, rows: Iterable[Mapping[str, Any]]) -> list[Result]:
    """Return the errors of a model in gaps and forecasts of each length, in one lead."""
    own = [row for row in rows if (row["method"], row["rhythm"], row["leads"]) == (model, ALL, ONE_LEAD)]
    return [
        Result(
            task=row["group"],
            dataset="mitdb",
            data=DS2,
            metrics={shown: row["metrics"][metric]["value"] for metric, shown in GAP_METRICS.items()},
        )
        for row in own
    ]
