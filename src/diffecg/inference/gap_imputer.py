"""What imputes gap by gap from the whole recording: the part that all such imputers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64
from numpy.typing import ArrayLike

from diffecg._version import __version__
from diffecg.errors import DiffecgError
from diffecg.inference import checks
from diffecg.inference.imputer import Progress
from diffecg.inference.results import Imputation, Preview
from diffecg.inference.seeds import Seeds, spread_seeds
from diffecg.inference.summary import Gaps, find_gaps, summarise_draws
from diffecg.signal.arrays import interpret_signal
from diffecg.signal.resampling import check_rate
from diffecg.signal.runs import true_runs


@dataclass(frozen=True, kw_only=True)
class LeadGap:
    """An interval in which some leads have missing samples."""

    samples: slice
    rows: tuple[int, ...]
    """The leads of which samples are to be imputed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FilledGap:
    """What may have been in a gap of some leads."""

    samples: slice
    rows: Sequence[int]
    draws_mv: Float64[np.ndarray, "draw row gap"]
    mean_mv: Float64[np.ndarray, "row gap"]
    """The point estimate."""
    segments_mv: Float64[np.ndarray, "draw row gap"]
    """Signals with the shape of an ECG; the one nearest to the draws is written into the recording."""
    kernel_mv: Float64[np.ndarray, "row gap"]
    """Standard deviation of the kernel around each draw."""
    is_interpolated: bool
    """Whether nothing resembles the gap, so that it is interpolated."""


class GapImputer(ABC):
    """Imputes and forecasts gap by gap from the whole recording; see :class:`diffecg.AnalogueImputer`."""

    name: str
    context_s: float
    """Length of the signal on either side of a gap that is used, in s."""
    past_s: float
    """Length of the past that a forecast is made from, in s."""
    lead: str | None = None
    uses_other_leads = True
    draws_are_segments = True
    """Whether each draw is a segment of the recording, so that one of the draws is written into it."""

    @abstractmethod
    def _fill(
        self,
        signal_mv: Float[np.ndarray, "lead time"],
        fs_hz: float,
        gaps: Sequence[LeadGap],
        seeds: Sequence[int],
        window: int,
    ) -> Iterator[FilledGap]:
        """Yield the result of each gap of a window, or of some of its leads; the gaps in any order."""

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """Return what the provenance of a result states about the imputer."""

    def impute(
        self,
        signal_mv: ArrayLike,
        fs_hz: float,
        *,
        wanted: ArrayLike | None = None,
        span: slice | None = None,
        label: str | None = None,
        axes: str | None = None,
        draws: int = 16,
        seed: Seeds = 0,
        coverage: float = 0.9,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Impute the missing samples of a signal.

        Args:
            signal_mv: signal, in mV, as for :meth:`diffecg.Model.impute`.
            fs_hz: its sampling rate, in Hz; any rate.
            wanted: True where missing samples are to be imputed, of the shape of the signal or (time); others
                stay missing. None: all.
            span: the samples that are returned; the others only serve as surroundings. None: all.
            label: None; nothing is conditioned on a label.
            axes: as for :meth:`diffecg.Model.impute`.
            draws: number of draws.
            seed: an integer, a generator of NumPy, None (unpredictable), or the seed of each draw.
            coverage: nominal coverage of the prediction interval.
            progress: called with (gaps done, gaps in total).
            on_preview: never called; there is no intermediate estimate.

        Returns:
            The completed signal, point estimate, prediction interval and draws, with the axes of
            ``signal_mv``; observed samples are returned unchanged.

        Raises:
            DiffecgError: a lead in which nothing or only a flat line is observed; infinite samples; a label;
                arguments out of range.
        """
        signal = interpret_signal(signal_mv, axes)
        gaps = find_gaps(signal, signal.windows, wanted, span)
        imputation = self._impute(signal.windows, fs_hz, gaps, label, draws, seed, coverage, progress)
        return imputation.restore(signal)

    def forecast(
        self,
        past_mv: ArrayLike,
        fs_hz: float,
        *,
        horizon_s: float = 1.0,
        label: str | None = None,
        axes: str | None = None,
        draws: int = 16,
        seed: Seeds = 0,
        coverage: float = 0.9,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Forecast a signal from its past.

        Args:
            past_mv: signal, as for :meth:`impute`; its last :attr:`past_s` seconds are used.
            fs_hz: its sampling rate, in Hz; any rate.
            horizon_s: length of the forecast, in s.
            label: as for :meth:`impute`.
            axes: as for :meth:`impute`.
            draws: as for :meth:`impute`.
            seed: as for :meth:`impute`.
            coverage: as for :meth:`impute`.
            progress: as for :meth:`impute`.
            on_preview: as for :meth:`impute`.

        Returns:
            As for :meth:`impute`, for the ``horizon_s`` seconds after the last sample.

        Raises:
            DiffecgError: as for :meth:`impute`; a horizon out of range.
        """
        past = interpret_signal(past_mv, axes)
        check_rate(fs_hz)
        samples = checks.horizon_samples(horizon_s, fs_hz)
        used = past.windows[..., -max(round(self.past_s * fs_hz), 1) :]
        signal = np.pad(used, [(0, 0), (0, 0), (0, samples)], constant_values=np.nan)
        future = slice(used.shape[-1], signal.shape[-1])
        wanted = np.zeros(signal.shape, dtype=bool)
        wanted[..., future] = True
        gaps = Gaps(wanted=wanted, span=future)
        imputation = self._impute(signal, fs_hz, gaps, label, draws, seed, coverage, progress)
        info = {**imputation.info, "task": "forecast", "horizon_s": horizon_s}
        return replace(imputation, info=info).restore(past)

    def _impute(
        self,
        signal_mv: Float[np.ndarray, "window lead time"],
        fs_hz: float,
        gaps: Gaps,
        label: str | None,
        draws: int,
        seed: Seeds,
        coverage: float,
        progress: Progress | None,
    ) -> Imputation:
        """Impute the wanted samples of windows, each from itself."""
        if label is not None:
            raise DiffecgError(f"{self.name} is not conditioned on a label such as {label!r}; leave it out")
        coverage, draws = checks.check_coverage(coverage), checks.check_integer("draws", draws)
        seeds = spread_seeds(seed, draws)
        for number, (window_mv, wanted) in enumerate(zip(signal_mv, gaps.wanted, strict=True)):
            name = f"window {number}, " if len(signal_mv) > 1 else ""
            checks.check_signal(window_mv, wanted, fs_hz, name=name)
        of_span = signal_mv[..., gaps.span]
        draws_mv = np.repeat(of_span[None], draws, axis=0)
        segments_mv = draws_mv if self.draws_are_segments else draws_mv.copy()
        mean_mv, kernel_mv = of_span.copy(), np.zeros_like(of_span)
        parts = [_gaps_of(wanted) for wanted in gaps.wanted]
        total, interpolated, done = sum(map(len, parts)), 0, 0
        for window, of_window in enumerate(parts):
            starts = [gap.samples.start for gap in of_window]
            remaining = [len(gap.rows) for gap in of_window]
            for filled in self._fill(signal_mv[window], fs_hz, of_window, seeds, window):
                interpolated += filled.is_interpolated
                here = slice(filled.samples.start - gaps.span.start, filled.samples.stop - gaps.span.start)
                index = (window, filled.rows, here)
                where = gaps.wanted[window, filled.rows, filled.samples]
                _insert(draws_mv, index, where, filled.draws_mv)
                _insert(segments_mv, index, where, filled.segments_mv)
                _insert(mean_mv, index, where, filled.mean_mv)
                _insert(kernel_mv, index, where, filled.kernel_mv)
                number = bisect_right(starts, filled.samples.start) - 1
                remaining[number] -= len(filled.rows)
                done += not remaining[number]
                if progress is not None and not remaining[number]:
                    progress(done, total)
        imputation = summarise_draws(
            of_span,
            draws_mv,
            fs_hz,
            seeds=seeds,
            coverage=coverage,
            mean_mv=mean_mv,
            kernel_mv=kernel_mv,
            segments_mv=segments_mv,
        )
        info = {
            "synthetic": True,
            "task": "impute",
            **self._settings(),
            "gaps": total,
            "interpolated_gaps": interpolated,
            "diffecg": __version__,
            "draws": draws,
            "coverage": imputation.coverage,
            "attainable_coverage": imputation.attainable_coverage,
            "interval": imputation.interval_name,
        }
        return replace(imputation, info=info)


def _gaps_of(wanted: Bool[np.ndarray, "lead time"]) -> list[LeadGap]:
    """Return the intervals in which samples of any lead are wanted."""
    return [
        LeadGap(
            samples=slice(start, stop),
            rows=tuple(np.flatnonzero(wanted[:, start:stop].any(axis=1)).tolist()),
        )
        for start, stop in true_runs(np.any(wanted, axis=0))
    ]


def _insert(
    array: Float[np.ndarray, "*draw window lead time"],
    index: tuple[int, Sequence[int], slice],
    where: Bool[np.ndarray, "row gap"],
    values: Float[np.ndarray, "*draw row gap"],
) -> None:
    """Replace the samples of some leads of an array in a gap, where they are wanted."""
    window, rows, gap = index
    for number, row in enumerate(rows):
        part = array[..., window, row, gap]
        part[..., where[number]] = values[..., number, :][..., where[number]]
