"""Plots of signals on ECG paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffecg.plotting.paper import (
    ACCENT,
    BOTTOM_MM,
    INK,
    INTERVAL,
    MEAN,
    MM_PER_INCH,
    MM_PER_MV,
    Paper,
    mm_per_unit,
    panel_range,
)

LABEL_NAMES = {
    "N": "N, normal",
    "S": "S, supraventricular ectopic",
    "V": "V, ventricular ectopic",
    "F": "F, fusion",
    "Q": "Q, unclassifiable",
    "?": "label unknown",
}
"""Descriptions of the classes of AAMI EC57."""
DPI = 150
"""Resolution of the PNG files."""
_LINE_WIDTH = 1.1
COMPANION_MM = 13.0
"""Height of a companion under a strip."""
_WIDE_S = 6.5
"""Strips of this length have room for the legend in one line, beside the scale of the paper."""
_LEGEND_LINE_MM = 4.0
"""Height of the second line of the legend of a shorter strip, above the scale of the paper."""


def label_titles(labels: Iterable[str]) -> dict[str, str]:
    """Return the title of each label: a description if all of them are classes of AAMI EC57, else itself."""
    labels = list(labels)
    if set(labels) <= set(LABEL_NAMES):
        return {label: LABEL_NAMES[label] for label in labels}
    return {label: LABEL_NAMES["?"] if label == "?" else f"label {label}" for label in labels}


@dataclass(frozen=True, kw_only=True, eq=False)
class Companion:
    """A signal that is shown under a strip, at the same times."""

    name: str
    signal: Float[np.ndarray, " time"]
    """Samples at the rate of the strip; NaN = missing."""


class WindowRow(NamedTuple):
    """A row of windows in a plot."""

    windows_mv: Float[np.ndarray, "window time"]
    titles: Mapping[int, str] = {}
    """Titles of windows, by column."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImputedStrip:
    """A strip with imputed samples, ready to plot."""

    signal: Float[np.ndarray, " time"]
    """Observed samples, and the representative of the draws elsewhere."""
    lower: Float[np.ndarray, " time"]
    """Lower bound of the prediction interval."""
    upper: Float[np.ndarray, " time"]
    """Upper bound of the prediction interval."""
    observed: Bool[np.ndarray, " time"]
    """True = observed."""
    fs_hz: float
    """Sampling rate, in Hz."""
    unit: str = "mV"
    """Unit of the samples."""
    start_s: float = 0.0
    """Time of the first sample in the recording."""
    truth: Float[np.ndarray, " time"] | None = None
    """The true signal, if known."""
    mean: Float[np.ndarray, " time"] | None = None
    """Observed samples, and the mean of the draws elsewhere, if there are draws."""
    draws: Sequence[Float[np.ndarray, " time"]] = ()
    """Draws to show as thin lines."""
    signal_name: str = "representative of the draws"
    """What the signal is called in the legend where it is not observed."""
    truth_name: str = "true signal"
    """What ``truth`` is called in the legend."""
    companions: Sequence[Companion] = ()
    """Other signals of the recording, shown below without a scale."""


def window_grid(rows: Sequence[WindowRow], fs_hz: float, title: str = "", *, zoom: float = 1.0) -> Figure:
    """Plot windows in rows and columns.

    Args:
        rows: rows of the same number of windows.
        fs_hz: sampling rate, in Hz.
        title: title of the figure.
        zoom: scale of the figure; 1 prints at 25 mm/s.
    """
    low, high = panel_range(MM_PER_MV, *(row.windows_mv for row in rows))
    columns, length = rows[0].windows_mv.shape
    paper = Paper(
        duration_s=length / fs_hz,
        low=low,
        high=high,
        rows=len(rows),
        columns=columns,
        top_mm=10.0 if title else 2.0,
        zoom=zoom,
    )
    figure, axes = paper.draw(title)
    time_s = np.arange(length) / fs_hz
    for row, row_axes in zip(rows, axes, strict=True):
        for axis, window in zip(row_axes, row.windows_mv, strict=True):
            axis.plot(time_s, window, color=INK, linewidth=_LINE_WIDTH * zoom)
        for column, text in row.titles.items():
            row_axes[column].set_title(text, loc="left", fontsize=7 * zoom, pad=2 * zoom, color=INK)
    return figure


def imputed_strip(strip: ImputedStrip, title: str, *, zoom: float = 1.0) -> Figure:
    """Plot a strip with its imputed samples and their prediction interval.

    Args:
        strip: the strip.
        title: title of the figure.
        zoom: scale of the figure; 1 prints at 25 mm/s.
    """
    time_s = np.arange(len(strip.signal)) / strip.fs_hz
    shown = [strip.signal, strip.lower, strip.upper, *strip.draws]
    shown += [signal for signal in (strip.truth, strip.mean) if signal is not None]
    scale = mm_per_unit(strip.unit, *shown)
    low, high = panel_range(scale, *shown)
    duration_s = float(np.ceil(len(time_s) / strip.fs_hz * 5) / 5)
    is_wide = duration_s >= _WIDE_S
    bottom_mm = BOTTOM_MM if is_wide else BOTTOM_MM + _LEGEND_LINE_MM
    paper = Paper(
        duration_s=duration_s,
        low=low,
        high=high,
        unit=strip.unit,
        mm_per_unit=scale,
        bottom_mm=bottom_mm + COMPANION_MM * len(strip.companions),
        zoom=zoom,
    )
    figure, axes = paper.draw(title)
    axis = axes[0, 0]
    missing = _dilate(~strip.observed)

    def plot(signal: Float[np.ndarray, " time"], where: Bool[np.ndarray, " time"], **style: object) -> None:
        axis.plot(time_s, np.where(where, signal, np.nan), **style)

    bounds = strip.lower, strip.upper
    interval_style = {"color": INTERVAL, "alpha": 0.6, "linewidth": 0}
    axis.fill_between(time_s, *bounds, where=missing, label="prediction interval", **interval_style)
    for draw in strip.draws:
        plot(draw, missing, color=ACCENT, linewidth=0.35, alpha=0.45)
    plot(strip.signal, strip.observed, color=INK, linewidth=_LINE_WIDTH * zoom, label="observed")
    if strip.truth is not None:
        plot(strip.truth, missing, color=INK, linestyle="--", linewidth=0.7 * zoom, label=strip.truth_name)
    if strip.mean is not None:
        plot(strip.mean, missing, color=MEAN, linewidth=0.7 * zoom, label="mean of the draws")
    plot(
        strip.signal,
        missing,
        color=ACCENT,
        linewidth=_LINE_WIDTH * zoom,
        label=strip.signal_name,
    )
    axis.legend(
        loc="upper right",
        bbox_to_anchor=(1.0, 0.0),
        ncols=5 if is_wide else 3,
        frameon=False,
        fontsize=6 * zoom,
        borderaxespad=0.2,
        handlelength=1.6,
    )
    start = f"from {strip.start_s:g} s"
    axis.set_title(start, loc="left", fontsize=6.5 * zoom, pad=2 * zoom, color=INK)
    for number, companion in enumerate(strip.companions, start=1):
        below_mm = bottom_mm - 4 + number * COMPANION_MM
        _draw_companion(figure, axis, companion, below_mm, strip.fs_hz, zoom)
    return figure


def _draw_companion(
    figure: Figure, above: Axes, companion: Companion, below_mm: float, fs_hz: float, zoom: float
) -> None:
    """Plot a companion as high as its place allows, its lower edge so far below a strip."""
    strip = above.get_position()
    mm = zoom / MM_PER_INCH / figure.get_figheight()
    bottom = strip.y0 - below_mm * mm
    axis = figure.add_axes((strip.x0, bottom, strip.width, 0.9 * COMPANION_MM * mm), sharex=above)
    axis.plot(np.arange(len(companion.signal)) / fs_hz, companion.signal, color=INK, linewidth=0.7 * zoom)
    axis.set_axis_off()
    axis.annotate(
        companion.name,
        (0, 0.5),
        xycoords="axes fraction",
        xytext=(-2 * zoom, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=6 * zoom,
        color=INK,
    )


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG file."""
    figure.savefig(path, dpi=DPI, facecolor="white")


def figure_png(figure: Figure) -> bytes:
    """Return a figure as the content of a PNG file."""
    buffer = BytesIO()
    figure.savefig(buffer, dpi=DPI)
    return buffer.getvalue()


def _dilate(mask: Bool[np.ndarray, " time"]) -> Bool[np.ndarray, " time"]:
    """Return the mask with one more sample on either side of each run of True, so that plotted lines join."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    return wide
