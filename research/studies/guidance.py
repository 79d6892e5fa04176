"""Study of classifier-free guidance: fidelity against diversity of generated beats, by its scale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import pdist

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.fidelity import fidelity
from diffecg.inference.loading import load
from research.studies.beats import select_beats
from research.studies.command import Data, Out, publish, run_study
from research.studies.grid import Cell
from research.studies.provenance import provenance
from research.tables import NOT_AVAILABLE, Table, format_number

METRICS = ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "recall", "coverage")
_DIFFERENCE = "difference"
_BATCH_SIZE = 250


@dataclass(frozen=True, kw_only=True)
class GuidanceOptions:
    """Options of the study."""

    model: str = "mitbih-beat"
    """Bundled model or model folder."""
    scale: tuple[float, ...] = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
    """Scales of guidance; 1 is none."""
    count: int = 1000
    """Beats of each label."""


def guidance(
    *,
    data: Data,
    out: Out,
    options: Annotated[GuidanceOptions, Flat] = GuidanceOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Measure fidelity and diversity of generated beats by the scale of classifier-free guidance.

    Example: python -m research guidance --data beats/ --out studies/guidance --threads 1

    Generated beats of each label are compared with held-out beats of the training subjects (the partition
    validation).
    """
    use_threads(threads)
    beats = select_beats(open_windows(data))
    about = provenance("guidance", options, beats, (options.model,))
    cells = [
        Cell(f"{scale:g}", partial(_evaluate, options.model, beats, scale, options.count))
        for scale in options.scale
    ]
    results = run_study(out, about, cells)
    publish(out, "Classifier-free guidance", [_table(results)], {}, as_json=json)


def mean_difference(windows_mv: Float[np.ndarray, "window time"]) -> float:
    """Return the root mean square difference of two windows, averaged over all pairs, in mV."""
    return float(pdist(windows_mv).mean() / np.sqrt(windows_mv.shape[1]))


def _evaluate(name: str, beats: Windows, scale: float, count: int) -> dict[str, Any]:
    """Return for each label the value and the reference of each metric."""
    held_out = beats.partition("validation")
    labels = [label for label in beats.unique_labels() for _ in range(count)]
    synthetic = load(name).generate(labels, len(labels), guidance=scale, batch_size=_BATCH_SIZE)
    by_label: dict[str, dict[str, Any]] = {}
    rows = fidelity(synthetic, held_out, beats.partition("train"), bootstraps=0, max_windows=count)
    for row in rows:
        if row.label in beats.unique_labels() and row.metric in METRICS:
            by_label.setdefault(row.label, {})[row.metric] = [
                (row.value, row.spread),
                (row.reference, row.reference_spread),
            ]
    for label, values in by_label.items():
        values[_DIFFERENCE] = [
            (mean_difference(_draw(windows, label, count)), None) for windows in (synthetic, held_out)
        ]
    return by_label


def _draw(windows: Windows, label: str, count: int) -> Float[np.ndarray, "window time"]:
    """Return at most ``count`` random windows of a label."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(windows.labels == label))[:count]
    return windows.take(rows).flat()


def _table(results: dict[str, Any]) -> Table:
    """Return a row for each label and scale, and for each label one of real beats."""
    labels = list(next(iter(results.values())))
    rows: list[tuple[str, ...]] = []
    for label in labels:
        for scale, by_label in results.items():
            rows.append((label, scale, *_cells(by_label[label], 0)))
        rows.append((label, "real", *_cells(next(iter(results.values()))[label], 1)))
    note = (
        "Generated beats of each label against as many held-out beats of the training subjects, mean ± "
        "standard deviation over five draws; real: other held-out beats in their place. Difference: that of "
        "two beats of a set, root mean square over time, mean over pairs."
    )
    head = ("label", "guidance", "sliced Wasserstein, mV", "Fréchet, encoder", *METRICS[2:], "difference, mV")
    return Table(title="Fidelity and diversity", note=note, head=head, rows=rows)


def _cells(values: dict[str, Any], i: int) -> list[str]:
    digits = {**dict.fromkeys(METRICS, 2), "sliced Wasserstein, time": 3, _DIFFERENCE: 3}
    return [
        " ± ".join(format_number(one, digits[metric]) for one in values[metric][i] if one is not None)
        or NOT_AVAILABLE
        for metric in (*METRICS, _DIFFERENCE)
    ]
