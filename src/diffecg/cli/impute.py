"""``diffecg impute`` and ``diffecg denoise``."""

from __future__ import annotations

from dataclasses import dataclass
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
    progress_bar,
    show,
    warn_implausible,
)
from diffecg.cli.parsing import parse_interval, repeatable, split_words
from diffecg.inference.options import DenoiseOptions, DrawOptions, ImputeOptions
from diffecg.signal.masks import Interval

RecordingFormat = Literal["wfdb", "edf", "bdf", "csv", "parquet", "npz", "npy"]
Leads = Annotated[tuple[str, ...], Parameter(name="--lead", negative="", show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ImputeFlags(ImputeOptions):
    """The options of impute as flags."""

    gaps: Annotated[tuple[Interval, ...], repeatable(parse_interval, name="--gap")] = ()
    """Gap to impute, start:stop in seconds, such as 12.0:12.8; may be repeated."""
    detect: Annotated[tuple[str, ...], repeatable(split_words, join=True)] = ()
    """Artefacts to detect and impute, separated by commas: flat, clipped, saturated, noise; may be
    repeated."""
    leads: Leads = ()
    """Lead to impute; may be repeated. Default: with --gap the model's lead, else MLII or II, else the first
    ECG lead; without --gap all leads in which samples are missing or artefacts are detected."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class DenoiseFlags(DenoiseOptions):
    """The options of denoise as flags."""

    intervals: Annotated[tuple[Interval, ...], repeatable(parse_interval, name="--interval")] = ()
    """Noisy interval, start:stop in seconds, such as 300:320; may be repeated. Default: detected
    intervals."""
    detect: Annotated[tuple[str, ...], repeatable(split_words, join=True)] = ("noise",)
    """Artefacts to detect where no --interval is given, separated by commas: noise, flat, clipped, saturated;
    may be repeated. Default: noise."""
    leads: Leads = ()
    """Lead to denoise; may be repeated. Default: with --interval the model's lead, else MLII or II, else the
    first ECG lead; without --interval all leads in which noise is detected."""


def impute(
    model: str,
    recording: Path,
    /,
    *,
    out: Path,
    options: ImputeFlags = ImputeFlags(),
    format: RecordingFormat | None = None,
    strict: Strict = False,
    read: ReadOptions = ReadOptions(),
    draws: Annotated[DrawOptions, Flat] = DrawOptions(),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Impute the gaps of a recording, with prediction intervals.

    Example: diffecg impute mitbih-strip mitdb/100 --gap 12.0:12.8 --out imputed/

    diffecg impute mitbih-strip holter.edf --detect flat,clipped,saturated,noise --out imputed/

    diffecg impute mitbih-strip watch.csv --fs 130 --unit uV --format parquet --out imputed/

    Samples that the file marks as missing (invalid values, empty cells, NaN, skipped time stamps) in the
    selected leads are imputed, too. All other samples are written unchanged. OUT gets the
    recording with the mean of the draws, all draws (draws.npz), a table of the gaps (gaps.csv), a figure of
    each gap and a data card (card.json).

    Parameters
    ----------
    model:
        A bundled model of strips (mitbih-strip) or a model folder.
    recording:
        A WFDB record (with or without .hea), an EDF or BDF file, a CSV or Parquet table with one column per
        lead, or a NumPy file.
    out:
        Folder to write.
    format:
        Format of the imputed recording; default: that of the input.
    """
    job = _Job(
        model=model,
        path=recording,
        out=out,
        options=options,
        format=format,
        strict=strict,
        read=read,
        draws=draws,
        compute=compute,
    )
    job.run("impute", force=force, json=json)


def denoise(
    model: str,
    recording: Path,
    /,
    *,
    out: Path,
    options: DenoiseFlags = DenoiseFlags(),
    format: RecordingFormat | None = None,
    strict: Strict = False,
    read: ReadOptions = ReadOptions(),
    draws: Annotated[DrawOptions, Flat] = DrawOptions(),
    compute: ComputeOptions = ComputeOptions(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Denoise intervals of a recording: sample the clean signal given the noisy one.

    Example: diffecg denoise mitbih-strip mitdb/104 --interval 300:320 --out denoised/

    diffecg denoise mitbih-strip holter.edf --out denoised/

    Suits baseline wander, muscle artefacts and electrode motion. The noise spectrum is the excess of the
    noisy intervals over the rest of the lead, so that part of each lead must be clean. Missing samples of the
    same leads are imputed; all others are written unchanged. OUT gets the same files as that of impute.

    Parameters
    ----------
    model:
        A bundled model of strips (mitbih-strip) or a model folder.
    recording:
        A recording, in any format that impute reads.
    out:
        Folder to write.
    format:
        Format of the denoised recording; default: that of the input.
    """
    job = _Job(
        model=model,
        path=recording,
        out=out,
        options=options,
        format=format,
        strict=strict,
        read=read,
        draws=draws,
        compute=compute,
    )
    job.run("denoise", force=force, json=json)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """A recording to impute or denoise, from file to folder."""

    model: str
    path: Path
    out: Path
    options: ImputeOptions | DenoiseOptions
    format: RecordingFormat | None
    strict: bool
    read: ReadOptions
    draws: DrawOptions
    compute: ComputeOptions

    def run(self, task: str, *, force: bool, json: bool) -> None:
        """Read, impute, write and print the result."""
        from diffecg.files import check_output, new_folder
        from diffecg.inference.export import SEGMENT_NAMES, write_imputed
        from diffecg.inference.recordings import impute_recording, plan_imputation

        check_output(self.out, force=force, is_folder=True)
        model, recording = self.compute.load(self.model), self.read.read(self.path)
        plan = plan_imputation(model, recording, self.options)
        warn_implausible(recording, plan.rows, strict=self.strict)
        with progress_bar(task) as progress:
            imputation = impute_recording(
                model, recording, plan, self.options, self.draws, self.compute, progress=progress
            )
        with new_folder(self.out, force=force) as folder:
            file = write_imputed(folder, recording, plan, imputation, self._suffix(recording.path)).name
        leads = [recording.channel_names[row] for row in plan.rows]
        seconds = sum(segment.stop - segment.start for segment in plan.segments) / recording.fs_hz
        text = (
            f"{self.out / file}: {len(plan.segments)} {SEGMENT_NAMES[task]}(s), {seconds:.2f} s of "
            f"{', '.join(leads)}, {len(imputation.seeds)} draws; figures gap-001.png …, table gaps.csv, "
            "draws in draws.npz"
        )
        result = {"out": str(self.out), "file": file, "leads": leads, "segments": len(plan.segments)}
        show({**result, "imputed_s": seconds, **imputation.info}, text, as_json=json)

    def _suffix(self, path: Path) -> str:
        if self.format is None:
            return path.suffix.lower()
        return "" if self.format == "wfdb" else f".{self.format}"
