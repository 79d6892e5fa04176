"""Copies of a training set that could be published instead of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from diffecg.datasets.windows import Windows
from research.studies.beats import without_rr
from research.studies.generated_sets import generated_set, kept_set
from research.studies.grid import file_stem
from research.studies.oversampling import Oversampler, sample_gaussians, sample_mean_beats, smote

REAL = "real beats"
OVERSAMPLERS: dict[str, Oversampler] = {
    "SMOTE": smote,
    "PCA Gaussian": sample_gaussians,
    "mean beat + noise": sample_mean_beats,
}
"""Copies made without a trained model, with the seed 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Copies:
    """The real beats and their copies, without RR intervals, which most copies do not have."""

    train: Windows
    """The real training beats."""
    models: Sequence[str]
    """Bundled models or model folders, each of which makes two copies."""
    times: int
    """Size of the larger copy of a model, as a multiple of the smaller one."""
    folder: Path
    """Folder in which the copies are kept."""

    @property
    def names(self) -> list[str]:
        """Names of the real beats and of all copies."""
        return [REAL, *(name for model in self.models for name in self._sizes(model)), *OVERSAMPLERS]

    @cached_property
    def real(self) -> Windows:
        """The real training beats without their RR intervals."""
        return without_rr(self.train)

    def make(self, name: str) -> Windows:
        """Return the real beats or a copy, with the label counts of the real beats or a multiple of them."""
        if name == REAL:
            return self.real
        if name in OVERSAMPLERS:
            make = partial(OVERSAMPLERS[name], self.real, self.real.counts(), 0)
            return kept_set(self.folder / f"{file_stem(name)}.npz", make)
        for model in self.models:
            if times := self._sizes(model).get(name):
                counts = {label: times * count for label, count in self.real.counts().items()}
                stem = f"{Path(model).name}-{times}"
                return generated_set(self.folder / f"{stem}.npz", model, counts)
        raise KeyError(name)

    def _sizes(self, model: str) -> dict[str, int]:
        """Return by name how many times as many beats as the real set the copies of a model have."""
        name = Path(model).name
        return {name: 1, f"{name}, {self.times} times as many": self.times}
