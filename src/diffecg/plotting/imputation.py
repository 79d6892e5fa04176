"""The pictures of gaps and forecasts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from diffecg.plotting.comparison import panels
from diffecg.plotting.paper import ACCENT, BAND, INK
from diffecg.signal.intervals import prediction_interval

Array = NDArray[np.floating]
_COLOURS = ("#c9772b", "#4c9a63", "#9b59b6", "#7a8194", "#b3261e")
_AROUND_S = 2.0


def calibration(levels: Array, curves: Mapping[str, Mapping[str, list[float]]]) -> Figure:
    """Return how much of the truth the bands hold, over what they promise; a panel a method.

    Args:
        levels: what the bands promise, as shares.
        curves: by method and group, what they hold.
    """
    figure, axes = panels(len(curves), 3, "Share of hidden samples inside the band of the draws")
    for axis, (method, groups) in zip(axes, curves.items(), strict=True):
        axis.plot([0, 1], [0, 1], color="#d0d3da", linewidth=1)
        for colour, (group, held) in zip((ACCENT, *_COLOURS), groups.items(), strict=False):
            axis.plot(levels, held, "o-", color=colour, markersize=2.5, linewidth=1, label=group)
        axis.set_title(method, fontsize=8, loc="left")
        axis.set_xlabel("promised")
        axis.set_ylabel("held")
        axis.legend(fontsize=6, frameon=False)
    return figure


def example(
    signal_mv: Array,
    fs_hz: float,
    hidden: slice,
    truth_mv: Array,
    draws_mv: Mapping[str, Array],
    title: str,
) -> Figure:
    """Return one hidden stretch as each method fills it, a panel a method, all to the same scale.

    Args:
        signal_mv: (time), in mV; NaN where hidden.
        fs_hz: sampling rate, in Hz.
        hidden: where the signal is hidden.
        truth_mv: (time) of the hidden part, in mV.
        draws_mv: by method (draw time) of the hidden part, in mV.
        title: of the sheet.
    """
    figure, axes = panels(len(draws_mv), 3, title)
    around = round(_AROUND_S * fs_hz)
    shown = slice(max(hidden.start - around, 0), min(hidden.stop + around, len(signal_mv)))
    time_s = np.arange(len(signal_mv)) / fs_hz
    gap_s = time_s[hidden]
    known = np.append(signal_mv[shown][np.isfinite(signal_mv[shown])], truth_mv)
    edge = 0.15 * np.ptp(known)
    for axis, (method, draws) in zip(axes, draws_mv.items(), strict=True):
        axis.plot(time_s[shown], signal_mv[shown], color=INK, linewidth=0.8)
        if len(draws) > 1:
            low, high = prediction_interval(draws, 0.9)
            axis.fill_between(gap_s, low, high, color=BAND, alpha=0.6, linewidth=0)
        axis.plot(gap_s, truth_mv, "--", color=INK, linewidth=0.8, label="hidden truth")
        axis.plot(gap_s, draws.mean(axis=0), color=ACCENT, linewidth=1.1, label="filled")
        axis.set_ylim(known.min() - edge, known.max() + edge)
        axis.set_title(method, fontsize=8, loc="left")
        axis.set_xlabel("s")
        axis.set_ylabel("mV")
    axes[0].legend(fontsize=6, frameon=False)
    return figure
