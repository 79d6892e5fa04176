"""Plots that compare imputation methods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from diffecg.plotting.panels import panel_title, panels
from diffecg.plotting.paper import ACCENT, INK, INTERVAL
from diffecg.signal.intervals import interval_name, prediction_interval

COVERAGE = 0.9
"""Nominal coverage of the plotted prediction intervals."""
_COLOURS = (ACCENT, "#c9772b", "#4c9a63", "#9b59b6", "#7a8194", "#b3261e")
_CONTEXT_S = 2.0


def calibration(
    levels: Float[np.ndarray, " level"], curves: Mapping[str, Mapping[str, list[float]]]
) -> Figure:
    """Plot the coverage of prediction intervals over their nominal coverage, one panel for each method.

    Args:
        levels: nominal coverages.
        curves: measured coverages by method and group.
    """
    figure, axes = panels(len(curves), 3, "Coverage of the prediction intervals")
    for axis, (method, groups) in zip(axes, curves.items(), strict=True):
        axis.plot([0, 1], [0, 1], color="#d0d3da", linewidth=1)
        for colour, (group, coverages) in zip(_COLOURS, groups.items(), strict=False):
            axis.plot(levels, coverages, "o-", color=colour, markersize=2.5, linewidth=1, label=group)
        panel_title(axis, method)
        axis.set_xlabel("nominal coverage")
        axis.set_ylabel("measured coverage")
        axis.legend(fontsize=6, frameon=False)
    return figure


def imputed_gap(
    signal_mv: Float[np.ndarray, " time"],
    fs_hz: float,
    gap: slice,
    truth_mv: Float[np.ndarray, " gap"],
    draws_mv: Mapping[str, Float[np.ndarray, "draw gap"]],
    *,
    title: str,
) -> Figure:
    """Plot a gap as imputed by several methods, one panel for each, all to the same scale.

    Args:
        signal_mv: the signal around the gap, in mV.
        fs_hz: sampling rate, in Hz.
        gap: the missing samples.
        truth_mv: the true signal in the gap, in mV.
        draws_mv: draws of the missing samples by method, in mV.
        title: title of the figure.
    """
    figure, axes = panels(len(draws_mv), 3, title)
    context = round(_CONTEXT_S * fs_hz)
    shown = slice(max(gap.start - context, 0), min(gap.stop + context, len(signal_mv)))
    time_s = np.arange(len(signal_mv)) / fs_hz
    gap_s = time_s[gap]
    known = np.append(signal_mv[shown][np.isfinite(signal_mv[shown])], truth_mv)
    margin = 0.15 * np.ptp(known)
    for axis, (method, draws) in zip(axes, draws_mv.items(), strict=True):
        axis.plot(time_s[shown], signal_mv[shown], color=INK, linewidth=0.8, label="observed")
        if len(draws) > 1:
            lower, upper = prediction_interval(draws, COVERAGE)
            name = interval_name(len(draws), COVERAGE)
            axis.fill_between(gap_s, lower, upper, color=INTERVAL, alpha=0.6, linewidth=0, label=name)
        axis.plot(gap_s, truth_mv, "--", color=INK, linewidth=0.8, label="true signal")
        name = "mean of the draws" if len(draws) > 1 else "estimate"
        axis.plot(gap_s, draws.mean(axis=0), color=ACCENT, linewidth=1.1, label=name)
        axis.set_ylim(known.min() - margin, known.max() + margin)
        panel_title(axis, method)
        axis.set_xlabel("time (s)")
        axis.set_ylabel("mV")
    handles = {
        label: handle
        for axis in axes
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=5, fontsize=7, frameon=False)
    return figure
