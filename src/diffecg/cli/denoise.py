"""``diffecg denoise``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from diffecg.cli.console import (
    Force,
    Json,
    ReadFlags,
    Strict,
    Threads,
    print_notes,
    progress_bar,
    show,
    use_threads,
    warn_implausible,
)
from diffecg.cli.impute import Gaps, Leads, RecordingFormat, file_intervals, format_suffix, result_row
from diffecg.cli.parsing import repeatable, split_words
from diffecg.cli.recordings import find_recordings, process_each, show_results
from diffecg.inference.options import DenoiseOptions

if TYPE_CHECKING:
    from diffecg.formats.recording import Recording


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class DenoiseFlags:
    """The options of denoise as flags."""

    interval: Gaps = ()
    """Noisy interval, start:stop in seconds, such as 300:320, or start/stop in the recording's own time, such
    as 10:05:00/10:05:20; may be repeated. Default: detected intervals."""
    detect: Annotated[tuple[str, ...], repeatable(split_words, join=True)] = ("noise",)
    """Artefacts to detect where no --interval is given, separated by commas: noise, flat, clipped, saturated;
    may be repeated. Default: noise."""
    lead: Leads = ()
    """Lead to denoise; may be repeated. Default: with --interval MLII or II, else the first ECG lead; without
    --interval all leads in which noise is detected."""
    coverage: float = 0.9
    """Coverage of the prediction interval, between 0 and 1."""

    def options(self, recording: Recording) -> DenoiseOptions:
        """Return the options, with intervals in seconds from the first sample."""
        intervals = file_intervals(recording, self.interval)
        return DenoiseOptions(
            intervals=intervals, detect=self.detect, leads=self.lead, coverage=self.coverage
        )


def denoise(
    *recordings: Path,
    out: Path,
    options: DenoiseFlags = DenoiseFlags(),
    format: RecordingFormat | None = None,
    strict: Strict = False,
    read: ReadFlags = ReadFlags(),
    threads: Threads = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Remove noise from intervals of a recording, with prediction intervals.

    Example: diffecg denoise mitdb/104 --interval 300:320 --out denoised/

    diffecg denoise holter.edf --out denoised/

    Removes baseline wander, muscle artefacts and electrode motion by a network that was trained on ECG with
    recorded noise. Missing samples stay missing (see diffecg impute); samples outside the intervals are
    written unchanged. OUT gets the recording, the clean samples with their bounds (bounds.npz), a table of
    the intervals (intervals.csv), a figure of each interval and a data card (card.json).

    Parameters
    ----------
    recordings:
        A WFDB record (with or without .hea), an EDF or BDF file, a table with one column per lead, or a NumPy
        file. Several recordings, folders, and patterns such as 'holter/*.edf' are denoised one after the
        other, each into a folder of its own.
    out:
        Folder to write.
    format:
        Format of the denoised recording; default: that of the input.
    """
    from diffecg.files import check_output

    use_threads(threads)
    found = find_recordings(recordings)
    check_output(out, force=force, is_folder=True)
    job = _Job(flags=options, format=format, strict=strict, read=read, force=force)
    results = process_each(found, out, job.denoise)
    if found.is_single:
        (result,) = results
        text = (
            f"{out / result['file']}: {result['segments']} noisy interval(s), {result['imputed_s']:.2f} s of "
            f"{', '.join(result['leads'])}, {result['interval']}; figures interval-001.png …, table "
            "intervals.csv, bounds in bounds.npz"
        )
        show(result, text, as_json=json)
    else:
        head = ["recording", "leads", "result", "noisy intervals", "denoised (s)"]
        show_results(f"denoise: {out}", head, results, result_row, as_json=json)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What is done with each recording."""

    flags: DenoiseFlags
    format: RecordingFormat | None
    strict: bool
    read: ReadFlags
    force: bool

    def denoise(self, path: Path, out: Path) -> dict[str, Any]:
        """Denoise one recording, and return the result for JSON."""
        from diffecg.files import new_folder
        from diffecg.formats.registry import check_writable, output_suffix
        from diffecg.inference.denoised_files import write_denoised
        from diffecg.inference.denoised_recordings import denoise_recording, plan_denoising
        from diffecg.inference.denoising import bundled_denoiser

        recording = self.read.read(path, self.flags.lead)
        suffix = output_suffix(recording) if self.format is None else format_suffix(self.format)
        options = self.flags.options(recording)
        print_notes(recording, check_writable(recording, suffix))
        plan = plan_denoising(recording, options)
        warn_implausible(recording, plan.rows, strict=self.strict)
        with progress_bar(f"denoise {recording.name}") as progress:
            result = denoise_recording(bundled_denoiser(), recording, plan, options, progress=progress)
        with new_folder(out, force=self.force) as folder:
            file = write_denoised(folder, result, suffix).name
        return {
            "out": str(out),
            "file": file,
            "leads": [recording.channel_names[row] for row in plan.rows],
            "segments": len(plan.segments),
            "imputed_s": sum(int(part.noisy.sum()) for part in result.segments) / result.fs_hz,
            **result.info,
        }
