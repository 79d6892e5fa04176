"""``python -m research strip-presets``: settings of the strip model, changed one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Threads, use_threads
from diffecg.config.io import with_settings
from diffecg.config.presets import preset
from diffecg.datasets.loading import open_windows
from diffecg.datasets.splits import DEVELOPMENT
from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.benchmarks import recordings_benchmark
from diffecg.evaluation.imputation.evaluation import evaluate_imputation
from diffecg.evaluation.imputation.html import write_report
from diffecg.evaluation.imputation.models import imputation_method
from diffecg.evaluation.imputation.summary import ALL, ONE_LEAD, MethodScores
from diffecg.files import read_json
from diffecg.inference.loading import load
from diffecg.training.initialisation import config_for_windows
from diffecg.training.trainer import train
from research.studies.grid import file_stem
from research.tables import format_number, markdown_table

CASES = 4
"""Cases of each kind in a recording."""
DRAWS = 16
METRICS = ("RMSE", "CRPS", "90 % interval coverage")
TABLE = "strip-presets.md"

VARIANTS: dict[str, list[str]] = {
    "as the preset": [],
    "no virtual leads": ["training.virtual_leads=0"],
    "virtual leads for half": ["training.virtual_leads=0.5"],
    "virtual leads without filter": ["training.virtual_lead_filter_std=0"],
    "filter 0.2": ["training.virtual_lead_filter_std=0.2"],
    "filter 0.8": ["training.virtual_lead_filter_std=0.8"],
    "in millivolts": ["transform.per_window=false"],
    "analogues as a condition only": ["conditions.residual=false"],
    "no analogues": ["conditions.analogues=0", "conditions.residual=false"],
    "3 analogues": ["conditions.analogues=3"],
    "hop 8": ["transform.hop=8"],
    "frames of 16 samples, hop 8": ["transform.n_fft=16", "transform.hop=8"],
    "attention at the lowest level only": ["network.attention=1"],
    "dropout 0.2": ["network.dropout=0.2"],
    "with projection": ["transform.consistent=true"],
    "raw signal": ["transform.layout=signal", "network.width=24", "network.multipliers=[1,2,2,4,4]"],
    "regression to the mean": [  # a deterministic U-Net: at the highest noise level the input is pure noise
        "diffusion.log_sigma_mean=4.6",
        "diffusion.log_sigma_std=1e-6",
        "diffusion.steps=1",
        "diffusion.sampler=ddim",
        "training.tasks=[0,0.6,0.4]",
    ],
}
"""By name: the settings that differ from the preset ``strip``."""


def strip_presets(
    windows: Annotated[Path, Parameter(help="Strips of the split development.")],
    database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    /,
    *,
    out: Path,
    only: tuple[str, ...] = tuple(VARIANTS),
    samples: int = 28_000,
    threads: Threads = 1,
) -> None:
    """Train the strip model with one setting changed at a time, and compare imputation and forecasts.

    Example: python -m research strip-presets strips/ mitdb/ --out ablation/

    Needs: diffecg prepare mitdb --from mitdb/ --preset strip --split development --out strips/. Tests on five
    subjects of DS1 that are not in the training partition; DS2 is not used. Finished runs are not repeated,
    interrupted ones continue.

    Args:
        out: Folder of the runs and the table.
        only: Names of the variants to train.
        samples: Training windows.
    """
    use_threads(threads)
    prepared = open_windows(windows)
    if prepared.info["split"] != "development":
        raise DiffecgError(
            f"{windows} has the split {prepared.info['split']}, not development; "
            "prepare it with --split development"
        )
    for name in only:
        folder = out / file_stem(name)
        if not _report(folder).exists():
            settings = [f"training.samples={samples}", *VARIANTS[name]]
            config = config_for_windows(with_settings(preset("strip"), settings), prepared)
            train(config, prepared, folder)
            evaluate_run(folder, database)
        write_table(out)


def evaluate_run(folder: Path, database: Path) -> None:
    """Write the report on gaps and forecasts in the development recordings."""
    methods = {folder.name: imputation_method(load(folder), draws=DRAWS, seed=0)}
    report = evaluate_imputation(recordings_benchmark(database, DEVELOPMENT, per_group=CASES), methods)
    write_report(report, _report(folder).parent)


def write_table(out: Path) -> None:
    """Write the Markdown table of all finished variants, followed by the baselines."""
    runs = {name: out / file_stem(name) for name in VARIANTS}
    reports = {name: _rows(_report(run)) for name, run in runs.items() if _report(run).exists()}
    any_rows = next(iter(reports.values()))
    groups = list(dict.fromkeys(row.group for row in any_rows))
    trained = {file_stem(name) for name in VARIANTS}
    baselines = dict.fromkeys(row.method for row in any_rows if row.method not in trained)
    rows = [
        *((name, *_cells(rows, file_stem(name), groups)) for name, rows in reports.items()),
        *((method, *_cells(any_rows, method, groups)) for method in baselines),
    ]
    note = f"Each cell: {', '.join(METRICS)}; errors in mV."
    (out / TABLE).write_text(f"{note}\n\n{markdown_table(('variant', *groups), rows)}")


def _report(run: Path) -> Path:
    return run / "tasks" / "report.json"


def _rows(report: Path) -> list[MethodScores]:
    """Return the rows of a report on all rhythms in one lead."""
    rows = map(MethodScores.from_dict, read_json(report)["rows"])
    return [row for row in rows if (row.rhythm, row.leads) == (ALL, ONE_LEAD)]


def _cells(rows: list[MethodScores], method: str, groups: list[str]) -> list[str]:
    metrics = {row.group: row.metrics for row in rows if row.method == method}
    return [
        " ".join(format_number(metrics[group][metric].value, 3) for metric in METRICS) for group in groups
    ]
