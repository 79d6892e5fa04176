"""``diffecg impute`` and ``diffecg denoise``: recordings in, recordings out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from diffecg.cli.console import (
    ComputeOptions,
    Flat,
    Force,
    Json,
    ReadOptions,
    Strict,
    look,
    progress_bar,
    show,
)
from diffecg.inference.options import DenoiseOptions, DrawOptions, ImputeOptions

Several = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]
Format = Literal["wfdb", "edf", "bdf", "csv", "parquet", "npz", "npy"]


def impute(
    model: str,
    recording: Path,
    /,
    *,
    out: Path,
    asked: Annotated[ImputeOptions, Flat] = ImputeOptions(),
    format: Format | None = None,
    strict: Strict = False,
    reading: ReadOptions = ReadOptions(),
    drawing: Annotated[DrawOptions, Flat] = DrawOptions(),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Fill gaps of a recording, several times, with a band.

    Example:
    diffecg impute mitbih-strip mitdb/100 --gap 12.0:12.8 --out fixed/

    diffecg impute mitbih-strip holter.edf --detect flat,clipped,saturated,noise --out fixed/

    diffecg impute mitbih-strip watch.csv --fs 130 --unit uV --format parquet --out fixed/

    Samples that the file marks as missing (invalid, empty, NaN, left out of an even column of time) are
    filled, too. All others are written as they were stored. The folder gets the recording with the mean of
    the draws, every draw, a table and a picture of each gap.

    Parameters
    ----------
    model:
        A bundled model (mitbih-strip suits recordings) or a model folder.
    recording:
        A WFDB recording (with or without .hea), an EDF or BDF file, a CSV or Parquet table with a column a lead,
        a NumPy file.
    out:
        Folder to write.
    format:
        Format of the repaired recording; that of the given one unless told otherwise.
    """
    _repaired("impute", model, recording, out, asked, format, strict, reading, drawing, compute, force, json)


def denoise(
    model: str,
    recording: Path,
    /,
    *,
    out: Path,
    asked: Annotated[DenoiseOptions, Flat] = DenoiseOptions(),
    format: Format | None = None,
    strict: Strict = False,
    reading: ReadOptions = ReadOptions(),
    drawing: Annotated[DrawOptions, Flat] = DrawOptions(),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw noisy true_runs of a recording anew, several times, in agreement with what they show.

    Example:
    diffecg denoise mitbih-strip mitdb/104 --stretch 300:320 --out clean/

    diffecg denoise mitbih-strip holter.edf --out clean/

    Baseline wander, muscle noise, moving electrodes: the noise's spectrum is what a stretch holds beyond the
    rest of its lead, of which some must be clean. All other samples are written as they were stored. The
    folder gets what that of impute does.

    Parameters
    ----------
    model:
        A bundled model of strips (mitbih-strip) or a model folder.
    recording:
        The recording, in any format that impute takes.
    out:
        Folder to write.
    format:
        Format of the repaired recording; that of the given one unless told otherwise.
    """
    _repaired("denoise", model, recording, out, asked, format, strict, reading, drawing, compute, force, json)


def _repaired(
    task: str,
    model: str,
    path: Path,
    out: Path,
    asked: ImputeOptions | DenoiseOptions,
    format: Format | None,
    strict: bool,
    reading: ReadOptions,
    drawing: DrawOptions,
    compute: ComputeOptions,
    force: bool,
    json: bool,
) -> None:
    """Read, draw what is asked anew, write, and say so."""
    from diffecg.files import check_output, new_directory
    from diffecg.inference.export import GAP_OF_TASK, write_imputed
    from diffecg.inference.recordings import impute_recording, plan_imputation

    check_output(out, force=force, is_folder=True)
    loaded, recording = compute.load(model), reading.read(path)
    plan = plan_imputation(loaded, recording, asked)
    look(recording, plan.rows, strict=strict)
    with progress_bar(task) as move:
        drawn = impute_recording(loaded, recording, plan, asked, drawing, progress=move, **compute.sampling())
    suffix = recording.path.suffix.lower() if format is None else "" if format == "wfdb" else f".{format}"
    with new_directory(out, force=force) as folder:
        file = write_imputed(folder, recording, plan.rows, drawn, plan.gaps, suffix).name
    leads = [recording.leads[row] for row in plan.rows]
    seconds = sum(gap.last - gap.first for gap in plan.gaps) / recording.fs_hz
    text = (
        f"{out}/{file}: {len(plan.gaps)} {GAP_OF_TASK[task]}(s), {seconds:.2f} s of lead {', '.join(leads)} "
        f"drawn {len(drawn.seeds)} times; pictures gap-001.png …, table gaps.csv, all draws in draws.npz"
    )
    result = {"out": str(out), "file": file, "leads": leads, "gaps": len(plan.gaps), "missing_s": seconds}
    show({**result, **drawn.info}, text, as_json=json)
