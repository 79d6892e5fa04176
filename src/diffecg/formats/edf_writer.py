"""Writing of EDF+ and BDF+ files, block by block: a copy with other samples, or a new file."""

from __future__ import annotations

import os
import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from diffecg.files import atomic_path
from diffecg.formats import edf_annotations
from diffecg.formats.annotations import to_text
from diffecg.formats.edf import EdfLayout
from diffecg.formats.edf_bytes import RECORD_COUNT, decode_samples, encode_samples
from diffecg.formats.edf_header import encode_header
from diffecg.formats.edf_plan import BYTES, EdfPlan, header_losses, plan_file
from diffecg.formats.recording import Recording
from diffecg.formats.samples import BLOCK_SAMPLES


def losses(recording: Recording, suffix: str) -> list[str]:
    """Return what an EDF or BDF file cannot hold of a recording.

    Args:
        recording: the recording.
        suffix: ``.edf`` or ``.bdf``.

    Raises:
        DiffecgError: stored integers, rates or scales do not fit into the format.
    """
    if _is_copied(recording, suffix):
        return []
    found = header_losses(recording, plan_file(recording, suffix))
    texts = [to_text(note) for note in recording.annotations]
    if changed := sum(edf_annotations.clean_text(text) != text for text in texts):
        found.append(f"control characters in {changed} annotations are written as spaces")
    return found


def write(path: Path, recording: Recording) -> None:
    """Write an EDF+ or BDF+ file.

    A recording that was read from a file of the same format, with nothing but samples replaced, is written as
    a copy of that file with other samples: header, other signals and annotations stay to the byte.

    Raises:
        DiffecgError: stored integers, rates or scales do not fit into the format.
    """
    with atomic_path(path) as target:  # the recording may be read from the file that it replaces
        if _is_copied(recording, path.suffix.lower()):
            _write_copy(target, recording)
        else:
            _write_new(target, recording, plan_file(recording, path.suffix.lower()))


def _is_copied(recording: Recording, suffix: str) -> bool:
    """Return whether the file that a recording was read from can be copied."""
    layout = recording.layout
    return (
        isinstance(layout, EdfLayout)
        and not layout.has_gaps
        and recording.load_annotations is layout.notes
        and layout.file.path.suffix.lower() == suffix
        and recording.source.unedited is layout.source
        and all(
            channel.name == stated.name and stated.unit in ("", channel.unit)
            for channel, stated in zip(recording.channels, layout.channels, strict=True)
        )
    )


def _write_copy(path: Path, recording: Recording) -> None:
    """Copy the file that a recording was read from, and replace samples in the copy.

    Samples beyond the digital range that the header states are limited to it.
    """
    layout, source = recording.layout, recording.source
    assert isinstance(layout, EdfLayout)
    file = layout.file
    shutil.copyfile(file.path, path)
    os.chmod(path, path.stat().st_mode | 0o200)
    with path.open("r+b") as target:
        target.truncate(file.header_bytes + file.records * file.record_bytes)
        target.seek(RECORD_COUNT.start)
        target.write(str(file.records).ljust(RECORD_COUNT.stop - RECORD_COUNT.start).encode())
    shape = (file.records, file.record_bytes)
    content = np.memmap(path, dtype=np.uint8, mode="r+", offset=file.header_bytes, shape=shape)
    for edit in source.edits:
        signal = layout.source.signals[edit.row]
        low, high = sorted(file.signals[signal].digital)
        count, columns = file.signals[signal].samples, file.columns(signal)
        records = slice(edit.start // count, -(-edit.stop // count))
        values = decode_samples(content[records, columns], file.sample_bytes)
        first = edit.start - records.start * count
        values[first : first + len(edit.stored)] = np.clip(edit.stored, low, high)
        content[records, columns] = encode_samples(values, file.sample_bytes).reshape(
            -1, count * file.sample_bytes
        )
    content.flush()


def _write_new(path: Path, recording: Recording, plan: EdfPlan) -> None:
    """Write a new file: header, and data records block by block."""
    sample_bytes = plan.header.sample_bytes
    first_onset = Decimal(0)
    if plan.header.start_time is not None:
        first_onset = Decimal(plan.header.start_time.microsecond) / 1_000_000
    labels = [signal.label for signal in plan.header.signals]
    notes = edf_annotations.encode_records(
        edf_annotations.from_recording(recording, labels, plan.end_s),
        plan.header.records,
        plan.header.record_s,
        first_onset,
        sample_bytes,
    )
    record_samples = sum(signal.samples for signal in plan.header.signals)
    step = max(1, BLOCK_SAMPLES // record_samples)
    with path.open("wb") as file:
        file.write(encode_header(plan.header, len(notes[0]) // sample_bytes))
        for first in range(0, plan.header.records, step):
            stop = min(first + step, plan.header.records)
            columns = [_encode_signal(plan, row, first, stop) for row in range(len(labels))]
            lists = np.frombuffer(b"".join(notes[first:stop]), np.uint8).reshape(stop - first, -1)
            np.concatenate([*columns, lists], axis=1).tofile(file)


def _encode_signal(plan: EdfPlan, row: int, first: int, stop: int) -> UInt8[np.ndarray, "record byte"]:
    """Return the bytes of a signal in the data records ``first`` to ``stop`` (exclusive).

    Missing samples and the padding of the last data record are zero, or the nearest value of the range.
    """
    header = plan.header.signals[row]
    low, high = header.scale.digital
    filler = round(min(max(plan.source.baseline[row], low), high))
    samples = np.full((stop - first) * header.samples, filler, dtype=np.int64)
    start = first * header.samples
    block = plan.source.read([row], start, min(start + len(samples), plan.source.lengths[row]))
    held = block.stored[0]
    samples[: len(held)] = np.where(block.missing[0], filler, np.clip(held, low, high))
    return encode_samples(samples, BYTES[plan.suffix]).reshape(stop - first, -1)
