"""What composition needs to know about a generator of beats in several leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    import pandas as pd

LABELS, BEAT_LABEL, HEART_RATE, RR_BEFORE, RR_AFTER = (
    "labels",
    "beat_label",
    "heart_rate",
    "rr_before_s",
    "rr_after_s",
)
"""Columns of conditions that composition reads or sets."""


@runtime_checkable
class BeatSource(Protocol):
    """Draws beats in several leads under conditions."""

    @property
    def name(self) -> str:
        """Name of the generator, for the provenance of recordings."""

    @property
    def leads(self) -> tuple[str, ...]:
        """Names of the leads."""

    @property
    def fs_hz(self) -> float:
        """Sampling rate of the beats, in Hz."""

    @property
    def r_peak(self) -> int:
        """Sample of the R peak in each beat."""

    @property
    def symbols(self) -> Mapping[str, str]:
        """WFDB symbol of each label of beats that can be drawn, such as N, A and V for N, S and V."""

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of the numbers of a recording that beats can be conditioned on, such as age."""

    def draw(self, conditions: pd.DataFrame, seeds: Sequence[int]) -> Float[np.ndarray, "beat lead time"]:
        """Draw a beat for each row of conditions.

        Args:
            conditions: columns ``labels`` (all statements about the recording and the label of the beat as a
                tuple, or what is known of them in one text, as in ``MI+N``), ``beat_label`` (N, S or V),
                ``heart_rate`` in beats per minute, ``rr_before_s``, ``rr_after_s``, and further numbers that
                the caller gave, such as ``age``; NaN = unknown.
            seeds: seed of each beat. Beats of one subject have the same seed.

        Returns:
            Beats in mV, on which baseline wander and noise are yet to be added.
        """
