"""``diffecg evaluate-task``: report on imputation and forecasting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from diffecg.cli.console import ComputeOptions, Force, Json, print_table, progress_bar, show
from diffecg.errors import DiffecgError

if TYPE_CHECKING:
    from diffecg.inference.model import Model


def evaluate_task(
    models: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    /,
    *,
    data: Path,
    out: Path,
    vs: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    draws: int = 16,
    cases: int = 3,
    seed: int = 0,
    recordings: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Compare imputation and forecasting by models, baselines and rivals on gaps in recordings.

    Example: diffecg evaluate-task mitbih-strip --data mitdb/ --out tasks/

    The cases are gaps of 0.25, 0.5, 1 and 2 s and forecasts of the second after a beat, at random times
    (fixed by the seed) in each recording of DS2. The baselines are linear and PCHIP interpolation, the
    previous beat, the mean beat of the recording, and nearest-neighbour imputation from 5 analogues.

    Parameters
    ----------
    models:
        Bundled models or model folders; without one, only the baselines are compared.
    data:
        Folder of annotated WFDB recordings, such as mitdb.
    out:
        Folder of the report.
    vs:
        An imputation method that an installed package registers under the entry point group diffecg.imputers;
        may be repeated.
    draws:
        Number of draws of each model.
    cases:
        Number of cases of each kind in a recording.
    seed:
        Seed of the times of the cases, and of each model's draws.
    recordings:
        Names of recordings; may be repeated. Default: those of DS2.
    """
    from diffecg.datasets.splits import DS2
    from diffecg.evaluation.imputation.html import cells, rows_by_group, table_head, write_report
    from diffecg.evaluation.imputation.models import imputation_method
    from diffecg.evaluation.imputation.report import evaluate_imputation
    from diffecg.evaluation.rivals import load_imputer
    from diffecg.files import check_output

    check_output(out, force=force, is_folder=True)
    if draws < 2:
        raise DiffecgError(f"{draws} draws have no prediction interval; use at least 2")
    if not data.is_dir():
        raise DiffecgError(f"no folder {data}; get the database with diffecg prepare mitdb --download")
    methods = {name: load_imputer(name) for name in vs}
    loaded = [compute.load(name) for name in models]
    methods |= {model.name: imputation_method(model, draws, seed, compute.sampling()) for model in loaded}
    about = {
        "database": data.name,
        "draws": draws,
        "models": {model.name: _describe(model, compute) for model in loaded},
    }
    with progress_bar("evaluate") as move:
        report = evaluate_imputation(
            data, recordings or DS2, methods, per_group=cases, seed=seed, about=about, progress=move
        )
    write_report(report, out, force=force)
    if not json:
        for group, rows in rows_by_group(report.rows).items():
            print_table(group, table_head(), [cells(*method) for method in rows.items()], words=1)
    show(report.to_dict(), f"{out}: report.html, report.json, plots/", as_json=json)


def _describe(model: Model, compute: ComputeOptions) -> dict[str, Any]:
    from diffecg.inference.sampling import resolve_options

    sampling = resolve_options(compute, model.config.diffusion)
    return {
        "weights_sha256": model.weights_sha256,
        "sampler": sampling.sampler,
        "steps": sampling.steps,
    }
