"""``diffecg bulk``: large sets in shards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from diffecg.bulk.options import EngineOptions
from diffecg.cli.console import Flat, Json, Seed, progress_bar, show, show_notes
from diffecg.composition.beat_source import HEART_RATE
from diffecg.composition.options import SubjectOptions
from diffecg.datasets.options import PrepareOptions
from diffecg.errors import DiffecgError
from diffecg.inference.options import ComposedSamplerOptions, SamplerOptions

if TYPE_CHECKING:
    from diffecg.bulk.jobs import BulkResult

bulk = App(
    name="bulk",
    help=(
        "Write large sets of windows in shards, on this machine or on a Ray cluster.\n\n"
        "An interrupted command continues when it is run again: finished shards are kept. The result depends "
        "neither on the number of workers nor on interruptions."
    ),
)


@bulk.command
def prepare(
    database: str,
    /,
    *,
    source: Annotated[str, Parameter(name="--from")],
    out: str,
    options: Annotated[PrepareOptions, Flat] = PrepareOptions(),
    subjects: Path | None = None,
    shard_size: int = 20,
    retry: bool = False,
    engine: Annotated[EngineOptions, Flat] = EngineOptions(),
    json: Json = False,
) -> None:
    """Cut any number of recordings into windows, in Parquet shards with a manifest.

    Example: diffecg bulk prepare own --from s3://hospital/ecg --lead II --out s3://hospital/beats

    Recordings that cannot be cut are listed with the reason; all others are cut. `diffecg train --data`
    streams the shards; `diffecg.open_windows` and `diffecg evaluate --against` read them into memory.

    Parameters
    ----------
    database:
        mitdb (MIT-BIH Arrhythmia Database), svdb (MIT-BIH Supraventricular Arrhythmia Database, for testing
        only), or own (your recordings).
    source:
        Folder of the recordings: a path or a URL such as `s3://bucket/ecg`.
    out:
        Folder of the set, likewise.
    subjects:
        For own: a CSV file with the columns recording and subject. Only the recordings in it are used, and
        all recordings of a subject get into the same partition. Default: all recordings, each of a different
        subject.
    shard_size:
        Recordings in a shard. A worker holds a shard in memory: use 1 for recordings of many hours.
    retry:
        Write the shards again in which recordings failed.
    """
    from diffecg.bulk.prepare import BulkPrepareOptions, failed_recordings, partition_counts
    from diffecg.bulk.prepare import prepare as prepare_set
    from diffecg.datasets.databases import database as find_database
    from diffecg.datasets.subjects import read_subjects

    job = BulkPrepareOptions(
        windows=options,
        subjects=None if subjects is None else read_subjects(subjects),
        shard_size=shard_size,
        retry=retry,
    )
    with progress_bar(f"bulk prepare {database}") as move:
        result = prepare_set(find_database(database), source, out, job, engine, progress=move)
    _check_finished(result)
    show_notes(result.notes)
    failed, counts = failed_recordings(result), partition_counts(result)
    lines = [
        _summary(out, result),
        *(f"{name:10} {', '.join(f'{label} {n}' for label, n in counts[name].items())}" for name in counts),
    ]
    if failed:
        lines += ["", f"{len(failed)} recordings could not be cut (all of them are listed in manifest.json):"]
        lines += [f"  {name}: {reason}" for name, reason in list(failed.items())[:5]]
    content = {**_to_dict(out, result), **options.labels.provenance(), "partitions": counts, "failed": failed}
    show(content, "\n".join(lines), as_json=json)


@bulk.command
def generate(
    model: str,
    /,
    *,
    out: str,
    count: int,
    label: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = ("N",),
    seed: Seed = 0,
    shard_size: int = 4096,
    guidance: float = 1.0,
    engine: Annotated[EngineOptions, Flat] = EngineOptions(),
    sampler: Annotated[SamplerOptions, Flat] = SamplerOptions(),
    json: Json = False,
) -> None:
    """Generate any number of synthetic windows, in Parquet shards with a manifest.

    Example: diffecg bulk generate mitbih-beat-fast --label S V F --count 1000000 --out rare/

    Parameters
    ----------
    model:
        A bundled model, or a model folder that every worker can read.
    out:
        Folder of the set: a path or a URL such as `s3://bucket/rare`.
    count:
        Number of windows.
    label:
        Labels of the windows, repeated in this order.
    shard_size:
        Windows in a shard.
    guidance:
        Scale of classifier-free guidance: 1 is none; above 1, the effect of the label is exaggerated, at
        twice the cost.
    """
    from diffecg.bulk.generate import BulkGenerateOptions
    from diffecg.bulk.generate import generate as generate_set

    options = BulkGenerateOptions(
        model=model,
        labels=label,
        count=count,
        seed=seed,
        shard_size=shard_size,
        guidance=guidance,
        sampler=sampler,
    )
    with progress_bar("bulk generate") as move:
        result = generate_set(options, out, engine, progress=move)
    show_set(out, result, as_json=json)


@bulk.command
def compose(
    model: str,
    /,
    *,
    out: str,
    count: int,
    rhythm: str = "",
    subject: Annotated[SubjectOptions, Flat] = SubjectOptions(),
    heart_rate: float | None = None,
    seconds: float = 10.0,
    seed: Seed = 0,
    shard_size: int = 1024,
    engine: Annotated[EngineOptions, Flat] = EngineOptions(),
    sampler: Annotated[ComposedSamplerOptions, Flat] = ComposedSamplerOptions(),
    json: Json = False,
) -> None:
    """Compose any number of synthetic recordings of several leads, in Parquet shards with a manifest.

    Example: diffecg bulk compose ptbxl-beat --statement MI --statement AFIB --count 100000 --out mi/

    Each recording is of another subject. Statements such as AFIB, SBRAD, PVC or BIGU give the rhythm; beats
    are annotated in the column beats.

    Parameters
    ----------
    model:
        A bundled model of several leads, or a model folder that every worker can read.
    out:
        Folder of the set: a path or a URL such as `s3://bucket/mi`.
    count:
        Number of recordings.
    rhythm:
        Rhythm of all recordings, as diffecg compose takes it; default: what the statements describe.
    heart_rate:
        Heart rate in beats per minute; default: usual ones of the rhythm.
    seconds:
        Length of each recording in s.
    shard_size:
        Recordings in a shard.
    """
    from diffecg.bulk.compose import BulkComposeOptions
    from diffecg.bulk.compose import compose as compose_set

    rate = {} if heart_rate is None else {HEART_RATE: heart_rate}
    options = BulkComposeOptions(
        model=model,
        conditions={**subject.conditions(), **rate},
        rhythm=rhythm,
        count=count,
        duration_s=seconds,
        seed=seed,
        shard_size=shard_size,
        sampler=sampler,
    )
    with progress_bar("bulk compose") as move:
        result = compose_set(options, out, engine, progress=move)
    show_set(out, result, as_json=json)


def show_set(out: str, result: BulkResult, *, as_json: bool) -> None:
    """Print what a job wrote.

    Raises:
        DiffecgError: a shard could not be written.
    """
    _check_finished(result)
    show(_to_dict(out, result), _summary(out, result), as_json=as_json)


def _check_finished(result: BulkResult) -> None:
    if result.failed:
        name, reason = next(iter(result.failed.items()))
        raise DiffecgError(
            f"{len(result.failed)} of {result.shards} shards failed (the first is {name}: {reason}); run the "
            "command again to continue"
        )


def _summary(out: str, result: BulkResult) -> str:
    return f"{out}: {result.windows} windows in {result.shards} shards, {result.written} of them new"


def _to_dict(out: str, result: BulkResult) -> dict[str, Any]:
    return {
        "out": out,
        "windows": result.windows,
        "shards": result.shards,
        "existing": result.existing,
        "written": result.written,
    }
