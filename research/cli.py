"""``diffecg study``: what the docs claim, to be repeated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from diffecg.cli.console import Json, Threads, progress_bar, show, stderr, use_threads

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from research.studies.grid import Cell
    from research.studies.tables import Table

study = App(
    name="study",
    help=(
        "Repeat a study: generators, augmentation, ablation, transfer.\n\n"
        "Killed and started again with the same command, a study goes on with the next cell. Its folder "
        "holds a file a cell, tables.md and pictures."
    ),
)
Several = Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=True)]


@study.command
def generators(
    *,
    data: Path,
    out: Path,
    minutes: float = 20.0,
    count: int = 300,
    seeds: int = 3,
    models: Several = ("mitbih-beat", "mitbih-beat-fast"),
    presets: Several = ("beat", "paper"),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare generators of heartbeats, trained on the same beats for the same time.

    Example: diffecg study generators --data beats/ --out studies/generators --minutes 20 --threads 1

    Ours, WGAN-GP, a BiLSTM-CNN GAN, a conditional VAE, diffusers' UNet1D, SMOTE, distorted beats and mean
    beats.

    Parameters
    ----------
    data:
        Beats: a folder that diffecg prepare wrote.
    out:
        Folder of the study.
    minutes:
        Training time of each generator, of the processor; with one thread, what a quiet machine takes.
    count:
        Beats of each class that each generator makes.
    seeds:
        How often sets are drawn anew, and classifiers of each kind trained.
    models:
        Trained models to show beside them.
    presets:
        Presets to train for the same time.
    """
    from diffecg.datasets.loading import open_windows
    from research.figures import generators as picture
    from research.studies import generators as study

    use_threads(threads)
    windows = open_windows(data)
    settings = study.GeneratorSettings(minutes, count, seeds, models, presets)
    results = _computed(out, study.about(windows, settings), study.cells(windows, out, settings))
    pictures = {
        "beats": picture(study.examples(results), windows.fs_hz, "Synthetic beats of every generator")
    }
    _written(out, "Generators of heartbeats", study.tables(results, settings), pictures, as_json=json)


@study.command
def augmentation(
    *,
    data: Path,
    out: Path,
    model: str = "mitbih-beat",
    seeds: int = 5,
    shares: Annotated[tuple[float, ...], Parameter(negative="", consume_multiple=True)] = (0.01, 0.1, 1.0),
    pool: int = 20_000,
    minutes: float = 20.0,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Measure what synthetic beats do for classifiers, beside weights, oversampling, SMOTE and a GAN.

    Example: diffecg study augmentation --data beats/ --out studies/augmentation --threads 1

    Three classifiers, each with as many training steps whatever it is trained on, tested on subjects whom
    nobody trained on; and, labelled as such, on beats at random. Shares of the real beats show where it
    helps.

    Parameters
    ----------
    data:
        Beats: a folder that diffecg prepare wrote.
    out:
        Folder of the study.
    model:
        Where diffusion's beats come from: a bundled model or a model folder.
    seeds:
        Of the choice of beats and of the classifiers.
    shares:
        Shares of the real training beats that are left; 1 = all.
    pool:
        Beats of each class that each generator draws in all; larger sets repeat them.
    minutes:
        Training time of the GAN.
    """
    from diffecg.datasets.loading import open_windows
    from research.figures import learning_curve
    from research.studies import augmentation as study
    from research.studies.beats import beats_of

    use_threads(threads)
    windows = open_windows(data)
    settings = study.AugmentationSettings(model, seeds, tuple(sorted({*shares, 1.0})), pool, minutes)
    results = _computed(out, study.about(windows, settings), study.cells(windows, out, settings))
    found = study.tables(results, beats_of(windows).labels, settings)
    pictures = {"learning-curve": learning_curve(settings.shares, study.curve(results, settings))}
    _written(out, "Augmentation", found, pictures, as_json=json)


@study.command
def ablation(
    *,
    data: Path,
    out: Path,
    samples: int = 120_000,
    count: int = 300,
    models: Several = ("mitbih-beat", "mitbih-beat-fast"),
    evaluations: Annotated[tuple[int, ...], Parameter(negative="", consume_multiple=True)] = (
        1,
        2,
        4,
        8,
        16,
        20,
        32,
        100,
        1000,
    ),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Measure what each choice of the beat model is worth, one changed at a time.

    Example: diffecg study ablation --data beats/ --out studies/ablation --threads 1

    Representation, conditions, schedules, networks; then every sampler against the number of evaluations.
    Judged on held-out beats of DS1; DS2 is not opened.

    Parameters
    ----------
    data:
        Beats: a folder that diffecg prepare wrote.
    out:
        Folder of the study.
    samples:
        Windows that the preset's network is trained on; other networks get as much arithmetic.
    count:
        Beats of each class that are compared.
    models:
        Imputation with every sampler: a teacher; then students, each drawn in its own way.
    evaluations:
        Of the network, in the table of samplers; 1000 for ddpm alone.
    """
    from diffecg.datasets.loading import open_windows
    from research.figures import steps_against_quality
    from research.studies import ablation as study

    use_threads(threads)
    windows = open_windows(data)
    settings = study.AblationSettings(samples, count, models, evaluations)
    results = _computed(out, study.about(windows, settings), study.cells(windows, out, settings))
    pictures = {"steps-against-quality": steps_against_quality(study.curves(results, settings))}
    _written(out, "Ablation", study.tables(results, settings), pictures, as_json=json)


@study.command
def transfer(
    *,
    data: Path,
    other: Path,
    recordings: Path,
    out: Path,
    model: str = "mitbih-beat",
    strip: str = "mitbih-strip",
    seeds: int = 3,
    pool: int = 20_000,
    minutes: float = 20.0,
    draws: int = 16,
    each: int = 1,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Test models on the subjects of another database: beats, classifiers, gaps and forecasts.

    Example: diffecg study transfer --data beats/ --other svdb-beats/ --recordings svdb/ --out transfer/

    Nothing is trained on the other database, and nothing was chosen on it.

    Parameters
    ----------
    data:
        Beats that the model was trained on: a folder that diffecg prepare mitdb wrote.
    other:
        Beats of the other database: a folder that diffecg prepare svdb wrote.
    recordings:
        Recordings of the other database.
    out:
        Folder of the study.
    model:
        Of beats: a bundled model or a model folder.
    strip:
        Of strips: it fills gaps and forecasts.
    seeds:
        Of the choice of beats and of the classifiers.
    pool:
        Beats of each class that each generator draws in all; larger sets repeat them.
    minutes:
        Training time of the GAN.
    draws:
        How often each hidden stretch is drawn.
    each:
        Hidden true_runs of each kind in a recording.
    """
    from diffecg.datasets.loading import open_windows
    from research.studies import transfer as study
    from research.studies.beats import beats_of

    use_threads(threads)
    windows, there = open_windows(data), study.Other(open_windows(other), recordings)
    settings = study.TransferSettings(model, strip, seeds, pool, minutes, draws, each)
    results = _computed(
        out, study.about(windows, there, settings), study.cells(windows, there, out, settings)
    )
    labels = study.judged(there.windows, beats_of(windows))
    _written(out, "Another database", study.tables(results, labels, settings), {}, as_json=json)


def _computed(out: Path, about: dict[str, Any], cells: list[Cell]) -> dict[str, Any]:
    """Compute what is lacking, showing progress."""
    from research.studies.grid import run_cells

    with progress_bar(f"study {about['study']}") as move:

        def progress(done: int, total: int, name: str) -> None:
            move(done, total, name)
            if not stderr.is_terminal:
                stderr.print(f"{done} of {total} cells  {name}", highlight=False)

        return run_cells(out, about, cells, progress)


def _written(
    out: Path, title: str, tables: list[Table], pictures: dict[str, Figure], *, as_json: bool
) -> None:
    """Write tables and pictures, and show the tables."""
    from diffecg.plotting.figures import save
    from research.studies.tables import markdown, write_tables

    write_tables(tables, out, title, "Synthetic ECG. diffecg is not a medical device.")
    for name, figure in pictures.items():
        save(figure, out / f"{name}.png")
    rows = {table.title: [dict(zip(table.head, row, strict=True)) for row in table.rows] for table in tables}
    files = ", ".join(["tables.md", *(f"{name}.png" for name in pictures)])
    show({"out": str(out), "tables": rows}, f"{markdown(tables)}\n{out}: {files}", as_json=as_json)
