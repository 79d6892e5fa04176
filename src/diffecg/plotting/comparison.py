"""Plots that compare real and synthetic windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from diffecg.plotting.panels import panel_title, panels, small_legend
from diffecg.plotting.paper import ACCENT
from diffecg.plotting.signals import label_titles

REAL, SYNTHETIC, BASELINE = "#51586b", ACCENT, "#c9772b"
"""Colours."""
_BACKGROUND = "#e3e5ea"
_LOG_SCALE_RATIO = 20
"""Metrics whose values differ by a larger factor are plotted on a logarithmic axis."""


class Pair(NamedTuple):
    """The same quantity of real and of synthetic windows."""

    real: Float[np.ndarray, "..."]
    synthetic: Float[np.ndarray, "..."]


class Values(NamedTuple):
    """A metric of the synthetic windows, of the real reference and of the baseline."""

    synthetic: float
    reference: float
    baseline: float


def medians_and_ranges(windows_mv: Mapping[str, Pair], fs_hz: float) -> Figure:
    """Plot the median and the 10 to 90 % range of the windows of each label over time.

    Args:
        windows_mv: real and synthetic windows (window time) by label, in mV.
        fs_hz: sampling rate, in Hz.
    """
    figure, axes = panels(len(windows_mv), 2, "Median and 10 to 90 % range")
    titles = label_titles(windows_mv)
    for axis, (label, pair) in zip(axes, windows_mv.items(), strict=True):
        for windows, colour, name in _sets(pair):
            low, middle, high = np.quantile(windows, [0.1, 0.5, 0.9], axis=0)
            time_s = np.arange(len(middle)) / fs_hz
            axis.fill_between(time_s, low, high, color=colour, alpha=0.2, linewidth=0)
            axis.plot(time_s, middle, color=colour, linewidth=1.2, label=name)
        panel_title(axis, titles[label])
        _label_signal_axes(axis)
    small_legend(axes[0])
    return figure


def power_spectra(windows_mv: Mapping[str, Pair], fs_hz: float) -> Figure:
    """Plot the median power spectrum of the windows of each label.

    Args:
        windows_mv: real and synthetic windows (window time) by label, in mV.
        fs_hz: sampling rate, in Hz.
    """
    figure, axes = panels(len(windows_mv), 2, "Median power spectrum")
    titles = label_titles(windows_mv)
    for axis, (label, pair) in zip(axes, windows_mv.items(), strict=True):
        for windows, colour, name in _sets(pair):
            centred = (windows - windows.mean(axis=1, keepdims=True)) * np.hanning(windows.shape[1])
            power = np.median(np.abs(np.fft.rfft(centred, axis=1)) ** 2, axis=0)
            freq_hz = np.fft.rfftfreq(windows.shape[1], 1 / fs_hz)
            axis.semilogy(freq_hz[1:], power[1:], color=colour, linewidth=1.2, label=name)
        panel_title(axis, titles[label])
        axis.set_xlabel("frequency (Hz)")
        axis.set_ylabel("power (mV²)")
    small_legend(axes[0])
    return figure


def measure_histograms(measured: Mapping[tuple[str, str, str], Pair]) -> Figure:
    """Plot the distributions of amplitudes and intervals.

    Args:
        measured: values (beat) of real and of synthetic beats, by label, measure and unit.
    """
    columns = len({name for _, name, _ in measured})
    figure, axes = panels(len(measured), columns, "Distributions of amplitudes and intervals")
    for axis, ((label, name, unit), pair) in zip(axes, measured.items(), strict=True):
        finite = Pair(*(values[np.isfinite(values)] for values in pair))
        pooled = np.concatenate(finite)
        if pooled.size:
            low, high = np.quantile(pooled, [0.005, 0.995])
            bins = np.linspace(low, high, 30).tolist()
            for values, colour, who in _sets(finite):
                weights = np.full(len(values), 1 / max(len(values), 1))
                axis.hist(values, bins, weights=weights, color=colour, alpha=0.5, label=who)
        panel_title(axis, f"{label}: {name}")
        axis.set_xlabel(f"{name} ({unit})")
        axis.set_ylabel("share of beats")
        axis.set_yticks([])
    small_legend(axes[0])
    return figure


def embedding(
    coordinates: Float[np.ndarray, "window 2"],
    labels: Shaped[np.ndarray, " window"],
    is_synthetic: Bool[np.ndarray, " window"],
) -> Figure:
    """Plot a two-dimensional embedding of windows, one panel for each label, with all others in grey.

    Args:
        coordinates: coordinates of each window.
        labels: label of each window.
        is_synthetic: True for synthetic windows.
    """
    names = list(dict.fromkeys(labels.tolist()))
    figure, axes = panels(len(names), 2, "t-SNE embedding of the encoder's features")
    titles = label_titles(names)
    for axis, label in zip(axes, names, strict=True):
        axis.scatter(coordinates[:, 0], coordinates[:, 1], s=2, color=_BACKGROUND, linewidths=0)
        for synthetic, colour, name in ((False, REAL, "real"), (True, SYNTHETIC, "synthetic")):
            rows = (labels == label) & (is_synthetic == synthetic)
            x, y = coordinates[rows].T
            axis.scatter(x, y, s=6, color=colour, alpha=0.6, linewidths=0, label=name)
        panel_title(axis, titles[label])
        axis.set_xticks([])
        axis.set_yticks([])
    small_legend(axes[0], marker_scale=2)
    return figure


def nearest_training_windows(pairs: Sequence[tuple[str, Pair]], fs_hz: float) -> Figure:
    """Plot synthetic windows, each with the training window nearest to it.

    Args:
        pairs: title, and training and synthetic window (time), in mV.
        fs_hz: sampling rate, in Hz.
    """
    figure, axes = panels(len(pairs), 3, "Synthetic windows nearest to a training window")
    for axis, (title, pair) in zip(axes, pairs, strict=True):
        time_s = np.arange(len(pair.real)) / fs_hz
        axis.plot(time_s, pair.real, color=REAL, linewidth=2.2, alpha=0.45, label="training")
        axis.plot(time_s, pair.synthetic, color=SYNTHETIC, linewidth=0.9, label="synthetic")
        axis.set_title(title, fontsize=7, loc="left")
        _label_signal_axes(axis)
    small_legend(axes[0])
    return figure


def against_reference(metrics: Mapping[str, Mapping[str, Values]], title: str) -> Figure:
    """Plot metrics beside their real reference and their baseline, one panel for each metric.

    Args:
        metrics: values by metric and label.
        title: title of the figure.
    """
    figure, axes = panels(len(metrics), 4, title)
    styles = (("o", SYNTHETIC, "synthetic"), ("|", REAL, "reference (real)"), ("x", BASELINE, "baseline"))
    for axis, (metric, by_label) in zip(axes, metrics.items(), strict=True):
        for row, values in enumerate(by_label.values()):
            axis.plot([min(values), max(values)], [row, row], color=_BACKGROUND, linewidth=3, zorder=0)
            for value, (marker, colour, _) in zip(values, styles, strict=True):
                size = 7 if marker == "|" else 5
                axis.plot(value, row, marker, color=colour, markersize=size, mew=1.8)
        axis.set_yticks(range(len(by_label)), list(by_label))
        axis.invert_yaxis()
        panel_title(axis, metric)
        _choose_scale(axis, [value for values in by_label.values() for value in values])
    for marker, colour, name in styles:
        axes[0].plot([], [], marker, color=colour, label=name)
    axes[0].legend(fontsize=6, frameon=False)
    return figure


def _sets(pair: Pair) -> list[tuple[np.ndarray, str, str]]:
    return [(pair.real, REAL, "real"), (pair.synthetic, SYNTHETIC, "synthetic")]


def _label_signal_axes(axis: Axes) -> None:
    axis.set_xlabel("time (s)")
    axis.set_ylabel("mV")


def _choose_scale(axis: Axes, values: Sequence[float]) -> None:
    if 0 < _LOG_SCALE_RATIO * min(values) < max(values) and max(values) > 1:
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(numticks=4))
        axis.xaxis.set_minor_formatter(NullFormatter())
