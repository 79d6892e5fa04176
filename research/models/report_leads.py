"""``python -m research report-leads``: the report of the model of twelve leads, in docs and in its card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Threads
from diffecg.files import read_json, write_atomic, write_json
from diffecg.inference.loading import load
from research.benchmarks.composed_set import compose_training_set
from research.benchmarks.twelve_leads.command import MEASURES, twelve_leads, twelve_leads_baselines
from research.models.report import write_results
from research.repository import REPORTS

MODEL, BASELINES = "ptbxl-beat", ("gaussian", "tiled-random")
TEST_FOLD = 10
IN_CARD = ("utility", "rhythm", "real against generated", "privacy", "compliance")
"""Sections of the report that the card shows, too."""


def report_leads(
    ptbxl: Annotated[Path, Parameter(help="PTB-XL as released.")],
    /,
    *,
    work: Path,
    cache: Path,
    model: str = MODEL,
    measures: tuple[str, ...] = tuple(MEASURES),
    seeds: int = 3,
    fold: int = TEST_FOLD,
    threads: Threads = 1,
) -> None:
    """Generate a recording for each training record, score the set, and write docs/reports and the card.

    Two baselines are scored beside it: a conditional Gaussian of beats, and tiled median beats.

    Example: python -m research report-leads ptb-xl/ --work runs/report --cache runs/cache

    Args:
        work: Folder of the generated set and of the scores; the command continues where it stopped.
        cache: Folder of trained networks and of a copy of PTB-XL.
        model: A model of beats of several leads.
        measures: Names of the measures, see twelve-leads.
        seeds: Number of seeds.
        fold: Fold of PTB-XL that the set is scored on.
    """
    generated = work / "sets" / MODEL
    compose_training_set(ptbxl, generated, cache=cache, model=model, threads=threads)
    for name in BASELINES:
        if not (work / "sets" / name).exists():
            twelve_leads_baselines(ptbxl, out=work / "sets", cache=cache, only=(name,))
    scores = work / "scores"
    twelve_leads(
        ptbxl,
        sets=(generated, *(work / "sets" / name for name in BASELINES)),
        out=scores,
        cache=cache,
        measures=measures,
        seeds=seeds,
        fold=fold,
        threads=threads,
    )
    publish(scores, fold)


def publish(scores: Path, fold: int) -> None:
    """Write the tables of some scores into docs/reports and the model's card.

    Args:
        scores: Folder of the scores, from the command twelve-leads.
        fold: Fold of PTB-XL that they are of.
    """
    _, *sections = (scores / f"fold{fold}.md").read_text().split("\n## ")
    intro = (
        f"`python -m research report-leads`: one recording of 10 s for each training record of PTB-XL, under "
        f"its statements, age, sex and heart rate, against real records of fold {fold}, the reference. "
        "Measures: docs/explanation/evaluation.md."
    )
    text = "\n\n".join([f"# Report of {MODEL}", intro, *(f"## {section.strip()}" for section in sections)])
    write_atomic(REPORTS / f"{MODEL}.md", f"{text}\n".encode())
    chosen = [section for section in sections if section.partition("\n")[0].strip() in IN_CARD]
    tables = [section.partition("\n")[2].strip() for section in chosen]
    results = {path.stem: read_json(path) for path in sorted((scores / MODEL).glob(f"*-fold{fold}.json"))}
    about = {"models": {MODEL: {"weights_sha256": load(MODEL).weights_sha256}}, "fold": fold}
    (REPORTS / MODEL).mkdir(parents=True, exist_ok=True)
    write_json(REPORTS / MODEL / "generation.json", {"about": about, "measures": results})
    write_results(MODEL, "\n\n".join([intro, *tables]))
