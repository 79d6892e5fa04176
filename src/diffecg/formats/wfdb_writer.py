"""Writing of WFDB records, block by block."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from jaxtyping import Int

from diffecg.errors import DiffecgError
from diffecg.formats.naming import file_stem, to_ascii
from diffecg.formats.recording import Recording
from diffecg.formats.samples import BLOCK_SAMPLES
from diffecg.formats.wfdb import WfdbLayout
from diffecg.formats.wfdb_annotation_writer import annotation_losses, write_annotations
from diffecg.formats.wfdb_annotations import DEFAULT_ANNOTATOR, AnnotationFile, annotation_files
from diffecg.formats.wfdb_header import Header, SignalLine, write_header
from diffecg.formats.wfdb_plan import WfdbPlan, plan_losses, plan_record


def losses(recording: Recording, suffix: str = "") -> list[str]:
    """Return what a WFDB record cannot hold of a recording.

    Args:
        recording: the recording.
        suffix: empty.

    Raises:
        DiffecgError: the record cannot be written at all; see :func:`diffecg.formats.wfdb_plan.plan_record`.
    """
    plan = plan_record(recording)
    found = plan_losses(recording, plan)
    if not _is_copied(recording, plan.frame_rate_hz):
        found += annotation_losses(recording.annotations, max(recording.source.rates_hz))
    return found


def write(path: Path, recording: Recording) -> None:
    """Write a WFDB record: header, samples, and annotations if there are any.

    Samples are stored in format 16, or 32 if they need more bits. Annotation files of a recording that was
    read from a WFDB record are copied unless its annotations were changed.

    Raises:
        DiffecgError: the name is not one of a record; annotations of another recording lie under this name;
            stored integers do not fit into 32 bits; the channels' rates have no common frame.
    """
    if path.name != file_stem(path.name):
        raise DiffecgError(
            f"{path.name!r} is not a name of a WFDB record, which has letters, digits, - and _ only; write "
            f"it as {file_stem(path.name)!r}"
        )
    plan = plan_record(recording)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        target = Path(folder) / path.name  # the recording may be read from the files that it replaces
        _write_annotations(target, recording, plan.frame_rate_hz)
        _check_annotators(path, {file.name for file in target.parent.iterdir()})
        signals = _write_samples(target, plan)
        header = Header(
            frame_rate_hz=plan.frame_rate_hz,
            frames=plan.frames,
            signal_count=len(signals),
            signals=signals,
            time=recording.time,
            comments=tuple(to_ascii(comment) for comment in recording.comments),
        )
        write_header(target, header)
        for file in target.parent.iterdir():
            file.replace(path.with_name(file.name))


def _check_annotators(path: Path, written: Collection[str]) -> None:
    """Check that no annotations of an earlier record would be taken for those of the one that is written.

    Raises:
        DiffecgError: there are some.
    """
    left = [one.file.name for one in annotation_files(path, 1.0) if one.file.name not in written]
    if left:
        raise DiffecgError(
            f"{' and '.join(left)} in {path.parent} would be taken for annotations of this recording; delete "
            "them, or choose another name"
        )


def _write_samples(path: Path, plan: WfdbPlan) -> tuple[SignalLine, ...]:
    """Write the samples and return the lines of the header."""
    totals = np.zeros(len(plan.names), dtype=np.int64)
    first: list[int] = []
    bounds = np.cumsum([0, *plan.per_frame])
    with path.with_name(path.name + ".dat").open("wb") as file:
        for block in _frame_blocks(plan):
            first = first or block[0, bounds[:-1]].tolist()
            totals += [block[:, low:high].sum() for low, high in zip(bounds[:-1], bounds[1:], strict=True)]
            block.astype(f"<i{plan.bits // 8}").tofile(file)
    return tuple(
        SignalLine(
            file=path.name + ".dat",
            fmt=str(plan.bits),
            per_frame=plan.per_frame[row],
            gain=plan.scale(row)[0],
            baseline=plan.scale(row)[1],
            unit=plan.units[row],
            initial=first[row],
            checksum=_signed(int(totals[row])),
            name=name,
        )
        for row, name in enumerate(plan.names)
    )


def _frame_blocks(plan: WfdbPlan) -> Iterator[Int[np.ndarray, "frame sample"]]:
    """Yield frames: the samples of all channels in turn; missing ones are the smallest number."""
    source, per_frame, frames, missing = plan.source, plan.per_frame, plan.frames, -(2 ** (plan.bits - 1))
    step = max(1, BLOCK_SAMPLES // sum(per_frame))
    for start in range(0, frames, step):
        count = min(step, frames - start)
        columns: dict[int, Int[np.ndarray, "frame sample"]] = {}
        for size in dict.fromkeys(per_frame):
            rows = [row for row, other in enumerate(per_frame) if other == size]
            stop = min((start + count) * size, max(source.lengths[row] for row in rows))
            block = source.read(rows, start * size, max(stop, start * size))
            values = np.full((len(rows), count * size), missing, dtype=np.int64)
            factor = np.array([plan.factors[row] for row in rows])[:, None]
            held = np.clip(block.stored * factor, missing + 1, -missing - 1)
            values[:, : held.shape[1]] = np.where(block.missing, missing, held)
            columns |= dict(zip(rows, values.reshape(len(rows), count, size), strict=True))
        yield np.concatenate([columns[row] for row in range(len(per_frame))], axis=1)


def _signed(checksum: int) -> int:
    """Return a sum modulo 65536, from -32768 to 32767."""
    return (checksum + 32768) % 65536 - 32768


def _is_copied(recording: Recording, frame_rate_hz: float) -> bool:
    """Return whether the annotations are those of a file whose times count frames of the same rate."""
    chosen = recording.load_annotations
    return isinstance(chosen, AnnotationFile) and chosen.frame_rate_hz == frame_rate_hz


def _write_annotations(path: Path, recording: Recording, frame_rate_hz: float) -> None:
    """Write the annotations beside the record, and copy those of other annotators."""
    chosen, layout = recording.load_annotations, recording.layout
    others: tuple[AnnotationFile, ...] = ()
    annotator = DEFAULT_ANNOTATOR
    if isinstance(layout, WfdbLayout):
        others, annotator = layout.annotations, layout.annotator
    elif isinstance(chosen, AnnotationFile):
        annotator = chosen.annotator
    for file in others:
        if file.annotator != annotator:
            shutil.copyfile(file.file, replace(file, path=path).file)
    if isinstance(chosen, AnnotationFile) and _is_copied(recording, frame_rate_hz):
        shutil.copyfile(chosen.file, replace(chosen, path=path).file)
    else:
        write_annotations(path, recording.annotations, max(recording.source.rates_hz), annotator)
