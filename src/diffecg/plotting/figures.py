"""The pictures that the commands write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from diffecg.plotting.paper import ACCENT, BAND, INK, Paper, limits_mv

NAMES = {
    "N": "N, normal",
    "S": "S, supraventricular ectopic",
    "V": "V, ventricular ectopic",
    "F": "F, fusion",
    "Q": "Q, unclassifiable",
    "?": "class not given",
}
"""Classes in words."""

_TRACE = 1.1
_SHOWN_MV = (-2.0, 2.5)


def beat_grid(
    rows: Sequence[tuple[Mapping[int, str], NDArray[np.floating]]],
    fs_hz: float,
    title: str = "",
    *,
    zoom: float = 1.2,
) -> Figure:
    """Return a picture of windows side by side.

    Args:
        rows: for each row, titles by column and the windows (window time), in mV; as many in each.
        fs_hz: sampling rate, in Hz.
        title: of the sheet.
        zoom: scale of the sheet.
    """
    low_mv, high_mv = limits_mv(*(np.clip(windows, *_SHOWN_MV) for _, windows in rows))
    columns, length = rows[0][1].shape
    top_mm = 10.0 if title else 2.0
    paper = Paper(length / fs_hz, low_mv, high_mv, len(rows), columns, zoom=zoom, top_mm=top_mm)
    figure, axes = paper.draw(title)
    time_s = np.arange(length) / fs_hz
    for row, (titles, windows) in enumerate(rows):
        for axis, window in zip(axes[row], windows, strict=True):
            axis.plot(time_s, window, color=INK, linewidth=_TRACE * zoom)
        for column, words in titles.items():
            axes[row, column].set_title(words, loc="left", fontsize=7 * zoom, pad=2 * zoom, color=INK)
    return figure


def imputed_strip_figure(
    start_s: float,
    fs_hz: float,
    mean_mv: NDArray[np.floating],
    lower_mv: NDArray[np.floating],
    upper_mv: NDArray[np.floating],
    observed: NDArray[np.bool_],
    title: str,
    *,
    truth_mv: NDArray[np.floating] | None = None,
    draws_mv: Sequence[NDArray[np.floating]] = (),
    zoom: float = 1.3,
) -> Figure:
    """Return a picture of a strip in which some samples were drawn, with their band.

    Args:
        start_s: time of the first sample, in s.
        fs_hz: sampling rate, in Hz.
        mean_mv: (time), observed and filled, in mV.
        lower_mv: (time), lower bound of the band.
        upper_mv: (time), upper bound of the band.
        observed: (time), True = given.
        title: of the sheet.
        truth_mv: (time), what was recorded there, if anything; drawn dashed.
        draws_mv: some draws (time), drawn thin.
        zoom: scale of the sheet.
    """
    time_s = np.arange(len(mean_mv)) / fs_hz
    shown = [mean_mv, lower_mv, upper_mv, *([] if truth_mv is None else [truth_mv])]
    low, high = limits_mv(*shown)
    duration_s = np.ceil(len(mean_mv) / fs_hz * 5) / 5
    figure, axes = Paper(duration_s, low, high, zoom=zoom).draw(title)
    axis = axes[0, 0]
    inside = _widen(~observed)
    axis.fill_between(
        time_s, lower_mv, upper_mv, where=inside, color=BAND, alpha=0.6, linewidth=0, label="band"
    )
    for draw in draws_mv:
        axis.plot(time_s, np.where(inside, draw, np.nan), color=ACCENT, linewidth=0.35, alpha=0.45)
    axis.plot(
        time_s,
        np.where(observed, mean_mv, np.nan),
        color=INK,
        linewidth=_TRACE * zoom,
        label="given",
    )
    if truth_mv is not None:
        hidden = np.where(inside, truth_mv, np.nan)
        axis.plot(time_s, hidden, "--", color=INK, linewidth=0.7 * zoom, label="recorded")
    axis.plot(
        time_s,
        np.where(inside, mean_mv, np.nan),
        color=ACCENT,
        linewidth=_TRACE * zoom,
        label="mean of the draws",
    )
    axis.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=4,
        frameon=False,
        fontsize=6.5 * zoom,
        borderaxespad=0.2,
        handlelength=1.6,
    )
    axis.set_title(f"from {start_s:g} s", loc="left", fontsize=6.5 * zoom, pad=2 * zoom, color=INK)
    return figure


def rhythm_figure(
    rows: Sequence[NDArray[np.floating]],
    fs_hz: float,
    beats: Sequence[tuple[int, str]],
    row_s: float,
    title: str,
    *,
    zoom: float = 0.8,
) -> Figure:
    """Return a picture of a recording, row under row, each beat under its label.

    Args:
        rows: true_runs (time) that follow each other, in mV; only the last may be shorter.
        fs_hz: sampling rate, in Hz.
        beats: (sample of the R peak, label) of the recording.
        row_s: length of a row, in s.
        title: of the sheet.
        zoom: scale of the sheet.
    """
    low, high = limits_mv(*(np.clip(row, *_SHOWN_MV) for row in rows))
    figure, axes = Paper(row_s, low, high, len(rows), 1, zoom=zoom).draw(title)
    for place, row in enumerate(rows):
        axis = axes[place, 0]
        axis.plot(np.arange(len(row)) / fs_hz, np.clip(row, low, high), color=INK, linewidth=_TRACE * zoom)
        for sample, label in beats:
            at_s = sample / fs_hz - place * row_s
            if 0 <= at_s < len(row) / fs_hz:
                colour = INK if label == "N" else ACCENT
                axis.text(at_s, high, label, ha="center", va="top", fontsize=7 * zoom, color=colour)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, at 150 dots an inch."""
    figure.savefig(path, dpi=150, facecolor="white")


def _widen(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return ``mask`` with one more sample on either side of each True run, so that lines join."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    return wide
