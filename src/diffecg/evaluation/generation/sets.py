"""The sets of windows of an evaluation, and what is remarkable about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.windows import PARTITIONS, Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.comparison import shared_labels

PLAUSIBLE_RATIO = (0.2, 5.0)
"""Amplitudes of the synthetic windows relative to the real ones; beyond, units probably differ."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EvaluationSets:
    """The sets of an evaluation."""

    synthetic: Windows
    real: Windows
    """Windows to compare with."""
    train: Windows | None
    held_out: Windows | None
    test: Windows | None

    @classmethod
    def of(cls, synthetic: Windows, real: Windows, partition: str) -> EvaluationSets:
        """Return the sets of an evaluation against a partition, or against all windows if there are none.

        Raises:
            DiffecgError: the partition is missing; no label is in both sets.
        """
        target = real if real.partitions is None else real.partition(partition)
        if not shared_labels(target, synthetic):
            raise DiffecgError(
                f"synthetic labels {', '.join(synthetic.unique_labels())} and real labels "
                f"{', '.join(target.unique_labels())} have none in common; rename the labels of one set, or "
                "leave them out of the synthetic windows to compare all windows together"
            )
        train, held_out, test = (
            real.partition(name) if real.has_partition(name) else None for name in PARTITIONS
        )
        return cls(synthetic=synthetic, real=target, train=train, held_out=held_out, test=test)

    @property
    def labels(self) -> list[str]:
        """Labels that are compared."""
        return shared_labels(self.real, self.synthetic)

    @property
    def have_several_labels(self) -> bool:
        """Whether windows of a set have any number of labels each."""
        return self.real.has_several_labels or self.synthetic.has_several_labels

    @property
    def baseline_source(self) -> Windows:
        """Training windows, with real ones of the labels that the training windows do not have."""
        if self.train is None:
            return self.real
        known = self.train.unique_labels()
        lacking = [label for label in self.real.unique_labels() if label not in known]
        if not lacking:
            return self.train
        missing = np.any([self.real.has_label(label) for label in lacking], axis=0)
        return concatenate([self.train, self.real.take(missing)])


def difference_notes(sets: EvaluationSets) -> list[str]:
    """Return notes on labels that only one set has, and on amplitudes that are probably not in mV."""
    synthetic, real = sets.synthetic.unique_labels(), sets.real.unique_labels()
    notes = []
    for name, labels, others in (("synthetic", synthetic, real), ("real", real, synthetic)):
        lacking = [label for label in others if label not in labels]
        if len(lacking) == 1:
            notes.append(f"label {lacking[0]}: no {name} windows, so it is left out")
        elif lacking:
            notes.append(f"labels {', '.join(lacking)}: no {name} windows, so they are left out")
    ratio = float(np.std(sets.synthetic.signal_mv) / np.std(sets.real.signal_mv))
    if not PLAUSIBLE_RATIO[0] < ratio < PLAUSIBLE_RATIO[1]:
        notes.append(
            f"the standard deviation of the synthetic windows is {ratio:.2g} times that of the real ones; "
            "both must be in mV"
        )
    return notes


def overlap_notes(sets: EvaluationSets, partition: str) -> list[str]:
    """Return notes on real windows that the generator may have been trained on."""
    notes = []
    if partition == "train" and sets.real.partitions is not None:
        notes.append(
            "the windows are compared with the training partition, so that copies of training windows look "
            "perfect; the held-out partition is --partition validation"
        )
    rounded = {window.tobytes() for window in np.round(sets.real.signal_mv, 4)}
    copies = sum(window.tobytes() in rounded for window in np.round(sets.synthetic.signal_mv, 4))
    if copies:
        notes.append(f"{copies} synthetic windows are copies of real windows that they are compared with")
    return notes
