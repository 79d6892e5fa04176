"""``diffecg generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from diffecg.cli.console import ComputeOptions, Flat, Force, Json, progress_bar, show
from diffecg.inference.options import GenerateOptions


def generate(
    model: str,
    /,
    *,
    out: Path,
    asked: Annotated[GenerateOptions, Flat] = GenerateOptions(),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Make synthetic windows of a class.

    Example: diffecg generate mitbih-beat --label V --count 1000 --out v.npz

    Parameters
    ----------
    model:
        A bundled model (mitbih-beat, mitbih-beat-fast, mitbih-strip) or a model folder.
    out:
        File to write: .npz, .parquet or .csv; without a suffix, a folder of WFDB recordings.
    """
    from diffecg.datasets.writing import check_format, write_generated
    from diffecg.files import check_output
    from diffecg.inference.parsing import parse_times

    check_format(out)
    check_output(out, force=force, is_folder=not out.suffix)
    loaded = compute.load(model)
    with progress_bar("generate") as move:
        windows = loaded.stream(
            asked.label,
            asked.count,
            asked.seed,
            rhythm=parse_times(asked.rhythm),
            progress=move,
            **compute.sampling(),
        )
        card = write_generated(windows, out, count=asked.count, force=force)
    last = asked.seed + asked.count - 1
    text = f"{asked.count} windows of class {asked.label or 'unknown'} in {out}, seeds {asked.seed} to {last}"
    show({"out": str(out), **card}, text, as_json=json)
