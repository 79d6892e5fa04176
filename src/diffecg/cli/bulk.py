"""``diffecg bulk``: what is too much for one process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from diffecg.bulk.options import EngineOptions
from diffecg.cli.console import Flat, Json, Seed, progress_bar, show
from diffecg.datasets.options import PrepareOptions
from diffecg.errors import DiffecgError
from diffecg.inference.options import SamplerOptions

if TYPE_CHECKING:
    from diffecg.bulk.jobs import Completed

bulk = App(
    name="bulk",
    help=(
        "Make large sets in shards, on this machine or on a Ray cluster.\n\n"
        "Killed and started again with the same command, it makes the shards that are lacking; the set is "
        "the same whoever makes it."
    ),
)


@bulk.command
def prepare(
    database: str,
    /,
    *,
    source: Annotated[str, Parameter(name="--from")],
    out: str,
    cutting: Annotated[PrepareOptions, Flat] = PrepareOptions(),
    subjects: Path | None = None,
    recordings: int = 20,
    retry: bool = False,
    running: Annotated[EngineOptions, Flat] = EngineOptions(),
    json: Json = False,
) -> None:
    """Cut any number of recordings into windows, in shards of Parquet with a manifest.

    Example: diffecg bulk prepare own --from s3://hospital/ecg --preset strip --out s3://hospital/strips

    Recordings that cannot be cut are listed with their reasons and do not stop the rest. `diffecg train --data`
    streams the shards; `diffecg.open_windows`, and where they lie in a folder `diffecg evaluate --against`,
    read them into memory.

    Parameters
    ----------
    database:
        Name of the database: mitdb, svdb; own, any other.
    source:
        Folder with the database's files, a path or an address that fsspec knows, as `s3://bucket/ecg`.
    out:
        Folder of the set, likewise.
    subjects:
        Of one's own: a CSV file with the columns recording and subject, of the recordings that take part. Without
        it all do, and each counts as a subject of its own.
    recordings:
        Recordings in a shard; of recordings of hours choose 1, as a worker holds a shard in memory.
    retry:
        Make those shards again in which recordings failed.
    """
    from diffecg.bulk.prepare import failures, totals
    from diffecg.bulk.prepare import prepare as make
    from diffecg.datasets.databases import database as find_database
    from diffecg.datasets.subjects import read_subjects

    known = find_database(database)
    told = None if subjects is None else read_subjects(subjects)
    with progress_bar(f"bulk prepare {database}") as move:
        completed = make(
            known,
            source,
            out,
            cutting,
            running,
            subjects=told,
            recordings=recordings,
            retry=retry,
            progress=move,
        )
    _refuse_unfinished(completed)
    failed, counts = failures(completed), totals(completed)
    lines = [
        f"{out}: {completed.windows} windows in {completed.shards} shards, {completed.made} made now; "
        "manifest.json",
        *(f"{part:10} {', '.join(f'{label} {n}' for label, n in counts[part].items())}" for part in counts),
    ]
    if failed:
        shown = list(failed.items())[:5]
        lines += ["", f"{len(failed)} recordings could not be cut (all in manifest.json):"]
        lines += [f"  {name}: {why}" for name, why in shown]
    show({**_told(out, completed), "counts": counts, "failed": failed}, "\n".join(lines), as_json=json)


@bulk.command
def generate(
    model: str,
    /,
    *,
    out: str,
    count: int,
    label: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = ("N",),
    seed: Seed = 0,
    shard: int = 4096,
    running: Annotated[EngineOptions, Flat] = EngineOptions(),
    method: Annotated[SamplerOptions, Flat] = SamplerOptions(),
    json: Json = False,
) -> None:
    """Make any number of synthetic windows, in shards of Parquet with a manifest.

    Example: diffecg bulk generate mitbih-beat-fast --label S V F --count 1000000 --out rare/

    Parameters
    ----------
    model:
        A bundled model, or a model folder that every worker can read.
    out:
        Folder of the set: a path, or an address that fsspec knows, as `s3://bucket/rare`.
    count:
        Windows in all.
    label:
        Classes, in turn: window i gets the i-th.
    shard:
        Windows in a shard.
    """
    from diffecg.bulk.generate import BulkGenerateOptions
    from diffecg.bulk.generate import generate as make

    with progress_bar("bulk generate") as move:
        completed = make(
            BulkGenerateOptions(model, label, count, seed, shard, method), out, running, progress=move
        )
    _refuse_unfinished(completed)
    text = f"{out}: {count} windows in {completed.shards} shards, {completed.made} made now; manifest.json"
    show(_told(out, completed), text, as_json=json)


def _refuse_unfinished(completed: Completed) -> None:
    if completed.failed:
        name, why = next(iter(completed.failed.items()))
        raise DiffecgError(
            f"{len(completed.failed)} of {completed.shards} shards failed, {name} for one: {why}; run the "
            "command again"
        )


def _told(out: str, completed: Completed) -> dict[str, Any]:
    return {
        "out": out,
        "windows": completed.windows,
        "shards": completed.shards,
        "there": completed.there,
        "made": completed.made,
    }
