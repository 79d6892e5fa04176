"""``diffecg forecast``: the continuation of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from diffecg.cli.console import (
    Flat,
    Force,
    Json,
    ReadFlags,
    Strict,
    print_notes,
    progress_bar,
    show,
    warn_implausible,
)
from diffecg.cli.imputers import ImputerFlags, check_recordings
from diffecg.cli.recordings import find_recordings, process_each, show_results
from diffecg.inference.options import DrawOptions, ForecastOptions

if TYPE_CHECKING:
    from diffecg.formats.recording import Recording


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ForecastFlags:
    """The options of forecast as flags."""

    at: str | None = None
    """Start of the forecast, in s or in the recording's own time; only earlier samples are used. Default: the
    end of the recording."""
    horizon: float = 1.0
    """Length of the forecast in s."""
    lead: str | None = None
    """Lead to forecast; default: the model's lead, else MLII or II, else the first ECG lead."""
    label: str | None = None
    """Label of the beats, for models with labels."""

    def options(self, recording: Recording) -> ForecastOptions:
        """Return the options, with times in seconds from the first sample."""
        at_s = None if self.at is None else recording.time.seconds(self.at, recording.duration_s)
        return ForecastOptions(at_s=at_s, horizon_s=self.horizon, lead=self.lead, label=self.label)


def forecast(
    *recordings: Path,
    out: Path,
    options: ForecastFlags = ForecastFlags(),
    strict: Strict = False,
    read: ReadFlags = ReadFlags(),
    draws: Annotated[DrawOptions, Flat] = DrawOptions(),
    imputer: ImputerFlags = ImputerFlags(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Forecast one lead of a recording, with prediction intervals.

    Example: diffecg forecast mitdb/100 --at 60 --horizon 1 --out forecast/

    diffecg forecast mitdb/100 --model mitbih-strip --out forecast/

    OUT gets a WFDB record with one draw, the mean and the bounds, a table (forecast.csv) with the recorded
    samples where the recording continues, all draws (draws.npz), a figure and a data card (card.json).

    Parameters
    ----------
    recordings:
        Recordings, folders and patterns, as for impute.
    out:
        Folder to write.
    """
    from diffecg.files import check_output

    check_recordings(recordings, "forecast")
    found = find_recordings(recordings)
    check_output(out, force=force, is_folder=True)
    imputer.load()  # wrong options are refused before a recording is read

    def forecast_one(path: Path, folder: Path) -> dict[str, Any]:
        return _forecast(imputer, path, folder, options, strict, read, draws, force=force)

    results = process_each(found, out, forecast_one)
    if found.is_single:
        (result,) = results
        engine = result.get("model", result["engine"])
        text = (
            f"{out}: {options.horizon:g} s of {result['lead']} from {result['at']}, {draws.draws} draws, "
            f"{engine}, {result['interval']}; figure forecast.png, table forecast.csv, draws in draws.npz"
        )
        show(result, text, as_json=json)
    else:
        show_results(f"forecast: {out}", ["recording", "lead", "from"], results, _row, as_json=json)


def _forecast(
    imputer: ImputerFlags,
    path: Path,
    out: Path,
    flags: ForecastFlags,
    strict: bool,
    read: ReadFlags,
    draws: DrawOptions,
    *,
    force: bool,
) -> dict[str, Any]:
    """Forecast one recording, and return the result for JSON."""
    from diffecg.files import new_folder
    from diffecg.inference.export import write_forecast
    from diffecg.inference.planning import plan_forecast
    from diffecg.inference.recordings import forecast_recording

    leads = () if flags.lead is None else (flags.lead,)
    recording = read.read(path, leads)
    options = flags.options(recording)
    print_notes(recording)
    loaded = imputer.load(recording, leads)
    plan = plan_forecast(loaded, recording, options)
    warn_implausible(recording, [plan.row], strict=strict)
    with progress_bar(f"forecast {recording.name}") as progress:
        imputation = forecast_recording(loaded, recording, plan, options, draws, progress=progress)
    with new_folder(out, force=force) as folder:
        write_forecast(folder, recording, plan, imputation)
    start_s = plan.start / imputation.fs_hz
    return {
        "out": str(out),
        "lead": recording.channel_names[plan.row],
        "at_s": start_s,
        "at": recording.time.text(start_s),
        **imputation.info,
    }


def _row(result: dict[str, Any]) -> list[str]:
    """Return the line of a recording in the table of several."""
    return [result["recording"], result.get("lead", ""), result.get("at", result.get("error", ""))]
