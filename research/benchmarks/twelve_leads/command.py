"""``python -m research twelve-leads``: score generated 12-lead records against PTB-XL."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter

from diffecg.cli.console import Threads, use_threads
from diffecg.errors import DiffecgError
from diffecg.files import read_json, write_json
from research.benchmarks.twelve_leads.baselines import BASELINES, Source
from research.benchmarks.twelve_leads.compliance import ages, heart_rates
from research.benchmarks.twelve_leads.discrimination import discrimination
from research.benchmarks.twelve_leads.fidelity import fidelity
from research.benchmarks.twelve_leads.physiology import physiology
from research.benchmarks.twelve_leads.privacy import privacy
from research.benchmarks.twelve_leads.records import (
    TRAIN_FOLDS,
    VALIDATION_FOLD,
    Records,
    read_ptbxl,
    read_set,
    write_set,
)
from research.benchmarks.twelve_leads.report import report
from research.benchmarks.twelve_leads.rhythm import rhythm
from research.benchmarks.twelve_leads.study import NetworkCache, Row, Study
from research.benchmarks.twelve_leads.utility import real_and_generated, trts, tstr, utility_wavelets

Measure = Callable[[Study, Records], list[Row]]
MEASURES: dict[str, Measure] = {
    "heart-rate": heart_rates,
    "privacy": privacy,
    "physiology": physiology,
    "tstr": tstr,
    "trts": trts,
    "fidelity": fidelity,
    "rhythm": rhythm,
    "age": ages,
    "discrimination": discrimination,
    "both": real_and_generated,
    "wavelets": utility_wavelets,
}
"""The measures by name, in the order in which they are computed."""
PtbXl = Annotated[Path, Parameter(help="PTB-XL as released, with records100/.")]


def twelve_leads(
    ptbxl: PtbXl,
    /,
    *,
    sets: tuple[Path, ...],
    out: Path,
    cache: Path,
    measures: tuple[str, ...] = tuple(MEASURES),
    seeds: int = 3,
    fold: int = VALIDATION_FOLD,
    device: str = "cpu",
    threads: Threads = 1,
) -> None:
    """Score generated sets by classifiers, rhythm, distances, compliance, physiology and privacy.

    Example: python -m research twelve-leads ptbxl/ --sets sets/gaussian --out scores/ --cache cache/

    A set is a folder with signal_mv.npy, of shape (record, 8, 1000), leads I, II, V1 to V6 for 10 s at
    100 Hz, in mV (integers: in µV); and with conditions.parquet, a row for each record: labels (superclasses
    and SCP statements), age, sex, heart_rate, seed and, optionally, rhythm and subject. There is one record
    for each training record, under its conditions. Every figure stands beside that of real records in their
    place. Results and networks are kept: the same command continues where it stopped.

    Args:
        sets: Folders of generated sets.
        out: Folder of the results and tables.
        cache: Folder of trained networks and of a copy of PTB-XL.
        measures: Names of the measures.
        seeds: Number of seeds.
        fold: Fold of PTB-XL that sets are scored on: 9 for choices, 10 once at the end.
        device: Device of the networks: cpu or cuda.
    """
    use_threads(threads)
    if unknown := set(measures) - set(MEASURES):
        raise DiffecgError(f"unknown measure {min(unknown)!r}; choose from {', '.join(MEASURES)}")
    study = Study(
        ptbxl=read_ptbxl(ptbxl, cache),
        folder=ptbxl,
        fold=fold,
        seeds=range(seeds),
        networks=NetworkCache(folder=cache / "networks", device=device),
    )
    for path in sets:
        generated = read_set(path)
        for name in measures:
            _score(study, generated, name, out / path.name / f"{name}-fold{fold}.json")
            (out / f"fold{fold}.md").write_text(report(_results(out, fold), fold))


def twelve_leads_baselines(
    ptbxl: PtbXl,
    /,
    *,
    out: Path,
    cache: Path,
    only: tuple[str, ...] = tuple(BASELINES),
    seed: int = 0,
) -> None:
    """Generate a set by each baseline: tiled median beats, and a conditional Gaussian of beats.

    Example: python -m research twelve-leads-baselines ptbxl/ --out sets/ --cache cache/

    Args:
        out: Folder of the sets.
        cache: Folder of a copy of PTB-XL.
        only: Names of the baselines: tiled-own (median beats at the record's own R peaks), tiled-random (at
            its RR intervals in random order, with wander and noise), gaussian.
        seed: Seed of the sets.
    """
    source = Source.of(read_ptbxl(ptbxl, cache).folds(TRAIN_FOLDS).with_superclass())
    for name in only:
        write_set(BASELINES[name](source, seed), out / name)


def _score(study: Study, generated: Records, measure: str, path: Path) -> None:
    """Compute a measure of a set, unless its file is there."""
    digest = hashlib.sha256(np.ascontiguousarray(generated.signal_uv).data).hexdigest()[:20]
    about = {"set_sha256": digest, "seeds": list(study.seeds), "fold": study.fold, "records": len(generated)}
    if path.is_file() and read_json(path)["about"] == about:
        return
    rows = MEASURES[measure](study, generated)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"about": about, "rows": [asdict(row) for row in rows]})


def _results(out: Path, fold: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every set that was scored, in the order of the measures."""
    found = {}
    for folder in sorted(path for path in out.iterdir() if path.is_dir()):
        files = [folder / f"{name}-fold{fold}.json" for name in MEASURES]
        found[folder.name] = [row for file in files if file.is_file() for row in read_json(file)["rows"]]
    return found
