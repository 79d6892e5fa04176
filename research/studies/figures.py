"""Figures of the studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from diffecg.plotting.panels import panels
from diffecg.plotting.signals import WindowRow, window_grid


def generated_beats(
    beats: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], fs_hz: float, title: str
) -> Figure:
    """Plot a row for each generator: some beats of each class, side by side.

    Args:
        beats: by generator and class, windows in mV.
        fs_hz: sampling rate, in Hz.
        title: of the figure.
    """
    rows = []
    for name, by_class in beats.items():
        windows = np.concatenate([np.asarray(beats, dtype=float) for beats in by_class.values()])
        each = len(next(iter(by_class.values())))
        short = name.removesuffix(" (as bundled)")
        titles = {i * each: f"{short}, {label}" if i == 0 else label for i, label in enumerate(by_class)}
        rows.append(WindowRow(windows, titles))
    return window_grid(rows, fs_hz, title, zoom=0.8)


def learning_curves(
    shares: Sequence[float], scores: Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
) -> Figure:
    """Plot macro-F1 against the share of real beats: a panel for each classifier, a line for each strategy.

    Args:
        shares: of the real training beats.
        scores: by classifier and strategy, for each share the score of each seed.
    """
    figure, axes = panels(
        len(scores), 3, "Macro-F1 on held-out subjects, mean ± standard deviation over seeds"
    )
    for axis, (kind, strategies) in zip(axes, scores.items(), strict=True):
        for i, (name, by_share) in enumerate(strategies.items()):
            means, deviations = (
                [float(statistic(scores)) for scores in by_share] for statistic in (np.mean, np.std)
            )
            x = np.asarray(shares) * 1.04 ** (i - len(strategies) / 2)  # error bars side by side
            axis.errorbar(x, means, deviations, marker="o", markersize=3, linewidth=1, label=name)
        axis.set_xscale("log")
        axis.set_xticks(list(shares), [f"{share:.0%}" for share in shares])
        axis.set_xlabel("real training beats")
        axis.set_title(kind, loc="left")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
    return figure


def quality_by_evaluations(curves: Mapping[str, Mapping[str, Mapping[int, float | None]]]) -> Figure:
    """Plot metrics against network evaluations: a panel for each metric, a line for each sampler or student.

    Args:
        curves: by metric, name and number of evaluations.
    """
    figure, axes = panels(len(curves), 3, "Quality of generated beats by network evaluations")
    for axis, (metric, lines) in zip(axes, curves.items(), strict=True):
        for name, by_evaluations in lines.items():
            known = {number: value for number, value in by_evaluations.items() if value is not None}
            marker = "D" if len(known) == 1 else "o"
            axis.plot([*known], [*known.values()], marker=marker, markersize=3, linewidth=1, label=name)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_xlabel("evaluations")
        is_share = metric == "coverage"
        axis.set_ylim(*((0, 1) if is_share else (0.8, 4)))
        axis.set_title(metric if is_share else f"{metric} / reference", loc="left")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=7)
    return figure
