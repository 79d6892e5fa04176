"""``diffecg impute``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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
    show_notes,
    warn_implausible,
)
from diffecg.cli.imputers import ImputerFlags, check_recordings
from diffecg.cli.parsing import repeatable, split_words
from diffecg.cli.recordings import find_recordings, process_each, show_results
from diffecg.inference.options import DrawOptions, ImputeOptions, Write
from diffecg.signal.masks import Interval

if TYPE_CHECKING:
    from diffecg.formats.recording import Recording
    from diffecg.inference.imputer import Imputer

RecordingFormat = Literal["wfdb", "edf", "bdf", "csv", "parquet", "npz", "npy"]
Leads = Annotated[tuple[str, ...], Parameter(name="--lead", negative="", show_default=False)]


Gaps = Annotated[tuple[str, ...], Parameter(n_tokens=1, negative="", show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ImputeFlags:
    """The options of impute as flags."""

    gap: Gaps = ()
    """Gap to impute, start:stop in seconds, such as 12.0:12.8, or start/stop in the recording's own time,
    such as 10:00:05/10:00:06.5; may be repeated."""
    detect: Annotated[tuple[str, ...], repeatable(split_words, join=True)] = ()
    """Artefacts to detect and impute, separated by commas: flat, clipped, saturated, noise; may be
    repeated."""
    lead: Leads = ()
    """Lead, or signal of another kind, to impute; may be repeated. Default: with --gap the model's lead,
    else MLII or II, else the first ECG lead; without --gap all signals that the model imputes in which
    samples are missing or artefacts are detected."""
    leads: Annotated[tuple[str, ...], repeatable(split_words, join=True)] = ()
    """Leads that the recording lacks, to reconstruct from those that it has, separated by commas: standard
    (all 12) or names, such as II,V1,V5. Gaps are not imputed then."""
    label: str | None = None
    """Label of the beats, for models with labels."""
    max_gap: float = 10.0
    """Longest gap that is imputed, in s; longer ones stay as they are and are listed."""
    write: Write = "draw"
    """What the recording gets in a gap: draw (an ECG that represents the draws), mean (the mean of the draws,
    which is smooth), or none (nothing; the draws are written beside it)."""
    check: int = 0
    """Number of times at which observed intervals as long as the gaps are hidden and imputed, to measure the
    error: check.csv."""

    def options(self, recording: Recording) -> ImputeOptions:
        """Return the options, with gaps in seconds from the first sample."""
        return ImputeOptions(
            gaps=file_intervals(recording, self.gap),
            detect=self.detect,
            leads=self.lead,
            label=self.label,
            max_gap_s=self.max_gap,
            write=self.write,
        )


def file_intervals(recording: Recording, texts: Sequence[str]) -> tuple[Interval, ...]:
    """Return intervals that are written in a recording's own time, in seconds from its first sample.

    Raises:
        DiffecgError: a text is not an interval, or outside the recording.
    """
    pairs = [recording.time.interval(text, recording.duration_s) for text in texts]
    return tuple(Interval(start_s=start_s, stop_s=stop_s) for start_s, stop_s in pairs)


def impute(
    *recordings: Path,
    out: Path,
    options: ImputeFlags = ImputeFlags(),
    format: RecordingFormat | None = None,
    strict: Strict = False,
    read: ReadFlags = ReadFlags(),
    draws: Annotated[DrawOptions, Flat] = DrawOptions(),
    imputer: ImputerFlags = ImputerFlags(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Impute the gaps of a recording, or leads that it lacks, with prediction intervals.

    Example: diffecg impute mitdb/100 --gap 12.0:12.8 --out imputed/

    diffecg impute holter.edf --detect flat,clipped,saturated,noise --out imputed/

    diffecg impute watch.csv --fs 130 --unit uV --format parquet --out imputed/

    diffecg impute mitdb/100 --gap 12.0:12.8 --model mitbih-strip --out imputed/

    diffecg impute wearable.edf --leads standard --out out/

    Samples that the file marks as missing (invalid values, empty cells, NaN, skipped time stamps) in the
    selected leads are imputed, too. All other samples are written unchanged. OUT gets the recording with one
    draw in each gap, all draws (draws.npz), a table of the gaps (gaps.csv), a figure of each gap, a data card
    (card.json), and annotations that state what was written at each gap.

    With --leads, the leads that the recording lacks are reconstructed around each heartbeat and added as new
    channels. A table states how far the recorded leads determine each of them (leads.csv), and a sheet shows
    them (sheet.png).

    Parameters
    ----------
    recordings:
        A WFDB record (with or without .hea), an EDF or BDF file, a table with one column per lead, or a NumPy
        file. Several recordings, folders, and patterns such as 'holter/*.edf' are imputed one after the
        other, each into a folder of its own.
    out:
        Folder to write.
    format:
        Format of the imputed recording; default: that of the input.
    """
    check_recordings(recordings, "impute")
    if options.leads:
        from diffecg.cli.impute_leads import LeadJob

        LeadJob(
            recordings=recordings,
            out=out,
            flags=options,
            suffix=None if format is None else format_suffix(format),
            strict=strict,
            read=read,
            draws=draws,
        ).run(imputer.load_lead_model, force=force, json=json)
        return
    job = _Job(
        load=imputer.load,
        recordings=recordings,
        out=out,
        flags=options,
        format=format,
        strict=strict,
        read=read,
        draws=draws,
    )
    job.run(force=force, json=json)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """Recordings to impute, from files to folders."""

    load: Callable[[Recording | None, Sequence[str]], Imputer]
    recordings: tuple[Path, ...]
    out: Path
    flags: ImputeFlags
    format: RecordingFormat | None
    strict: bool
    read: ReadFlags
    draws: DrawOptions

    def run(self, *, force: bool, json: bool) -> None:
        """Read, impute, write and print the results."""
        from diffecg.files import check_output

        found = find_recordings(self.recordings)
        check_output(self.out, force=force, is_folder=True)
        self.load(None, ())  # wrong options are refused before a recording is read
        results = process_each(found, self.out, lambda path, out: self._impute(path, out, force=force))
        if found.is_single:
            (result,) = results
            text = (
                f"{self.out / result['file']}: {result['segments']} gap(s), "
                f"{result['imputed_s']:.2f} s of {', '.join(result['leads'])}; written: {result['written']}; "
                f"{result['interval']}{_too_long(result)}; figures gap-001.png …, table gaps.csv, draws in "
                "draws.npz"
            )
            show(result, text, as_json=json)
        else:
            head = ["recording", "leads", "result", "gaps", "too long", "imputed (s)"]
            show_results(f"impute: {self.out}", head, results, result_row, as_json=json)

    def _impute(self, path: Path, out: Path, *, force: bool) -> dict[str, Any]:
        """Impute one recording, and return the result for JSON."""
        import pandas as pd

        from diffecg.evaluation.imputation.hidden import HiddenInterval, check_imputation, summarise_hidden
        from diffecg.files import new_folder
        from diffecg.formats.registry import check_writable, output_suffix
        from diffecg.inference.export import write_imputed
        from diffecg.inference.gap_notes import describe_written
        from diffecg.inference.planning import plan_imputation
        from diffecg.inference.recordings import impute_recording

        recording = self.read.read(path, self.flags.lead)
        imputer = self.load(recording, self.flags.lead)
        suffix = output_suffix(recording) if self.format is None else format_suffix(self.format)
        options = self.flags.options(recording)
        print_notes(recording, check_writable(recording, suffix))
        plan = plan_imputation(imputer, recording, options)
        warn_implausible(recording, plan.rows, strict=self.strict)
        with progress_bar(f"impute {recording.name}") as progress:
            result = impute_recording(imputer, recording, plan, options, self.draws, progress=progress)
        hidden: list[HiddenInterval] = []
        if self.flags.check:
            with progress_bar(f"check {recording.name}") as progress:
                hidden = check_imputation(
                    imputer, result, options, self.draws, count=self.flags.check, progress=progress
                )
        with new_folder(out, force=force) as folder:
            file = write_imputed(folder, result, suffix).name
            if hidden:
                pd.DataFrame(hidden).to_csv(folder / "check.csv", index=False, float_format="%.4f")
        seconds = sum(segment.stop - segment.start for segment in plan.segments) / result.first.fs_hz
        checks = summarise_hidden(hidden)
        show_notes(str(check) for check in checks)
        if self.flags.check and not hidden:
            show_notes(["nothing is checked: no interval as long as the gaps is observed in all their leads"])
        return {
            "out": str(out),
            "file": file,
            "leads": [recording.channel_names[row] for row in plan.rows],
            "segments": len(plan.segments),
            "too_long": len(plan.skipped),
            "written": describe_written(result),
            "imputed_s": seconds,
            "check": [asdict(check) for check in checks],
            **result.first.info,
        }


def format_suffix(format: RecordingFormat) -> str:
    """Return the suffix of the files of a format."""
    return "" if format == "wfdb" else f".{format}"


def _too_long(result: dict[str, Any]) -> str:
    """Return a note on gaps that are not imputed, for the line of a recording."""
    number = result["too_long"]
    return f"; {number} gap(s) longer than --max-gap not imputed, see gaps.csv" if number else ""


def result_row(result: dict[str, Any]) -> list[str]:
    """Return the line of a recording in the table of several."""
    if "error" in result:
        return [result["recording"], "", result["error"], "", "", ""]
    return [
        result["recording"],
        ", ".join(result["leads"]),
        result["file"],
        str(result["segments"]),
        str(result["too_long"]),
        f"{result['imputed_s']:.2f}",
    ]
