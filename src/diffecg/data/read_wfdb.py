"""WFDB records in: digital samples as they are stored, and annotations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import wfdb
from wfdb.io._signal import INVALID_SAMPLE_VALUE

from diffecg.data.records import BEAT_SYMBOLS, TABLES, WFDB, Annotation, Beats, Record
from diffecg.data.records import EDF as EDF_SUFFIXES
from diffecg.errors import DiffecgError


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
    if not header_path.is_file():
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
    annotation = _read_annotation(path, extension)
    sample = np.asarray(annotation.sample, dtype=np.int64)
    symbol = np.asarray(annotation.symbol, dtype=np.str_)
    # One past the end is where the annotator's clock stops, as in svdb/860; more is another recording.
    if length is not None and sample.size and (sample.max() > length or sample.min() < 0):
        raise DiffecgError(
            f"{file} annotates sample {sample.max()}, but the record has {length} samples; "
            "are the two files of the same recording?"
        )
    is_beat = np.isin(symbol, list(BEAT_SYMBOLS)) & (sample < (np.inf if length is None else length))
    return Beats(sample[is_beat], symbol[is_beat])


def record_names(folder: Path) -> list[str]:
    """Return the names of a database's records: those in its file RECORDS, else of all headers.

    Raises:
        DiffecgError: the folder holds no record.
    """
    listing = folder / "RECORDS"
    if listing.is_file():
        names = listing.read_text(errors="replace").split()
    else:
        names = sorted(file.stem for file in folder.glob("*.hea"))
    if not names:
        raise DiffecgError(f"{folder} holds no WFDB record (no RECORDS, no .hea)")
    return names


def _annotations(path: Path) -> tuple[Annotation, ...]:
    """Return what ``.atr`` says, nothing if there is none."""
    if not path.with_name(f"{path.name}.atr").is_file():
        return ()
    found = _read_annotation(path, "atr")
    columns = zip(found.sample.tolist(), found.symbol, found.aux_note, strict=True)
    return tuple(Annotation(sample, symbol, text.rstrip("\0")) for sample, symbol, text in columns)


def _read_annotation(path: Path, extension: str) -> wfdb.Annotation:
    try:
        return wfdb.rdann(str(path), extension)
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise DiffecgError(
            f"{path}.{extension} cannot be read as WFDB annotations ({_one_line(error)})"
        ) from error


def _read_digital(path: Path) -> wfdb.Record:
    try:
        return wfdb.rdrecord(str(path), physical=False)
    except FileNotFoundError as error:
        raise DiffecgError(f"record {path}: {Path(error.filename or '').name} is missing") from error
    except Exception as error:  # wfdb raises whatever its parsing ran into
        raise DiffecgError(
            f"record {path} cannot be read: a file of it is truncated or damaged, or header and signal "
            f"do not match ({_one_line(error)})"
        ) from error


def _check_signals(path: Path, header: wfdb.Record) -> None:
    if header.n_sig == 0 or header.d_signal is None or len(header.d_signal) == 0:
        raise DiffecgError(f"record {path} holds no signal")
    if not header.fs or header.fs <= 0:
        raise DiffecgError(f"record {path}: sampling rate {header.fs} Hz is not positive")
    for lead, gain in zip(header.sig_name, header.adc_gain, strict=True):
        if not gain:
            raise DiffecgError(f"record {path}: lead {lead} has a gain of {gain}")
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
