"""``diffecg evaluate-task``."""

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
    draws: int = 16,
    each: int = 3,
    seed: int = 0,
    recordings: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Hide true_runs of recordings and compare how well models and plain methods restore them.

    Example: diffecg evaluate-task mitbih-strip --data mitdb/ --out tasks/

    Gaps of 0.25, 0.5, 1 and 2 s and the second after a beat, at places that the seed fixes, in each recording of
    DS2. Beside the models stand a straight line, PCHIP, the previous beat, the recording's mean beat, and the
    true_runs around which the recording is most like around the hidden one.

    Parameters
    ----------
    models:
        Bundled models or model folders; none compares the plain methods alone.
    data:
        Folder of annotated WFDB recordings, such as mitdb.
    out:
        Folder of the report.
    draws:
        How often each model draws what is hidden.
    each:
        Cases of each kind in a recording.
    seed:
        Seed of the places, and of each model's first draw.
    recordings:
        Names of recordings; may be repeated. Those of DS2 unless given.
    """
    from diffecg.datasets.splits import DS2
    from diffecg.evaluation.imputation.html import cells, groups, head, write_task_report
    from diffecg.evaluation.imputation.models import imputation_method
    from diffecg.evaluation.imputation.report import evaluate_tasks
    from diffecg.files import check_output

    check_output(out, force=force, is_folder=True)
    if draws < 2:
        raise DiffecgError(f"{draws} draws have no band; use at least 2")
    if not data.is_dir():
        raise DiffecgError(f"no folder {data}; get the database with diffecg prepare mitdb --download")
    loaded = [compute.load(name) for name in models]
    methods = {model.name: imputation_method(model, draws, seed, compute.sampling()) for model in loaded}
    described = {model.name: _described(model, compute) for model in loaded}
    about = {"database": data.name, "draws": draws, "models": described}
    with progress_bar("evaluate") as move:
        report = evaluate_tasks(
            data, recordings or DS2, methods, each=each, seed=seed, about=about, progress=move
        )
    write_task_report(report, out, force=force)
    if not json:
        for group, found in groups(report.rows).items():
            print_table(group, head(), [cells(*method) for method in found.items()], words=1)
    show(report.to_dict(), f"{out}: report.html, report.json, plots/", as_json=json)


def _described(model: Model, compute: ComputeOptions) -> dict[str, Any]:
    from diffecg.inference.sampling import Sampling

    sampling = Sampling(**compute.sampling()).resolved(model.config.diffusion)
    return {
        "weights_sha256": model.weights_sha256,
        "sampler": sampling.sampler,
        "steps": sampling.steps,
    }
