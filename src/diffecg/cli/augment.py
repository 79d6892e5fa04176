"""``diffecg augment``: synthetic windows in the partition train."""

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
    """Add synthetic windows of rare labels to the partition train of prepared windows.

    Example: diffecg augment beats/ --model mitbih-beat --to-ratio 1.0 --out balanced/

    Synthetic windows are marked in the index (column synthetic, recording "synthetic"); the partitions
    validation and test are copied unchanged. Whether augmentation helps depends on the classifier:
    compare with class weights first.

    Parameters
    ----------
    windows:
        Folder written by diffecg prepare.
    out:
        Folder to write, in the same format (diffecg.open_windows).
    model:
        A bundled model, a model folder, or a model of the Hugging Face hub (organisation/name).
    to_ratio:
        Target size of each label that the model generates, as a multiple of the largest one.
    """
    from diffecg.datasets.folder import write_folder
    from diffecg.datasets.loading import open_windows
    from diffecg.files import check_output
    from diffecg.inference.augment import augment as augment_windows

    check_output(out, force=force, is_folder=True)
    real = open_windows(windows)
    loaded = compute.load(model)
    with progress_bar("augment") as progress:
        augmented = augment_windows(
            real,
            loaded,
            to_ratio=to_ratio,
            seed=seed,
            sampler=compute,
            progress=progress,
        )
    write_folder(augmented, out, force=force)
    note = augmented.info["augmented"]
    added = ", ".join(f"{count} {label}" for label, count in note["added"].items())
    text = f"{out}: {len(real)} real windows, synthetic windows added to the partition train: {added}"
    show({"out": str(out), "windows": len(augmented), **note}, text, as_json=json)
