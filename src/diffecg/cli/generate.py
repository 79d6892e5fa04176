"""``diffecg generate``: synthetic windows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import ComputeOptions, Force, Json, progress_bar, show
from diffecg.cli.parsing import parse_beat_times, repeatable
from diffecg.inference.options import GenerateOptions


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class GenerateFlags(GenerateOptions):
    """The options of generate as flags."""

    rhythm: Annotated[tuple[tuple[float, str], ...], repeatable(parse_beat_times, join=True)] = ()
    """Beats of every window as "0.5:N 1.3:N 1.9:V" (time of the R peak in s, label); may be repeated.
    Only for models of strips with a rhythm condition."""


def generate(
    model: str,
    /,
    *,
    out: Path,
    options: GenerateFlags = GenerateFlags(),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Generate synthetic beats or strips.

    Example: diffecg generate mitbih-beat --label V --count 1000 --out v.npz

    The same seed gives the same windows, whatever the batch size. A data card in the file or beside it states
    model, sampler and seeds.

    Parameters
    ----------
    model:
        A bundled model (mitbih-beat, mitbih-beat-fast, mitbih-strip) or a model folder.
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
            rhythm=options.rhythm,
            progress=progress,
            **compute.sampling(),
        )
        card = write_windows(chunks, out, count=options.count, force=force)
    last_seed = options.seed + options.count - 1
    label = options.label or "unknown"
    text = f"{out}: {options.count} windows with label {label}, seeds {options.seed} to {last_seed}"
    show({"out": str(out), **card}, text, as_json=json)
