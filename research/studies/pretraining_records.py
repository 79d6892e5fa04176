"""Pretraining of the classifier of PTB-XL's superclasses, on recordings composed from generated beats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from research.benchmarks.twelve_leads.networks import (
    Recipe,
    ResidualNetwork,
    SignalUv,
    Targets,
    fit_network,
    predict,
)
from research.benchmarks.twelve_leads.records import SUPERCLASSES, TRAIN_FOLDS, Records
from research.benchmarks.twelve_leads.scores import label_aurocs, weighted_aurocs, with_macro
from research.benchmarks.twelve_leads.study import CROPS, NetworkCache
from research.studies.confusion import bootstrap_weights
from research.studies.pretraining_arms import (
    REAL,
    SECOND_PHASE_SEED,
    SHUFFLED,
    SYNTHETIC,
    choose_subjects,
    phase_steps,
)

_DECIMALS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordTask:
    """Superclasses of PTB-XL: a residual network on random crops, macro-AUROC on one fold."""

    ptbxl: Records
    compose: Callable[[], Records]
    """Returns a synthetic record for each training record, under its statements, age, sex and heart rate."""
    fold: int
    """Fold that is tested on."""
    shares: Sequence[float]
    steps: int
    """Training steps, of all phases together."""
    pretraining: float
    """Share of the steps in the first of two phases."""
    fine_tuning: float
    """Largest learning rate of the second phase, relative to that of the first."""
    networks: NetworkCache
    """Networks after their first phase."""
    recipe: Recipe = CROPS

    name = "superclasses of PTB-XL"
    metric = "macro-AUROC"
    labels = SUPERCLASSES

    @cached_property
    def train(self) -> Records:
        """Real records of folds 1 to 8 with a superclass."""
        return self.ptbxl.folds(TRAIN_FOLDS).with_superclass()

    @cached_property
    def composed(self) -> Records:
        """Synthetic records with a superclass."""
        return self.compose().with_superclass()

    @cached_property
    def test(self) -> Records:
        """Real records of the tested fold with a superclass."""
        return self.ptbxl.folds([self.fold]).with_superclass()

    @cached_property
    def test_weights(self) -> Int[np.ndarray, "bootstrap record"]:
        """How often each test record is in each bootstrap sample of the subjects."""
        subjects, subject = np.unique(self.test.table["subject"], return_inverse=True)
        return bootstrap_weights(len(subjects))[:, subject]

    def compute(self, sources: Sequence[str], share: float, seed: int) -> list[list[float]]:
        """Return the outputs of a network on the test records, a row for each."""
        network: ResidualNetwork | None = None
        for number, steps in enumerate(phase_steps(self.steps, self.pretraining, len(sources))):
            data = self._data(sources[number], share, seed)
            recipe = replace(self.recipe, steps=steps)
            if network is None:
                network = self.networks.fit(*data, recipe, seed=seed)
            else:
                recipe = replace(recipe, learning_rate=self.fine_tuning * recipe.learning_rate)
                network = fit_network(*data, recipe, seed=seed + SECOND_PHASE_SEED, start=network)
        assert network is not None
        outputs = predict(network, self.test.signal_uv, self.recipe)
        rows: list[list[float]] = outputs.round(_DECIMALS).tolist()
        return rows

    def scores(self, result: Any) -> Float[np.ndarray, " score"]:
        """Return the macro-AUROC and the AUROC of each superclass."""
        aurocs = label_aurocs(np.array(result), self.test.targets(SUPERCLASSES), SUPERCLASSES)
        return np.array([*with_macro(aurocs).values()])

    def bootstraps(self, result: Any) -> Float[np.ndarray, "bootstrap score"]:
        """Return the same on bootstrap samples of the test subjects."""
        pairs = zip(np.array(result).T, self.test.targets(SUPERCLASSES).T > 0, strict=True)
        aurocs = np.stack([weighted_aurocs(*pair, self.test_weights) for pair in pairs], axis=1)
        return np.column_stack([aurocs.mean(axis=1), aurocs])

    def _data(self, source: str, share: float, seed: int) -> tuple[SignalUv, Targets]:
        """Return the records and targets of a phase."""
        if source in (SYNTHETIC, SHUFFLED):
            targets = self.composed.targets(SUPERCLASSES)
            if source == SHUFFLED:
                targets = np.random.default_rng(seed).permutation(targets)
            return self.composed.signal_uv, targets
        subjects = self.train.table["subject"].to_numpy()
        targets = self.train.targets(SUPERCLASSES)
        chosen = choose_subjects(subjects, targets, share, seed, smallest=min(self.shares))
        kept = np.isin(subjects, chosen) == (source == REAL)
        return self.train.signal_uv[kept], targets[kept]
