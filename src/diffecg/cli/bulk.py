"""``diffecg bulk``: what is too much for one process."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter

from diffecg.cli.console import Flat, Json, Seed, progress_bar, show
from diffecg.tasks.requests import Method

bulk = App(
    name="bulk",
    help=(
        "Make large sets in shards, on this machine or on a Ray cluster.\n\n"
        "Killed and started again with the same command, it makes the shards that are lacking; the set is "
        "the same whoever makes it."
    ),
)


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
    engine: Literal["local", "ray"] = "local",
    workers: int = 2,
    address: str | None = None,
    verify: bool = False,
    method: Annotated[Method, Flat] = Method(),
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
    engine:
        Where shards are made: local, by processes of this machine; ray, by a cluster (`pip install
        'diffecg[ray]'`).
    workers:
        Processes, of one thread each.
    address:
        Of a Ray cluster that runs; one is started on this machine unless given.
    verify:
        Compare the checksums of the shards that are there, and make spoilt ones again.
    """
    from diffecg.bulk.generate import Making
    from diffecg.bulk.generate import generate as make
    from diffecg.errors import DiffecgError

    making = Making(model, label, count, seed, shard, method)
    with progress_bar("bulk generate") as move:
        told = make(making, out, engine, workers=workers, address=address, verify=verify, progress=move)
    failed = told["failed"]
    if failed:
        name, why = next(iter(failed.items()))
        raise DiffecgError(
            f"{len(failed)} of {told['shards']} shards failed, {name} for one: {why}; run the command again"
        )
    text = f"{out}: {count} windows in {told['shards']} shards, {told['made']} made now; manifest.json"
    show({"out": out, **told}, text, as_json=json)
