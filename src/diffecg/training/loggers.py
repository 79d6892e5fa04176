"""Loggers: functions that send each row of metrics to TensorBoard or Weights & Biases.

A logger is a ``report`` callback of training, as in

    with open_loggers(["tensorboard"], folder, config) as log:
        train(config, windows, folder, report=log)

Each row is logged at the number of samples seen, so that a resumed run continues its curves.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from diffecg.config.io import AnyConfig, to_json
from diffecg.errors import DiffecgError, one_line
from diffecg.extras import require
from diffecg.files import write_atomic

if TYPE_CHECKING:
    from diffecg.training.loop import Report

LoggerName = Literal["tensorboard", "wandb"]

WANDB_ID = "wandb-id.txt"
"""File in the folder of a run with its identifier at Weights & Biases."""


@contextmanager
def open_loggers(names: Sequence[LoggerName], folder: Path, config: AnyConfig) -> Iterator[Report]:
    """Yield a function that sends each row of metrics to all loggers; they start with the first row.

    Args:
        names: Loggers to use.
        folder: Folder of the run.
        config: The settings of the run.

    Raises:
        MissingDependencyError: The package of a logger is not installed.
        DiffecgError: A logger cannot start.
    """
    for name in names:
        require(name, name)
    with ExitStack() as stack:
        logs: list[Report] = []

        def report(row: dict[str, float]) -> None:
            if not logs:
                first = int(row["samples"])
                logs.extend(stack.enter_context(_LOGGERS[name](folder, config, first)) for name in names)
            compose_reports(*logs)(row)

        yield report


def compose_reports(*reports: Report) -> Report:
    """Return a function that calls each of ``reports`` with a row of metrics."""

    def report(row: dict[str, float]) -> None:
        for each in reports:
            each(row)

    return report


@contextmanager
def tensorboard_logger(folder: Path, config: AnyConfig, first: int) -> Iterator[Report]:
    """Yield a function that writes a row of metrics to the event files in ``folder/tensorboard``.

    Args:
        folder: Folder of the run.
        config: The settings of the run, logged as text.
        first: Samples seen at the first row. Rows from there on that were logged before a crash are hidden.
    """
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / "tensorboard"), purge_step=first) as writer:
        writer.add_text("config", f"```json\n{to_json(config)}```", first)

        def report(row: dict[str, float]) -> None:
            for name, value in _metrics(row).items():
                writer.add_scalar(name, value, int(row["samples"]))
            writer.flush()

        yield report


@contextmanager
def wandb_logger(folder: Path, config: AnyConfig, first: int) -> Iterator[Report]:
    """Yield a function that logs a row of metrics to a run of the project ``diffecg`` at Weights & Biases.

    The run is named after the folder. Its identifier is kept in the folder, so that a resumed run continues
    it; the environment variables of Weights & Biases, such as ``WANDB_PROJECT`` and ``WANDB_MODE``, apply.

    Args:
        folder: Folder of the run.
        config: The settings of the run.
        first: Samples seen at the first row; Weights & Biases ignores rows that it has already.

    Raises:
        DiffecgError: Weights & Biases refuses the run.
    """
    import wandb

    path = folder / WANDB_ID
    if not path.is_file():
        write_atomic(path, uuid.uuid4().hex[:12].encode())
    try:
        run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "diffecg"),
            name=folder.resolve().name,
            id=path.read_text(),
            resume="allow",
            dir=str(folder),
            config=json.loads(to_json(config)),
        )
    except wandb.Error as error:
        raise DiffecgError(
            f"Weights & Biases does not start ({one_line(error)}); run wandb login, or set WANDB_MODE=offline"
        ) from error
    with run:

        def report(row: dict[str, float]) -> None:
            run.log(_metrics(row), step=int(row["samples"]))

        yield report


_LOGGERS: dict[LoggerName, Callable[[Path, AnyConfig, int], AbstractContextManager[Report]]] = {
    "tensorboard": tensorboard_logger,
    "wandb": wandb_logger,
}


def _metrics(row: dict[str, float]) -> dict[str, float]:
    """Return a row without the number of samples, which is the axis."""
    return {name: value for name, value in row.items() if name != "samples"}
