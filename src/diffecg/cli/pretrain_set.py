"""``diffecg pretrain-set``: labelled 12-lead recordings to pretrain a classifier on."""

from __future__ import annotations

from typing import Annotated

from diffecg.bulk.options import EngineOptions
from diffecg.cli.bulk import show_set
from diffecg.cli.console import Flat, Json, Seed, progress_bar
from diffecg.inference.options import ComposedSamplerOptions


def pretrain_set(
    *,
    out: str,
    count: int = 17_084,
    model: str = "ptbxl-beat",
    seconds: float = 10.0,
    seed: Seed = 0,
    shard_size: int = 1024,
    engine: Annotated[EngineOptions, Flat] = EngineOptions(),
    sampler: Annotated[ComposedSamplerOptions, Flat] = ComposedSamplerOptions(),
    json: Json = False,
) -> None:
    """Write labelled synthetic 12-lead recordings, to train a classifier on before your own few.

    Example: diffecg pretrain-set --out pretraining/

    The recordings have the statements, ages, sexes and heart rates of PTB-XL's training recordings, in random
    order: column labels of the index, with the superclasses NORM, MI, STTC, CD and HYP. With few labelled
    recordings of your own, train on these first, then on your own; docs/studies/pretraining.md says how much
    that helps. An interrupted command continues when it is run again. Not a medical device.

    Parameters
    ----------
    out:
        Folder of the set, a path or a URL such as `s3://bucket/set`: Parquet shards, which
        `diffecg.open_windows` and pandas read.
    count:
        Number of recordings; default: as many as PTB-XL has in its training folds.
    model:
        A bundled model of several leads with statements of PTB-XL as labels, or a model folder.
    seconds:
        Length of each recording in s.
    shard_size:
        Recordings in a shard.
    """
    from diffecg.bulk.compose import BulkComposeOptions
    from diffecg.bulk.compose import compose as compose_set

    options = BulkComposeOptions(
        model=model,
        conditions=None,
        count=count,
        duration_s=seconds,
        seed=seed,
        shard_size=shard_size,
        sampler=sampler,
    )
    with progress_bar("pretrain-set") as move:
        result = compose_set(options, out, engine, progress=move)
    show_set(out, result, as_json=json)
