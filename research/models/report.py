"""``python -m research report-models``: the reports of the bundled models in docs/reports and their cards."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from PIL import Image

from diffecg.cli.app import app
from diffecg.evaluation.generation.html import HEAD, cells
from diffecg.evaluation.generation.metrics import MetricRow
from diffecg.evaluation.imputation.html import estimate_text
from diffecg.evaluation.imputation.summary import ALL, MethodScores
from diffecg.files import read_json
from diffecg.model.files import CARD
from research.docs.results_page import results_page
from research.models.card_fields import bundled_fields, with_fields
from research.repository import PRETRAINED, REPORTS
from research.tables import markdown_table

BEATS, LABELS = 2000, "NSVF"
CASES = 7
"""Gaps and forecasts of each kind in a recording."""
IMAGE_WIDTH = 1100
BEAT_MODELS = ("mitbih-beat", "mitbih-beat-fast")
GAP_MODEL = "mitbih-strip"
PLOTS = {
    "mitbih-beat": ("summary", "windows", "embedding", "measures", "nearest"),
    "mitbih-beat-fast": ("summary", "windows"),
    "tasks": ("calibration", "gap-1-s-regular-median", "next-heartbeat-regular-median"),
}
"""Plots that the documentation shows, by report."""
SECTIONS = {
    "fidelity": ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage"),
    "physiology": ("R amplitude", "QRS width", "QT interval", "RR interval"),
    "privacy": (),
    "utility": ("macro-F1",),
}
"""Metrics that a card shows, by words in their names; empty: all of the section."""
TASK_METRICS = ("MAE", "RMSE", "CRPS", "90 % interval coverage", "R-peak F1")


def report_models(
    database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    /,
    *,
    only: Annotated[
        Literal["mitbih-beat", "mitbih-beat-fast", "mitbih-strip"] | None, Parameter(help="One model.")
    ] = None,
) -> None:
    """Evaluate the bundled models, and write docs/reports, their cards and the tables of results.

    Example: python -m research report-models mitdb/

    Runs diffecg prepare, generate, evaluate and evaluate-task; takes 45 minutes on two cores.
    """
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        beat_models = [model for model in BEAT_MODELS if only in (None, model)]
        if beat_models:
            run("prepare", "mitdb", "--from", database, "--preset", "beat", "--out", work / "beats")
        for model in beat_models:
            report_beats(work / "beats", work / model, model)
        if only in (None, GAP_MODEL):
            report_gaps(database, work / "tasks")
    results_page()


def report_beats(real: Path, work: Path, model: str) -> None:
    """Report on a model of beats: 2,000 of each class."""
    synthetic = [work / f"{label}.npz" for label in LABELS]
    for i, (label, path) in enumerate(zip(LABELS, synthetic, strict=True)):
        run("generate", model, "--label", label, "--count", BEATS, "--seed", i * BEATS, "--out", path)
    run("evaluate", *synthetic, "--against", real, "--out", work / "report")
    keep(work / "report", model, model)
    publish(model, generation_tables(read_json(work / "report" / "report.json")), [model])


def report_gaps(database: Path, work: Path) -> None:
    """Report on the model that imputes and forecasts: gaps and forecasts in DS2."""
    run("evaluate-task", "analogues", GAP_MODEL, "--data", database, "--out", work, "--cases", CASES)
    keep(work, GAP_MODEL, "tasks")
    publish(GAP_MODEL, task_tables(read_json(work / "report.json")), ["tasks"])


def run(*arguments: object) -> None:
    """Run a command of diffecg."""
    print("diffecg", *arguments, flush=True)
    app([str(argument) for argument in arguments], exit_on_error=False)


def keep(source: Path, model: str, kind: str) -> None:
    """Copy a report's numbers and smaller versions of its plots into the documentation."""
    folder = REPORTS / model
    folder.mkdir(parents=True, exist_ok=True)
    report = read_json(source / "report.json")
    report.pop("manifest", None)  # its SHA-256 is stated
    (folder / f"{kind}.json").write_text(json.dumps(report, ensure_ascii=False, separators=(",", ":")) + "\n")
    for name in PLOTS[kind]:
        with Image.open(source / "plots" / f"{name}.png") as image:
            size = (IMAGE_WIDTH, round(image.height * IMAGE_WIDTH / image.width))
            small = image.convert("RGB").resize(size).quantize(64)
        small.save(folder / f"{kind}-{name}.png", optimize=True)


def publish(model: str, tables: str, kinds: list[str]) -> None:
    """Write the page of a model's reports, and the tables into its card."""
    plots = [f"![{kind}, {name}]({model}/{kind}-{name}.png)" for kind in kinds for name in PLOTS[kind]]
    (REPORTS / f"{model}.md").write_text(f"# Report of {model}\n\n{tables}\n\n" + "\n\n".join(plots) + "\n")
    write_results(model, tables)


def write_results(model: str, tables: str) -> None:
    """Write tables into the section of a model's card on what it reaches, and fill its fields."""
    card = PRETRAINED / model / CARD

    def replaced(match: re.Match[str]) -> str:
        return f"{match[1]}{tables}{match[2]}"

    pattern = r"(## What it reaches\n\n).*?(\n\n## )"
    text = re.sub(pattern, replaced, card.read_text(), flags=re.DOTALL)
    card.write_text(with_fields(text, bundled_fields(model)))


def generation_tables(report: dict[str, Any]) -> str:
    """Return the tables of a report on generated windows, as Markdown."""
    about = report["about"]
    synthetic, real = about["synthetic"], about["real"]
    parts = [
        f"`diffecg evaluate`: {counts(synthetic)} synthetic windows against {counts(real)} real ones "
        f"(partition `{real['partition']}`, split `{about['split']}`, label map `{about['label_map']}`); "
        f"{synthetic['sampler']}, "
        f"{steps(synthetic)}; {about['seeds']} seeds; encoder `{about['encoder_sha256'][:12]}`. "
        "Columns: docs/explanation/evaluation.md."
    ]
    for section, words in SECTIONS.items():
        rows = [MetricRow(**row) for row in report["rows"] if row["section"] == section]
        shown = [row for row in rows if not words or any(word in row.metric for word in words)]
        if shown:
            table = markdown_table([section, *HEAD[1:6]], [cells(row)[:6] for row in shown])
            parts.append(table.rstrip())
    parts += [f"- {note}" for note in report["notes"]]
    return "\n\n".join(parts)


def task_tables(report: dict[str, Any]) -> str:
    """Return the tables of a report on gaps and forecasts, as Markdown."""
    about = report["about"]
    sampling = "; ".join(steps(model) for model in about["models"].values() if "steps" in model)
    parts = [
        f"`diffecg evaluate-task`: {about['cases']} gaps and forecasts in {len(about['recordings'])} "
        f"recordings of DS2, {about['draws']} draws; {sampling}; manifest "
        f"`{about['manifest_sha256'][:12]}`. Errors in mV; in "
        "brackets 95 % intervals over recordings."
    ]
    groups: dict[str, list[MethodScores]] = {}
    for row in map(MethodScores.from_dict, report["rows"]):
        if row.rhythm == ALL:
            groups.setdefault(f"{row.group}, {row.leads}", []).append(row)
    for group, rows in groups.items():
        lines = [
            [row.method, *(estimate_text(row.metrics[name], intervals=True) for name in TASK_METRICS)]
            for row in rows
        ]
        parts.append(markdown_table([group, *TASK_METRICS], lines).rstrip())
    return "\n\n".join(parts)


def steps(about: dict[str, Any]) -> str:
    """Return a number of steps, as text."""
    return f"{about['steps']} step{'' if about['steps'] == 1 else 's'}"


def counts(about: dict[str, Any]) -> str:
    """Return the number of windows of each class, as text."""
    return ", ".join(f"{count} {label}" for label, count in about["windows"].items())
