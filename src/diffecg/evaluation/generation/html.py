"""The report on a synthetic set as files: ``report.json``, ``report.html`` and the plots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from diffecg._version import __version__
from diffecg.evaluation.generation.comparison import shared_classes
from diffecg.evaluation.generation.embedding import joint_map
from diffecg.evaluation.generation.physiology import MEASURES
from diffecg.evaluation.generation.report import Report
from diffecg.evaluation.generation.rows import MetricRow
from diffecg.evaluation.html import items, page, picture, table, write_folder
from diffecg.plotting import comparison
from diffecg.plotting.figures import NAMES, beat_grid

HEAD = ("figure", "class", "synthetic", "95 % over recordings", "real (floor)", "baseline", "best", "note")
"""Columns of the report's tables."""
WORDS = {
    "fidelity": (
        "Fidelity and diversity",
        "Distances to real windows, and how well each set covers the other. Floor: as many other real "
        "windows. Baseline: the class's mean window plus noise of its spread.",
    ),
    "physiology": (
        "Physiology",
        "Distance between the distributions of what a delineator measures, in its unit; for shares, the "
        "difference.",
    ),
    "privacy": (
        "Privacy",
        "Whether the training windows show through. An AUC of 0.5 is a guess; the baseline remembers "
        "nothing but each class's mean and spread, so that what it reaches is no leak.",
    ),
    "utility": (
        "Utility",
        "Classifiers tested on people whom nobody trained on. TSTR trains on synthetic windows, TRTS tests "
        "on them, TS+RTR trains on both. The floor has real windows in their place (TRTS: held-out ones).",
    ),
}
"""Title and explanation of each section."""
_SHOWN = 8
_LONG_S = 2.0


def write_report(report: Report, folder: str | Path, *, force: bool = False) -> None:
    """Write a report to a new folder, whole or not at all.

    Raises:
        DiffecgError: the folder exists and ``force`` is not given; scikit-learn is not installed.
    """
    pictures = {name: (words, to_png(figure)) for name, (words, figure) in _figures(report).items()}
    plots = {name: png for name, (_, png) in pictures.items()}
    write_folder(folder, report.to_dict(), _html(report, pictures.values()), plots, force=force)


def cells(row: MetricRow) -> tuple[str, ...]:
    """Return a row of the report as text, in the order of HEAD."""
    metric = f"{row.metric} ({row.unit})" if row.unit else row.metric
    value = "undefined" if row.value is None else with_spread(row.value, row.spread)
    interval = "" if row.interval is None else " to ".join(number(x) for x in row.interval)
    return (
        metric,
        row.label,
        value,
        interval,
        "" if row.floor is None else with_spread(row.floor, row.floor_spread),
        "" if row.baseline is None else number(row.baseline),
        row.better,
        row.note,
    )


def number(value: float) -> str:
    """Return a figure with three digits after the point, or three in all above ten."""
    size = abs(value)
    return f"{value:.3f}" if size < 10 else f"{value:.1f}" if size < 100 else f"{value:.3g}"


def with_spread(value: float, spread: float | None) -> str:
    """Return a figure with its standard deviation over seeds."""
    return number(value) if spread is None else f"{number(value)} ± {number(spread)}"


def sections(rows: Sequence[MetricRow]) -> dict[str, list[MetricRow]]:
    """Return the rows of each section, in order."""
    found: dict[str, list[MetricRow]] = {}
    for row in rows:
        found.setdefault(row.section, []).append(row)
    return found


def _html(report: Report, pictures: Iterable[tuple[str, bytes]]) -> str:
    about = report.about
    real = about["real"]
    facts = [
        ("synthetic", f"{about['synthetic'].get('model', 'another program')}, {_counts(report, made=True)}"),
        ("real", f"{real.get('database', 'given windows')}, {_counts(report, made=False)}"),
        ("compared with", f"partition {real['partition']}" if real["partition"] else "all windows"),
        ("split, class map", f"{about['split'] or 'not told'}, {about['label_map'] or 'not told'}"),
        ("window", f"{about['samples']} samples at {about['fs_hz']:g} Hz"),
        ("drawn anew", f"{about['seeds']} seeds; {about['bootstraps']} bootstraps over recordings"),
        ("encoder (SHA-256)", about["encoder_sha256"]),
    ]
    parts = ['<p class="note">Synthetic ECG. diffecg is not a medical device.</p>']
    parts.append(table(("", "", ""), [(*fact, "") for fact in facts], words=2))
    parts.append(items(report.notes))
    parts += [f"<h2>{words}</h2>{picture(png, words)}" for words, png in pictures]
    for name, rows in sections(report.rows).items():
        title, text = WORDS[name]
        parts.append(f"<h2>{title}</h2><p>{text}</p>{table(HEAD, [cells(row) for row in rows], words=2)}")
    return page("Can this synthetic ECG be trusted?", parts, f"diffecg {__version__}")


def _counts(report: Report, *, made: bool) -> str:
    windows = report.about["synthetic" if made else "real"]["windows"]
    return ", ".join(f"{count} {label}" for label, count in windows.items())


def _figures(report: Report) -> dict[str, tuple[str, Figure]]:
    """Return the pictures by name, each with its title."""
    real, made, fs_hz = report.real, report.synthetic, report.real.fs_hz
    labels = shared_classes(real, made)
    rng = np.random.default_rng(0)
    pairs = {label: (real.of(label).signal_mv[:, 0], made.of(label).signal_mv[:, 0]) for label in labels}
    rows = []
    beats = real.signal_mv.shape[2] / fs_hz < _LONG_S  # beside each other; strips below each other
    shown = min(_SHOWN if beats else _SHOWN // 2, *(len(w) for both in pairs.values() for w in both))
    columns = shown if beats else 1
    for label, both in pairs.items():
        for windows, who in zip(both, ("real", "synthetic"), strict=True):
            chosen = windows[rng.permutation(len(windows))[:shown]]
            for start in range(0, shown, columns):
                title = {} if start else {0: f"{NAMES[label]}: {who}"}
                rows.append((title, chosen[start : start + columns]))
    figures = {}
    if dots := _dots(report.rows):
        figures["summary"] = "Beside the floor and the baseline", dots
    words = f"Real and synthetic windows, {shown} of each class drawn at random"
    figures["windows"] = words, beat_grid(rows, fs_hz)
    figures["means"] = "Median and range", comparison.means_and_spreads(pairs, fs_hz)
    figures["spectra"] = "Power spectra", comparison.spectra(pairs, fs_hz)
    figures["map"] = "One map", comparison.joint_map(*joint_map(real, made))
    measured = {
        (label, name, unit): (truth[name], found[name])
        for label, (found, truth) in report.measured.items()
        for name, unit in MEASURES.items()
        if unit and np.isfinite(truth[name]).any()
    }
    if measured:
        figures["measures"] = "Amplitudes and intervals", comparison.histograms(measured)
    if report.suspects:
        drawn = [
            (
                f"{s.label}, from {s.recording or '?'}: {s.distance_mv:.3f} mV apart (usual {s.usual_mv:.3f})",
                s.synthetic_mv[0],
                s.training_mv[0],
            )
            for s in report.suspects
        ]
        figures["suspects"] = "The closest to training windows", comparison.suspects(drawn, fs_hz)
    return figures


def _dots(rows: Sequence[MetricRow]) -> Figure | None:
    figures: dict[str, dict[str, tuple[float, float, float]]] = {}
    for row in rows:
        if row.section == "fidelity" and None not in (row.value, row.floor, row.baseline):
            values = float(row.value or 0), float(row.floor or 0), float(row.baseline or 0)
            figures.setdefault(row.metric, {})[row.label] = values
    title = "Fidelity and diversity beside the floor and the baseline"
    return comparison.against_the_floor(figures, title) if figures else None


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG, at 150 dots an inch."""
    buffer = BytesIO()
    figure.savefig(buffer, dpi=150)
    return buffer.getvalue()
