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
from diffecg.signal.kinds import signal_kind
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
    draws: Float64[np.ndarray, "draw row gap"]
    mean: Float64[np.ndarray, "row gap"]
    """The point estimate."""
    segments: Float64[np.ndarray, "draw row gap"]
    """Signals of natural shape; the one nearest to the draws is written into the recording."""
    kernel: Float64[np.ndarray, "row gap"]
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
    kinds: tuple[str, ...] | None = None
    """Kinds of signals that are imputed; None: any."""
    companions: tuple[str, ...] = ("ecg",)
    """Kinds of the other signals of a recording that help, beside those of the signal's own kind."""
    uses_other_leads = True
    draws_are_segments = True
    """Whether each draw is a segment of the recording, so that one of the draws is written into it."""

    @abstractmethod
    def _fill(
        self,
        signal: Float[np.ndarray, "lead time"],
        fs_hz: float,
        gaps: Sequence[LeadGap],
        seeds: Sequence[int],
        window: int,
        kinds: Sequence[str],
    ) -> Iterator[FilledGap]:
        """Yield the result of each gap of a window, or of some of its leads; the gaps in any order."""

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """Return what the provenance of a result states about the imputer."""

    def impute(
        self,
        signal: ArrayLike,
        fs_hz: float,
        *,
        wanted: ArrayLike | None = None,
        span: slice | None = None,
        label: str | None = None,
        kinds: Sequence[str] | None = None,
        axes: str | None = None,
        draws: int = 16,
        seed: Seeds = 0,
        coverage: float = 0.9,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Impute the missing samples of a signal.

        Args:
            signal: the signal, as for :meth:`diffecg.Model.impute`, each lead in the unit of its kind.
            fs_hz: its sampling rate, in Hz; any rate.
            wanted: True where missing samples are to be imputed, of the shape of the signal or (time); others
                stay missing. None: all.
            span: the samples that are returned; the others only serve as surroundings. None: all.
            label: None; nothing is conditioned on a label.
            kinds: kind of each lead, or of all (:mod:`diffecg.signal.kinds`), each in its own unit; None: all
                are ECG, in mV.
            axes: as for :meth:`diffecg.Model.impute`.
            draws: number of draws.
            seed: an integer, a generator of NumPy, None (unpredictable), or the seed of each draw.
            coverage: nominal coverage of the prediction interval.
            progress: called with (gaps done, gaps in total).
            on_preview: never called; there is no intermediate estimate.

        Returns:
            The completed signal, point estimate, prediction interval and draws, with the axes of
            ``signal``; observed samples are returned unchanged.

        Raises:
            DiffecgError: a lead in which nothing or only a flat line is observed; infinite samples; a label;
                arguments out of range.
        """
        given = interpret_signal(signal, axes)
        gaps = find_gaps(given, wanted, span)
        imputation = self._impute(given.windows, fs_hz, gaps, label, kinds, draws, seed, coverage, progress)
        return imputation.restore(given)

    def forecast(
        self,
        past: ArrayLike,
        fs_hz: float,
        *,
        horizon_s: float = 1.0,
        label: str | None = None,
        kinds: Sequence[str] | None = None,
        axes: str | None = None,
        draws: int = 16,
        seed: Seeds = 0,
        coverage: float = 0.9,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Forecast a signal from its past.

        Args:
            past: signal, as for :meth:`impute`; its last :attr:`past_s` seconds are used.
            fs_hz: its sampling rate, in Hz; any rate.
            horizon_s: length of the forecast, in s.
            label: as for :meth:`impute`.
            kinds: as for :meth:`impute`.
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
        given = interpret_signal(past, axes)
        check_rate(fs_hz)
        samples = checks.horizon_samples(horizon_s, fs_hz)
        used = given.windows[..., -max(round(self.past_s * fs_hz), 1) :]
        signal = np.pad(used, [(0, 0), (0, 0), (0, samples)], constant_values=np.nan)
        future = slice(used.shape[-1], signal.shape[-1])
        wanted = np.zeros(signal.shape, dtype=bool)
        wanted[..., future] = True
        gaps = Gaps(wanted=wanted, span=future)
        imputation = self._impute(signal, fs_hz, gaps, label, kinds, draws, seed, coverage, progress)
        info = {**imputation.info, "task": "forecast", "horizon_s": horizon_s}
        return replace(imputation, info=info).restore(given)

    def _check_kinds(self, kinds: Sequence[str], gaps: Gaps) -> None:
        """Check that signals with gaps are of kinds that are imputed.

        Raises:
            DiffecgError: they are not.
        """
        has_gaps = np.any(gaps.wanted, axis=(0, 2)).tolist()
        wanted = {kind for kind, has_gap in zip(kinds, has_gaps, strict=True) if has_gap}
        if self.kinds is not None and (others := sorted(wanted - set(self.kinds))):
            raise DiffecgError(
                f"{self.name} does not impute {', '.join(others)}, only {', '.join(self.kinds)}; "
                "use analogues (diffecg.AnalogueImputer, --engine analogues), which impute any kind"
            )

    def _impute(
        self,
        signal: Float[np.ndarray, "window lead time"],
        fs_hz: float,
        gaps: Gaps,
        label: str | None,
        kinds: Sequence[str] | None,
        draws: int,
        seed: Seeds,
        coverage: float,
        progress: Progress | None,
    ) -> Imputation:
        """Impute the wanted samples of windows, each from itself."""
        if label is not None:
            raise DiffecgError(f"{self.name} is not conditioned on a label such as {label!r}; leave it out")
        kinds = checks.check_kinds(kinds, signal.shape[1])
        self._check_kinds(kinds, gaps)
        coverage, draws = checks.check_coverage(coverage), checks.check_integer("draws", draws)
        seeds = spread_seeds(seed, draws)
        for number, (of_window, wanted) in enumerate(zip(signal, gaps.wanted, strict=True)):
            name = f"window {number}, " if len(signal) > 1 else ""
            checks.check_signal(of_window, wanted, fs_hz, name=name)
        of_span = signal[..., gaps.span]
        of_draws = np.repeat(of_span[None], draws, axis=0)
        segments = of_draws if self.draws_are_segments else of_draws.copy()
        mean, kernel = of_span.copy(), np.zeros_like(of_span)
        parts = [_gaps_of(wanted) for wanted in gaps.wanted]
        total, interpolated, done = sum(map(len, parts)), 0, 0
        for window, of_window in enumerate(parts):
            starts = [gap.samples.start for gap in of_window]
            remaining = [len(gap.rows) for gap in of_window]
            for filled in self._fill(signal[window], fs_hz, of_window, seeds, window, kinds):
                interpolated += filled.is_interpolated
                here = slice(filled.samples.start - gaps.span.start, filled.samples.stop - gaps.span.start)
                index = (window, filled.rows, here)
                where = gaps.wanted[window, filled.rows, filled.samples]
                _insert(of_draws, index, where, filled.draws)
                _insert(segments, index, where, filled.segments)
                _insert(mean, index, where, filled.mean)
                _insert(kernel, index, where, filled.kernel)
                number = bisect_right(starts, filled.samples.start) - 1
                remaining[number] -= len(filled.rows)
                done += not remaining[number]
                if progress is not None and not remaining[number]:
                    progress(done, total)
        imputation = summarise_draws(
            of_span,
            of_draws,
            fs_hz,
            seeds=seeds,
            coverage=coverage,
            mean=mean,
            kernel=kernel,
            segments=segments,
            units=[signal_kind(kind).unit for kind in kinds],
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
