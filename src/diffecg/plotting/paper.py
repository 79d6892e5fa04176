"""ECG paper: 25 mm/s and 10 mm/mV, with a grid of 1 mm and 5 mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

MM_PER_S = 25.0
MM_PER_MV = 10.0
MAX_HEIGHT_MM, MIN_HEIGHT_MM = 200.0, 20.0
"""Panels that would be higher get fewer mm/mV; no ECG has such a range. Lower panels get a larger range."""
OTHER_HEIGHT_MM = 40.0
"""Signals in other units than mV are at most so high, by a scale of 1, 2 or 5 times a power of ten."""
INK, ACCENT, INTERVAL, FAINT, MEAN = "#16213a", "#0b63c5", "#8ab8ee", "#7a8194", "#c9772b"
"""Colours of signals, generated signals, prediction intervals, small print and point estimates."""
MM_PER_INCH = 25.4
BOTTOM_MM = 9.0
"""Height below the panels, for the scale and a legend."""
_LETTER_MM, _CAPTION_MM = 1.75, 30.0
"""Widths of a letter of the title, and of the caption."""
_FINE_GRID, _COARSE_GRID = "#f6d5d5", "#e9a9a9"


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A sheet of panels in rows and columns, all to the same scale."""

    duration_s: float
    """Width of a panel."""
    low: float
    """Lower edge of a panel, in the unit of the signal."""
    high: float
    """Upper edge of a panel."""
    unit: str = "mV"
    mm_per_unit: float = MM_PER_MV
    rows: int = 1
    columns: int = 1
    column_gap_mm: float = 3.0
    panel_title_mm: float = 6.0
    """Height above each panel for its title."""
    left_mm: float = 12.0
    top_mm: float = 10.0
    bottom_mm: float = BOTTOM_MM
    zoom: float = 1.0
    """Scale of the sheet; 1 prints at 25 mm/s."""

    @property
    def scale(self) -> float:
        """Scale in mm/unit: a panel is no higher than MAX_HEIGHT_MM."""
        return min(self.mm_per_unit, MAX_HEIGHT_MM / (self.high - self.low))

    def draw(self, title: str = "") -> tuple[Figure, Shaped[np.ndarray, "row column"]]:
        """Return a figure with the grid drawn, and the axes of its panels."""
        width = self.duration_s * MM_PER_S
        height = (self.high - self.low) * self.scale
        title_mm = len(title) * _LETTER_MM
        sheet_width = self.left_mm + max(self.columns * (width + self.column_gap_mm), title_mm, _CAPTION_MM)
        sheet_height = self.top_mm + self.rows * (height + self.panel_title_mm) + self.bottom_mm
        scale = self.zoom / MM_PER_INCH
        figure = Figure(figsize=(sheet_width * scale, sheet_height * scale), facecolor="white")
        axes = np.empty((self.rows, self.columns), dtype=object)
        for row, column in np.ndindex(axes.shape):
            left = self.left_mm + column * (width + self.column_gap_mm)
            top = self.top_mm + self.panel_title_mm + row * (height + self.panel_title_mm)
            bounds = (
                left / sheet_width,
                1 - (top + height) / sheet_height,
                width / sheet_width,
                height / sheet_height,
            )
            axes[row, column] = self._draw_grid(figure.add_axes(bounds))
        x = self.left_mm / sheet_width
        if title:
            y = 1 - 3.0 / sheet_height
            figure.text(x, y, title, va="top", fontsize=8.5 * self.zoom, color=INK)
        speed, gain = self.zoom * MM_PER_S, self.zoom * self.scale
        scale_text = f"{speed:.3g} mm/s, {gain:.3g} mm/{self.unit}"
        figure.text(x, 2.5 / sheet_height, scale_text, fontsize=5.5 * self.zoom, color=FAINT)
        return figure, axes

    def _draw_grid(self, axes: Axes) -> Axes:
        axes.set_xlim(0, self.duration_s)
        axes.set_ylim(self.low, self.high)
        first, last = np.ceil(self.low * self.scale - 1e-6), np.floor(self.high * self.scale + 1e-6)
        lines_mm = np.arange(first, last + 1)
        seconds = np.arange(0, self.duration_s + 1e-9, 0.2), np.arange(0, self.duration_s + 1e-9, 0.04)
        coarse = lines_mm[lines_mm % 5 == 0] / self.scale
        draw_grid(axes, seconds, (coarse, lines_mm / self.scale), self.zoom)
        if self.unit != "mV":
            self._draw_levels(axes, lines_mm[lines_mm % 10 == 0] / self.scale)
        return axes

    def _draw_levels(self, axes: Axes, levels: Shaped[np.ndarray, " level"]) -> None:
        """Write the values of lines on their left: other signals than an ECG have a level."""
        for level in levels:
            axes.annotate(
                f"{level:g}",
                (0, level),
                xytext=(-2 * self.zoom, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=5.5 * self.zoom,
                color=FAINT,
            )


Lines = tuple[np.ndarray, np.ndarray]
"""Places of the coarse and of the fine lines of a grid, on one axis."""


def draw_grid(axes: Axes, x: Lines, y: Lines, zoom: float) -> None:
    """Draw the lines of ECG paper.

    The ticks have these places, but are not drawn: they would take matplotlib a second for a page.
    """
    x_limits, y_limits = axes.get_xlim(), axes.get_ylim()
    for row, (colour, width) in reversed(list(enumerate(((_COARSE_GRID, 0.6), (_FINE_GRID, 0.35))))):
        lines = [[(at, y_limits[0]), (at, y_limits[1])] for at in x[row]]
        lines += [[(x_limits[0], at), (x_limits[1], at)] for at in y[row]]
        grid = LineCollection(lines, colors=colour, linewidths=width * zoom, zorder=0.5)
        axes.add_collection(grid, autolim=False)
    for axis, (coarse, fine) in ((axes.xaxis, x), (axes.yaxis, y)):
        axis.set_major_locator(FixedLocator(coarse.tolist()))
        axis.set_minor_locator(FixedLocator(fine.tolist()))
        axis.set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(_COARSE_GRID)


def mm_per_unit(unit: str, *signals: Shaped[np.ndarray, "..."]) -> float:
    """Return the scale of signals: 10 mm/mV, or in another unit a round one for OTHER_HEIGHT_MM."""
    if unit == "mV":
        return MM_PER_MV
    values = np.concatenate([np.ravel(signal) for signal in signals])
    largest = OTHER_HEIGHT_MM / max(float(np.nanmax(values) - np.nanmin(values)), 1e-9)
    power = 10 ** np.floor(np.log10(largest))
    return float(max(factor for factor in (1, 2, 5) if factor * power <= largest * (1 + 1e-9)) * power)


def panel_range(scale: float, *signals: Shaped[np.ndarray, "..."]) -> tuple[float, float]:
    """Return a range of at least MIN_HEIGHT_MM, in steps of 5 mm, that includes all samples.

    Args:
        scale: mm per unit.
        signals: the signals, in that unit.
    """
    values = np.concatenate([np.ravel(signal) for signal in signals])
    values = values[np.isfinite(values)] * (scale / 5)
    low, high = np.floor(values.min()), np.ceil(values.max())
    while high - low < MIN_HEIGHT_MM / 5:
        low, high = (low - 1, high) if (high + low) > values.min() + values.max() else (low, high + 1)
    return float(low * 5 / scale), float(high * 5 / scale)
