"""The real beats that a study is made with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from diffecg.config.presets import preset
from diffecg.datasets.reading import from_prepared
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.sets import WindowSet


@dataclass(frozen=True)
class Beats:
    """Prepared beats of the classes that models of beats know and the training part has."""

    windows: Windows

    @cached_property
    def labels(self) -> list[str]:
        """Those classes, in AAMI's order."""
        there = set(self.windows.part("train").index["label"])
        return [label for label in preset("beat").labels if label in there]

    @cached_property
    def all(self) -> WindowSet:
        """The beats of those classes."""
        found = from_prepared(self.windows)
        return found.take(np.isin(found.labels, self.labels))

    def part(self, name: str) -> WindowSet:
        """Return the beats of one part.

        Raises:
            DiffecgError: there are none.
        """
        found = self.all.part(name)
        if found is None:
            raise DiffecgError(f"the windows have no part {name!r}; diffecg prepare mitdb makes all three")
        return found


def beats_of(windows: Windows) -> Beats:
    """Return the beats of prepared windows.

    Raises:
        DiffecgError: they are no beats.
    """
    kind = windows.info["window"]["kind"]
    if kind != "beat":
        raise DiffecgError(f"the windows are {kind}s; this study needs beats: diffecg prepare --preset beat")
    return Beats(windows)


def without_rr(windows: WindowSet) -> WindowSet:
    """Return windows whose RR intervals are not known: a synthetic beat has none."""
    return replace(windows, rr_s=None)
