"""``diffecg bench``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffecg.cli.console import ComputeOptions, Json, print_table, progress_bar, show
from diffecg.errors import DiffecgError

if TYPE_CHECKING:
    from torch import Tensor

    from diffecg.evaluation.speed import Generator

HEAD = (
    "generator",
    "setting",
    "M parameters",
    "evaluations",
    "MFLOP each",
    "windows/s",
    "share of peak",
    "first is faster by",
    "trained/s",
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
    """Measure how fast models draw windows, in turn with other projects' generators.

    Example: diffecg bench mitbih-beat --vs diffusers --vs ecgen --threads 2

    Prints windows a second, evaluations of the network a window, floating-point operations an evaluation and
    the share of the machine's own rate of matrix products. Seconds depend on the machine and on what else
    runs there; ratios within one run, much less.

    Parameters
    ----------
    models:
        Bundled models or model folders; the first is what the others are compared with.
    vs:
        A generator that an installed package registers under the entry point group diffecg.rivals; may be
        repeated.
    training:
        Measure training steps, too.
    rounds:
        How often each takes its turn; medians are shown.
    seconds:
        About how long a turn is.
    """
    from diffecg.evaluation.rivals import load_rival
    from diffecg.evaluation.speed import compare_speed

    if not models:
        raise DiffecgError("name at least one model: a bundled one or a model folder")
    if rounds < 1:
        raise DiffecgError(f"rounds {rounds} must be at least 1")
    window = compute.load(models[0]).config.window
    generators = [ours(name, compute) for name in models]
    generators += [load_rival(name, len(window.leads), window.length, compute.batch_size) for name in vs]
    if not training:
        generators = [replace(generator, loss=None) for generator in generators]
    with progress_bar("bench") as move:
        done = []

        def advance(what: str) -> None:
            done.append(what)
            move(len(done), (1 + (1 + training) * rounds) * len(generators), what)

        result = compare_speed(
            generators,
            batch=compute.batch_size,
            seconds=seconds,
            rounds=rounds,
            device=compute.device,
            advance=advance,
        )
    if not json:
        rows = [
            (
                speed.name,
                speed.about,
                f"{speed.parameters / 1e6:.2f}",
                str(speed.evaluations),
                f"{speed.megaflop:.1f}",
                f"{speed.windows_per_s:.1f}",
                f"{speed.share_of_peak:.0%}",
                f"{result.speeds[0].windows_per_s / speed.windows_per_s:.1f}",
                "–" if speed.trained_per_s is None else f"{speed.trained_per_s:.1f}",
            )
            for speed in result.speeds
        ]
        title = (
            f"windows of {len(window.leads)} lead(s) x {window.length} samples, batch {compute.batch_size}"
        )
        print_table(title, HEAD, rows, words=2)
    text = (
        f"float32 matrix products on {result.device}, {result.threads} thread(s): "
        f"{result.peak_gflops:.0f} GFLOP/s; peak memory {result.peak_memory_mb:.0f} MB"
    )
    show(result.to_dict(), text, as_json=json)


def ours(name: str, compute: ComputeOptions) -> Generator:
    """Return a model as something that draws windows of its first class."""
    import torch

    from diffecg.datasets.labels import UNKNOWN
    from diffecg.evaluation.speed import Generator
    from diffecg.inference.sampling import Sampling
    from diffecg.training.batches import Batch
    from diffecg.training.objectives import denoising_objective

    model = compute.load(name)
    label, sampling = next(iter(model.labels), None), Sampling(**compute.sampling())
    used = sampling.resolved(model.config.diffusion)

    def draw(count: int) -> object:
        return model.generate(label, count, **compute.sampling())

    def loss(count: int) -> Tensor:
        nothing = torch.zeros(count, len(window.leads), window.length)
        batch = Batch(
            signal_mv=nothing,
            observed=nothing > 0,
            labels=[label or UNKNOWN] * count,
            morphologies=[-1] * count,
        )
        return objective(model.denoiser, batch, slice(0, count)).mean()

    window, objective = model.config.window, denoising_objective(model.config.diffusion)
    about = f"{used.sampler}, {used.steps} steps"
    if compute.engine == "torch":
        return Generator(model.name, draw, model.denoiser.network, about, loss)
    from diffecg.evaluation.speed import operations

    plain = ours(name, replace(compute, engine="torch"))
    return replace(plain, draw=draw, about=f"{about}, {compute.engine}", loss=None, cost=operations(plain))
