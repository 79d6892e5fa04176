"""Tables of strategies, one for each kind of classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Int

from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from research.studies.confusion import (
    Score,
    accuracy,
    difference_interval,
    macro_f1,
    paired_interval,
    paired_p,
    predictive_value,
    sensitivity,
)
from research.studies.strategies import NOTHING, OVERSAMPLING
from research.tables import Table, format_mean, format_number

_NOTE = (
    "Mean ± standard deviation over seeds; differences in macro-F1 with p of Student's paired t test over "
    "seeds; 95 % bootstrap interval over recordings of the difference to nothing. Se, PPV: sensitivity and "
    "positive predictive value."
)
DIFFERENCE_NOTE = (
    "95 % interval over seeds by Student's paired t distribution, p of the test; 95 % bootstrap interval "
    "over test recordings"
)
Counts = Int[np.ndarray, "seed recording truth predicted"]


def cell_name(protocol: str, strategy: str) -> str:
    """Return the name of the cell of a strategy under a protocol."""
    return f"{protocol}; {strategy}"


def counts_of(results: Mapping[str, Any], protocol: str, strategy: str, kind: str) -> Counts:
    """Return the confusion matrices of a strategy's classifiers of a kind."""
    return np.array(results[cell_name(protocol, strategy)][kind])


def strategy_tables(
    results: Mapping[str, Any], protocol: str, labels: list[str], note: str = ""
) -> list[Table]:
    """Return a table for each kind of classifier, with a row for each strategy.

    Args:
        results: by name of cell.
        protocol: training and test sets.
        labels: classes in the order of the matrices, the common one first.
        note: a remark about the protocol.
    """
    prefix = cell_name(protocol, "")
    strategies = [name.removeprefix(prefix) for name in results if name.startswith(prefix)]
    head = (
        "strategy",
        "macro-F1",
        "difference to nothing (p)",
        "difference to oversampling (p)",
        "95 % interval",
        *(f"{label}: Se, PPV" for label in labels[1:]),
        "accuracy",
    )
    tables = []
    for kind in CLASSIFIERS:
        counts = {name: counts_of(results, protocol, name, kind) for name in strategies}
        rows = [(name, *_row(name, counts)) for name in counts]
        title = f"{protocol[0].upper()}{protocol[1:]}: {kind}"
        tables.append(Table(title=title, note=f"{_NOTE} {note}".strip(), head=head, rows=rows))
    return tables


def difference_cell(ours: Counts, others: Counts, score: Score = macro_f1) -> str:
    """Return the mean difference of a score, with both intervals: see DIFFERENCE_NOTE."""
    scores, other_scores = (score(counts.sum(axis=1)).tolist() for counts in (ours, others))
    low, high = paired_interval(scores, other_scores)
    lower, upper = difference_interval(ours, others, score)
    return (
        f"{np.mean(scores) - np.mean(other_scores):+.3f} ({low:+.3f} to {high:+.3f}, p "
        f"{paired_p(scores, other_scores):.3f}; {lower:+.3f} to {upper:+.3f})"
    )


def _row(name: str, counts: Mapping[str, Counts]) -> list[str]:
    ours, nothing, oversampling = counts[name], counts[NOTHING.name], counts[OVERSAMPLING.name]
    by_seed = ours.sum(axis=1)
    lower, upper = difference_interval(ours, nothing)
    pooled = by_seed.sum(axis=0)
    by_class = np.stack([sensitivity(pooled), predictive_value(pooled)], axis=1)
    return [
        format_mean(macro_f1(by_seed).tolist()),
        "" if name == NOTHING.name else _difference(ours, nothing),
        "" if name == OVERSAMPLING.name else _difference(ours, oversampling),
        "" if name == NOTHING.name else f"{lower:+.3f} to {upper:+.3f}",
        *(", ".join(format_number(value) for value in pair) for pair in by_class[1:].tolist()),
        format_mean(accuracy(by_seed).tolist()),
    ]


def _difference(ours: Counts, other: Counts) -> str:
    scores, other_scores = (macro_f1(counts.sum(axis=1)) for counts in (ours, other))
    p = paired_p(scores.tolist(), other_scores.tolist())
    return f"{float((scores - other_scores).mean()):+.3f} ({p:.3f})"
