"""``diffecg forecast``: the continuation of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import (
    ComputeOptions,
    Flat,
    Force,
    Json,
    ReadOptions,
    Strict,
    progress_bar,
    show,
    warn_implausible,
)
from diffecg.inference.options import DrawOptions, ForecastOptions


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ForecastFlags(ForecastOptions):
    """The options of forecast as flags."""

    at_s: Annotated[float | None, Parameter(name="--at")] = None
    """Start of the forecast in s; only earlier samples are used. Default: the end of the recording."""
    horizon_s: Annotated[float, Parameter(name="--horizon")] = 1.0
    """Length of the forecast in s."""


def forecast(
    model: str,
    recording: Path,
    /,
    *,
    out: Path,
    options: ForecastFlags = ForecastFlags(),
    strict: Strict = False,
    read: ReadOptions = ReadOptions(),
    draws: Annotated[DrawOptions, Flat] = DrawOptions(),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Forecast one lead of a recording, with prediction intervals.

    Example: diffecg forecast mitbih-strip mitdb/100 --at 60 --horizon 1 --out forecast/

    OUT gets a WFDB record with the mean and the bounds, a table (forecast.csv) with the recorded samples
    where the recording continues, all draws (draws.npz), a figure and a data card (card.json).

    Parameters
    ----------
    model:
        A bundled model of strips (mitbih-strip) or a model folder.
    recording:
        A recording, in any format that impute reads.
    out:
        Folder to write.
    """
    from diffecg.files import check_output, new_folder
    from diffecg.inference.export import write_forecast
    from diffecg.inference.recordings import forecast_recording, plan_forecast

    check_output(out, force=force, is_folder=True)
    loaded, source = compute.load(model), read.read(recording)
    plan = plan_forecast(loaded, source, options)
    warn_implausible(source, [plan.row], strict=strict)
    with progress_bar("forecast") as progress:
        imputation = forecast_recording(loaded, source, plan, options, draws, compute, progress=progress)
    with new_folder(out, force=force) as folder:
        write_forecast(folder, source, plan, imputation)
    lead, start_s = source.channel_names[plan.row], plan.start / source.fs_hz
    text = (
        f"{out}: {options.horizon_s:g} s of {lead} from {start_s:g} s, {draws.draws} draws; "
        "figure forecast.png, table forecast.csv, draws in draws.npz"
    )
    show({"out": str(out), "lead": lead, "at_s": start_s, **imputation.info}, text, as_json=json)
