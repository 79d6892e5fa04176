"""``diffecg score``: how unlikely windows are for a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
from cyclopts import Parameter

from diffecg.cli.console import Force, Json, Threads, print_table, progress_bar, show, use_threads

if TYPE_CHECKING:
    import pandas as pd


def score(
    model: str,
    windows: Path,
    /,
    *,
    reference: Path,
    partition: str | None = None,
    reference_partition: str | None = None,
    out: Path | None = None,
    sigma: Annotated[tuple[float, ...], Parameter(negative="", consume_multiple=True)] = (2.0, 5.0, 10.0),
    draws: int = 16,
    seed: int = 0,
    device: str = "cpu",
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Score how unlikely windows are for a model, whatever their label.

    Example: diffecg score mitbih-beat beats/ --partition test --reference beats/ --out scores.csv

    The score of a window is the share of reference windows from which the model removes noise with a smaller
    error: windows like the reference are spread evenly from 0 to 1, a hundredth of them above 0.99. It states
    how rare a window is among those that the model was trained on, and is no diagnosis.

    Parameters
    ----------
    model:
        A bundled model of beats, or a model folder.
    windows:
        Windows to score: a folder written by diffecg prepare, .npz, .parquet, .csv, or WFDB records of one
        window each.
    reference:
        Windows to compare with, in the same formats.
    partition:
        Partition of the windows: train, validation or test; default: all.
    reference_partition:
        Partition of the reference; default: validation, if the reference has it, else all.
    out:
        File to write, .csv: a row for each window, with its error, its score and its columns.
    sigma:
        Noise levels, in units of the standard deviation of the whitened spectrogram.
    draws:
        Draws of noise at each level; more take longer and give a steadier score.
    seed:
        Seed of the first draw; all windows get the same noise.
    device:
        Device of the network: cpu or cuda.
    """
    from diffecg.datasets.formats.registry import read_windows
    from diffecg.errors import DiffecgError
    from diffecg.files import check_output, write_atomic
    from diffecg.inference.anomaly import share_below
    from diffecg.inference.loading import load

    if out is not None:
        if out.suffix != ".csv":
            raise DiffecgError(f"cannot write {out.name}; choose a name that ends in .csv")
        check_output(out, force=force, is_folder=False)
    use_threads(threads)
    loaded, read, others = load(model, device), read_windows(windows), read_windows(reference)
    if reference_partition is None and others.has_partition("validation"):
        reference_partition = "validation"
    read = read if partition is None else read.partition(partition)
    others = others if reference_partition is None else others.partition(reference_partition)
    errors = []
    for name, part in (("score", read), ("reference", others)):
        with progress_bar(name) as progress:
            errors.append(loaded.anomaly_score(part, sigmas=sigma, draws=draws, seed=seed, progress=progress))
    scores = share_below(*errors)
    table = read.index.assign(error=errors[0], score=scores)
    if out is not None:
        write_atomic(out, table.to_csv(index_label="window").encode())
    if not json:
        _print(table, read.labels)
    text = f"{len(read)} windows scored against {len(others)}" + ("" if out is None else f": {out}")
    result = {
        "out": None if out is None else str(out),
        "reference_windows": len(others),
        "error": errors[0].tolist(),
        "score": scores.tolist(),
    }
    show(result, text, as_json=json)


def _print(table: pd.DataFrame, labels: np.ndarray) -> None:
    """Print the scores of each label."""
    rows = [
        (
            str(label),
            str(len(group)),
            f"{group.score.median():.2f}",
            *(f"{(group.score > limit).mean():.1%}" for limit in (0.95, 0.99)),
        )
        for label, group in table.groupby(labels)
    ]
    print_table("Anomaly scores", ("label", "windows", "median", "> 0.95", "> 0.99"), rows, words=1)
