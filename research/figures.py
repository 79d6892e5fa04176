"""The pictures of the studies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from diffecg.plotting.comparison import panels
from diffecg.plotting.figures import beat_grid


def generators(
    beats: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], fs_hz: float, title: str
) -> Figure:
    """Return a row a generator, some beats of each class side by side.

    Args:
        beats: by generator and class, (beat time), in mV.
        fs_hz: sampling rate, in Hz.
        title: of the sheet.
    """
    rows = []
    for name, by_class in beats.items():
        windows = np.concatenate([np.asarray(found, dtype=float) for found in by_class.values()])
        each = len(next(iter(by_class.values())))
        short = name.removesuffix(" (as bundled)")
        words = {i * each: f"{short}, {label}" if i == 0 else label for i, label in enumerate(by_class)}
        rows.append((words, windows))
    return beat_grid(rows, fs_hz, title, zoom=0.8)


def learning_curve(
    shares: Sequence[float], scores: Mapping[str, Mapping[str, Sequence[Sequence[float]]]]
) -> Figure:
    """Return macro-F1 against the share of real beats, a panel a classifier, a line a strategy.

    Args:
        shares: of the real training beats.
        scores: by classifier and strategy, (share seed).
    """
    figure, axes = panels(
        len(scores), 3, "Macro-F1 on people whom nobody trained on, mean and spread of seeds"
    )
    for axis, (kind, strategies) in zip(axes, scores.items(), strict=True):
        for place, (name, found) in enumerate(strategies.items()):
            means, spreads = ([float(of(one)) for one in found] for of in (np.mean, np.std))
            nudged = np.asarray(shares) * 1.04 ** (place - len(strategies) / 2)
            axis.errorbar(nudged, means, spreads, marker="o", markersize=3, linewidth=1, label=name)
        axis.set_xscale("log")
        axis.set_xticks(list(shares), [f"{share:.0%}" for share in shares])
        axis.set_xlabel("real training beats")
        axis.set_title(kind, loc="left")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=7)
    return figure


def steps_against_quality(curves: Mapping[str, Mapping[str, Mapping[int, float | None]]]) -> Figure:
    """Return figures against the evaluations of the network, a panel a metric, a line a sampler or student.

    Args:
        curves: by metric, name and evaluations.
    """
    figure, axes = panels(len(curves), 3, "Figures of drawn beats against evaluations of the network")
    for axis, (metric, lines) in zip(axes, curves.items(), strict=True):
        for name, found in lines.items():
            known = {number: value for number, value in found.items() if value is not None}
            alone = "D" if len(known) == 1 else "o"
            axis.plot([*known], [*known.values()], marker=alone, markersize=3, linewidth=1, label=name)
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.set_xlabel("evaluations")
        share = metric == "coverage"
        axis.set_ylim(*((0, 1) if share else (0.8, 4)))
        axis.set_title(metric if share else f"{metric} / floor", loc="left")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=7)
    return figure
