"""The ``diffecg`` command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from cyclopts import App, CycloptsError, Parameter

from diffecg._version import __version__
from diffecg.cli.augment import augment
from diffecg.cli.bench import bench
from diffecg.cli.bulk import bulk
from diffecg.cli.card import card
from diffecg.cli.cite import cite
from diffecg.cli.compose import compose
from diffecg.cli.console import fail
from diffecg.cli.demo import demo
from diffecg.cli.denoise import denoise
from diffecg.cli.detector_set import detector_set
from diffecg.cli.distill import distill
from diffecg.cli.evaluate import evaluate
from diffecg.cli.evaluate_task import evaluate_task
from diffecg.cli.export import export
from diffecg.cli.forecast import forecast
from diffecg.cli.gaussian_copy import gaussian_copy
from diffecg.cli.generate import generate
from diffecg.cli.impute import impute
from diffecg.cli.info import info
from diffecg.cli.personalise import personalise
from diffecg.cli.prepare import prepare
from diffecg.cli.pretrain_set import pretrain_set
from diffecg.cli.score import score
from diffecg.cli.sheet import sheet
from diffecg.cli.studio import studio
from diffecg.cli.train import train
from diffecg.errors import DiffecgError, Terminated


def _format_default(default: Any) -> str | None:
    """Return the default of a flag as shown in the help; None: it is not shown."""
    if default is False or default in ((), "", None):
        return None
    return " ".join(map(str, default)) if isinstance(default, tuple) else str(default)


app = App(
    name="diffecg",
    version=f"diffecg {__version__}",
    help=(
        "Generate, impute and forecast ECG with conditional diffusion models, and remove noise.\n\n"
        "Start with: diffecg demo. Not a medical device."
    ),
    result_action="return_value",
    default_parameter=Parameter(negative="", show_default=_format_default),
    suppress_keyboard_interrupt=False,
)
_COMMANDS: tuple[Callable[..., None], ...] = (
    demo,
    info,
    sheet,
    prepare,
    train,
    distill,
    generate,
    compose,
    augment,
    gaussian_copy,
    personalise,
    pretrain_set,
    detector_set,
    impute,
    denoise,
    forecast,
    evaluate,
    evaluate_task,
    score,
    bench,
    export,
    card,
    cite,
    studio,
)
for _position, _command in enumerate(_COMMANDS):
    app.command(_command, sort_key=_position)
bulk.sort_key = len(_COMMANDS)
app.command(bulk)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``diffecg``; exit with 0 = success, 1 = error, 2 = usage, 130 = interrupted, 143 = terminated."""
    run(app, arguments)


def run(app: App, arguments: Sequence[str] | None = None) -> None:
    """Run an application and exit; print expected errors in one line on stderr."""
    program = app.name[0]
    try:
        app(
            list(sys.argv[1:] if arguments is None else arguments),
            exit_on_error=False,
            print_error=False,
        )
    except CycloptsError as error:
        fail(f"{error} (see {program} --help)", program)
        sys.exit(2)
    except DiffecgError as error:
        fail(str(error), program)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        fail(f"{error.strerror or error}: {error.filename or ''}", program)
        sys.exit(1)
    except Terminated:
        fail("terminated; run the same command again to resume", program)
        sys.exit(143)
    except KeyboardInterrupt:
        fail("interrupted", program)
        sys.exit(130)


if __name__ == "__main__":
    main()
