"""Methods that models are compared with on monitor signals: interpolation, and trained networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64
from scipy.interpolate import PchipInterpolator

from diffecg.errors import DiffecgError
from diffecg.inference.results import Imputation
from diffecg.inference.summary import nearest_to_draws
from diffecg.signal.intervals import prediction_interval
from diffecg.signal.kinds import signal_kind
from research.benchmarks.monitor_cases import Case
from research.benchmarks.monitor_windows import COLUMNS, SAMPLES, Scale, in_columns, monitor_windows
from research.rivals.imputation_networks import TrainedNetwork

COVERAGE = 0.9
PAST_S = 2.0
"""Signal on either side of a gap that is interpolated from."""


def interpolate(case: Case) -> Imputation:
    """Return the monotone cubic interpolation of the gap; the last value in a forecast."""
    around = round(PAST_S * case.fs_hz)
    signal, gap = case.signal[0].astype(np.float64), case.gap
    near = np.arange(max(gap.start - around, 0), min(gap.stop + around, len(signal)))
    near = near[np.isfinite(signal[near])]
    inside = np.arange(gap.start, gap.stop).clip(near[0], near[-1])
    return imputation(case, PchipInterpolator(near, signal[near])(inside)[None])


class MonitorNetwork:
    """Imputes by a network of windows of :mod:`research.benchmarks.monitor_windows`."""

    def __init__(self, trained: TrainedNetwork) -> None:
        self.trained = trained

    @classmethod
    def load(cls, folder: Path, fs_hz: float) -> MonitorNetwork:
        """Return a network from a folder that ``python -m research monitor-networks`` wrote.

        Raises:
            DiffecgError: the folder holds no network of windows at the sampling rate.
        """
        return cls(TrainedNetwork.load(folder, monitor_windows(fs_hz)))

    def impute(self, case: Case, *, draws: int) -> Imputation:
        """Return the draws of the first signal in the gap; one of a deterministic network."""
        first = _window_start(case)
        visible = in_columns(case.signal[:, first : first + SAMPLES], case.kinds)
        scale = Scale.of(visible, case.fs_hz)
        normalised = scale.normalise(visible)
        observed = np.isfinite(normalised)
        drawn = self.trained.draw(np.where(observed, normalised, np.float32(0)), observed, draws)
        gap = slice(case.gap.start - first, case.gap.stop - first)
        return imputation(case, scale.restore(drawn)[:, gap, COLUMNS.index(case.kinds[0])])


def folders_of(named: Sequence[str]) -> dict[str, Path]:
    """Return the folders of ``NAME=FOLDER``, by name.

    Raises:
        DiffecgError: a name or a folder is missing.
    """
    folders = {}
    for text in named:
        name, _, folder = text.partition("=")
        if not name or not folder:
            raise DiffecgError(f"--vs {text} is not NAME=FOLDER, such as saits=networks/saits")
        folders[name] = Path(folder)
    return folders


def imputation(case: Case, draws: Float64[np.ndarray, "draw gap"]) -> Imputation:
    """Return draws of the gap alone as an imputation; the draw nearest to the others is written."""
    mean = draws.mean(axis=0)
    lower, upper = prediction_interval(draws, COVERAGE)
    return Imputation(
        signal=draws[nearest_to_draws(draws, draws)],
        mean=mean,
        lower=lower,
        upper=upper,
        draws=draws,
        kernel=np.zeros_like(mean),
        observed=np.zeros(len(mean), dtype=bool),
        fs_hz=case.fs_hz,
        seeds=tuple(range(len(draws))),
        coverage=COVERAGE,
        info={},
        units=(signal_kind(case.kinds[0]).unit,),
        axes="time",
    )


def _window_start(case: Case) -> int:
    """Return where a window starts that has the gap in its middle, as far as the signal allows."""
    centred = (case.gap.start + case.gap.stop - SAMPLES) // 2
    return max(min(centred, case.signal.shape[1] - SAMPLES), 0)
