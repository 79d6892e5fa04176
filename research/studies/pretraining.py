"""``python -m research pretraining``: classifiers pretrained on synthetic data, then fine-tuned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.inference.checks import check_integer
from research.benchmarks.composed_set import compose_training_set
from research.benchmarks.twelve_leads.records import TEST_FOLD, VALIDATION_FOLD, Records, read_ptbxl, read_set
from research.benchmarks.twelve_leads.study import NetworkCache
from research.studies.beats import select_beats
from research.studies.command import Data, Out, publish, run_study
from research.studies.confusion import TestSet
from research.studies.pretraining_arms import Task, cells
from research.studies.pretraining_beats import BeatTask
from research.studies.pretraining_records import RecordTask
from research.studies.pretraining_tables import Outcome, difference_table, score_curves, score_table
from research.studies.provenance import provenance
from research.studies.strategies import DIFFUSION, StrategyOptions, make_oversamplers

FOLDS = {"validation": VALIDATION_FOLD, "test": TEST_FOLD}


@dataclass(frozen=True, kw_only=True)
class PretrainingOptions:
    """Options of the study."""

    partition: Literal["validation", "test"] = "validation"
    """What is tested on: validation, for choices (fold 9, and held-out minutes of the training subjects of
    DS1), or test (fold 10 and DS2)."""
    record_model: str = "ptbxl-beat"
    """Model of the synthetic recordings: a bundled name or a model folder."""
    beat_model: str = "mitbih-beat"
    """Model of the synthetic beats, likewise."""
    record_shares: tuple[float, ...] = (0.01, 0.1, 1.0)
    """Shares of the training subjects of PTB-XL."""
    beat_shares: tuple[float, ...] = (0.1, 0.25, 1.0)
    """Shares of the training subjects of DS1."""
    record_steps: int = 1600
    """Training steps of a classifier of recordings, of all phases together."""
    beat_steps: int = 500
    """Training steps of a classifier of beats, likewise."""
    pretraining: float = 0.5
    """Share of the steps in the first of two phases."""
    fine_tuning: float = 0.5
    """Largest learning rate of the second phase, relative to that of the first."""
    pool: int = 20_000
    """Synthetic beats of each label; larger training sets repeat them."""

    def __post_init__(self) -> None:
        """Check the shares of the subjects."""
        wrong = [share for share in (*self.record_shares, *self.beat_shares) if not 0 < share <= 1]
        if wrong:
            raise DiffecgError(f"share {wrong[0]:g} must lie above 0 and not above 1; 0.1 is a tenth")


def pretraining(
    *,
    data: Data,
    ptbxl: Annotated[Path, Parameter(help="PTB-XL as released, with records100/.")],
    out: Out,
    cache: Path,
    seeds: int = 5,
    options: Annotated[PretrainingOptions, Flat] = PretrainingOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Compare classifiers pretrained on synthetic data with classifiers trained on real data alone.

    Example: python -m research pretraining --data beats/ --ptbxl ptb-xl/ --out pretraining/ --cache cache/

    Two tasks: superclasses of 12-lead recordings, and labels of beats. Each classifier has the same number of
    training steps, in one phase or in two; labels of a share of the subjects are known. Controls: real data
    in both phases, other real data in the first (the upper limit), synthetic data with shuffled labels, and
    synthetic data alone. All of a seed is computed before the next seed; the same command with more seeds
    continues.

    Args:
        cache: Folder of networks after their first phase and of a copy of PTB-XL.
        seeds: Random choices of the subjects, each with its own seed of weights and batches.
    """
    use_threads(threads)
    check_integer("seeds", seeds, 2)
    windows, records = open_windows(data), read_ptbxl(ptbxl, cache)

    def compose() -> Records:
        composed = out / "recordings" / options.record_model
        compose_training_set(ptbxl, composed, cache=cache, model=options.record_model, threads=threads)
        return read_set(composed)

    tasks = [record_task(records, compose, cache, options), beat_task(select_beats(windows), out, options)]
    models = [options.record_model, options.beat_model]
    about = {
        **provenance("pretraining", options, windows, models),
        "ptbxl": sha256(records.signal_uv.data).hexdigest(),
    }
    results = run_study(out, about, cells(tasks, seeds))
    outcomes = [Outcome(task, results, seeds) for task in tasks]
    tables = [make(outcome) for outcome in outcomes for make in (score_table, difference_table)]
    figures = {"learning-curves": score_curves(outcomes)}
    publish(out, "Pretraining", tables, figures, as_json=json)


def record_task(
    records: Records, compose: Callable[[], Records], cache: Path, options: PretrainingOptions
) -> Task:
    """Return the task of recordings; networks after their first phase are kept in the cache."""
    return RecordTask(
        ptbxl=records,
        compose=compose,
        fold=FOLDS[options.partition],
        shares=options.record_shares,
        steps=options.record_steps,
        pretraining=options.pretraining,
        fine_tuning=options.fine_tuning,
        networks=NetworkCache(folder=cache / "networks"),
    )


def beat_task(beats: Windows, folder: Path, options: PretrainingOptions) -> Task:
    """Return the task of beats; synthetic beats are kept in the folder."""
    train = beats.partition("train")
    generation = StrategyOptions(model=options.beat_model, pool=options.pool)
    return BeatTask(
        train=train,
        oversample=make_oversamplers(beats, folder, generation)[DIFFUSION],
        test=TestSet(beats.partition(options.partition), train.unique_labels()),
        shares=options.beat_shares,
        steps=options.beat_steps,
        pretraining=options.pretraining,
        fine_tuning=options.fine_tuning,
    )
