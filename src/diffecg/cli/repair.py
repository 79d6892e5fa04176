"""``diffecg impute`` and ``diffecg forecast``: records in, records out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from diffecg.cli.console import Compute, Drawing, Force, Json, progress_bar, show

if TYPE_CHECKING:
    from diffecg.data.records import Record
    from diffecg.tasks.model import Model

SHOWN_PAST_S = 4.0
"""What a forecast's picture shows of the past."""

Lead = Annotated[
    str | None,
    Parameter(help="Name of the lead; the model's own, else MLII, else the record's first."),
]


def impute(
    model: str,
    record: Path,
    /,
    *,
    out: Path,
    gap: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    lead: Lead = None,
    label: str | None = None,
    drawing: Drawing = Drawing(),
    compute: Compute = Compute(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Fill gaps of a WFDB record, several times, with a band.

    Example: diffecg impute mitbih-strip mitdb/100 --gap 12.0:12.8 --out fixed/

    Samples that the record marks as missing are filled, too. All others are written as they were
    stored. The folder gets the record with the mean of the draws, every draw, a table and a picture
    of each gap.

    Parameters
    ----------
    model:
        A bundled model (mitbih-strip suits recordings) or a model folder.
    record:
        The WFDB record, with or without .hea.
    out:
        Folder to write.
    gap:
        A stretch to draw anew, from:to in seconds; may be repeated.
    label:
        Class of the beats, if the model knows classes.
    """
    import numpy as np

    from diffecg.data.records import read_record
    from diffecg.data.store import new_folder, refuse_existing
    from diffecg.errors import DiffecgError
    from diffecg.exchange.recordings import write_repaired
    from diffecg.tasks.masks import gap_mask, parse_gap, stretches

    refuse_existing(out, force=force, is_folder=True)
    loaded, read = compute.load(model), read_record(record)
    row = choose_lead(loaded, read, lead)
    signal_mv = read.signal_mv[row].copy()
    signal_mv[gap_mask([parse_gap(text) for text in gap], len(signal_mv), read.fs_hz)] = np.nan
    gaps = stretches(np.isnan(signal_mv))
    if not gaps:
        raise DiffecgError(
            f"nothing is missing in lead {read.leads[row]} of {read.name}; say what to fill with "
            "--gap from:to, in seconds"
        )
    with progress_bar("impute") as move:
        drawn = loaded.impute(
            signal_mv,
            read.fs_hz,
            label=label,
            progress=move,
            **asdict(drawing),
            **compute.sampling(),
        )
    with new_folder(out, force=force) as folder:
        write_repaired(folder, read, row, drawn, gaps)
    missing_s = sum(last - first for first, last in gaps) / read.fs_hz
    text = (
        f"{out}/{read.name}: {len(gaps)} gap(s), {missing_s:.2f} s of lead {read.leads[row]} drawn "
        f"{drawing.draws} times; pictures gap-001.png …, table gaps.csv, all draws in draws.npz"
    )
    result = {"out": str(out), "lead": read.leads[row], "gaps": len(gaps), "missing_s": missing_s}
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
    drawing: Drawing = Drawing(),
    compute: Compute = Compute(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Forecast what follows a moment of a WFDB record, several times, with a band.

    Example: diffecg forecast mitbih-strip mitdb/100 --at 60 --horizon 1 --out ahead/

    Parameters
    ----------
    model:
        A bundled model (mitbih-strip suits recordings) or a model folder.
    record:
        The WFDB record, with or without .hea.
    out:
        Folder to write: a record with mean and bounds, forecast.csv, every draw, a picture.
    at:
        Moment in seconds; only what lies before it is used. The record's end unless given.
    horizon:
        Seconds to draw.
    label:
        Class of the beats, if the model knows classes.
    """
    from diffecg.data.records import read_record
    from diffecg.data.store import new_folder, refuse_existing
    from diffecg.errors import DiffecgError
    from diffecg.exchange.recordings import write_forecast
    from diffecg.tasks.masks import ROUNDING_S

    refuse_existing(out, force=force, is_folder=True)
    loaded, read = compute.load(model), read_record(record)
    row = choose_lead(loaded, read, lead)
    end = read.signal_mv.shape[1]
    at = read.duration_s if at is None else at
    cut = min(round(at * read.fs_hz), end) if 0 < at <= read.duration_s + ROUNDING_S else 0
    if cut < 1:
        raise DiffecgError(
            f"--at {at:g} s lies outside the recording; choose above 0 to {read.duration_s:.3f} s"
        )
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
    from diffecg.data.records import MV_PER_UNIT

    if wanted is not None:
        return record.lead_index(wanted)
    own = model.config.window.leads[0]
    if own != "*":
        return record.lead_index(own)
    units = zip(record.leads, record.header.units, strict=True)
    voltages = [lead for lead, unit in units if unit in MV_PER_UNIT] or [record.leads[0]]
    return record.lead_index("MLII" if "MLII" in voltages else voltages[0])
