"""Median beats of real recordings as a source of beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pandas as pd
from jaxtyping import Float32

from diffecg.composition.beat_source import HEART_RATE
from research.models.noise_measurement import BEFORE_S, DetectedBeats

NEAREST = 50
"""A median beat is drawn from the recordings whose heart rates are nearest."""


class MedianBeats:
    """Draws the median beat of a recording with a similar heart rate.

    Args:
        recordings: recordings of one rhythm and sampling rate.
        leads: their leads.
    """

    name = "median beats"
    numbers: ClassVar[tuple[str, ...]] = ()
    symbols: ClassVar[dict[str, str]] = {"N": "N"}

    def __init__(self, recordings: Sequence[DetectedBeats], leads: tuple[str, ...]) -> None:
        self.leads, self.fs_hz = leads, recordings[0].fs_hz
        self.r_peak = recordings[0].samples(BEFORE_S)
        rates = np.array([60 / np.diff(one.peaks).mean() * one.fs_hz for one in recordings])
        order = np.argsort(rates)
        self.rates = rates[order]
        self.beats_mv = np.stack([recordings[i].median_mv.T for i in order]).astype(np.float32)

    def draw(self, conditions: pd.DataFrame, seeds: Sequence[int]) -> Float32[np.ndarray, "beat lead time"]:
        """Return a median beat for each row of conditions; only the heart rate is heeded."""
        drawn = np.array([np.random.default_rng(seed).integers(NEAREST) for seed in seeds])
        first = np.searchsorted(self.rates, conditions[HEART_RATE].to_numpy(dtype=float)) - NEAREST // 2
        return self.beats_mv[np.clip(first + drawn, 0, len(self.rates) - 1)]
