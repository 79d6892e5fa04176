"""What each choice of the strip model is worth: one setting changed at a time, at a fixed number of windows.

    diffecg prepare mitdb --from mitdb/ --preset strip --split development --out strips/
    python benchmarks/strip_ablation.py strips/ mitdb/ ablation/

Trains a small run for each row of VARIANTS (a finished one is not trained again, an interrupted one goes
on), hides true_runs of five patients of DS1 who trained none of them, and writes ``strip-ablation.md``.
DS2 is not opened.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

import diffecg
from diffecg.cli.app import app
from diffecg.config.io import with_settings
from diffecg.config.presets import preset
from diffecg.datasets.splits import DEVELOPMENT
from diffecg.training.trainer import for_windows, train

SAMPLES = 28_000
EACH = 4
"""Hidden true_runs of each kind in a recording."""
METRICS = ("RMSE, mean of draws", "CRPS", "90 % band holds")

VARIANTS: dict[str, list[str]] = {
    "as the preset": [],
    "no virtual leads": ["training.virtual_leads=0"],
    "virtual leads for half": ["training.virtual_leads=0.5"],
    "virtual leads without filter": ["training.virtual_lead_filter=0"],
    "filter 0.2": ["training.virtual_lead_filter=0.2"],
    "filter 0.8": ["training.virtual_lead_filter=0.8"],
    "in millivolts": ["transform.per_window=false"],
    "matches as a condition only": ["conditions.residual=false"],
    "no best matches": ["conditions.analogues=0", "conditions.residual=false"],
    "3 best matches": ["conditions.analogues=3"],
    "hop 8": ["transform.hop=8"],
    "frames of 16 samples, hop 8": ["transform.n_fft=16", "transform.hop=8"],
    "attention at the lowest level only": ["network.attention=1"],
    "dropout 0.2": ["network.dropout=0.2"],
    "with projection": ["transform.consistent=true"],
    "raw signal": ["transform.layout=signal", "network.width=24", "network.multipliers=[1,2,2,4,4]"],
    "one answer, the mean": [  # the deterministic U-Net: at the highest noise nothing but what is known helps
        "diffusion.log_sigma_mean=4.6",
        "diffusion.log_sigma_std=1e-6",
        "diffusion.steps=1",
        "diffusion.sampler=ddim",
        "training.tasks=[0,0.6,0.4]",
    ],
}


def main() -> None:
    """Train and compare all variants."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("windows")
    parser.add_argument("database")
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=list(VARIANTS))
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    windows = diffecg.open_windows(options.windows)
    if windows.info["split"] != "development":
        raise SystemExit(f"{options.windows} is not of the split development")
    for name in options.only:
        folder = options.out / folder_name(name)
        if not (folder / "tasks" / "report.json").exists():
            settings = [f"training.samples={options.samples}", *VARIANTS[name]]
            train(for_windows(with_settings(preset("strip"), settings), windows.info), windows, folder)
            hide(folder, options.database)
        write_table(options.out)


def hide(folder: Path, database: str) -> None:
    """Write the report on the true_runs hidden in the development recordings."""
    recordings = [word for recording in DEVELOPMENT for word in ("--recordings", recording)]
    arguments = ["evaluate-task", str(folder), "--data", database, "--out", str(folder / "tasks"), "--json"]
    app([*arguments, "--each", str(EACH), *recordings], exit_on_error=False)


def write_table(out: Path) -> None:
    """Write the Markdown table of all variants that are finished, plain methods last."""
    found = {name: out / folder_name(name) / "tasks" / "report.json" for name in VARIANTS}
    reports = {name: json.loads(path.read_text()) for name, path in found.items() if path.exists()}
    rows = {name: (report["rows"], folder_name(name)) for name, report in reports.items()}
    any_rows = next(iter(reports.values()))["rows"]
    groups = list(dict.fromkeys(row["group"] for row in any_rows))
    methods = dict.fromkeys(row["method"] for row in any_rows)
    rows.update({m: (any_rows, m) for m in methods if m not in map(folder_name, VARIANTS)})
    lines = [["variant", *groups], ["---"] * (1 + len(groups))]
    for name, (table, method) in rows.items():
        values = {(r["group"], r["metric"]): r["value"] for r in table if r["method"] == method}
        cells = [" ".join(number(values.get((group, metric))) for metric in METRICS) for group in groups]
        lines.append([name, *cells])
    legend = f"Each cell: {', '.join(METRICS)}; errors in mV.\n\n"
    (out / "strip-ablation.md").write_text(legend + "".join(f"| {' | '.join(x)} |\n" for x in lines))


def folder_name(variant: str) -> str:
    """Return the folder of a variant's run."""
    return "".join(c if c.isalnum() else "-" for c in variant)


def number(value: float | None) -> str:
    """Return a figure with three digits, a dash for none."""
    return "–" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
