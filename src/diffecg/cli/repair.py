"""``diffecg impute`` and ``diffecg denoise``: recordings in, recordings out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from diffecg.cli.console import Compute, Drawing, Force, Json, Reading, Strict, look, progress_bar, show

if TYPE_CHECKING:
    from diffecg.data.records import Record
    from diffecg.tasks.gaps import Gap
    from diffecg.tasks.model import Model

Several = Annotated[tuple[str, ...], Parameter(negative="", show_default=False)]
Format = Literal["wfdb", "edf", "bdf", "csv", "parquet", "npz", "npy"]


def impute(
    model: str,
    record: Path,
    /,
    *,
    out: Path,
    gap: Several = (),
    detect: str = "",
    lead: Several = (),
    label: str | None = None,
    format: Format | None = None,
    strict: Strict = False,
    reading: Reading = Reading(),
    drawing: Drawing = Drawing(),
    compute: Compute = Compute(),
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
    record:
        A WFDB record (with or without .hea), an EDF or BDF file, a CSV or Parquet table with a column a lead,
        a NumPy file.
    out:
        Folder to write.
    gap:
        A stretch to draw anew, from:to in seconds; may be repeated.
    detect:
        Faults to look for and draw anew, with commas: flat, clipped, saturated, noise.
    lead:
        Lead to repair; may be repeated. Unless given: all in which something is missing or found; with --gap
        the model's own, else MLII or II, else the first ECG lead.
    label:
        Class of the beats, if the model knows classes.
    format:
        Format of the repaired recording; that of the given one unless told otherwise.
    """
    from diffecg.data.store import refuse_existing
    from diffecg.errors import DiffecgError
    from diffecg.tasks.gaps import hidden

    refuse_existing(out, force=force, is_folder=True)
    loaded, read = compute.load(model), reading.read(record)
    asked, gaps = _find(loaded, read, gap, detect, lead)
    if not gaps:
        raise DiffecgError(
            f"nothing is missing in {asked} of {read.name}; say what to fill with --gap from:to, in seconds, "
            "or what to look for with --detect flat,clipped,saturated,noise"
        )
    rows, shown = _rows(loaded, read, gaps)
    look(read, rows, strict=strict)
    with progress_bar("impute") as move:
        drawn = loaded.impute(
            hidden(read, shown, gaps),
            read.fs_hz,
            label=label,
            progress=move,
            **asdict(drawing),
            **compute.sampling(),
        )
    _write(out, read, rows, drawn.lead([shown.index(row) for row in rows]), gaps, format, force, json)


def denoise(
    model: str,
    record: Path,
    /,
    *,
    out: Path,
    stretch: Several = (),
    detect: str = "noise",
    lead: Several = (),
    label: str | None = None,
    format: Format | None = None,
    strict: Strict = False,
    reading: Reading = Reading(),
    drawing: Drawing = Drawing(),
    compute: Compute = Compute(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Draw noisy stretches of a recording anew, several times, in agreement with what they show.

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
    record:
        The recording, in any format that impute takes.
    out:
        Folder to write.
    stretch:
        A noisy stretch, from:to in seconds; may be repeated. Unless given, noise is looked for.
    detect:
        What to look for where no stretch is given, with commas: noise, flat, clipped, saturated.
    lead:
        Lead to repair; may be repeated. Unless given: all in which noise is found; with --stretch the model's
        own, else MLII or II, else the first ECG lead.
    label:
        Class of the beats, if the model knows classes.
    format:
        Format of the repaired recording; that of the given one unless told otherwise.
    """
    import numpy as np

    from diffecg.data.store import refuse_existing
    from diffecg.errors import DiffecgError
    from diffecg.tasks.gaps import hidden

    refuse_existing(out, force=force, is_folder=True)
    loaded, read = compute.load(model), reading.read(record)
    asked, gaps = _find(loaded, read, stretch, "" if stretch else detect, lead)
    if not gaps:
        raise DiffecgError(
            f"no {detect} is found in {asked} of {read.name}; say where with --stretch from:to, in seconds"
        )
    rows, shown = _rows(loaded, read, gaps)
    look(read, rows, strict=strict)
    recorded = read.signal_mv[shown]
    with progress_bar("denoise") as move:
        drawn = loaded.denoise(
            recorded,
            read.fs_hz,
            np.isnan(hidden(read, shown, gaps)) & ~np.isnan(recorded),
            label=label,
            progress=move,
            **asdict(drawing),
            **compute.sampling(),
        )
    _write(out, read, rows, drawn.lead([shown.index(row) for row in rows]), gaps, format, force, json)


def choose_lead(model: Model, record: Record, wanted: str | None) -> int:
    """Return the row of the lead to work on.

    Raises:
        DiffecgError: the record has no such lead.
    """
    if wanted is not None:
        return record.lead_index(wanted)
    own = model.config.window.leads[0]
    return record.usual_lead() if own == "*" else record.lead_index(own)


def _find(model: Model, record: Record, spans: Several, detect: str, leads: Several) -> tuple[str, list[Gap]]:
    """Return the names of the leads asked for, and what is to be drawn there: given, missing, or found."""
    from diffecg.tasks.gaps import find_gaps
    from diffecg.tasks.masks import parse_gap

    asked = sorted({record.lead_index(name) for name in leads})
    one = bool(spans) or not model.config.window.any_leads
    asked = asked or ([choose_lead(model, record, None)] if one else record.voltages)
    kinds = [word for word in detect.split(",") if word]
    gaps = find_gaps(record, asked, [parse_gap(text) for text in spans], kinds)
    return ", ".join(record.leads[row] for row in asked), gaps


def _rows(model: Model, record: Record, gaps: list[Gap]) -> tuple[list[int], list[int]]:
    """Return the leads to be drawn, and those that the model is shown."""
    rows = sorted({gap.row for gap in gaps})
    return rows, sorted({*rows, *record.voltages}) if model.config.window.companions else rows


def _write(
    out: Path,
    record: Record,
    rows: list[int],
    drawn: Any,
    gaps: list[Gap],
    format: Format | None,
    force: bool,
    json: bool,
) -> None:
    """Write what was drawn of some leads, and say so."""
    from diffecg.data.store import new_folder
    from diffecg.exchange.recordings import GAP_OF_TASK, write_repaired

    suffix = record.path.suffix.lower() if format is None else "" if format == "wfdb" else f".{format}"
    with new_folder(out, force=force) as folder:
        path = write_repaired(folder, record, rows, drawn, gaps, suffix)
    seconds, leads = sum(gap.last - gap.first for gap in gaps) / record.fs_hz, [record.leads[r] for r in rows]
    what = GAP_OF_TASK[drawn.info["task"]]
    text = (
        f"{out}/{path.name}: {len(gaps)} {what}(s), {seconds:.2f} s of lead {', '.join(leads)} drawn "
        f"{len(drawn.seeds)} times; pictures gap-001.png …, table gaps.csv, all draws in draws.npz"
    )
    result = {"out": str(out), "file": path.name, "leads": leads, "gaps": len(gaps), "missing_s": seconds}
    show({**result, **drawn.info}, text, as_json=json)
