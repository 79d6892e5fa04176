"""Imputation methods of other packages, for ``diffecg evaluate-task --vs``."""

from __future__ import annotations

from pathlib import Path

import neurokit2
import numpy as np
from jaxtyping import Bool, Float

from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.baselines import linear
from diffecg.evaluation.imputation.contexts import Context
from diffecg.evaluation.imputation.prediction import Method, Prediction
from diffecg.signal.resampling import fit_length, interpolate_gaps, resample, resample_mask
from research.rivals.imputation_networks import TrainedNetwork, WindowFormat

WINDOWS = WindowFormat(samples=1000, fs_hz=100.0, kinds=("ecg",))
"""Windows of the networks: any lead."""
DRAWS = 16
LONGEST_GAP_S = 8.0
"""Longer gaps leave a network's window of 10 s too little to see; they are interpolated linearly."""
MIN_SPREAD_MV = 1e-3


def neurokit(text: str = "") -> Method:
    """Return imputation by ``neurokit2.signal_fillmissing``: held forward, and backward after the middle."""
    return Method(predict=_hold_nearest)


def network(folder: str) -> Method:
    """Return imputation by a trained network of research.rivals.imputation_networks.

    Args:
        folder: folder that ``python -m research imputation-networks`` wrote.

    Raises:
        DiffecgError: no folder is given, or it holds no network.
    """
    if not folder:
        raise DiffecgError("state the folder of the network: --vs unet=networks/unet")
    return Method(predict=NetworkImputer(TrainedNetwork.load(Path(folder), WINDOWS)))


class NetworkImputer:
    """Imputes by a network of 10 s windows; picklable."""

    def __init__(self, trained: TrainedNetwork) -> None:
        self.trained = trained

    def __call__(self, context: Context) -> Prediction:
        """Return the network's draws of the gap."""
        if context.length > LONGEST_GAP_S * context.fs_hz:
            return linear(context)
        first = _window_start(context)
        visible_mv = fit_length(
            context.signal_mv[first : first + _window_length(context)],
            _window_length(context),
        )
        gap = slice(context.gap.start - first, context.gap.stop - first)
        visible_mv[gap] = np.nan
        signal, observed = _at_network_rate(visible_mv, context.fs_hz)
        level, spread = normalisation(signal, observed, MIN_SPREAD_MV)
        window = ((signal - level) / spread).astype(np.float32)
        drawn = self.trained.draw(window[:, None], observed[:, None], DRAWS)[..., 0]
        draws_mv = drawn * spread + level
        # Observed samples keep the filter of resampling from spreading errors into the gap.
        draws_mv[:, observed] = signal[observed]
        return Prediction.from_draws(resample(draws_mv, WINDOWS.fs_hz, context.fs_hz)[:, gap])


def normalisation(
    signal: Float[np.ndarray, " time"], observed: Bool[np.ndarray, " time"], min_spread: float
) -> tuple[float, float]:
    """Return the level and spread of the observed samples, by which a window is normalised."""
    seen = signal[observed]
    return float(np.median(seen)), max(float(seen.std()), min_spread)


def _window_length(context: Context) -> int:
    """Return the length of a window of 10 s, in samples of the recording."""
    return round(WINDOWS.samples / WINDOWS.fs_hz * context.fs_hz)


def _window_start(context: Context) -> int:
    """Return where a window of 10 s starts that has the gap in its middle, as far as the signal allows."""
    length = _window_length(context)
    centred = (context.gap.start + context.gap.stop - length) // 2
    return max(min(centred, len(context.signal_mv) - length), 0)


def _at_network_rate(
    visible_mv: Float[np.ndarray, " time"], fs_hz: float
) -> tuple[Float[np.ndarray, " window"], Bool[np.ndarray, " window"]]:
    """Return a window at the network's rate, interpolated where it is missing, and its mask."""
    signal = fit_length(resample(interpolate_gaps(visible_mv), fs_hz, WINDOWS.fs_hz), WINDOWS.samples)
    missing = resample_mask(np.isnan(visible_mv)[None], fs_hz, WINDOWS.fs_hz)[0]
    observed = np.zeros(WINDOWS.samples, bool)
    observed[: len(missing)] = ~missing[: WINDOWS.samples]
    return signal, observed


def _hold_nearest(context: Context) -> Prediction:
    """Hold the last sample in the first half of the gap, the next one after it."""
    near_mv, gap = context.near()
    middle = gap.stop if context.is_forecast else (gap.start + gap.stop) // 2
    left = neurokit2.signal_fillmissing(near_mv[:middle], method="forward")
    right = neurokit2.signal_fillmissing(near_mv[middle:], method="backward")
    return Prediction.from_draws(np.concatenate([left, right])[None, gap].astype(float))
