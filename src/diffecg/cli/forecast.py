"""``diffecg forecast``: what may follow a moment of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from diffecg.inference.options import DrawOptions, ForecastOptions


def forecast(
    model: str,
    recording: Path,
    /,
    *,
    out: Path,
    asked: Annotated[ForecastOptions, Flat] = ForecastOptions(),
    strict: Strict = False,
    reading: ReadOptions = ReadOptions(),
    drawing: Annotated[DrawOptions, Flat] = DrawOptions(),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Forecast what follows a moment of a recording, several times, with a band.

    Example: diffecg forecast mitbih-strip mitdb/100 --at 60 --horizon 1 --out ahead/

    Parameters
    ----------
    model:
        A bundled model (mitbih-strip suits recordings) or a model folder.
    recording:
        The recording, in any format that impute takes.
    out:
        Folder to write: a recording with mean and bounds, forecast.csv, every draw, a picture.
    """
    from diffecg.files import check_output, new_directory
    from diffecg.inference.export import write_forecast
    from diffecg.inference.recordings import forecast_recording, forecast_start

    check_output(out, force=force, is_folder=True)
    loaded, read = compute.load(model), reading.read(recording)
    row, cut = forecast_start(loaded, read, asked)
    look(read, [row], strict=strict)
    with progress_bar("forecast") as move:
        drawn = forecast_recording(
            loaded, read, row, cut, asked, drawing, progress=move, **compute.sampling()
        )
    with new_directory(out, force=force) as folder:
        write_forecast(folder, read, row, drawn, cut)
    text = (
        f"{out}: {asked.horizon:g} s of lead {read.leads[row]} from {cut / read.fs_hz:g} s drawn "
        f"{drawing.draws} times; forecast.png, forecast.csv, all draws in draws.npz"
    )
    result = {"out": str(out), "lead": read.leads[row], "at_s": cut / read.fs_hz}
    show({**result, **drawn.info}, text, as_json=json)
