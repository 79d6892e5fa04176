"""``python -m research report-beat-models``: the report of a model of beats of two databases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.files import read_json, write_atomic, write_json
from research.models.report import write_results
from research.repository import REPORTS
from research.studies.command import TABLES
from research.studies.grid import CELLS, SETTINGS

MODEL = "mitbih-svdb-beat"


def report_beat_models(
    study: Annotated[Path, Parameter(help="Folder of a finished study: python -m research beat-models.")], /
) -> None:
    """Write the tables of the study of two databases into docs/reports and the card of the model.

    Example: python -m research report-beat-models studies/beat-models
    """
    settings = read_json(study / SETTINGS)
    _, *sections = (study / TABLES).read_text().split("\n## ")
    tables = [f"**{title}.** {text.strip()}" for title, _, text in (x.partition("\n") for x in sections)]
    options = settings["settings"]
    intro = (
        "`python -m research beat-models --data beats/ --data svdb-beats/`: beats of "
        f"{' and '.join(options['models'])}, {options['count']} of each label, on two databases."
    )
    body = "\n\n".join([intro, *tables])
    write_atomic(REPORTS / f"{MODEL}.md", f"# Report of {MODEL}\n\n{body}\n".encode())
    models = {name: {"weights_sha256": digest} for name, digest in settings["models"].items()}
    cells = {path.stem: read_json(path) for path in sorted((study / CELLS).glob("*.json"))}
    (REPORTS / MODEL).mkdir(parents=True, exist_ok=True)
    write_json(
        REPORTS / MODEL / "beat-models.json", {"about": {**settings, "models": models}, "cells": cells}
    )
    write_results(MODEL, body)
