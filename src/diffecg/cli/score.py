"""``diffecg score``: how rare windows are among others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from cyclopts import Parameter

from diffecg.cli.console import Force, Json, Threads, print_table, progress_bar, show, use_threads

if TYPE_CHECKING:
    import pandas as pd

    from diffecg.datasets.windows import Windows


def score(
    windows: Path,
    /,
    *,
    reference: Path,
    model: str | None = None,
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
    """Score how rare windows are among reference windows, whatever their label.

    Example: diffecg score beats/ --partition test --reference beats/ --out scores.csv

    The score of a window is the share of reference windows that are nearer to a training window; or, with
    --model, from which the model removes noise with a smaller error. Windows like the reference are spread
    evenly from 0 to 1, a hundredth of them above 0.99. A rare window is not necessarily an abnormal one: this
    is not a diagnosis.

    Parameters
    ----------
    windows:
        Windows to score: a folder written by diffecg prepare, .npz, .parquet, .csv, or WFDB records of one
        window each.
    reference:
        Windows to compare with, in the same formats. Without --model, its partition train has the windows of
        which the nearest counts; without partitions, all of them, each reference window without itself.
    model:
        A bundled model of beats, or a model folder. Default: no model, which finds rare beats better than
        mitbih-beat does.
    partition:
        Partition of the windows: train, validation or test; default: all.
    reference_partition:
        Partition of the reference; default: validation, if the reference has it, else all.
    out:
        File to write, .csv: a row for each window, with its error, its score and its columns.
    sigma:
        Noise levels of a model, in units of the standard deviation of the whitened spectrogram.
    draws:
        Draws of noise of a model at each level; more take longer and give a steadier score.
    seed:
        Seed of the first draw; all windows get the same noise.
    device:
        Device of the network: cpu or cuda.
    """
    from diffecg.datasets.formats.registry import read_windows
    from diffecg.errors import DiffecgError
    from diffecg.files import check_output, write_atomic
    from diffecg.inference.anomaly import share_below

    if out is not None:
        if out.suffix != ".csv":
            raise DiffecgError(f"cannot write {out.name}; choose a name that ends in .csv")
        check_output(out, force=force, is_folder=False)
    use_threads(threads)
    read, others = read_windows(windows), read_windows(reference)
    neighbours = others.partition("train") if others.has_partition("train") else None
    if reference_partition is None and others.has_partition("validation"):
        reference_partition = "validation"
    read = read if partition is None else read.partition(partition)
    others = others if reference_partition is None else others.partition(reference_partition)
    if model is None:
        errors = _distances(read, others, neighbours)
    else:
        errors = _denoising_errors(model, device, (read, others), sigmas=sigma, draws=draws, seed=seed)
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


def _distances(
    windows: Windows, reference: Windows, neighbours: Windows | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of windows and of reference windows to the nearest neighbour, in mV.

    Args:
        windows: windows to score.
        reference: windows to compare with.
        neighbours: the neighbours; None: the reference windows, each without itself.
    """
    from diffecg.datasets.concatenation import check_alike
    from diffecg.inference.neighbours import kth_nearest, nearest

    check_alike([windows, reference])
    if neighbours is None:
        among = reference.flat()
        return nearest(windows.flat(), among)[0], kth_nearest(among, among, min(2, len(among)))[0]
    distances = (nearest(part.flat(), neighbours.flat())[0] for part in (windows, reference))
    return next(distances), next(distances)


def _denoising_errors(
    model: str, device: str, sets: tuple[Windows, Windows], **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors with which a model removes noise from windows and from reference windows."""
    from diffecg.inference.loading import load

    loaded, errors = load(model, device), []
    for name, part in zip(("score", "reference"), sets, strict=True):
        with progress_bar(name) as progress:
            errors.append(loaded.anomaly_score(part, progress=progress, **options))
    return errors[0], errors[1]


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
