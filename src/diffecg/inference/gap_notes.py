"""What was written into each gap of a recording, and how certain it is: as text and as annotations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from diffecg.formats import annotation_table
from diffecg.formats.annotations import NOTE, Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording
from diffecg.formats.wfdb_annotation_writer import write_annotations
from diffecg.formats.wfdb_annotations import AnnotationFile
from diffecg.inference.recordings import ImputedRecording, ImputedSegment

ANNOTATOR = "imputed"
"""Suffix of the WFDB annotation file with a note at each gap."""
_COPIED = (".edf", ".bdf")
"""Formats whose files are copied with their own annotations."""


def describe_written(result: ImputedRecording) -> str:
    """Return what was written into the gaps, such as ``representative of 16 draws, mitbih-strip``."""
    imputation = result.first
    source = imputation.info.get("model", imputation.info["engine"])
    words = {"draw": "representative of", "mean": "mean of", "none": "nothing, beside it"}
    return f"{words[result.write]} {len(imputation.seeds)} draws, {source}"


def describe_part(result: ImputedRecording, part: ImputedSegment) -> str:
    """Return what was written into one gap; a gap without analogues is interpolated."""
    written = describe_written(result)
    return f"interpolation, no analogues ({written})" if is_interpolated(part) else written


def is_interpolated(part: ImputedSegment) -> bool:
    """Return whether a gap has no analogues: all draws are the point estimate."""
    _, imputation = part.part()
    return imputation.is_dressed and bool((imputation.draws == imputation.mean).all())


def interval_width(part: ImputedSegment) -> float:
    """Return the mean width of the prediction interval in a segment, in the unit of the lead."""
    _, imputation = part.part()
    return float((imputation.upper - imputation.lower).mean())


def gap_notes(result: ImputedRecording) -> list[Annotation]:
    """Return a note at each gap, also at those that are too long, in the order of time."""
    names, fs_hz = result.recording.channel_names, result.first.fs_hz
    imputed = "not imputed" if result.write == "none" else "imputed"
    texts = {
        part.segment: (
            f"{imputed} {names[part.segment.row]}: {describe_part(result, part)}, "
            f"{part.imputation.interval_name} width {interval_width(part):.2f} {part.imputation.units[0]}"
        )
        for part in result.parts
    }
    texts |= {
        segment: f"not imputed {names[segment.row]}: longer than --max-gap" for segment in result.plan.skipped
    }
    return [
        Annotation(
            time_s=segment.start / fs_hz,
            symbol=NOTE,
            text=text,
            duration_s=(segment.stop - segment.start) / fs_hz,
        )
        for segment, text in sorted(texts.items(), key=lambda item: (item[0].start, item[0].row))
    ]


def write_with_notes(path: Path, recording: Recording, notes: Sequence[Annotation]) -> Path:
    """Write a recording and the notes at its gaps, and return the recording's path.

    Annotation files of WFDB and EDF files are copies of those that were read, so that the notes lie in a file
    beside them; those of earlier imputations are kept.

    Args:
        path: the file, or the record without suffix.
        recording: the recording with what was imputed.
        notes: the notes, from :func:`gap_notes`.
    """
    suffix = path.suffix.lower()
    if suffix and suffix not in _COPIED:
        return write_recording(path, recording.with_annotations((*recording.annotations, *notes)))
    written = write_recording(path, recording)
    of_notes = recording.with_annotations(notes)
    if suffix:
        annotation_table.write_annotation_table(path, of_notes.select([0]))
        return written
    rate_hz = max(recording.source.rates_hz)
    earlier = AnnotationFile(path=written, annotator=ANNOTATOR, frame_rate_hz=rate_hz)
    kept = earlier() if earlier.file.is_file() else ()
    write_annotations(written, (*kept, *notes), rate_hz, ANNOTATOR)
    return written
