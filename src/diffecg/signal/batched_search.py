"""The search for analogues of many gaps of one lead, by products of matrices.

The search of :mod:`diffecg.signal.analogue_search` computes one cross-correlation a gap. Here those of the
surroundings of many gaps are one product of matrices, which is about ten times as fast a gap. The result is
the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Int64
from scipy.signal import oaconvolve

from diffecg.signal.analogue_search import pick_separated

_TOGETHER = 16
"""Gaps whose products are computed together."""


class LeadSearch:
    """Searches one lead of a recording.

    Args:
        lead_mv: the lead; NaN = missing.
        context: samples on either side of a gap that are compared.
        separation: smallest distance between two analogues, in samples.
    """

    def __init__(self, lead_mv: Float[np.ndarray, " time"], *, context: int, separation: int) -> None:
        filled, missing = _fill(lead_mv)
        self.context, self.separation = context, separation
        self._missing = np.concatenate([[0], np.cumsum(missing)])
        self._windows = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(filled, context))
        self._sums = self._windows.sum(axis=1)
        self._squares = np.square(self._windows).sum(axis=1)
        self.samples = len(lead_mv)

    def search(
        self,
        starts: Int[np.ndarray, " gap"],
        lengths: Int[np.ndarray, " gap"],
        count: int,
        *,
        is_forecast: Bool[np.ndarray, " gap"],
        companions_mv: Sequence[Float[np.ndarray, " time"] | None],
    ) -> Int64[np.ndarray, "gap {count}"]:
        """Return the first samples of the analogues of gaps, best first; -1 = none.

        Args:
            starts: first missing sample of each gap; its surroundings are observed.
            lengths: length of each gap, in samples.
            count: number of analogues of a gap.
            is_forecast: whether nothing is known after the start of a gap.
            companions_mv: for each gap another lead that is observed through it and compared there, too, or
                None.
        """
        found = np.full((len(starts), count), -1, dtype=np.int64)
        for first in range(0, len(starts), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            before = self._products(starts[part] - self.context)
            after = self._products(np.where(is_forecast[part], 0, starts[part] + lengths[part]))
            for number, gap in enumerate(range(len(starts))[part]):
                start, length, forecast = int(starts[gap]), int(lengths[gap]), bool(is_forecast[gap])
                row = self._mean_squares(before[number], None if forecast else after[number], start, length)
                companion_mv = companions_mv[gap]
                if companion_mv is not None:
                    row = self._with_companion(row, companion_mv, start, length)
                self._exclude(row, start, length, is_forecast=forecast)
                best = pick_separated(row, count, self.separation)
                found[gap, : len(best)] = best
        return found

    def _products(self, places: Int[np.ndarray, " gap"]) -> Float32[np.ndarray, "gap window"]:
        """Return the products of the surroundings at some places with those at all places."""
        return self._windows[places] @ self._windows.T

    def _mean_squares(
        self,
        before: Float32[np.ndarray, " window"],
        after: Float32[np.ndarray, " window"] | None,
        start: int,
        length: int,
    ) -> Float32[np.ndarray, " time"]:
        """Return the mean squared difference of the surroundings for analogues that start at each sample.

        Args:
            before: products of what is before the gap.
            after: products of what is after the gap; None: it is unknown.
            start: first missing sample of the gap.
            length: its length.
        """
        context, beyond = self.context, 0 if after is None else self.context
        result = np.full(self.samples, np.inf, dtype=np.float32)
        first, stop = context, self.samples - length - beyond + 1
        if stop <= first:
            return result
        sides = [(before, -context)] if after is None else [(before, -context), (after, length)]
        squares, difference = np.zeros(stop - first, np.float32), np.zeros(stop - first, np.float32)
        for products, side in sides:
            here, there = start + side, slice(first + side, stop + side)
            squares += self._squares[there] + self._squares[here] - 2 * products[there]
            difference += self._sums[there] - self._sums[here]
        count = context * len(sides)
        mean_squares = squares / count - np.square(difference / count)
        missing = self._missing[first + length + beyond : stop + length + beyond]
        complete = missing == self._missing[first - context : stop - context]
        result[first:stop] = np.where(complete, np.maximum(mean_squares, 0), np.inf)
        return result

    def _with_companion(
        self,
        mean_squares: Float32[np.ndarray, " time"],
        companion_mv: Float[np.ndarray, " time"],
        start: int,
        length: int,
    ) -> Float32[np.ndarray, " time"]:
        """Return the mean squared differences of both leads, the companion compared through the gap."""
        squares, missing = self._squares_of_companion(companion_mv, start, length)
        own, other = 2 * self.context, 2 * self.context + length
        both = (own * mean_squares + squares) / (own + other)
        return np.where(missing, mean_squares, both).astype(np.float32)

    def _squares_of_companion(
        self, companion_mv: Float[np.ndarray, " time"], start: int, length: int
    ) -> tuple[Float32[np.ndarray, " time"], Bool[np.ndarray, " time"]]:
        """Return the sum of squared differences, level removed, at each sample, and where one is missing."""
        filled, missing = _fill(companion_mv)
        size = length + 2 * self.context
        template = filled[start - self.context : start - self.context + size].astype(np.float64)
        template -= template.mean()
        sums, squares = (np.concatenate([[0.0], np.cumsum(x)]) for x in (filled, np.square(filled)))
        gone = np.concatenate([[0], np.cumsum(missing)])
        total = squares[size:] - squares[:-size] - np.square(sums[size:] - sums[:-size]) / size
        total += np.square(template).sum()
        total -= 2 * oaconvolve(filled, template[::-1].astype(np.float32), mode="valid")
        result = np.full(self.samples, np.inf, dtype=np.float32)
        result[self.context : self.context + len(total)] = np.maximum(total, 0)
        is_missing = np.zeros(self.samples, dtype=bool)
        is_missing[self.context : self.context + len(total)] = gone[size:] > gone[:-size]
        return result, is_missing

    def _exclude(
        self, mean_squares: Float32[np.ndarray, " time"], start: int, length: int, *, is_forecast: bool
    ) -> None:
        """Exclude, in place, what needs samples that are missing in a gap."""
        if is_forecast:
            mean_squares[max(start - length + 1, 0) :] = np.inf
        else:
            mean_squares[max(start - length - self.context + 1, 0) : start + length + self.context] = np.inf


def _fill(
    lead_mv: Float[np.ndarray, " time"],
) -> tuple[Float32[np.ndarray, " time"], Bool[np.ndarray, " time"]]:
    """Return a lead without its mean, zero where samples are missing, and where that is."""
    missing = ~np.isfinite(lead_mv)
    observed = lead_mv[~missing]
    # A constant changes nothing, and single precision is exact near zero only.
    level = observed.mean() if len(observed) else 0.0
    return np.where(missing, 0, lead_mv - level).astype(np.float32), missing
