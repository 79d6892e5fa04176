"""``python -m research lead-beats``: single generated beats of twelve leads against real ones, in minutes.

A quick measure for choices, without recordings. Real beats are averages of the dominant beats of a recording,
one of each subject.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from cyclopts import Parameter
from jaxtyping import Bool, Float, Float32, Int
from sklearn.neural_network import MLPClassifier

from diffecg.cli.console import Threads, use_threads
from diffecg.composition.model_beats import AVERAGED
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.membership import auc
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from research.benchmarks.twelve_leads.discrimination import BEATS, WindowsUv, distinguish, levelled
from research.benchmarks.twelve_leads.records import SUPERCLASSES
from research.benchmarks.twelve_leads.study import NetworkCache
from research.tables import Table, format_number, markdown

TRAIN_BEATS, TEST_BEATS = 3000, 1500
"""Largest number of beats of either kind to train and test a network on."""
MAX_DEVIATIONS = 5.0
"""Coefficients are clipped here, in standard deviations."""

SignalMv = Float32[np.ndarray, "beat lead time"]
MakeBeats = Callable[[Windows], SignalMv]
"""Maps real beats to beats of some kind in their place."""


def lead_beats(
    windows: Annotated[Path, Parameter(help="Prepared beats: diffecg prepare ptbxl --preset twelve-lead.")],
    /,
    *,
    cache: Path,
    model: str = "ptbxl-beat",
    steps: int | None = None,
    guidance: float = 1.0,
    threads: Threads = 1,
) -> None:
    """Score single beats: how well a network tells them from real ones, and how clear their statements are.

    Example: python -m research lead-beats beats12/ --cache runs/cache

    Networks compare real beats, real beats reduced to the components of the model's basis, and generated ones
    under the same conditions, on other subjects than those that they were trained on. A classifier of the
    superclasses, trained on the coefficients of real training beats, is applied to beats of the partition
    validation and to generated ones under their conditions.

    Args:
        cache: Folder of trained networks.
        model: A model of beats of several leads.
        steps: Sampling steps; default: the model's own.
        guidance: Scale of classifier-free guidance.
    """
    use_threads(threads)
    averages = _averages(open_windows(windows))
    loaded = load(model)
    assert isinstance(loaded, Model)
    beats = BeatKinds(loaded, steps, guidance)
    networks = NetworkCache(folder=cache / "networks")
    print(markdown([_discrimination(averages, beats, networks), _statements(averages, beats)]), end="")


class BeatKinds:
    """Beats in the place of real ones.

    Args:
        model: the model.
        steps: sampling steps; None: the model's own.
        guidance: scale of classifier-free guidance.
    """

    def __init__(self, model: Model, steps: int | None, guidance: float) -> None:
        self.model, self._steps, self._guidance = model, steps, guidance

    def real(self, windows: Windows) -> SignalMv:
        """Return the beats themselves."""
        return np.asarray(windows.signal_mv, dtype=np.float32)

    def reduced(self, windows: Windows) -> SignalMv:
        """Return what the components of the model's basis hold of the beats."""
        with torch.no_grad():
            grid = self.model.denoiser.encode(torch.from_numpy(self.real(windows)))
            return self.model.denoiser.decode(grid).numpy()

    def generated(self, windows: Windows) -> SignalMv:
        """Return generated beats under the conditions of the real ones."""
        numbers = {name: windows.index[name].to_numpy(dtype=float) for name in self.model.numbers}
        labels = [tuple(one for one in names if one in self.model.labels) for names in windows.all_labels]
        generated = self.model.generate(
            labels, len(windows), conditions=numbers, steps=self._steps, guidance=self._guidance
        )
        return np.asarray(generated.signal_mv, dtype=np.float32)

    def coefficients(self, signal_mv: SignalMv) -> Float[np.ndarray, "beat component"]:
        """Return the coefficients of beats in the model's basis."""
        with torch.no_grad():
            return self.model.denoiser.encode(torch.from_numpy(signal_mv)).flatten(1).numpy()


def _averages(windows: Windows) -> Windows:
    """Return the averages of dominant beats that have a superclass."""
    is_average = windows.index[AVERAGED].to_numpy() > 1
    return windows.take(np.flatnonzero(is_average & _targets(windows).any(axis=1)))


def _discrimination(averages: Windows, beats: BeatKinds, networks: NetworkCache) -> Table:
    """Return the AUROC of networks that separate two kinds of beats."""
    train = averages.partition("train")
    sets = [train.take(rows) for rows in _split_subjects(train)]

    def made(make: MakeBeats, windows: Sequence[Windows]) -> list[WindowsUv]:
        return [levelled(make(part)) for part in windows]

    first, second = sets[::2], sets[1::2]
    real, reduced = made(beats.real, first), made(beats.reduced, first)
    generated = made(beats.generated, second)
    pairs = {
        "real and other real ones": (real, made(beats.real, second)),
        "real, and real ones reduced to the basis": (real, made(beats.reduced, second)),
        "real and generated": (real, generated),
        "real ones reduced to the basis, and generated": (reduced, generated),
    }
    rows = list[tuple[str, ...]]()
    for name, (one, other) in pairs.items():
        fitted, tested = zip(one, other, strict=True)
        value = distinguish(networks, fitted, tested, BEATS, seed=0)
        rows.append((name, format_number(value, 3)))
    note = (
        f"AUROC of the fixed residual network after {len(sets[0])} beats of either kind; 0.5 = no difference."
    )
    return Table(title="Two kinds of beats told apart", note=note, head=("beats", "AUROC"), rows=rows)


def _split_subjects(windows: Windows) -> list[Int[np.ndarray, " row"]]:
    """Return the rows of two sets to train on and two to test on, a random beat of each subject."""
    order = np.random.default_rng(0).permutation(len(windows))
    _, first = np.unique(windows.index["subject"].to_numpy()[order], return_index=True)
    rows = np.random.default_rng(1).permutation(order[first])
    share = min(1.0, len(rows) / (2 * (TRAIN_BEATS + TEST_BEATS)))
    train, test = int(share * TRAIN_BEATS), int(share * TEST_BEATS)
    return np.split(rows[: 2 * (train + test)], [train, 2 * train, 2 * train + test])


def _statements(averages: Windows, beats: BeatKinds) -> Table:
    """Return how well a classifier trained on real beats recognises the superclasses."""
    train, held_out = averages.partition("train"), averages.partition("validation")
    coefficients = beats.coefficients(beats.real(train))
    mean, deviation = coefficients.mean(axis=0), coefficients.std(axis=0)

    def standardised(signal_mv: SignalMv) -> Float[np.ndarray, "beat component"]:
        scaled = (beats.coefficients(signal_mv) - mean) / deviation
        return np.clip(scaled, -MAX_DEVIATIONS, MAX_DEVIATIONS)

    classifier = MLPClassifier((128,), alpha=1.0, early_stopping=True, random_state=0)
    classifier.fit(standardised(beats.real(train)), _targets(train))
    targets, rows = _targets(held_out), []
    for name, make in (("real", beats.real), ("generated", beats.generated)):
        predicted = classifier.predict_proba(standardised(make(held_out)))
        values = [auc(predicted[has, i], predicted[~has, i]) for i, has in enumerate(targets.T)]
        rows.append((name, *(format_number(value, 3) for value in [float(np.mean(values)), *values])))
    note = (
        f"AUROC of a dense network on coefficients, trained on {len(train)} real beats, on {len(held_out)} "
        "beats of the partition validation and on generated ones under their conditions."
    )
    head = ("beats", "mean", *SUPERCLASSES)
    return Table(title="Superclasses of beats", note=note, head=head, rows=rows)


def _targets(windows: Windows) -> Bool[np.ndarray, "beat superclass"]:
    """Return which superclasses each window has."""
    return np.array([[name in labels for name in SUPERCLASSES] for labels in windows.all_labels])
