"""Plots that compare imputation methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from diffecg.plotting.panels import PANEL_INCH, panel_title, panels
from diffecg.plotting.paper import ACCENT, INK, INTERVAL

Interval = Callable[[float], tuple[Float[np.ndarray, " gap"], Float[np.ndarray, " gap"]]]
"""Maps a nominal coverage to lower and upper bound, in mV."""

COVERAGE = 0.9
"""Nominal coverage of the plotted prediction intervals."""
_COLOURS = (ACCENT, "#c9772b", "#4c9a63", "#9b59b6", "#7a8194", "#b3261e", INK)
_WRITTEN = "#b3261e"
_CONTEXT_S = 2.0
_WIDE_S, _WIDE_INCH = 2.5, (9.3, 1.5)
"""Longer gaps have a row for each method."""


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
        axis.legend(fontsize=6, frameon=False, loc="upper left")
    return figure


def imputed_gap(
    signal_mv: Float[np.ndarray, " time"],
    fs_hz: float,
    gap: slice,
    predictions: Mapping[str, tuple[Float[np.ndarray, " gap"], Interval | None]],
    *,
    title: str,
) -> Figure:
    """Plot a gap as several methods write it, with their prediction intervals, one panel for each.

    Args:
        signal_mv: the original signal around the gap, in mV.
        fs_hz: sampling rate, in Hz.
        gap: the missing samples.
        predictions: by method, the written samples in mV and the function from a coverage to an interval.
        title: title of the figure.
    """
    is_long = gap.stop - gap.start > _WIDE_S * fs_hz
    columns, size = (1, _WIDE_INCH) if is_long else (3, PANEL_INCH)
    figure, axes = panels(len(predictions), columns, title, panel_inch=size)
    context = round(_CONTEXT_S * fs_hz)
    first = max(gap.start - context, 0)
    shown_mv = signal_mv[first : gap.stop + context]
    time_s = (np.arange(len(shown_mv)) + first - gap.start) / fs_hz
    gap_s = np.arange(gap.stop - gap.start) / fs_hz
    observed_mv = shown_mv.copy()
    observed_mv[gap.start - first : gap.stop - first] = np.nan
    margin = 0.25 * np.ptp(shown_mv[np.isfinite(shown_mv)])
    for axis, (method, (written_mv, interval)) in zip(axes, predictions.items(), strict=True):
        if interval is not None:
            axis.fill_between(
                gap_s,
                *interval(COVERAGE),
                color=INTERVAL,
                alpha=0.6,
                linewidth=0,
                label=f"{100 * COVERAGE:.0f} % interval",
            )
        axis.plot(time_s, observed_mv, color=INK, linewidth=0.8, label="observed")
        axis.plot(gap_s, signal_mv[gap], "--", color=INK, linewidth=0.8, label="true signal")
        axis.plot(gap_s, written_mv, color=_WRITTEN, linewidth=1.0, label="written")
        axis.set_ylim(np.nanmin(shown_mv) - margin, np.nanmax(shown_mv) + margin)
        axis.set_xlim(time_s[0], time_s[-1])
        panel_title(axis, method)
        axis.set_ylabel("mV")
    for axis in axes[-columns:]:
        axis.set_xlabel("time from the start of the gap (s)")
    handles = {
        label: handle
        for axis in axes
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=5, fontsize=7, frameon=False)
    return figure
