"""The real beats that a study is made with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from diffecg.config.presets import preset
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError


@dataclass(frozen=True)
class Beats:
    """Prepared beats of the classes that models of beats know and the training part has."""

    windows: Windows

    @cached_property
    def labels(self) -> list[str]:
        """Those classes, in AAMI's order."""
        there = set(self.windows.partition("train").labels.tolist())
        return [label for label in preset("beat").labels if label in there]

    @cached_property
    def all(self) -> Windows:
        """The beats of those classes."""
        return self.windows.take(np.isin(self.windows.labels, self.labels))

    def partition(self, name: str) -> Windows:
        """Return the beats of one partition.

        Raises:
            DiffecgError: there are none.
        """
        return self.all.partition(name)


def beats_of(windows: Windows) -> Beats:
    """Return the beats of prepared windows.

    Raises:
        DiffecgError: they are no beats.
    """
    kind = windows.info["window"]["kind"]
    if kind != "beat":
        raise DiffecgError(f"the windows are {kind}s; this study needs beats: diffecg prepare --preset beat")
    return Beats(windows)


def without_rr(windows: Windows) -> Windows:
    """Return windows whose RR intervals are not known: a synthetic beat has none."""
    return windows.without("rr_before_s", "rr_after_s")
