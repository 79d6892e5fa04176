"""``diffecg impute`` and ``diffecg forecast``: recordings in, recordings out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from diffecg.cli.console import Compute, Drawing, Force, Json, Reading, Strict, look, progress_bar, show

if TYPE_CHECKING:
    from diffecg.data.records import Record
    from diffecg.tasks.model import Model

SHOWN_PAST_S = 4.0
"""What a forecast's picture shows of the past."""

Lead = Annotated[
    str | None,
    Parameter(help="Name of the lead; the model's own, else MLII or II, else the first ECG lead."),
]


def impute(
    model: str,
    record: Path,
    /,
    *,
    out: Path,
    gap: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    detect: str = "",
    lead: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    label: str | None = None,
    format: Literal["wfdb", "edf", "bdf", "csv", "parquet", "npz", "npy"] | None = None,
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
    from diffecg.data.store import new_folder, refuse_existing
    from diffecg.errors import DiffecgError
    from diffecg.exchange.recordings import write_repaired
    from diffecg.tasks.gaps import find_gaps, hidden
    from diffecg.tasks.masks import parse_gap

    refuse_existing(out, force=force, is_folder=True)
    loaded, read = compute.load(model), reading.read(record)
    gaps_s, kinds = [parse_gap(text) for text in gap], [word for word in detect.split(",") if word]
    one = bool(gap) or loaded.config.window.leads != ("*",)
    asked = sorted({read.lead_index(name) for name in lead})
    asked = asked or ([choose_lead(loaded, read, None)] if one else read.voltages)
    gaps = find_gaps(read, asked, gaps_s, kinds)
    rows = sorted({gap.row for gap in gaps})
    if not rows:
        names = ", ".join(read.leads[row] for row in asked)
        raise DiffecgError(
            f"nothing is missing in {names} of {read.name}; say what to fill with --gap from:to, in seconds, "
            "or what to look for with --detect flat,clipped,saturated,noise"
        )
    look(read, rows, strict=strict)
    with progress_bar("impute") as move:
        drawn = loaded.impute(
            hidden(read, rows, gaps),
            read.fs_hz,
            label=label,
            progress=move,
            **asdict(drawing),
            **compute.sampling(),
        )
    suffix = read.path.suffix.lower() if format is None else "" if format == "wfdb" else f".{format}"
    with new_folder(out, force=force) as folder:
        path = write_repaired(folder, read, rows, drawn, gaps, suffix)
    missing_s = sum(gap.last - gap.first for gap in gaps) / read.fs_hz
    leads = [read.leads[row] for row in rows]
    text = (
        f"{out}/{path.name}: {len(gaps)} gap(s), {missing_s:.2f} s of lead {', '.join(leads)} drawn "
        f"{drawing.draws} times; pictures gap-001.png …, table gaps.csv, all draws in draws.npz"
    )
    result = {"out": str(out), "file": path.name, "leads": leads, "gaps": len(gaps), "missing_s": missing_s}
    show({**result, **drawn.info}, text, as_json=json)


def forecast(
    model: str,
    record: Path,
    /,
    *,
    out: Path,
    at: float | None = None,
    horizon: float = 1.0,
    lead: Lead = None,
    label: str | None = None,
    strict: Strict = False,
    reading: Reading = Reading(),
    drawing: Drawing = Drawing(),
    compute: Compute = Compute(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Forecast what follows a moment of a recording, several times, with a band.

    Example: diffecg forecast mitbih-strip mitdb/100 --at 60 --horizon 1 --out ahead/

    Parameters
    ----------
    model:
        A bundled model (mitbih-strip suits recordings) or a model folder.
    record:
        The recording, in any format that impute takes.
    out:
        Folder to write: a record with mean and bounds, forecast.csv, every draw, a picture.
    at:
        Moment in seconds; only what lies before it is used. The record's end unless given.
    horizon:
        Seconds to draw.
    label:
        Class of the beats, if the model knows classes.
    """
    from diffecg.data.store import new_folder, refuse_existing
    from diffecg.errors import DiffecgError
    from diffecg.exchange.recordings import write_forecast
    from diffecg.tasks.masks import ROUNDING_S

    refuse_existing(out, force=force, is_folder=True)
    loaded, read = compute.load(model), reading.read(record)
    row = choose_lead(loaded, read, lead)
    end = read.stored.shape[1]
    at = read.duration_s if at is None else at
    cut = min(round(at * read.fs_hz), end) if 0 < at <= read.duration_s + ROUNDING_S else 0
    if cut < 1:
        raise DiffecgError(
            f"--at {at:g} s lies outside the recording; choose above 0 to {read.duration_s:.3f} s"
        )
    look(read, [row], strict=strict)
    past_mv = read.signal_mv[row, :cut]
    with progress_bar("forecast") as move:
        drawn = loaded.forecast(
            past_mv,
            read.fs_hz,
            horizon_s=horizon,
            label=label,
            progress=move,
            **asdict(drawing),
            **compute.sampling(),
        )
    with new_folder(out, force=force) as folder:
        shown = past_mv[-round(SHOWN_PAST_S * read.fs_hz) :]
        write_forecast(folder, read, row, drawn, cut, shown)
    text = (
        f"{out}: {horizon:g} s of lead {read.leads[row]} from {cut / read.fs_hz:g} s drawn "
        f"{drawing.draws} times; forecast.png, forecast.csv, all draws in draws.npz"
    )
    result = {"out": str(out), "lead": read.leads[row], "at_s": cut / read.fs_hz}
    show({**result, **drawn.info}, text, as_json=json)


def choose_lead(model: Model, record: Record, wanted: str | None) -> int:
    """Return the row of the lead to work on.

    Raises:
        DiffecgError: the record has no such lead.
    """
    if wanted is not None:
        return record.lead_index(wanted)
    own = model.config.window.leads[0]
    return record.usual_lead() if own == "*" else record.lead_index(own)
