"""ECG paper: 25 mm a second, 10 mm a millivolt, lines every 1 mm and 5 mm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

MM_PER_S = 25.0
MM_PER_MV = 10.0
TALLEST_MV = 20.0
"""A panel of a larger range is drawn to a smaller scale: no ECG reaches so far."""
_MM_PER_INCH = 25.4
_FINE, _COARSE = "#f6d5d5", "#e9a9a9"
INK, ACCENT, BAND, FAINT = "#16213a", "#0b63c5", "#8ab8ee", "#7a8194"


@dataclass(frozen=True)
class Paper:
    """A sheet with panels in rows and columns, every panel to scale."""

    duration_s: float
    """Width of a panel."""
    low_mv: float
    """Lower edge of a panel."""
    high_mv: float
    """Upper edge of a panel."""
    rows: int = 1
    columns: int = 1
    gap_mm: float = 3.0
    """Between columns."""
    title_mm: float = 6.0
    """Above each panel."""
    left_mm: float = 12.0
    """Left of all panels."""
    top_mm: float = 10.0
    """Above all panels."""
    bottom_mm: float = 9.0
    """Below all panels."""
    zoom: float = 1.0
    """Scale of the sheet: 1 prints at 25 mm/s."""

    @property
    def mm_per_mv(self) -> float:
        """Scale of the voltage."""
        return MM_PER_MV * min(1.0, TALLEST_MV / (self.high_mv - self.low_mv))

    def draw(self, title: str = "") -> tuple[Figure, NDArray[np.object_]]:
        """Return a figure and its axes (row column), ruled and without ticks."""
        width = self.duration_s * MM_PER_S
        height = (self.high_mv - self.low_mv) * self.mm_per_mv
        sheet_width = self.left_mm + self.columns * (width + self.gap_mm)
        sheet_height = self.top_mm + self.rows * (height + self.title_mm) + self.bottom_mm
        scale = self.zoom / _MM_PER_INCH
        figure = Figure(figsize=(sheet_width * scale, sheet_height * scale), facecolor="white")
        axes = np.empty((self.rows, self.columns), dtype=object)
        for row, column in np.ndindex(axes.shape):
            left = self.left_mm + column * (width + self.gap_mm)
            top = self.top_mm + self.title_mm + row * (height + self.title_mm)
            place = (
                left / sheet_width,
                1 - (top + height) / sheet_height,
                width / sheet_width,
                height / sheet_height,
            )
            axes[row, column] = self._rule(figure.add_axes(place))
        if title:
            figure.text(
                self.left_mm / sheet_width,
                1 - 3.0 / sheet_height,
                title,
                va="top",
                fontsize=8.5 * self.zoom,
                color=INK,
            )
        figure.text(
            self.left_mm / sheet_width,
            2.5 / sheet_height,
            f"25 mm/s  {self.mm_per_mv:.3g} mm/mV",
            fontsize=5.5 * self.zoom,
            color=FAINT,
        )
        return figure, axes

    def _rule(self, axes: Axes) -> Axes:
        axes.set_xlim(0, self.duration_s)
        axes.set_ylim(self.low_mv, self.high_mv)
        axes.set_xticks(np.arange(0, self.duration_s + 1e-9, 0.2))
        axes.set_xticks(np.arange(0, self.duration_s + 1e-9, 0.04), minor=True)
        scale = self.mm_per_mv
        first, last = np.ceil(self.low_mv * scale - 1e-6), np.floor(self.high_mv * scale + 1e-6)
        lines = np.arange(first, last + 1)
        axes.set_yticks(lines[lines % 5 == 0] / scale)
        axes.set_yticks(lines / scale, minor=True)
        axes.grid(which="minor", color=_FINE, linewidth=0.35 * self.zoom)
        axes.grid(which="major", color=_COARSE, linewidth=0.6 * self.zoom)
        axes.tick_params(which="both", length=0, labelbottom=False, labelleft=False)
        axes.set_axisbelow(True)
        for spine in axes.spines.values():
            spine.set_color(_COARSE)
        return axes


def limits_mv(*signals: NDArray[np.floating], least: float = 2.0) -> tuple[float, float]:
    """Return the edges, at whole half millivolts, of paper that holds the signals."""
    values = np.concatenate([np.ravel(signal) for signal in signals])
    values = values[np.isfinite(values)]
    low, high = (np.floor(values.min() * 2) / 2, np.ceil(values.max() * 2) / 2)
    while high - low < least:
        low, high = (low - 0.5, high) if (high + low) > values.min() + values.max() else (low, high + 0.5)
    return float(low), float(high)
