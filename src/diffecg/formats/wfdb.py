"""WFDB records: samples as they are stored, and annotations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from diffecg.errors import DiffecgError
from diffecg.formats.naming import distinct_names
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.samples import CroppedSource, SampleSource
from diffecg.formats.scaling import is_plausible_scale
from diffecg.formats.wfdb_annotations import AnnotationFile, annotation_files, choose_annotator
from diffecg.formats.wfdb_header import Header, SignalLine, read_header
from diffecg.formats.wfdb_segments import Segment, SegmentedSource, check_segments
from diffecg.formats.wfdb_source import NO_FILE, WfdbSource, count_frames
from diffecg.signal.channels import make_channels
from diffecg.signal.units import MV_PER_UNIT, normalise_unit

SUFFIXES = (".hea", ".dat", ".atr")
"""Suffixes of a record's files that stand for the record."""


@dataclass(frozen=True, kw_only=True)
class WfdbLayout:
    """What is needed to write a record like the one that was read."""

    frame_rate_hz: float
    annotations: tuple[AnnotationFile, ...]
    """All annotation files beside the record."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Samples:
    """Samples of a record, with what describes them."""

    source: SampleSource
    names: tuple[str, ...]
    units: tuple[str, ...]
    frames: int
    warnings: tuple[str, ...] = ()


def read(path: Path, options: ReadOptions) -> Recording:
    """Read a WFDB record; its samples are read when they are needed.

    Args:
        path: the record, without suffix or with that of one of its files.
        options: ``annotator`` chooses the annotation file; ``verify`` whether samples must match the checksums.

    Raises:
        DiffecgError: a file is missing, truncated or damaged, or does not match the checksums of the header.
    """
    path = path.with_name(path.name.removesuffix(path.suffix)) if path.suffix in SUFFIXES else path
    header = read_header(path)
    read_samples = _read_segments if header.segments else _read_record
    samples = read_samples(path, header, options)
    if not samples.source.rates_hz or not samples.frames:
        raise DiffecgError(f"recording {path} has no samples")
    names, assumptions = distinct_names([name or f"lead {i + 1}" for i, name in enumerate(samples.names)])
    files = annotation_files(path, header.frame_rate_hz)
    chosen, note = choose_annotator(path, files, options.annotator)
    warnings = samples.warnings if note is None else (*samples.warnings, note)
    recording = Recording(
        name=path.name,
        channels=make_channels(names, samples.units),
        source=samples.source,
        path=path,
        format="WFDB",
        time=header.time,
        comments=header.comments,
        assumptions=assumptions,
        warnings=warnings,
        layout=WfdbLayout(frame_rate_hz=header.frame_rate_hz, annotations=files),
    )
    return recording if chosen is None else recording.with_annotations(chosen)


def _read_record(path: Path, header: Header, options: ReadOptions) -> _Samples:
    """Return the samples of a record without segments.

    Raises:
        DiffecgError: an implausible scale; samples that do not match the checksums.
    """
    if not header.signals:
        raise DiffecgError(f"recording {path} has no signals")
    if {signal.file for signal in header.signals} == {NO_FILE}:
        raise DiffecgError(
            f"{path.name}.hea is the layout of a record that consists of segments; read that record instead"
        )
    frames = count_frames(path, header, truncate=not options.verify)
    for signal in header.signals:
        if not is_plausible_scale(signal.gain, signal.baseline):
            raise DiffecgError(
                f"recording {path}: lead {signal.name} has an implausible gain of {signal.gain} or baseline of "
                f"{signal.baseline}"
            )
    source = WfdbSource(path, header, frames)
    return _Samples(
        source=source,
        names=tuple(signal.name for signal in header.signals),
        units=tuple(normalise_unit(signal.unit) for signal in header.signals),
        frames=frames,
        warnings=_check_checksums(path, header.signals, source) if options.verify else (),
    )


def _check_checksums(path: Path, signals: tuple[SignalLine, ...], source: WfdbSource) -> tuple[str, ...]:
    """Compare the checksums of a record; return warnings of those that the header does not state.

    Raises:
        DiffecgError: a checksum differs.
    """
    warnings = []
    for signal, actual in zip(signals, source.checksums(), strict=True):
        if actual is None or signal.checksum is None or (signal.checksum - actual) % 65536 == 0:
            continue
        if signal.checksum:
            raise DiffecgError(
                f"recording {path}: the checksum of lead {signal.name} is {actual}, in the header "
                f"{signal.checksum % 65536}; download the files again, or read them as they are with --no-verify"
            )
        warnings.append(f"the header states no checksum of {signal.name} (0); its samples are not verified")
    return tuple(warnings)


def _read_segments(path: Path, header: Header, options: ReadOptions) -> _Samples:
    """Return the samples of a record with segments.

    Raises:
        DiffecgError: a segment is missing, damaged, or does not fit the record.
    """
    read = {
        name: _read_segment(path, name, options) for name in {name for name, _ in header.segments} - {NO_FILE}
    }
    layout = _layout(path, header, read)
    segments, first = [], 0
    for name, frames in header.segments:
        if name != NO_FILE and frames and not isinstance(read[name], Header):
            by_name = header.segments[0][1] == 0
            placed = _place(
                path,
                name,
                frames,
                first,
                read[name],
                layout,
                by_name=by_name,
                frame_rate_hz=header.frame_rate_hz,
            )
            segments.append(placed)
        first += frames
    held = sum(frames for name, frames in header.segments if name != NO_FILE)
    frames = header.frames or first
    check_segments(path, frames, held)
    if frames != first:
        raise DiffecgError(f"recording {path} claims {frames} frames; its segments add up to {first}")
    source = SegmentedSource(
        segments,
        [header.frame_rate_hz * signal.per_frame for signal in layout],
        [signal.per_frame for signal in layout],
        frames,
    )
    names = tuple(signal.name for signal in layout)
    units = tuple(normalise_unit(signal.unit) for signal in layout)
    warnings = tuple(
        dict.fromkeys(text for one in read.values() if isinstance(one, _Samples) for text in one.warnings)
    )
    return _Samples(source=source, names=names, units=units, frames=frames, warnings=warnings)


def _read_segment(path: Path, name: str, options: ReadOptions) -> _Samples | Header:
    """Return the samples of a segment; the header of a layout, which has none.

    Raises:
        DiffecgError: the segment has segments itself, or cannot be read.
    """
    file = path.with_name(name)
    header = read_header(file)
    if header.segments:
        raise DiffecgError(f"recording {path}: segment {name} has segments itself, which WFDB does not allow")
    if header.signals and {signal.file for signal in header.signals} == {NO_FILE}:
        return header
    return _read_record(file, header, options)


def _layout(path: Path, header: Header, read: dict[str, _Samples | Header]) -> tuple[SignalLine, ...]:
    """Return the signals of a record with segments: those of its layout, else of its first segment.

    Raises:
        DiffecgError: the number of signals is another than the record states.
    """
    named = [name for name, _ in header.segments if name != NO_FILE]
    if not named:
        raise DiffecgError(f"recording {path} has no segment with samples")
    first = read[named[0]]
    signals = first.signals if isinstance(first, Header) else read_header(path.with_name(named[0])).signals
    if len(signals) != header.signal_count:
        raise DiffecgError(
            f"recording {path} claims {header.signal_count} signals; its segment {named[0]} has {len(signals)}"
        )
    return signals


def _place(
    path: Path,
    name: str,
    frames: int,
    first: int,
    samples: _Samples | Header,
    layout: tuple[SignalLine, ...],
    *,
    by_name: bool,
    frame_rate_hz: float,
) -> Segment:
    """Return where a segment lies in a record, and which of its channels is which of the record.

    Raises:
        DiffecgError: it is shorter than the record states, or its signals do not fit the record's.
    """
    if isinstance(samples, Header) or samples.frames < frames:
        raise DiffecgError(
            f"recording {path}: segment {name} holds less than {frames} frames; download the files again"
        )
    rows: list[int | None] = []
    scale = []
    for position, signal in enumerate(layout):
        if by_name:
            row = samples.names.index(signal.name) if signal.name in samples.names else None
        else:
            row = position if position < len(samples.names) else None
        ratio = 1.0 if row is None else _unit_ratio(samples.units[row], normalise_unit(signal.unit))
        per_frame = None if row is None else samples.source.lengths[row] / samples.frames
        if ratio is None or per_frame not in (None, signal.per_frame):
            raise DiffecgError(
                f"recording {path}: {signal.name} is in {signal.unit} with {signal.per_frame} samples a frame, in "
                f"segment {name} in {samples.units[row or 0]} with {per_frame:g}; read the segments one by one"
            )
        rows.append(row)
        scale.append(ratio)
    source = CroppedSource(samples.source, 0.0, frames / frame_rate_hz)
    return Segment(first=first, source=source, rows=tuple(rows), scale=tuple(scale))


def _unit_ratio(unit: str, other: str) -> float | None:
    """Return the factor from one unit to another; None if there is none."""
    if unit == other:
        return 1.0
    return MV_PER_UNIT[unit] / MV_PER_UNIT[other] if {unit, other} <= set(MV_PER_UNIT) else None
