"""``diffecg train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffecg.cli.console import Json, Threads, show_notes, use_threads
from diffecg.cli.train_gaps import are_recording_sets, gap_settings, train_gaps
from diffecg.cli.training import Data, LogTo, Settings, show_result, training_progress
from diffecg.config.io import to_json, training_changes

if TYPE_CHECKING:
    from diffecg.training.parent import Parent

Labels = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]


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
        Bundled model, model folder or model of the hub to fine-tune, in place of a preset. Its architecture,
        noise schedule and scaling are kept; labels that it does not have are added; training ends when the
        validation loss no longer falls (training.patience). Windows of another rate or length are resampled
        and cut.
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
    changes = [*settings, *training_changes(samples=samples, seed=seed)]
    use_threads(threads)
    parent = None if init is None else _load_parent(init)
    if are_recording_sets(data):
        gap_config = gap_settings(preset, parent, label, changes)
        if dry_run:
            print(to_json(gap_config), end="")
            return
        with training_progress(gap_config, out, log_to) as (report, last_row):
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
            show_result(out, gap_config, last_row, as_json=json)
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
    with (
        distributed_context(device) as context,
        training_progress(plan.config, out, log_to) as (report, last_row),
    ):
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
        show_result(out, plan.config, last_row, as_json=json)


def _load_parent(name: str) -> Parent:
    from diffecg.inference.loading import load_parent

    return load_parent(name)
