"""Imputation and forecasting by analogues: segments of the recording whose surroundings resemble a gap's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike

from diffecg._version import __version__
from diffecg.errors import DiffecgError
from diffecg.inference import checks
from diffecg.inference.analogue_pool import POOL, draw_from, find_pool
from diffecg.inference.imputer import Progress
from diffecg.inference.results import Imputation, Preview
from diffecg.inference.seeds import Seeds, spread_seeds
from diffecg.inference.summary import Gaps, find_gaps, summarise_draws
from diffecg.signal.analogue_search import REACH_S
from diffecg.signal.arrays import interpret_signal
from diffecg.signal.resampling import check_rate
from diffecg.signal.runs import true_runs


class AnalogueImputer:
    """Imputes and forecasts by the nearest analogues in the whole recording; takes no trained model.

    A gap's analogues are the 16 segments, within 30 minutes on either side, whose surroundings resemble those
    of the gap most. They are the draws: real beats of the same subject. Draw k depends on its seed and on the
    signal only. The seeds that an integer ``seed`` makes take each analogue once in 16 draws, in random
    order; further draws repeat analogues. The point estimate is the mean of the 16, the predictive
    distribution that of the draws with a Gaussian kernel around each. Leads that are missing together get the
    same analogue, and leads that are observed through the gap help to find it. A gap without analogues is
    interpolated, with an interval as wide as the lead varies.

    Example:
        >>> import diffecg, numpy as np
        >>> from diffecg.signal.simulation import simulate_ecg
        >>> signal_mv = simulate_ecg(60, 100).signal_mv
        >>> signal_mv[3000:3100] = np.nan
        >>> imputed = diffecg.AnalogueImputer().impute(signal_mv, fs_hz=100)
        >>> imputed.draws_mv.shape, imputed.interval_name
        ((16, 6000), '90 % interval')
    """

    name = "analogues"
    lead: str | None = None
    uses_other_leads = True

    def __init__(self, *, reach_s: float = REACH_S) -> None:
        """Create an imputer.

        Args:
            reach_s: how far from a gap analogues are searched, on either side, in s.

        Raises:
            DiffecgError: a reach that is not above 0.
        """
        if not reach_s > 0:
            raise DiffecgError(f"reach {reach_s:g} s must be above 0, such as {REACH_S:g}")
        self.context_s = float(reach_s)
        self.past_s = float(reach_s)

    def __repr__(self) -> str:
        """Return the settings."""
        return f"<AnalogueImputer: {POOL} analogues within {self.context_s:g} s on either side>"

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
        """Impute the missing samples of a signal by analogues.

        Args:
            signal_mv: signal, in mV, as for :meth:`diffecg.Model.impute`.
            fs_hz: its sampling rate, in Hz; any rate.
            wanted: True where missing samples are to be imputed, of the shape of the signal or (time); others
                stay missing. None: all.
            span: the samples that are returned; the others only serve as surroundings. None: all.
            label: None; analogues are not conditioned on a label.
            axes: as for :meth:`diffecg.Model.impute`.
            draws: number of draws; those above 16 repeat analogues.
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
        """Forecast a signal by what followed analogues of its end.

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
            raise DiffecgError(f"analogues are not conditioned on a label such as {label!r}; leave it out")
        coverage, draws = checks.check_coverage(coverage), checks.check_integer("draws", draws)
        seeds = spread_seeds(seed, draws)
        for number, (window_mv, wanted) in enumerate(zip(signal_mv, gaps.wanted, strict=True)):
            name = f"window {number}, " if len(signal_mv) > 1 else ""
            checks.check_signal(window_mv, wanted, fs_hz, name=name)
        of_span = signal_mv[..., gaps.span]
        draws_mv = np.repeat(of_span[None], draws, axis=0)
        mean_mv, kernel_mv = of_span.copy(), np.zeros_like(of_span)
        parts = [
            (window, slice(start, stop))
            for window, wanted in enumerate(gaps.wanted)
            for start, stop in true_runs(wanted.any(axis=0))
        ]
        kinds = {"gaps": len(parts), "interpolated": 0}
        for done, (window, gap) in enumerate(parts):
            asked = gaps.wanted[window]
            rows = np.flatnonzero(asked[:, gap].any(axis=1)).tolist()
            for pool in find_pool(signal_mv[window], gap, rows, fs_hz, reach_s=self.context_s):
                kinds["interpolated"] += pool.is_interpolated
                here = slice(gap.start - gaps.span.start, gap.stop - gaps.span.start)
                index = (window, pool.rows, here)
                where = asked[pool.rows, gap]
                _insert(draws_mv, index, where, draw_from(pool, seeds))
                _insert(mean_mv, index, where, pool.segments.mean(axis=0))
                _insert(kernel_mv, index, where, pool.kernel(draws))
            if progress is not None:
                progress(done + 1, len(parts))
        imputation = summarise_draws(
            of_span, draws_mv, fs_hz, seeds=seeds, coverage=coverage, mean_mv=mean_mv, kernel_mv=kernel_mv
        )
        return replace(imputation, info=self._info(imputation, draws, kinds))

    def _info(self, imputation: Imputation, draws: int, kinds: dict[str, int]) -> dict[str, Any]:
        return {
            "synthetic": True,
            "task": "impute",
            "engine": self.name,
            "analogues": POOL,
            "reach_s": self.context_s,
            "interpolated_gaps": kinds["interpolated"],
            "diffecg": __version__,
            "draws": draws,
            "coverage": imputation.coverage,
            "attainable_coverage": imputation.attainable_coverage,
            "interval": imputation.interval_name,
        }


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
