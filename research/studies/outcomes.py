"""What came of each strategy: a table for each kind of classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from research.studies.confusion import (
    accuracy,
    difference_interval,
    macro_f1,
    paired_p,
    predictive_value,
    sensitivity,
)
from research.studies.strategies import STRATEGIES
from research.studies.tables import Table, figure, spread

NOTHING, OVERSAMPLING = STRATEGIES[0].name, STRATEGIES[2].name
_NOTE = (
    "Mean ± standard deviation of the seeds; differences with p of Student's paired t test over seeds; the "
    "interval is that of the difference to nothing when recordings are drawn with replacement. Se, PPV: "
    "sensitivity and positive predictive value."
)


def cell_name(under: str, strategy: str) -> str:
    """Return the name of the cell of a strategy under a protocol."""
    return f"{under}; {strategy}"


def counts_of(results: Mapping[str, Any], under: str, strategy: str, kind: str) -> NDArray[np.int64]:
    """Return what classifiers of a kind guessed: counts (seed recording truth guess)."""
    return np.array(results[cell_name(under, strategy)][kind])


def outcome_tables(results: Mapping[str, Any], under: str, labels: list[str], note: str = "") -> list[Table]:
    """Return a table for each kind of classifier, a row a strategy.

    Args:
        results: by name of cell.
        under: the protocol.
        labels: classes, in the order of the counts; the first is the common one.
        note: what else must be known of the protocol.
    """
    names = [
        name.removeprefix(cell_name(under, "")) for name in results if name.startswith(cell_name(under, ""))
    ]
    head = ("strategy", "macro-F1", "against nothing (p)", "against oversampling (p)", "95 % over recordings")
    head_all = (*head, *(f"{label}: Se, PPV" for label in labels[1:]), "accuracy")
    out = []
    for kind in CLASSIFIERS:
        found = {name: counts_of(results, under, name, kind) for name in names}
        rows = [(name, *_figures(one, found[NOTHING], found[OVERSAMPLING])) for name, one in found.items()]
        title = f"{under[0].upper()}{under[1:]}: {kind}"
        out.append(Table(title, f"{_NOTE} {note}".strip(), head_all, rows))
    return out


def _figures(
    counts: NDArray[np.int64], nothing: NDArray[np.int64], oversampling: NDArray[np.int64]
) -> list[str]:
    """Return the cells of a row; all counts are (seed recording truth guess)."""
    pooled = counts.sum(axis=1)
    low, high = difference_interval(counts, nothing)
    shares = np.stack([sensitivity(pooled.sum(axis=0)), predictive_value(pooled.sum(axis=0))], axis=1)
    return [
        spread(macro_f1(pooled).tolist()),
        *(_difference(counts, other) for other in (nothing, oversampling)),
        "" if counts is nothing else f"{low:+.3f} to {high:+.3f}",
        *(", ".join(figure(value) for value in pair) for pair in shares[1:].tolist()),
        spread(accuracy(pooled).tolist()),
    ]


def _difference(one: NDArray[np.int64], other: NDArray[np.int64]) -> str:
    if one is other:
        return ""
    scores = [macro_f1(counts.sum(axis=1)) for counts in (one, other)]
    p = paired_p(*(score.tolist() for score in scores))
    return f"{float((scores[0] - scores[1]).mean()):+.3f} ({p:.3f})"
