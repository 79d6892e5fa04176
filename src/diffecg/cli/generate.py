"""``diffecg generate``: synthetic windows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from diffecg.cli.console import ComputeOptions, Flat, Force, Json, progress_bar, show
from diffecg.cli.parsing import parse_condition, repeatable
from diffecg.inference.options import GenerateOptions


def generate(
    model: str,
    /,
    *,
    out: Path,
    options: Annotated[GenerateOptions, Flat] = GenerateOptions(),
    condition: Annotated[tuple[tuple[str, float], ...], repeatable(parse_condition)] = (),
    guidance: float = 1.0,
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Generate synthetic beats.

    Example: diffecg generate mitbih-beat --label V --count 1000 --out v.npz

    diffecg generate ptbxl-beat --label MI+AFIB --condition age=63 --count 1000 --out mi.npz

    The same seed gives the same windows, whatever the batch size. A data card in the file or beside it states
    model, sampler and seeds.

    Parameters
    ----------
    model:
        A bundled model of beats (mitbih-beat, mitbih-beat-fast; of 12 leads: ptbxl-beat), a model folder, or
        a model of the Hugging Face hub (organisation/name).
    condition:
        Number that the windows are conditioned on, such as age=63, sex=1 (0 male, 1 female) or heart_rate=80;
        may be repeated. An unknown name is answered with those that the model has.
    guidance:
        Scale of classifier-free guidance: 1 is none; above 1, the effect of the label is exaggerated, at
        twice the cost; 0 ignores the label.
    out:
        File to write, .npz, .parquet or .csv; without a suffix a folder of WFDB records.
    """
    from diffecg.datasets.formats.registry import check_suffix, write_windows
    from diffecg.files import check_output

    check_suffix(out)
    check_output(out, force=force, is_folder=not out.suffix)
    loaded = compute.load(model)
    with progress_bar("generate") as progress:
        chunks = loaded.stream(
            options.label,
            options.count,
            options.seed,
            conditions=dict(condition),
            guidance=guidance,
            progress=progress,
            **compute.sampling(),
        )
        card = write_windows(chunks, out, count=options.count, force=force)
    last_seed = options.seed + options.count - 1
    label = options.label or "unknown"
    text = f"{out}: {options.count} windows with label {label}, seeds {options.seed} to {last_seed}"
    show({"out": str(out), **card}, text, as_json=json)
