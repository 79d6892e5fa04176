"""Study of anomaly scores: ectopic against normal beats, by the model's denoising error and by baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from jaxtyping import Bool, Float, Shaped
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.inference.anomaly import SIGMAS
from diffecg.inference.loading import load
from diffecg.inference.neighbours import nearest
from research.studies.beats import select_beats
from research.studies.command import Data, Out, publish, run_study
from research.studies.grid import Cell
from research.studies.provenance import provenance
from research.tables import Table, format_mean, format_number

NORMAL, ECTOPIC = "N", ("S", "V", "F")
GROUPS = {label: (label,) for label in ECTOPIC} | {"S, V, F": ECTOPIC}
"""Labels that are classified against N, by name of the group."""
COMPONENTS = (8, 16, 32, 64)
"""Numbers of principal components of the baseline to choose from."""
BOOTSTRAPS = 200
"""Number of draws of recordings behind an interval."""

Scores = Float[np.ndarray, " window"]
Method = Callable[[Windows, int], Scores]
"""Returns the score of each window, given a seed of the noise."""


@dataclass(frozen=True, kw_only=True)
class AnomalyOptions:
    """Options of the study."""

    model: str = "mitbih-beat"
    """Bundled model or model folder."""
    partition: str = "test"
    """Partition of the result; noise levels and components are compared on validation."""
    levels: tuple[float, ...] = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
    """Noise levels that are compared on the partition validation."""
    count: int = 2000
    """Largest number of beats of each label."""
    seeds: int = 3
    """Number of seeds of the noise."""


def anomaly(
    *,
    data: Data,
    out: Out,
    options: Annotated[AnomalyOptions, Flat] = AnomalyOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Measure how well anomaly scores tell ectopic from normal beats.

    Example: python -m research anomaly --data beats/ --out studies/anomaly --threads 1

    No method is given a label; all have seen the same training beats, ectopic ones among them. Noise levels,
    and components of the baseline, are compared on the partition validation.
    """
    use_threads(threads)
    beats = select_beats(open_windows(data))
    train = beats.partition("train")
    validation, test = (
        draw_beats(beats.partition(name), options.count) for name in ("validation", options.partition)
    )
    chosen = by_denoising(options.model, SIGMAS)
    single = {f"sigma {level:g}": by_denoising(options.model, (level,)) for level in options.levels}
    gaussian = {f"{count} components": by_gaussian(train, count) for count in COMPONENTS}
    cells = [
        Cell(f"validation, {name}", partial(evaluate, method, validation, 1))
        for name, method in {**single, "chosen levels": chosen, **gaussian}.items()
    ]
    methods = {
        "denoising error": (chosen, options.seeds),
        **{f"PCA Gaussian, {name}": (method, 1) for name, method in gaussian.items()},
        "nearest training beat": (by_nearest(train), 1),
    }
    cells += [
        Cell(f"{options.partition}, {name}", partial(evaluate, method, test, seeds))
        for name, (method, seeds) in methods.items()
    ]
    results = run_study(out, provenance("anomaly", options, beats, (options.model,)), cells)
    tables = [
        _table(results, name, windows)
        for name, windows in (("validation", validation), (options.partition, test))
    ]
    publish(out, "Anomaly scores", tables, {}, as_json=json)


def by_denoising(model: str, sigmas: Sequence[float]) -> Method:
    """Return the denoising error of a model at some noise levels."""
    return lambda windows, seed: load(model).anomaly_score(windows, sigmas=sigmas, seed=1000 * seed)


def by_gaussian(train: Windows, components: int) -> Method:
    """Return the Mahalanobis distance in the principal components of the training windows."""
    pca = PCA(components, whiten=True, svd_solver="full").fit(train.flat())
    return lambda windows, _: np.linalg.norm(pca.transform(windows.flat()), axis=1)


def by_nearest(train: Windows) -> Method:
    """Return the distance to the nearest training window."""
    return lambda windows, _: nearest(windows.flat(), train.flat())[0]


def draw_beats(windows: Windows, count: int) -> Windows:
    """Return at most ``count`` random windows of each label."""
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.flatnonzero(windows.labels == label))[:count] for label in (NORMAL, *ECTOPIC)]
    return windows.take(np.sort(np.concatenate(rows)))


def evaluate(method: Method, windows: Windows, seeds: int) -> dict[str, Any]:
    """Return for each group of labels the AUROC of each seed, within recordings, and its interval."""
    scores = [method(windows, seed) for seed in range(seeds)]
    result = {}
    for name, labels in GROUPS.items():
        rows = np.isin(windows.labels, (NORMAL, *labels))
        ectopic, recordings = windows.labels[rows] != NORMAL, np.asarray(windows.recordings)[rows]
        values = [float(roc_auc_score(ectopic, one[rows])) for one in scores]
        result[name] = {
            "auroc": values,
            "interval": interval(ectopic, scores[0][rows], recordings),
            "within": [within_recordings(ectopic, one[rows], recordings) for one in scores],
        }
    return result


def within_recordings(
    ectopic: Bool[np.ndarray, " window"],
    scores: Scores,
    recordings: Shaped[np.ndarray, " window"],
    *,
    least: int = 10,
) -> float:
    """Return the mean AUROC of the recordings with at least ``least`` beats of both kinds; NaN: none."""
    values = [
        roc_auc_score(ectopic[rows], scores[rows])
        for rows in (recordings == name for name in np.unique(recordings))
        if min(ectopic[rows].sum(), (~ectopic[rows]).sum()) >= least
    ]
    return float(np.mean(values)) if values else float("nan")


def interval(
    ectopic: Bool[np.ndarray, " window"], scores: Scores, recordings: Shaped[np.ndarray, " window"]
) -> list[float]:
    """Return the 95 % percentile interval of the AUROC over recordings drawn with replacement."""
    rng = np.random.default_rng(0)
    names, index = np.unique(recordings, return_inverse=True)
    values: list[float] = []
    while len(values) < BOOTSTRAPS:
        weight = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))[index]
        if weight[ectopic].any() and weight[~ectopic].any():
            values.append(roc_auc_score(ectopic, scores, sample_weight=weight))
    return [float(one) for one in np.quantile(values, (0.025, 0.975))]


def _cell(group: dict[str, Any]) -> str:
    low, high = (format_number(one) for one in group["interval"])
    return f"{format_mean(group['auroc'])} ({low} to {high})"


def _table(results: dict[str, Any], partition: str, windows: Windows) -> Table:
    """Return the rows of a partition."""
    rows = []
    for name, by_group in results.items():
        if name.startswith(f"{partition}, "):
            cells = [_cell(group) for group in by_group.values()]
            within = format_mean(by_group["S, V, F"]["within"])
            rows.append((name.removeprefix(f"{partition}, "), *cells, within))
    counts = ", ".join(f"{count} {label}" for label, count in windows.counts().items())
    note = (
        f"AUROC against N ({counts} beats), with 95 % intervals over recordings; ± standard deviation over "
        "seeds of the noise. Within recordings: mean AUROC of S, V and F against N in each recording with "
        "ten of both."
    )
    return Table(
        title=f"Partition {partition}", note=note, head=("method", *GROUPS, "within recordings"), rows=rows
    )
