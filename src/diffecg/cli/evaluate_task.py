"""``diffecg evaluate-task``: report on imputation and forecasting."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from diffecg.cli.console import ComputeOptions, Force, Json, print_table, progress_bar, show, use_threads
from diffecg.errors import DiffecgError

if TYPE_CHECKING:
    from diffecg.evaluation.imputation.benchmarks import Benchmark
    from diffecg.inference.imputer import Imputer


def evaluate_task(
    models: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    /,
    *,
    data: Path,
    out: Path,
    protocol: Literal["recordings", "ptbxl"] = "recordings",
    vs: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    draws: int = 16,
    cases: int = 7,
    seed: int = 0,
    recordings: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    folds: Annotated[tuple[int, ...], Parameter(negative="", show_default=False)] = (10,),
    limit: int | None = None,
    reference: str | None = None,
    jobs: int = 1,
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Compare imputation and forecasting by models, baselines and rivals on gaps in recordings.

    Example: diffecg evaluate-task analogues mitbih-strip --data mitdb/ --out tasks/

    The cases are gaps of 0.25 to 10 s and forecasts of the second after a beat, at random times fixed by the
    seed; a method may use the whole recording outside the gap. --protocol ptbxl takes the 43,960 published
    gaps of PTB-XL instead. Scores are kept beside --out until the report is written: the same command
    continues an interrupted run.

    Parameters
    ----------
    models:
        What is compared with the baselines: analogues (the engine that needs no model), bundled models, or
        model folders.
    data:
        Folder of WFDB recordings, such as mitdb; of PTB-XL as released, for --protocol ptbxl.
    out:
        Folder of the report.
    protocol:
        recordings: gaps and forecasts in any recordings; ptbxl: the published gaps in lead II of fold 10.
    vs:
        An imputation method that an installed package registers under the entry point group diffecg.imputers,
        such as neurokit, or csdi=FOLDER with a folder of trained weights; may be repeated.
    draws:
        Number of draws of each model and of the engine analogues.
    cases:
        Number of cases of each length in a recording.
    seed:
        Seed of the times of the cases, and of each model's draws.
    recordings:
        Names of recordings; may be repeated. Default: those of DS2 if the folder holds them, else all.
    folds:
        Folds of PTB-XL; may be repeated. Choose settings on fold 9, not on 10.
    limit:
        Number of gaps of each length of PTB-XL, from recordings at equal distances. Default: all.
    reference:
        Method that errors are divided by. Default: 16 analogues, 60 s; for PTB-XL 5 analogues.
    jobs:
        Number of worker processes.
    """
    from diffecg.evaluation.imputation.evaluation import evaluate_imputation, resumable_folder
    from diffecg.evaluation.imputation.html import summary_tables, write_report
    from diffecg.evaluation.imputation.models import imputation_method
    from diffecg.evaluation.rivals import load_imputer
    from diffecg.files import check_output

    check_output(out, force=force, is_folder=True)
    if draws < 2:
        raise DiffecgError(f"{draws} draws have no prediction interval; use at least 2")
    if jobs < 1:
        raise DiffecgError(f"{jobs} worker processes are none; use --jobs 1 or more")
    if not data.is_dir():
        raise DiffecgError(f"no folder {data}; get the database with diffecg prepare mitdb --download")
    methods = {name.partition("=")[0]: load_imputer(name) for name in vs}
    loaded = [_load(name, compute) for name in models]
    methods |= {imputer.name: imputation_method(imputer, draws=draws, seed=seed) for imputer in loaded}
    about = {
        "database": data.resolve().name,
        "protocol": protocol,
        "draws": draws,
        "models": {imputer.name: _describe(imputer, compute) for imputer in loaded},
    }
    partial = out.with_name(f"{out.name}.partial")
    with progress_bar("evaluate") as move:
        benchmark = _benchmark(protocol, data, recordings, cases, seed, folds, limit)
        if reference is not None:
            benchmark = replace(benchmark, reference=reference)
        report = evaluate_imputation(
            benchmark, methods, about=about, folder=resumable_folder(partial), jobs=jobs, progress=move
        )
    write_report(report, out, force=force)
    shutil.rmtree(partial)
    if not json:
        for title, head, rows in summary_tables(report):
            print_table(title, head, rows, words=1)
    show(report.to_dict(), f"{out}: report.html, report.json, scores.parquet, plots/", as_json=json)


def _benchmark(
    protocol: str,
    data: Path,
    recordings: tuple[str, ...],
    cases: int,
    seed: int,
    folds: tuple[int, ...],
    limit: int | None,
) -> Benchmark:
    """Return the benchmark of a protocol."""
    from diffecg.datasets.recording_folder import RecordingFolder
    from diffecg.datasets.splits import DS2
    from diffecg.evaluation.imputation.benchmarks import recordings_benchmark
    from diffecg.evaluation.imputation.ptbxl import ptbxl_benchmark

    if protocol == "ptbxl":
        if recordings:
            raise DiffecgError("--recordings does not go with --protocol ptbxl; choose --folds and --limit")
        return ptbxl_benchmark(data, folds=folds, limit=limit)
    if limit is not None:
        raise DiffecgError("--limit goes with --protocol ptbxl; choose --cases and --recordings")
    names = RecordingFolder(data).names()
    chosen = recordings or (DS2 if set(DS2) <= set(names) else tuple(names))
    return recordings_benchmark(data, chosen, per_group=cases, seed=seed)


def _load(name: str, compute: ComputeOptions) -> Imputer:
    """Return the search for analogues, or a model with the sampler that is asked for."""
    from diffecg.inference.gap_model import GapModel
    from diffecg.inference.imputer_loading import load_imputer
    from diffecg.inference.model import Model

    use_threads(compute.threads)
    imputer = load_imputer(name, compute.device, engine=compute.engine)
    return imputer.with_sampling(compute) if isinstance(imputer, Model | GapModel) else imputer


def _describe(imputer: Imputer, compute: ComputeOptions) -> dict[str, Any]:
    from diffecg.inference.gap_model import GapModel
    from diffecg.inference.model import Model
    from diffecg.inference.sampling import resolve_options

    if isinstance(imputer, GapModel):
        return {"weights_sha256": imputer.weights_sha256, "steps": imputer.steps}
    if not isinstance(imputer, Model):
        return {"engine": imputer.name, "reach_s": imputer.context_s}
    sampling = resolve_options(compute, imputer.config.diffusion)
    return {
        "weights_sha256": imputer.weights_sha256,
        "sampler": sampling.sampler,
        "steps": sampling.steps,
    }
