"""The README's table: one figure of each task, from the reports in docs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from diffecg.evaluation.imputation.summary import ALL, ONE_LEAD, OTHER_LEADS
from research.tables import markdown_table

HEAD = ("task", "measure", "diffecg", "compared with")
LABELS = ("N", "S", "V", "F")
GAP_MODEL, ENGINE = "mitbih-strip", "analogues"
"""What diffecg imputes with: neither is what it is compared with."""
GAPS = (
    ("gap 1 s", ONE_LEAD, "gap of 1 s"),
    ("gap 1 s", OTHER_LEADS, "the same, another lead observed"),
    ("next heartbeat", ONE_LEAD, "forecast of the next second"),
)
"""Group, leads and name of each row of gaps."""
PRESSURE = "pressure, 5 s, with ecg, ppg"

Row = tuple[str, ...]
Rows = Sequence[Mapping[str, Any]]


def summary_table(beats: Rows, tasks: Rows, monitors: Rows, leads: Mapping[str, Any]) -> str:
    """Return one figure of each task, beside what it is compared with.

    Args:
        beats: rows of the report of mitbih-beat.
        tasks: rows of the report of mitbih-strip.
        monitors: rows of the report of icu-strip.
        leads: measures of the report of ptbxl-beat.
    """
    gaps = [gap_row(tasks, *gap) for gap in GAPS]
    return markdown_table(HEAD, [beat_row(beats), *gaps, pressure_row(monitors), lead_row(leads)])


def beat_row(rows: Rows) -> Row:
    """Return the Fréchet distance of generated beats, and of other real ones in their place."""
    by_label = {row["label"]: row for row in rows if row["metric"] == "Fréchet, encoder"}
    generated, real = (
        " / ".join(f"{by_label[label][column]:.2f}" for label in LABELS) for column in ("value", "reference")
    )
    task = f"beats of the classes {', '.join(LABELS)}"
    return task, "Fréchet distance to held-out beats", generated, f"{real} (other real beats)"


def gap_row(rows: Rows, group: str, leads: str, name: str) -> Row:
    """Return the CRPS of the model of gaps, and that of the best baseline."""
    crps = {
        row["method"]: row["metrics"]["CRPS"]["value"]
        for row in rows
        if (row["group"], row["rhythm"], row["leads"]) == (group, ALL, leads)
    }
    best = least(crps, without=(GAP_MODEL, ENGINE))
    return f"{name}, DS2", "CRPS, mV", f"{crps[GAP_MODEL]:.3f}", f"{crps[best]:.3f} ({best})"


def pressure_row(rows: Rows) -> Row:
    """Return the CRPS of arterial pressure, and that of the best baseline."""
    (row,) = (row for row in rows if row["row"] == PRESSURE)
    best = row["best_baseline"]
    values = f"{row['crps']['model']:.2f}", f"{row['crps'][best]:.2f} ({best})"
    return "arterial pressure, gap of 5 s, from ECG and PPG", "CRPS, mmHg", *values


def lead_row(measures: Mapping[str, Any]) -> Row:
    """Return the macro-AUROC of classifiers trained on generated recordings, and of those on real ones."""
    rows = measures["tstr-fold10"]["rows"]
    (row,) = (row for row in rows if (row["measure"], row["label"]) == ("TSTR", "macro"))
    generated, real = (f"{np.mean(row[column]):.3f}" for column in ("values", "reference"))
    task = "diagnoses of PTB-XL by a network trained on generated 12-lead recordings"
    return task, "macro-AUROC, fold 10", generated, f"{real} (trained on real ones)"


def least(values: Mapping[str, float], *, without: Iterable[str]) -> str:
    """Return the name of the least value."""
    return min((name for name in values if name not in set(without)), key=lambda name: values[name])
