"""``diffecg forecast``: what may follow a moment of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from diffecg.cli.console import Compute, Flat, Force, Json, Reading, Strict, look, progress_bar, show
from diffecg.inference.options import Drawing, Moment


def forecast(
    model: str,
    record: Path,
    /,
    *,
    out: Path,
    asked: Annotated[Moment, Flat] = Moment(),
    strict: Strict = False,
    reading: Reading = Reading(),
    drawing: Annotated[Drawing, Flat] = Drawing(),
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
    """
    from diffecg.files import new_folder, refuse_existing
    from diffecg.inference.export import write_forecast
    from diffecg.inference.recordings import ahead, cut_at

    refuse_existing(out, force=force, is_folder=True)
    loaded, read = compute.load(model), reading.read(record)
    row, cut = cut_at(loaded, read, asked)
    look(read, [row], strict=strict)
    with progress_bar("forecast") as move:
        drawn = ahead(loaded, read, row, cut, asked, drawing, progress=move, **compute.sampling())
    with new_folder(out, force=force) as folder:
        write_forecast(folder, read, row, drawn, cut)
    text = (
        f"{out}: {asked.horizon:g} s of lead {read.leads[row]} from {cut / read.fs_hz:g} s drawn "
        f"{drawing.draws} times; forecast.png, forecast.csv, all draws in draws.npz"
    )
    result = {"out": str(out), "lead": read.leads[row], "at_s": cut / read.fs_hz}
    show({**result, **drawn.info}, text, as_json=json)
