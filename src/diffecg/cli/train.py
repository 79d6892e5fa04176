"""``diffecg train`` and ``diffecg distill``."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from diffecg.cli.console import Json, Threads, progress_bar, show, show_notes, stderr, use_threads
from diffecg.cli.train_gaps import are_recording_sets, gap_settings, train_gaps
from diffecg.config.io import AnyConfig, to_json, with_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffecg.training.loop import Report
    from diffecg.training.parent import Parent

Data = Annotated[tuple[str, ...], Parameter(n_tokens=1, negative="")]

Labels = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]

LogTo = Annotated[tuple[Literal["tensorboard", "wandb"], ...], Parameter(n_tokens=1, negative="")]

Settings = Annotated[tuple[str, ...], Parameter(name="--set", negative="", show_default=False)]


def train(
    *,
    data: Data,
    out: Path,
    preset: str | None = None,
    init: str | None = None,
    label: Labels = (),
    samples: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    settings: Settings = (),
    accumulate: int = 1,
    device: str = "cpu",
    log_to: LogTo = (),
    threads: Threads = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Train a model from random weights or from a trained model, or resume training in the same folder.

    Example: diffecg train --preset beat --data beats/ --out runs/beat --samples 100000

    diffecg train --init mitbih-beat --data mine/ --out runs/mine

    diffecg train --preset strip --data sets/ptbxl --data sets/mitdb --out runs/strip

    The output is a model folder, which other commands accept as a model: diffecg generate runs/beat. Ctrl-C
    and SIGTERM complete the current step and save a checkpoint; run the same command again to resume. To
    train in several processes, start the command with torchrun:
    `torchrun --nproc-per-node 4 -m diffecg train …`. A run can be resumed with another number of processes.
    More --samples extend a run, whose learning rate then follows the schedule of the new length.

    Parameters
    ----------
    data:
        Windows from diffecg prepare, a file of windows (.npz, .csv, .parquet), or shards from diffecg bulk
        prepare, in a folder or at a URL that fsspec supports. Windows without partitions are divided by
        subject, if they have a column subject or recording. Several sets (--data repeated) are trained
        together: their leads correspond in order. Shards are streamed through a buffer of about
        `training.shuffle_buffer` windows. Recording sets (diffecg prepare --preset imputation) train a model
        of gaps, which imputes and forecasts from the whole recording.
    out:
        Folder of the run: settings, averaged weights, metrics.jsonl, checkpoints.
    preset:
        Preset of settings of a model that starts from random weights: beat (default), paper or twelve-lead
        for windows, strip for recording sets.
    init:
        Bundled model or model folder to fine-tune, in place of a preset. Its architecture, noise schedule and
        scaling are kept; labels that it does not have are added; training ends when the validation loss no
        longer falls (training.patience). Windows of another rate or length are resampled and cut.
    label:
        Label of the model; may be repeated. Default: the AAMI labels N, S, V and F, or those of the windows
        where they are others; with --init also those of the model.
    samples:
        Number of training samples, repetitions included.
    minutes:
        Stop after this time; run the same command again to resume.
    seed:
        Seed of weights, data order and noise.
    settings:
        Change a setting, for example network.width=96; may be repeated. --dry-run lists all settings.
    accumulate:
        Number of slices in which each process computes its share of a batch; more slices need less memory.
    device:
        Device: cpu, or cuda (one GPU for each process).
    log_to:
        Also send metrics to tensorboard (in OUT/tensorboard) or wandb (Weights & Biases); may be repeated. A
        resumed run continues its log.
    dry_run:
        Print the settings and exit.
    """
    changes = [*settings, *_changes("training", samples=samples, seed=seed)]
    use_threads(threads)
    parent = None if init is None else _load_parent(init)
    if are_recording_sets(data):
        gap_config = gap_settings(preset, parent, changes)
        if dry_run:
            print(to_json(gap_config), end="")
            return
        with _progress(gap_config, out, log_to) as (report, last_row):
            is_main = train_gaps(
                gap_config,
                data,
                out,
                parent=parent,
                report=report,
                minutes=minutes,
                accumulate=accumulate,
                device=device,
            )
        if is_main:
            _show_result(out, gap_config, last_row, as_json=json)
        return
    from diffecg.training.planning import base_settings, changed_settings, plan_run

    config = changed_settings(base_settings(preset, parent), changes)
    if dry_run:
        print(to_json(config), end="")
        return
    from diffecg.datasets.training_sets import open_training_sets
    from diffecg.training.distributed import check_device, distributed_context
    from diffecg.training.trainer import train as train_model

    check_device(device)
    windows, notes = open_training_sets(data)
    plan = plan_run(windows, preset=preset, parent=parent, labels=label or None, changes=changes)
    show_notes([*notes, *plan.notes])
    with distributed_context(device) as context, _progress(plan.config, out, log_to) as (report, last_row):
        train_model(
            plan.config,
            plan.windows,
            out,
            report=report,
            max_seconds=None if minutes is None else 60 * minutes,
            start=plan.start,
            context=context,
            accumulate=accumulate,
        )
    if context.is_main:
        _show_result(out, plan.config, last_row, as_json=json)


def distill(
    teacher: str,
    /,
    *,
    data: str,
    out: Path,
    steps: int = 4,
    samples: int | None = None,
    minutes: float | None = None,
    settings: Settings = (),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Distil a model into a student that needs fewer sampling steps.

    Example: diffecg distill mitbih-beat --data beats/ --steps 4 --out runs/beat-fast

    Each step of the student is trained to give the result of several steps of its teacher. Run the same
    command again to resume. The output is a model folder.

    Parameters
    ----------
    teacher:
        Bundled model or model folder.
    data:
        The windows on which the teacher was trained.
    out:
        Folder of the run.
    steps:
        Sampling steps of the student; must divide those of the teacher.
    samples:
        Number of training samples, repetitions included.
    minutes:
        Stop after this time; run the same command again to resume.
    settings:
        Change a setting, for example training.learning_rate=1e-4; may be repeated.
    """
    use_threads(threads)
    from diffecg.datasets.loading import open_dataset
    from diffecg.inference.loading import load
    from diffecg.training.data import training_notes
    from diffecg.training.objectives import student_config
    from diffecg.training.trainer import train as train_model

    denoiser = load(teacher).denoiser
    changes = [*settings, *_changes("training", samples=samples)]
    config = with_settings(student_config(denoiser.config, steps), changes)
    windows = open_dataset(data)
    show_notes(training_notes(windows, config))
    with _progress(config, out) as (report, last_row):
        train_model(
            config,
            windows,
            out,
            report=report,
            max_seconds=None if minutes is None else 60 * minutes,
            teacher=denoiser,
        )
    _show_result(out, config, last_row, as_json=json)


def _load_parent(name: str) -> Parent:
    from diffecg.inference.loading import load_parent

    return load_parent(name)


def _changes(section: str, **values: Any) -> list[str]:
    """Return the settings that were given as flags of their own, as ``section.name=value``."""
    return [f"{section}.{name}={value}" for name, value in values.items() if value is not None]


@contextmanager
def _progress(config: AnyConfig, out: Path, log_to: LogTo = ()) -> Iterator[tuple[Report, dict[str, float]]]:
    """Show progress and log; yield the function that reports a row of metrics, and the last row reported."""
    from diffecg.training.loggers import compose_reports, open_loggers

    last_row: dict[str, float] = {}
    total = config.training.samples
    with progress_bar(f"train {config.name}") as advance, open_loggers(log_to, out, config) as log:

        def report(row: dict[str, float]) -> None:
            last_row.update(row)
            text = f"loss {row['loss']:.4f}  {row['samples_per_s']:.0f}/s"
            advance(int(row["samples"]), total, text)
            if not stderr.is_terminal and "validation_loss" in row:
                stderr.print(
                    f"{row['samples']:.0f} of {total} samples  {text}  "
                    f"validation {row['validation_loss']:.4f}  {row['seconds_left'] / 60:.0f} min left",
                    highlight=False,
                )

        yield compose_reports(report, log), last_row


def _show_result(out: Path, config: AnyConfig, last_row: dict[str, float], *, as_json: bool) -> None:
    total = config.training.samples
    text = f"{out}: training had already finished ({total} samples)"
    if last_row:
        text = (
            f"{out}: {last_row['samples']:.0f} of {total} samples, "
            f"validation loss {last_row['validation_loss']:.4f}, {last_row['seconds'] / 60:.0f} min"
        )
    show({"folder": str(out), **last_row}, text, as_json=as_json)
