"""``diffecg forecast``: what may follow a moment of a recording."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Compute, Drawing, Force, Json, Reading, Strict, look, progress_bar, show
from diffecg.cli.repair import choose_lead

SHOWN_PAST_S = 4.0
"""What a forecast's picture shows of the past."""

Lead = Annotated[
    str | None,
    Parameter(help="Name of the lead; the model's own, else MLII or II, else the first ECG lead."),
]


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
