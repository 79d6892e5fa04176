"""``diffecg gaussian-copy``: a synthetic copy of prepared windows, to share instead of them."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import Force, Json, show


def gaussian_copy(
    windows: Path,
    /,
    *,
    out: Path,
    partition: str | None = None,
    components: int = 32,
    min_subjects: int = 3,
    seed: int = 0,
    force: Force = False,
    json: Json = False,
) -> None:
    """Write a synthetic copy of prepared windows, to share in their place.

    Example: diffecg gaussian-copy beats/ --partition train --out copy/copy.parquet

    Each label gets as many windows as the real set has, from a normal distribution in its principal
    components. Of the copies of MIT-BIH that were compared, those by models included, these are worth most to
    classifiers and reveal least of the subjects (docs/studies/sharing.md). Measure that in your data:
    diffecg evaluate copy/copy.parquet --against beats/ --only privacy --out privacy/. Not a medical device.

    Parameters
    ----------
    windows:
        Folder written by diffecg prepare, or a file of windows, with one label each.
    out:
        File to write, .npz, .parquet or .csv; without a suffix a folder of WFDB records.
    partition:
        Copy one partition only: train, validation or test.
    components:
        Principal components of each label.
    min_subjects:
        Labels of fewer subjects (recordings, where subjects are not known) are left out: the copy of a label
        of one subject would show that person's windows.
    seed:
        Seed of the samples.
    """
    from diffecg.datasets.formats.registry import check_suffix, write_windows
    from diffecg.datasets.loading import open_windows
    from diffecg.files import check_output
    from diffecg.inference.gaussian_copy import gaussian_copy as copy_windows

    check_suffix(out)
    check_output(out, force=force, is_folder=not out.suffix)
    real = open_windows(windows)
    real = real if partition is None else real.partition(partition)
    copy = copy_windows(real, components=components, min_subjects=min_subjects, seed=seed)
    card = write_windows(copy, out, force=force)
    left_out = copy.info["left_out"]
    made = ", ".join(f"{count} {label}" for label, count in copy.counts().items())
    text = f"{out}: synthetic windows: {made}" + (f"; left out: {', '.join(left_out)}" if left_out else "")
    show({"out": str(out), **card}, text, as_json=json)
