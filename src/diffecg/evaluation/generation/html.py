"""The evaluation of synthetic windows as files: ``report.json``, a table, ``report.html`` and plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from diffecg.evaluation.generation.comparison import shared_labels
from diffecg.evaluation.generation.delineation import MEASURES
from diffecg.evaluation.generation.embedding import joint_embedding
from diffecg.evaluation.generation.metrics import MetricRow
from diffecg.evaluation.generation.report import Report
from diffecg.evaluation.html import (
    Plot,
    bullet_list,
    facts_table,
    format_number,
    format_with_spread,
    plot_sections,
    report_page,
    table,
    write_report_folder,
)
from diffecg.plotting import comparison
from diffecg.plotting.signals import WindowRow, figure_png, label_titles, window_grid

HEAD = (
    "metric",
    "label",
    "synthetic",
    "95 % over recordings",
    "reference (real)",
    "baseline",
    "better",
    "note",
)
"""Columns of the tables."""
TEXT_COLUMNS = (0, 1, 6, 7)
"""Numbers of the columns with text."""
SECTION_TITLES = {
    "fidelity": "Fidelity and diversity",
    "physiology": "Physiology",
    "privacy": "Privacy",
    "utility": "Utility",
}
SECTION_TEXTS = {
    "fidelity": (
        "Distances between synthetic and real windows, and the share of each set that the other covers. "
        "Reference: other real windows in place of the synthetic ones. Baseline: the mean window of each "
        "label plus white noise with the standard deviation of the label."
    ),
    "physiology": (
        "Distance between the distributions of amplitudes and intervals, in the unit of the measure; for "
        "shares of beats, their difference."
    ),
    "privacy": (
        "Whether the synthetic windows reveal the training windows. An AUC of 0.5 is chance. The baseline "
        "uses only the mean and the standard deviation of each label: its values do not indicate a leak."
    ),
    "utility": (
        "Classifiers tested on subjects that neither they nor the generator were trained on. TSTR: train on "
        "synthetic, test on real windows; TRTS: the reverse; TS+RTR: train on both, test on real windows. "
        "The reference has real windows in place of the synthetic ones (TRTS: held-out windows)."
    ),
}
"""Explanation of each section."""
TABLE = "report.csv"
"""File with a row for each metric and label, for a spreadsheet or a table of one's own."""
MAX_SHOWN = 8
"""Number of beats of a label in the plot of windows; half as many strips."""
MIN_STRIP_S = 2.0
"""Windows from this length on are plotted below each other."""


def write_report(report: Report, folder: str | Path, *, force: bool = False) -> None:
    """Write a report to a new folder, completely or not at all.

    Example:
        >>> import diffecg, numpy as np, tempfile
        >>> from pathlib import Path
        >>> from diffecg.evaluation.generation.report import EvaluateOptions
        >>> rng = np.random.default_rng(0)
        >>> def windows():
        ...     return diffecg.Windows.from_arrays(rng.normal(size=(60, 1, 64)), 128, ["N"] * 60)
        >>> options = EvaluateOptions(sections=("fidelity",), seeds=2, bootstraps=2)
        >>> report = diffecg.evaluate(windows(), windows(), options)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     diffecg.write_report(report, f"{folder}/report")
        ...     sorted(path.name for path in Path(f"{folder}/report").iterdir())[-2:]
        ['report.html', 'report.json']

    Raises:
        DiffecgError: the folder exists and ``force`` is False; scikit-learn is not installed.
    """
    plots = _plots(report)
    files = {TABLE: report.to_frame().to_csv(index=False).encode()}
    write_report_folder(folder, report.to_dict(), _html(report, plots), plots, force=force, files=files)


def cells(row: MetricRow) -> tuple[str, ...]:
    """Return a row of the report as text, in the order of HEAD."""
    return (
        f"{row.metric} ({row.unit})" if row.unit else row.metric,
        row.label,
        "undefined" if row.value is None else format_with_spread(row.value, row.spread),
        "" if row.interval is None else " to ".join(format_number(x) for x in row.interval),
        "" if row.reference is None else format_with_spread(row.reference, row.reference_spread),
        "" if row.baseline is None else format_number(row.baseline),
        row.better,
        row.note,
    )


def rows_by_section(rows: Sequence[MetricRow]) -> dict[str, list[MetricRow]]:
    """Return the rows of each section, in order."""
    sections: dict[str, list[MetricRow]] = {}
    for row in rows:
        sections.setdefault(row.section, []).append(row)
    return sections


def _html(report: Report, plots: Mapping[str, Plot]) -> str:
    sections = [
        '<p class="note">Synthetic ECG. diffecg is not a medical device.</p>',
        facts_table(_facts(report)),
        bullet_list(report.notes),
        *plot_sections(plots),
    ]
    for name, rows in rows_by_section(report.rows).items():
        body = table(HEAD, [cells(row) for row in rows], text_columns=TEXT_COLUMNS)
        sections.append(f"<h2>{SECTION_TITLES[name]}</h2><p>{SECTION_TEXTS[name]}</p>{body}")
    return report_page("Evaluation of synthetic ECG", sections)


def _facts(report: Report) -> dict[str, str]:
    about = report.about
    synthetic, real = about["synthetic"], about["real"]
    return {
        "synthetic windows": f"{synthetic.get('model', 'model unknown')}: {_counts(synthetic['windows'])}",
        "real windows": f"{real.get('database', 'database unknown')}: {_counts(real['windows'])}",
        "partition": real["partition"] or "none",
        "split": about["split"] or "unknown",
        "label map": about["label_map"] or "unknown",
        "window": f"{about['samples']} samples at {about['fs_hz']:g} Hz",
        "repetitions": f"{about['seeds']} seeds, {about['bootstraps']} bootstrap draws of the recordings",
        "encoder (SHA-256)": about["encoder_sha256"],
    }


def _counts(windows: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {label}" for label, count in windows.items())


def _plots(report: Report) -> dict[str, Plot]:
    """Return the plots by file name."""
    real, synthetic, fs_hz = report.real, report.synthetic, report.real.fs_hz
    pairs = {
        label: comparison.Pair(
            real.with_label(label).signal_mv[:, 0], synthetic.with_label(label).signal_mv[:, 0]
        )
        for label in shared_labels(real, synthetic)
    }
    figures = {}
    if metrics := _summary(report.rows):
        title = "Fidelity and diversity beside reference and baseline"
        figures["summary"] = title, comparison.against_reference(metrics, title)
    rows, shown = _window_rows(pairs, fs_hz)
    title = f"Real and synthetic windows, {shown} of each label at random"
    figures["windows"] = title, window_grid(rows, fs_hz)
    figures["medians"] = "Median and 10 to 90 % range", comparison.medians_and_ranges(pairs, fs_hz)
    figures["spectra"] = "Power spectra", comparison.power_spectra(pairs, fs_hz)
    figures["embedding"] = "Embedding", comparison.embedding(*joint_embedding(real, synthetic))
    measured = {
        (label, name, unit): comparison.Pair(of_real[name], of_synthetic[name])
        for label, (of_synthetic, of_real) in report.measured.items()
        for name, unit in MEASURES.items()
        if unit and np.isfinite(of_real[name]).any()
    }
    if measured:
        figures["measures"] = "Amplitudes and intervals", comparison.measure_histograms(measured)
    if report.nearest_pairs:
        nearest = [
            (
                f"{pair.label}, recording {pair.recording or 'unknown'}: {pair.distance_mv:.3f} mV "
                f"(typical {pair.typical_distance_mv:.3f})",
                comparison.Pair(pair.training_mv[0], pair.synthetic_mv[0]),
            )
            for pair in report.nearest_pairs
        ]
        title = "Synthetic windows nearest to a training window"
        figures["nearest"] = title, comparison.nearest_training_windows(nearest, fs_hz)
    return {name: Plot(title, figure_png(figure)) for name, (title, figure) in figures.items()}


def _window_rows(pairs: Mapping[str, comparison.Pair], fs_hz: float) -> tuple[list[WindowRow], int]:
    """Return rows of random windows, real above synthetic, and their number for each label and set."""
    rng = np.random.default_rng(0)
    windows = [windows for pair in pairs.values() for windows in pair]
    is_beat = windows[0].shape[1] / fs_hz < MIN_STRIP_S
    shown = min(MAX_SHOWN if is_beat else MAX_SHOWN // 2, *(len(w) for w in windows))
    columns = shown if is_beat else 1
    rows, names = [], label_titles(pairs)
    for label, pair in pairs.items():
        for windows_of_set, name in zip(pair, ("real", "synthetic"), strict=True):
            chosen = windows_of_set[rng.permutation(len(windows_of_set))[:shown]]
            for start in range(0, shown, columns):
                titles = {} if start else {0: f"{names[label]}: {name}"}
                rows.append(WindowRow(chosen[start : start + columns], titles))
    return rows, shown


def _summary(rows: Sequence[MetricRow]) -> dict[str, dict[str, comparison.Values]]:
    """Return the defined metrics of fidelity, by metric and label."""
    metrics: dict[str, dict[str, comparison.Values]] = {}
    for row in rows:
        if row.section != "fidelity" or row.value is None or row.reference is None or row.baseline is None:
            continue
        values = comparison.Values(row.value, row.reference, row.baseline)
        metrics.setdefault(row.metric, {})[row.label] = values
    return metrics
