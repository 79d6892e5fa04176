"""The reports of the bundled models: docs/reports, "What it reaches" in their cards, the README's tables.

    python tools/report_models.py mitdb/

Prepares the windows, generates, and runs the reports as the command line does: three quarters of an hour on
two cores.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from readme_tables import README, fill

from diffecg.cli.app import app
from diffecg.evaluation.generation.html import HEAD, cells
from diffecg.evaluation.generation.rows import MetricRow
from diffecg.evaluation.imputation.html import cells as task_cells
from diffecg.evaluation.imputation.html import groups
from diffecg.evaluation.imputation.scores import ScoreRow

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "docs" / "reports"
PRETRAINED = ROOT / "src" / "diffecg" / "pretrained"
BEATS, STRIPS, LABELS = 2000, 400, "NSVF"
CASES = 3
"""Hidden stretches of each kind in a recording."""
PICTURE_WIDTH = 1100
BEAT_MODELS = ("mitbih-beat", "mitbih-beat-fast")
KEPT = {
    "mitbih-beat": ("summary", "windows", "map", "measures", "suspects"),
    "mitbih-beat-fast": ("summary", "windows"),
    "mitbih-strip": ("windows", "measures"),
    "tasks": ("calibration", "gap-1-s", "next-heartbeat"),
}
SECTIONS = {
    "fidelity": ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage"),
    "physiology": ("R amplitude", "QRS width", "QT interval", "RR interval"),
    "privacy": (),
    "utility": ("macro-F1",),
}
"""The rows that a card shows: those whose metric holds one of these words; all unless there are any."""
TASK_METRICS = ("MAE, mean of draws", "RMSE, mean of draws", "RMSE, one draw", "CRPS", "90 % band holds")


def main() -> None:
    """Write the reports and update the cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("--only", choices=[*BEAT_MODELS, "mitbih-strip"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        beat_models = [model for model in BEAT_MODELS if options.only in (None, model)]
        if beat_models:
            run("prepare", "mitdb", "--from", options.database, "--preset", "beat", "--out", work / "beats")
        for model in beat_models:
            report_beats(work / "beats", work / model, model)
        if options.only in (None, "mitbih-strip"):
            report_strips(options.database, work)
    README.write_text(fill(README.read_text()))


def report_beats(real: Path, work: Path, model: str) -> None:
    """Report on a model of beats: 2,000 of each class."""
    made = [work / f"{label}.npz" for label in LABELS]
    for i, (label, path) in enumerate(zip(LABELS, made, strict=True)):
        run("generate", model, "--label", label, "--count", BEATS, "--seed", i * BEATS, "--out", path)
    run("evaluate", *made, "--against", real, "--out", work / "report")
    keep(work / "report", model, model)
    report = json.loads((work / "report" / "report.json").read_text())
    publish(model, set_tables(report), [model])


def report_strips(database: Path, work: Path) -> None:
    """Report on mitbih-strip: gaps and forecasts in DS2, and strips from nothing."""
    run("evaluate-task", "mitbih-strip", "--data", database, "--out", work / "tasks", "--each", CASES)
    keep(work / "tasks", "mitbih-strip", "tasks")
    run("prepare", "mitdb", "--from", database, "--preset", "strip", "--out", work / "strips")
    run("generate", "mitbih-strip", "--count", STRIPS, "--out", work / "strips.npz")
    sections = ("--only", "fidelity", "--only", "physiology")
    run(
        "evaluate",
        work / "strips.npz",
        "--against",
        work / "strips",
        "--out",
        work / "strip-report",
        *sections,
    )
    keep(work / "strip-report", "mitbih-strip", "mitbih-strip")
    tasks, strips = (
        json.loads((work / name / "report.json").read_text()) for name in ("tasks", "strip-report")
    )
    text = f"{task_tables(tasks)}\n\n**Strips from nothing**\n\n{set_tables(strips)}"
    publish("mitbih-strip", text, ["tasks", "mitbih-strip"])


def run(*arguments: object) -> None:
    """Run a command of diffecg."""
    print("diffecg", *arguments, flush=True)
    app([str(argument) for argument in arguments], exit_on_error=False)


def keep(source: Path, model: str, kind: str) -> None:
    """Keep the figures and the smaller pictures of a report in the documentation."""
    folder = REPORTS / model
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "report.json", folder / f"{kind}.json")
    for name in KEPT[kind]:
        with Image.open(source / "plots" / f"{name}.png") as picture:
            height = round(picture.height * PICTURE_WIDTH / picture.width)
            small = picture.convert("RGB").resize((PICTURE_WIDTH, height)).quantize(64)
        small.save(folder / f"{kind}-{name}.png", optimize=True)


def publish(model: str, tables: str, kinds: list[str]) -> None:
    """Write the page of a model's report, and its tables into the card."""
    pictures = [f"![{kind}, {name}]({model}/{kind}-{name}.png)" for kind in kinds for name in KEPT[kind]]
    page = f"# Report of {model}\n\n{tables}\n\n" + "\n\n".join(pictures) + "\n"
    (REPORTS / f"{model}.md").write_text(page)
    card = PRETRAINED / model / "README.md"
    text = re.sub(
        r"(## What it reaches\n\n).*?(\n\n## )", lambda m: m[1] + tables + m[2], card.read_text(), flags=re.S
    )
    card.write_text(text)


def set_tables(report: dict[str, Any]) -> str:
    """Return the tables of a report on a set, as Markdown."""
    about, parts = report["about"], []
    made, real = about["synthetic"], about["real"]
    parts.append(
        f"`diffecg evaluate`: {counts(made)} synthetic windows against {counts(real)} real ones (part "
        f"`{real['part']}`, split `{about['split']}`, class map `{about['label_map']}`); {made['sampler']}, "
        f"{steps(made)}; {about['seeds']} seeds; encoder `{about['encoder_sha256'][:12]}`. "
        "What the columns mean: docs/evaluation.md."
    )
    for section, words in SECTIONS.items():
        rows = [MetricRow(**row) for row in report["rows"] if row["section"] == section]
        shown = [row for row in rows if not words or any(word in row.metric for word in words)]
        if shown:
            parts.append(markdown([section, *HEAD[1:6]], [cells(row)[:6] for row in shown]))
    parts += [f"- {note}" for note in report["notes"]]
    return "\n\n".join(parts)


def task_tables(report: dict[str, Any]) -> str:
    """Return the tables of a report on gaps and forecasts, as Markdown."""
    about = report["about"]
    sampling = "; ".join(f"{model['sampler']}, {steps(model)}" for model in about["models"].values())
    parts = [
        f"`diffecg evaluate-task`: {about['cases']} hidden stretches of {len(about['recordings'])} recordings of "
        f"DS2, {about['draws']} draws; {sampling}; manifest `{about['manifest_sha256'][:12]}`. "
        "Errors in mV; in brackets 95 % intervals over recordings."
    ]
    for group, methods in groups([ScoreRow(**row) for row in report["rows"]]).items():
        lines = [task_cells(*method, TASK_METRICS, intervals=True) for method in methods.items()]
        parts.append(markdown([group, *TASK_METRICS], lines))
    return "\n\n".join(parts)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def steps(about: dict[str, Any]) -> str:
    """Return a sampler's number of steps, in words."""
    return f"{about['steps']} step{'' if about['steps'] == 1 else 's'}"


def counts(about: dict[str, Any]) -> str:
    """Return how many windows of each class there are, in words."""
    return ", ".join(f"{count} {label}" for label, count in about["windows"].items())


if __name__ == "__main__":
    main()
