"""What the commands of training share: their options, progress and result."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from diffecg.cli.console import progress_bar, show, show_notes, stderr
from diffecg.config.io import AnyConfig, read_any_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diffecg.training.loop import Report

Data = Annotated[tuple[str, ...], Parameter(n_tokens=1, negative="")]

LogTo = Annotated[tuple[Literal["tensorboard", "wandb"], ...], Parameter(n_tokens=1, negative="")]

Settings = Annotated[tuple[str, ...], Parameter(name="--set", negative="", show_default=False)]


@contextmanager
def training_progress(
    config: AnyConfig, out: Path, log_to: LogTo = ()
) -> Iterator[tuple[Report, dict[str, float]]]:
    """Show progress and log; yield the function that reports a row of metrics, and the last row reported."""
    from diffecg.training.loggers import compose_reports, open_loggers

    last_row: dict[str, float] = {}
    total = config.training.samples
    show_notes(_extension_notes(out, total))
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


def _extension_notes(out: Path, samples: int) -> list[str]:
    """Return a note if there is a run of fewer samples in the folder, which will be extended."""
    path = out / "config.json"
    earlier = read_any_config(path).training.samples if path.is_file() else samples
    if earlier >= samples:
        return []
    return [f"the run in {out} is extended from {earlier} to {samples} samples; --samples {earlier} keeps it"]


def show_result(out: Path, config: AnyConfig, last_row: dict[str, float], *, as_json: bool) -> None:
    """Print where the model is, and the last row of metrics."""
    from diffecg.training.checkpoints import has_ended_early  # slow to import

    total = config.training.samples
    text = f"{out}: training had already finished"
    if last_row:
        text = (
            f"{out}: {last_row['samples']:.0f} of {total} samples, "
            f"validation loss {last_row['validation_loss']:.4f}, {last_row['seconds'] / 60:.0f} min"
        )
        if config.training.patience and last_row["samples"] < total:
            text += "; the model is that of the lowest validation loss"
        if last_row["samples"] < total and not has_ended_early(out, config.training.patience):
            text += "; the same command continues the training"
    show({"folder": str(out), **last_row}, text, as_json=as_json)
