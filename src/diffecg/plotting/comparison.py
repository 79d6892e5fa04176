"""The pictures of the report: real beside synthetic, always in the same two colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import NDArray

from diffecg.plotting.figures import NAMES
from diffecg.plotting.paper import ACCENT, FAINT, INK

Array = NDArray[np.floating]
REAL, SYNTHETIC, BASELINE = "#51586b", ACCENT, "#c9772b"
_PANEL = (3.1, 2.3)


def panels(count: int, columns: int, title: str) -> tuple[Figure, list[Axes]]:
    """Return a figure with ``count`` panels in rows of at most ``columns``."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in grid:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=7, colors=FAINT)
        axis.xaxis.label.set_size(8)
        axis.yaxis.label.set_size(8)
    for axis in grid[count:]:
        axis.set_visible(False)
    figure.suptitle(title, fontsize=10, color=INK, x=0.01, ha="left")
    return figure, list(grid[:count])


def means_and_spreads(pairs: Mapping[str, tuple[Array, Array]], fs_hz: float) -> Figure:
    """Return each class's median and 10 to 90 % range at every sample.

    Args:
        pairs: by class, real and synthetic windows (window time), in mV.
        fs_hz: sampling rate, in Hz.
    """
    figure, axes = panels(len(pairs), 2, "Median and 10 to 90 % range of each class")
    for axis, (label, both) in zip(axes, pairs.items(), strict=True):
        for windows, colour, name in zip(both, (REAL, SYNTHETIC), ("real", "synthetic"), strict=True):
            low, middle, high = np.quantile(windows, [0.1, 0.5, 0.9], axis=0)
            time_s = np.arange(len(middle)) / fs_hz
            axis.fill_between(time_s, low, high, color=colour, alpha=0.2, linewidth=0)
            axis.plot(time_s, middle, color=colour, linewidth=1.2, label=name)
        axis.set_title(NAMES[label], fontsize=8, loc="left")
        axis.set_xlabel("s")
        axis.set_ylabel("mV")
    axes[0].legend(fontsize=7, frameon=False)
    return figure


def spectra(pairs: Mapping[str, tuple[Array, Array]], fs_hz: float) -> Figure:
    """Return each class's median power spectrum; arguments as for :func:`means_and_spreads`."""
    figure, axes = panels(len(pairs), 2, "Median power spectrum of each class")
    for axis, (label, both) in zip(axes, pairs.items(), strict=True):
        for windows, colour, name in zip(both, (REAL, SYNTHETIC), ("real", "synthetic"), strict=True):
            centred = (windows - windows.mean(axis=1, keepdims=True)) * np.hanning(windows.shape[1])
            power = np.median(np.abs(np.fft.rfft(centred, axis=1)) ** 2, axis=0)
            freq_hz = np.fft.rfftfreq(windows.shape[1], 1 / fs_hz)
            axis.semilogy(freq_hz[1:], power[1:], color=colour, linewidth=1.2, label=name)
        axis.set_title(NAMES[label], fontsize=8, loc="left")
        axis.set_xlabel("Hz")
        axis.set_ylabel("power (mV²)")
    axes[0].legend(fontsize=7, frameon=False)
    return figure


def histograms(measured: Mapping[tuple[str, str, str], tuple[Array, Array]]) -> Figure:
    """Return distributions side by side.

    Args:
        measured: by class, measure and unit, the values of real and of synthetic beats.
    """
    columns = len({name for _, name, _ in measured})
    figure, axes = panels(len(measured), columns, "What a delineator measures")
    for axis, ((label, name, unit), both) in zip(axes, measured.items(), strict=True):
        values = [x[np.isfinite(x)] for x in both]
        every = np.concatenate(values)
        if every.size:
            low, high = np.quantile(every, [0.005, 0.995])
            bins = np.linspace(low, high, 30)
            for x, colour, who in zip(values, (REAL, SYNTHETIC), ("real", "synthetic"), strict=True):
                weights = np.full(len(x), 1 / max(len(x), 1))
                axis.hist(x, bins.tolist(), weights=weights, color=colour, alpha=0.5, label=who)
        axis.set_title(f"{label}: {name}", fontsize=8, loc="left")
        axis.set_xlabel(unit)
        axis.set_yticks([])
    axes[0].legend(fontsize=7, frameon=False)
    return figure


def joint_map(places: Array, labels: NDArray[np.str_], synthetic: NDArray[np.bool_]) -> Figure:
    """Return the map of real and synthetic windows, a panel a class, the others faint behind.

    Args:
        places: (window 2).
        labels: class of each window.
        synthetic: which windows are synthetic.
    """
    classes = list(dict.fromkeys(labels.tolist()))
    figure, axes = panels(len(classes), 2, "Real and synthetic windows on one map (t-SNE of the encoder)")
    for axis, label in zip(axes, classes, strict=True):
        axis.scatter(places[:, 0], places[:, 1], s=2, color="#e3e5ea", linewidths=0)
        for made, colour, name in ((False, REAL, "real"), (True, SYNTHETIC, "synthetic")):
            rows = (labels == label) & (synthetic == made)
            x, y = places[rows].T
            axis.scatter(x, y, s=6, color=colour, alpha=0.6, linewidths=0, label=name)
        axis.set_title(NAMES[label], fontsize=8, loc="left")
        axis.set_xticks([])
        axis.set_yticks([])
    axes[0].legend(fontsize=7, frameon=False, markerscale=2)
    return figure


def suspects(pairs: Sequence[tuple[str, Array, Array]], fs_hz: float) -> Figure:
    """Return the most suspicious synthetic windows, each over the training window nearest to it.

    Args:
        pairs: title, synthetic and training window (time), in mV.
        fs_hz: sampling rate, in Hz.
    """
    figure, axes = panels(len(pairs), 3, "Synthetic windows nearest to a training window")
    for axis, (title, synthetic, training) in zip(axes, pairs, strict=True):
        time_s = np.arange(len(synthetic)) / fs_hz
        axis.plot(time_s, training, color=REAL, linewidth=2.2, alpha=0.45, label="training")
        axis.plot(time_s, synthetic, color=SYNTHETIC, linewidth=0.9, label="synthetic")
        axis.set_title(title, fontsize=7, loc="left")
        axis.set_xlabel("s")
        axis.set_ylabel("mV")
    axes[0].legend(fontsize=7, frameon=False)
    return figure


def against_the_floor(figures: Mapping[str, Mapping[str, tuple[float, float, float]]], title: str) -> Figure:
    """Return dots for each figure: synthetic, real (the floor) and baseline, a panel a metric.

    Args:
        figures: by metric and class: the value, its floor and its baseline.
        title: of the sheet.
    """
    figure, axes = panels(len(figures), 4, title)
    for axis, (metric, classes) in zip(axes, figures.items(), strict=True):
        for row, values in enumerate(classes.values()):
            axis.plot([min(values), max(values)], [row, row], color="#e3e5ea", linewidth=3, zorder=0)
            markers = zip(values, (SYNTHETIC, REAL, BASELINE), "o|x", strict=True)
            for value, colour, marker in markers:
                axis.plot(value, row, marker, color=colour, markersize=7 if marker == "|" else 5, mew=1.8)
        axis.set_yticks(range(len(classes)), list(classes))
        axis.invert_yaxis()
        axis.set_title(metric, fontsize=8, loc="left")
        spread = [value for values in classes.values() for value in values]
        if 0 < 20 * min(spread) < max(spread) and max(spread) > 1:
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(LogLocator(numticks=4))
            axis.xaxis.set_minor_formatter(NullFormatter())
    names = zip(("o", "|", "x"), (SYNTHETIC, REAL, BASELINE), ("synthetic", "real", "baseline"), strict=True)
    for marker, colour, name in names:
        axes[0].plot([], [], marker, color=colour, label=name)
    axes[0].legend(fontsize=6, frameon=False)
    return figure
