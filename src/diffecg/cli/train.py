"""``diffecg train`` and ``diffecg distill``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffecg.cli.console import Json, Threads, progress_bar, show, stderr, use_threads
from diffecg.config.io import to_json, with_settings
from diffecg.config.presets import preset as find_preset
from diffecg.config.schema import Config
from diffecg.errors import DiffecgError

if TYPE_CHECKING:
    from diffecg.datasets.stream import WindowStream
    from diffecg.datasets.windows import Windows
    from diffecg.model.denoiser import ConditionalDenoiser


def train(
    *,
    data: str,
    out: Path,
    preset: str = "beat",
    samples: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    set: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    accumulate: int = 1,
    device: str = "cpu",
    threads: Threads = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Train a model; the same command run again goes on where it stopped.

    Example: diffecg train --preset beat --data beats/ --out runs/beat --samples 100000

    The run's folder is a model folder: diffecg generate runs/beat … works with it. Started by torchrun,
    several processes, on one machine or many, train together: `torchrun --nproc-per-node 4 -m diffecg train
    …`; a run may go on with another number of them.

    Parameters
    ----------
    data:
        Folder that diffecg prepare wrote; or shards of diffecg bulk prepare, also at an address that fsspec
        knows, of which about `training.shuffle_buffer` windows are in memory at a time.
    out:
        Folder of the run: settings, averaged weights, metrics.jsonl, checkpoint.
    preset:
        beat, strip or paper.
    samples:
        Windows to train on in all, repeats included.
    minutes:
        Stop after this time; run the same command again to go on.
    seed:
        Seed of weights, data order and noise.
    set:
        Another setting, as network.width=96; may be repeated. --dry-run lists all.
    accumulate:
        Parts in which a process computes its share of a batch: less memory, the same result.
    device:
        Where to compute: cpu, or cuda, of which each process takes one.
    dry_run:
        Print the settings and stop.
    """
    settings = list(set)
    if samples is not None:
        settings.append(f"training.samples={samples}")
    if seed is not None:
        settings.append(f"training.seed={seed}")
    if any(setting.startswith("window.") for setting in settings):
        raise DiffecgError("window settings come from the data; choose them with diffecg prepare")
    config = with_settings(find_preset(preset), settings)
    if dry_run:
        print(to_json(config), end="")
        return
    use_threads(threads)
    from diffecg.datasets.loading import open_dataset
    from diffecg.training.trainer import for_windows

    windows = open_dataset(data)
    config = for_windows(config, windows.info)
    _run(config, windows, out, minutes, as_json=json, accumulate=accumulate, device=device)


def distill(
    teacher: str,
    *,
    data: str,
    out: Path,
    steps: int = 4,
    samples: int | None = None,
    minutes: float | None = None,
    set: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Train a student that draws in a few steps what its teacher draws in many.

    Example: diffecg distill mitbih-beat --data beats/ --steps 4 --out runs/beat-fast

    Each step of the student learns to end where several of the teacher's do. The same command run
    again goes on where it stopped; the run's folder is a model folder.

    Parameters
    ----------
    teacher:
        Bundled model or model folder.
    data:
        The windows that the teacher was trained on.
    out:
        Folder of the run.
    steps:
        Steps of the student; they must divide the teacher's.
    samples:
        Windows to train on in all, repeats included.
    minutes:
        Stop after this time; run the same command again to go on.
    set:
        Another setting, as training.learning_rate=1e-4; may be repeated.
    """
    use_threads(threads)
    from diffecg.datasets.loading import open_dataset
    from diffecg.inference.loading import load
    from diffecg.training.objectives import student_config

    denoiser = load(teacher).denoiser
    settings = [*set, *([] if samples is None else [f"training.samples={samples}"])]
    config = with_settings(student_config(denoiser.config, steps), settings)
    _run(config, open_dataset(data), out, minutes, as_json=json, teacher=denoiser)


def _run(
    config: Config,
    windows: Windows | WindowStream,
    out: Path,
    minutes: float | None,
    *,
    as_json: bool,
    teacher: ConditionalDenoiser | None = None,
    accumulate: int = 1,
    device: str = "cpu",
) -> None:
    """Train, showing progress, and tell what came of it."""
    from diffecg.training.distributed import distributed_context
    from diffecg.training.trainer import train as train_model

    last: dict[str, float] = {}
    with distributed_context(device) as among, progress_bar(f"train {config.name}") as move:

        def report(row: dict[str, float]) -> None:
            last.update(row)
            text = f"loss {row['loss']:.4f}  {row['samples_per_s']:.0f}/s"
            move(int(row["samples"]), config.training.samples, text)
            if not stderr.is_terminal and "validation_loss" in row:
                stderr.print(
                    f"{row['samples']:.0f} of {config.training.samples} samples  {text}  "
                    f"validation {row['validation_loss']:.4f}  {row['seconds_left'] / 60:.0f} min left",
                    highlight=False,
                )

        limit = None if minutes is None else 60 * minutes
        train_model(
            config,
            windows,
            out,
            report=report,
            max_seconds=limit,
            teacher=teacher,
            among=among,
            accumulate=accumulate,
        )
    if not among.first:
        return
    text = f"{out}: already trained on {config.training.samples} samples"
    if last:
        text = (
            f"{out}: {last['samples']:.0f} of {config.training.samples} samples, validation loss "
            f"{last['validation_loss']:.4f}, {last['seconds'] / 60:.0f} min"
        )
    show({"folder": str(out), **last}, text, as_json=as_json)
