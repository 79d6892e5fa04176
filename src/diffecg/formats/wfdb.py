"""WFDB records: samples as they are stored, and annotations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.naming import distinct_names
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.wfdb_annotations import (
    DEFAULT_ANNOTATOR,
    AnnotationFile,
    annotation_files,
    choose_annotator,
)
from diffecg.formats.wfdb_header import read_header
from diffecg.formats.wfdb_samples import read_samples
from diffecg.formats.wfdb_segments import read_segments
from diffecg.signal.channels import make_channels

SUFFIXES = (".hea", ".dat", ".atr")
"""Suffixes of a record's files that stand for the record."""


@dataclass(frozen=True, kw_only=True)
class WfdbLayout:
    """What is needed to write a record like the one that was read."""

    frame_rate_hz: float
    annotations: tuple[AnnotationFile, ...]
    """All annotation files beside the record."""
    annotator: str
    """Suffix of the annotation file that was read, and of the one that is written."""


def read(path: Path, options: ReadOptions) -> Recording:
    """Read a WFDB record; its samples are read when they are needed.

    Args:
        path: the record, without suffix or with that of one of its files.
        options: ``annotator`` chooses the annotation file; ``verify``: samples must match the checksums.

    Raises:
        DiffecgError: a file is missing, truncated or damaged, or does not match the checksums of the header.
    """
    path = path.with_name(path.name.removesuffix(path.suffix)) if path.suffix in SUFFIXES else path
    header = read_header(path)
    samples = (read_segments if header.segments else read_samples)(path, header, options)
    if not samples.source.rates_hz or not samples.frames:
        raise DiffecgError(f"recording {path} has no samples")
    names, numbered = distinct_names([name or f"lead {i + 1}" for i, name in enumerate(samples.names)])
    data_files = {signal.file for signal in header.signals}
    files = annotation_files(path, header.frame_rate_hz, data_files)
    chosen, note = choose_annotator(path, files, options.annotator)
    notes = () if note is None else (note,)
    recording = Recording(
        name=path.name,
        channels=make_channels(names, samples.units),
        source=samples.source,
        path=path,
        format="WFDB",
        time=header.time,
        comments=header.comments,
        assumptions=(*samples.assumptions, *numbered, *(notes if chosen else ())),
        warnings=(*header.warnings, *samples.warnings, *(() if chosen else notes)),
        layout=WfdbLayout(
            frame_rate_hz=header.frame_rate_hz,
            annotations=files,
            annotator=DEFAULT_ANNOTATOR if chosen is None else chosen.annotator,
        ),
    )
    return recording if chosen is None else recording.with_annotations(chosen)
