"""``diffecg bench``: speed of models and of rival generators."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffecg.cli.console import ComputeOptions, Json, print_table, progress_bar, show
from diffecg.errors import DiffecgError

if TYPE_CHECKING:
    from torch import Tensor

    from diffecg.evaluation.speed import Generator, Loss, SpeedComparison
    from diffecg.inference.model import Model

HEAD = (
    "generator",
    "sampler",
    "M parameters",
    "evaluations",
    "MFLOP each",
    "windows/s",
    "share of peak",
    "speed-up of the first",
    "training windows/s",
)


def bench(
    models: Annotated[tuple[str, ...], Parameter(negative="")] = ("mitbih-beat",),
    /,
    *,
    training: Annotated[bool, Parameter(negative="")] = False,
    vs: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    rounds: int = 3,
    seconds: float = 3.0,
    compute: ComputeOptions = ComputeOptions(),
    json: Json = False,
) -> None:
    """Measure the speed of models and of rival generators, which run in turns.

    Example: diffecg bench mitbih-beat --vs diffusers --vs ecgen --threads 2

    Prints windows per second, network evaluations for a window, floating-point operations of an evaluation,
    and their share of the machine's rate of matrix products. Speeds depend on the machine and its load; their
    ratios within one run hardly do.

    Parameters
    ----------
    models:
        Bundled models or model folders; the first is compared with each other one.
    vs:
        A generator that an installed package registers under the entry point group diffecg.rivals; may be
        repeated.
    training:
        Also measure training steps.
    rounds:
        Number of runs of each generator; medians are shown.
    seconds:
        Approximate duration of a run.
    """
    from diffecg.evaluation.rivals import load_rival
    from diffecg.evaluation.speed import compare_speed

    if not models:
        raise DiffecgError("no model to measure; give a bundled model or a model folder")
    if rounds < 1:
        raise DiffecgError(f"rounds {rounds} must be at least 1")
    window = compute.load(models[0]).config.window
    generators = [model_generator(name, compute) for name in models]
    generators += [load_rival(name, len(window.leads), window.length, compute.batch_size) for name in vs]
    if not training:
        generators = [replace(generator, loss=None) for generator in generators]
    with progress_bar("bench") as move:
        result = compare_speed(
            generators,
            batch=compute.batch_size,
            seconds=seconds,
            rounds=rounds,
            device=compute.device,
            progress=move,
        )
    if not json:
        windows = f"{len(window.leads)} lead(s) x {window.length} samples"
        print_table(f"windows of {windows}, batch {compute.batch_size}", HEAD, _rows(result), words=2)
    text = (
        f"float32 matrix products on {result.device}, {result.threads} thread(s): "
        f"{result.peak_gflops:.0f} GFLOP/s; peak memory {result.peak_memory_mb:.0f} MB"
    )
    show(result.to_dict(), text, as_json=json)


def model_generator(name: str, compute: ComputeOptions) -> Generator:
    """Return a model as a generator of windows with its first label."""
    from diffecg.evaluation.speed import Generator, operations
    from diffecg.inference.sampling import resolve_options

    model = compute.load(name)
    label, options = next(iter(model.labels), None), compute.sampling()
    sampling = resolve_options(compute, model.config.diffusion)
    generator = Generator(
        name=model.name,
        generate=lambda count: model.generate(label, count, **options),
        network=model.denoiser.network,
        description=f"{sampling.sampler}, {sampling.steps} steps",
        loss=_training_loss(model),
    )
    if compute.engine == "torch":
        return generator
    cost = operations(model_generator(name, replace(compute, engine="torch")))
    description = f"{generator.description}, {compute.engine}"
    return replace(generator, description=description, loss=None, cost=cost)


def _training_loss(model: Model) -> Loss:
    """Return the training loss on windows of zeros."""
    import torch

    from diffecg.datasets.labels import UNKNOWN
    from diffecg.training.batches import Batch
    from diffecg.training.objectives import denoising_objective

    window, objective = model.config.window, denoising_objective(model.config.diffusion)
    label = next(iter(model.labels), UNKNOWN)

    def loss(count: int) -> Tensor:
        zeros = torch.zeros(count, len(window.leads), window.length)
        batch = Batch(
            signal_mv=zeros,
            observed=zeros > 0,
            labels=model.denoiser.encode_labels([label] * count),
            numbers=torch.full((count, len(model.config.conditions.numbers)), torch.nan),
        )
        return objective(model.denoiser, batch, slice(0, count)).mean()

    return loss


def _rows(result: SpeedComparison) -> list[tuple[str, ...]]:
    first = result.speeds[0].windows_per_s
    return [
        (
            speed.name,
            speed.description,
            f"{speed.parameters / 1e6:.2f}",
            str(speed.evaluations),
            f"{speed.megaflop:.1f}",
            f"{speed.windows_per_s:.1f}",
            f"{speed.share_of_peak:.0%}",
            f"{first / speed.windows_per_s:.1f}",
            "–" if speed.training_windows_per_s is None else f"{speed.training_windows_per_s:.1f}",
        )
        for speed in result.speeds
    ]
