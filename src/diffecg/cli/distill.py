"""``diffecg distill``."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import Json, Threads, show_notes, use_threads
from diffecg.cli.training import Data, Settings, show_result, training_progress
from diffecg.config.io import training_changes, with_settings


def distill(
    teacher: str,
    /,
    *,
    data: Data,
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
        The windows on which the teacher was trained; may be repeated as in diffecg train.
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
    from diffecg.datasets.training_sets import open_training_sets
    from diffecg.inference.loading import load
    from diffecg.training.data import training_notes
    from diffecg.training.objectives import student_config
    from diffecg.training.trainer import train as train_model

    denoiser = load(teacher).denoiser
    changes = [*settings, *training_changes(samples=samples)]
    config = with_settings(student_config(denoiser.config, steps), changes)
    windows, notes = open_training_sets(data)
    show_notes([*notes, *training_notes(windows, config)])
    with training_progress(config, out) as (report, last_row):
        train_model(
            config,
            windows,
            out,
            report=report,
            max_seconds=None if minutes is None else 60 * minutes,
            teacher=denoiser,
        )
    show_result(out, config, last_row, as_json=json)
