"""``diffecg augment``."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import ComputeOptions, Force, Json, Seed, progress_bar, show


def augment(
    windows: Path,
    /,
    *,
    out: Path,
    model: str = "mitbih-beat",
    to_ratio: float = 1.0,
    seed: Seed = 0,
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Add synthetic windows of rare classes to the training part of real ones.

    Example: diffecg augment beats/ --model mitbih-beat --to-ratio 1.0 --out balanced/

    What is added is marked in the index (column synthetic, recording "synthetic"); validation and test stay
    real. Whether it helps depends on the classifier: compare with class weights first.

    Parameters
    ----------
    windows:
        Folder that diffecg prepare wrote.
    out:
        Folder to write; diffecg.open_windows reads it.
    model:
        A bundled model or a model folder.
    to_ratio:
        Size of every class that the model knows, as a multiple of the largest one's.
    """
    from diffecg.datasets.folder import write_folder
    from diffecg.datasets.loading import open_windows
    from diffecg.files import check_output
    from diffecg.inference.augment import augment as augment_windows

    check_output(out, force=force, is_folder=True)
    real = open_windows(windows)
    loaded = compute.load(model)
    with progress_bar("augment") as move:
        more = augment_windows(
            real,
            loaded,
            to_ratio=to_ratio,
            seed=seed,
            sampler=compute,
            progress=move,
        )
    write_folder(more, out, force=force)
    note = more.info["augmented"]
    added = ", ".join(f"{count} {label}" for label, count in note["added"].items())
    text = f"{out}: {len(real)} real windows, {added} synthetic ones in the part train"
    show({"out": str(out), "windows": len(more), **note}, text, as_json=json)
