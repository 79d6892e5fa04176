"""Figures of small panels."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffecg.plotting.paper import FAINT, INK

PANEL_INCH = (3.1, 2.3)
"""Width and height of a panel."""


def panels(
    count: int, columns: int, title: str, *, panel_inch: tuple[float, float] = PANEL_INCH
) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``count`` panels in rows of at most ``columns``."""
    columns = min(columns, count)
    rows = -(-count // columns)
    size = panel_inch[0] * columns, panel_inch[1] * rows + 0.5
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=7, colors=FAINT)
        axis.xaxis.label.set_size(8)
        axis.yaxis.label.set_size(8)
    for axis in axes[count:]:
        axis.set_visible(False)
    figure.suptitle(title, fontsize=10, color=INK, x=0.01, ha="left")
    return figure, list(axes[:count])


def panel_title(axis: Axes, text: str) -> None:
    """Set the title of a panel."""
    axis.set_title(text, fontsize=8, loc="left")


def small_legend(axis: Axes, *, marker_scale: float = 1.0) -> None:
    """Add a small legend without a frame."""
    axis.legend(fontsize=7, frameon=False, markerscale=marker_scale)
