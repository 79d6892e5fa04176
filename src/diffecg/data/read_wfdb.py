"""WFDB records in: digital samples as they are stored, and annotations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import wfdb
from wfdb.io._signal import BYTES_PER_SAMPLE, INVALID_SAMPLE_VALUE
from wfdb.io.annotation import ann_label_table

from diffecg.data.records import BEAT_SYMBOLS, TABLES, WFDB, Annotation, Beats, Record, is_scale
from diffecg.data.records import EDF as EDF_SUFFIXES
from diffecg.errors import DiffecgError

_COMMENT, _SKIP, _NOTE = 22, 59, 63
"""Codes of annotation files: a comment; a long step; the text of the annotation before it."""

_USERS = range(42, 50)
"""Codes that everybody may give a meaning; one that nobody defined is taken for a note."""

_MOST_MISSING = 100
"""At most so many times as many samples as are in its segments has a record."""


def read_wfdb(path: Path) -> Record:
    """Return the WFDB record at ``path`` (with or without the suffix ``.hea``).

    Raises:
        DiffecgError: a file is missing, truncated, or does not match its header's checksums.
    """
    path = path.with_suffix("") if path.suffix in WFDB[1:] else path
    if not path.name or "." in path.name:
        raise DiffecgError(
            f"{str(path)!r} is no WFDB record: a name without dots is needed, as mitdb/100; other formats "
            f"are told by their suffix: {', '.join([*EDF_SUFFIXES, *TABLES])}"
        )
    header_path = path.with_name(path.name + ".hea")
    if not os.path.isfile(header_path):  # Path.is_file refuses names that are too long in words of its own
        raise DiffecgError(f"no record at {path}: {header_path.name} is missing from {path.parent}")
    header = _read_digital(path)
    _check_signals(path, header)
    leads = tuple(name or f"lead {i + 1}" for i, name in enumerate(header.sig_name))
    if len(set(leads)) < len(leads):
        raise DiffecgError(f"record {path} names a lead twice: {', '.join(leads)}")
    digital = header.d_signal.T.astype(np.int64)
    invalid = np.array([INVALID_SAMPLE_VALUE[fmt] for fmt in header.fmt])
    return Record(
        path.name,
        float(header.fs),
        leads,
        tuple(header.units),
        digital,
        tuple(float(gain) for gain in header.adc_gain),
        tuple(float(zero) for zero in header.baseline),
        digital == invalid[:, None],
        path,
        (header.base_date, header.base_time),
        tuple(header.comments),
        cache(partial(_annotations, path)),
    )


def read_beats(path: str | Path, extension: str = "atr", *, length: int | None = None) -> Beats:
    """Return the beat annotations beside the WFDB record at ``path``.

    Args:
        path: the record, without suffix.
        extension: of the annotation file.
        length: samples in the record, to check the annotations against.

    Raises:
        DiffecgError: the file is missing or unreadable, or annotates samples past the end.
    """
    path = Path(path)
    file = path.with_name(f"{path.name}.{extension}")
    if not file.is_file():
        raise DiffecgError(f"record {path} has no annotations: {file.name} is missing")
    found = _read_annotation(path, extension)
    sample = np.array([note.sample for note in found], dtype=np.int64)
    symbol = np.array([note.symbol for note in found], dtype=np.str_)
    # One past the end is where the annotator's clock stops, as in svdb/860; more is another recording.
    if length is not None and sample.size and (sample.max() > length or sample.min() < 0):
        raise DiffecgError(
            f"{file} annotates sample {sample.max()}, but the record has {length} samples; "
            "are the two files of the same recording?"
        )
    is_beat = np.isin(symbol, list(BEAT_SYMBOLS)) & (sample < (np.inf if length is None else length))
    return Beats(sample[is_beat], symbol[is_beat])


def _annotations(path: Path) -> tuple[Annotation, ...]:
    """Return what ``.atr`` says, nothing if there is none."""
    if not path.with_name(f"{path.name}.atr").is_file():
        return ()
    return tuple(_read_annotation(path, "atr"))


def _read_annotation(path: Path, extension: str) -> list[Annotation]:
    # wfdb.rdann never comes back from some notes at the start that begin with "## ".
    try:
        return _named(_decoded(path.with_name(f"{path.name}.{extension}").read_bytes()))
    except (ValueError, IndexError, OSError) as error:
        reason = "it breaks off" if isinstance(error, IndexError) else _one_line(error)
        raise DiffecgError(f"{path}.{extension} cannot be read as WFDB annotations ({reason})") from error


def _decoded(data: bytes) -> list[tuple[int, int, str]]:
    """Return sample, code and note of each annotation in PhysioNet's format: words of six and ten bits."""
    words = np.frombuffer(data, "<u2").tolist()
    found: list[tuple[int, int, str]] = []
    place, sample = 0, 0
    while words[place] != 0:  # marks the end; without it, the list's
        code, number = words[place] >> 10, words[place] & 1023
        place += 1
        if code == _SKIP:
            sample += (words[place] << 16 | words[place + 1]) - (words[place] >> 15 << 32)
            place += 2
        elif code == _NOTE:
            text = data[2 * place : 2 * place + (number & 255)].decode("latin-1")
            found[-1] = (*found[-1][:2], text.rstrip("\0"))
            place += ((number & 255) + 1) // 2
        elif code < _SKIP:
            sample += number
            found.append((sample, code, ""))
    return found


def _named(found: list[tuple[int, int, str]]) -> list[Annotation]:
    """Return annotations by symbol, without the notes at the start that define symbols or tell the rate."""
    symbols = dict(zip(ann_label_table["label_store"], ann_label_table["symbol"], strict=True))
    named, defines = [], False
    for sample, code, text in found:
        comment = sample == 0 and code == _COMMENT
        if comment and text.startswith("## "):
            defines = text == "## annotation type definitions"
        elif comment and defines:
            number, symbol = text.split(maxsplit=2)[:2]
            symbols[int(number)] = symbol
        elif code in _USERS and code not in symbols:
            named.append(Annotation(sample, '"', text))
        elif code not in symbols:
            raise ValueError(f"unknown code {code} at sample {sample}")
        elif code:
            named.append(Annotation(sample, symbols[code], text))
    return named


def _read_digital(path: Path) -> wfdb.Record:
    try:
        _check_size(path)
        return wfdb.rdrecord(str(path), physical=False)
    except DiffecgError:
        raise
    except FileNotFoundError as error:
        raise DiffecgError(f"record {path}: {Path(error.filename or '').name} is missing") from error
    except Exception as error:  # wfdb raises whatever its parsing ran into
        raise DiffecgError(
            f"record {path} cannot be read: a file of it is truncated or damaged, or header and signal "
            f"do not match ({_one_line(error)})"
        ) from error


def _check_size(path: Path, *, segment: bool = False) -> int:
    """Return the samples of a header; refuse one that claims more than its files hold.

    wfdb makes room for what a header claims, and takes three bytes of format 212 for any number of samples.
    """
    header = wfdb.rdheader(str(path))
    if isinstance(header, wfdb.MultiRecord):
        return _check_segments(path, header, segment)
    files = header.file_name or []
    if len(files) != header.n_sig:
        raise DiffecgError(f"record {path}: the header tells of {header.n_sig} signals, but has {len(files)}")
    samples: int | None = header.sig_len
    for file in dict.fromkeys(name for name in files if name != "~"):
        rows = [row for row, name in enumerate(files) if name == file]
        per_frame = sum(header.samps_per_frame[row] * BYTES_PER_SAMPLE[header.fmt[row]] for row in rows)
        held = path.with_name(file).stat().st_size - (header.byte_offset[rows[0]] or 0)
        samples = int(held / per_frame) if samples is None and per_frame else samples or 0
        if samples * per_frame > held or max(header.skew[row] or 0 for row in rows) > samples:
            raise DiffecgError(
                f"record {path}: {file} is truncated, or does not match its header: {max(held, 0)} bytes of "
                f"signal are too few for {samples} samples; fetch the files again"
            )
    return samples or 0


def _check_segments(path: Path, header: wfdb.MultiRecord, segment: bool) -> int:
    """Return the samples of a record of several segments; see :func:`_check_size`."""
    names = header.seg_name
    if segment or header.n_seg != len(names) or names[0] == "~":
        raise DiffecgError(
            f"record {path}: {len(names)} segments that cannot be read; a segment has none itself"
        )
    held = sum(_check_size(path.with_name(name), segment=True) for name in set(names) - {"~"})
    signals = wfdb.rdheader(str(path.with_name(names[0]))).n_sig
    if header.n_sig != signals or not 0 < (header.sig_len or 0) <= _MOST_MISSING * held:
        raise DiffecgError(
            f"record {path} claims {header.n_sig} signals of {header.sig_len} samples; its segments hold "
            f"{signals} of {held}"
        )
    return int(header.sig_len)


def _check_signals(path: Path, header: wfdb.Record) -> None:
    if header.n_sig == 0 or header.d_signal is None or len(header.d_signal) == 0:
        raise DiffecgError(f"record {path} holds no signal")
    if not header.fs or header.fs <= 0:
        raise DiffecgError(f"record {path}: sampling rate {header.fs} Hz is not positive")
    for lead, gain, zero in zip(header.sig_name, header.adc_gain, header.baseline, strict=True):
        if not is_scale(gain, zero):
            raise DiffecgError(f"record {path}: lead {lead} has a gain of {gain} and its zero at {zero}")
    if any(count != 1 for count in header.samps_per_frame):
        raise DiffecgError(
            f"record {path} has leads with several samples a frame; store each rate as its own record"
        )
    sums: Sequence[int | None] = header.calc_checksum()
    for lead, given, found in zip(header.sig_name, header.checksum, sums, strict=True):
        if given is not None and found is not None and (given - found) % 65536:
            raise DiffecgError(
                f"record {path}: lead {lead} does not match its header (checksum {found % 65536}, "
                f"header {given % 65536}); fetch the files again"
            )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
