"""WFDB records in: digital samples, millivolts, beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray
from wfdb.io._signal import INVALID_SAMPLE_VALUE

from diffecg.errors import DiffecgError

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""The annotation symbols that stand for a beat, in PhysioNet's code."""

MV_PER_UNIT = {"mV": 1.0, "uV": 1e-3, "V": 1e3}
"""Millivolts in one of the units that headers name."""


@dataclass(frozen=True)
class Record:
    """A recording, as it was stored and in millivolts."""

    name: str
    fs_hz: float
    """Sampling rate, in Hz."""
    leads: tuple[str, ...]
    """Lead names, in the file's order."""
    signal_mv: NDArray[np.float64]
    """Signal in mV, axes (lead, time); NaN where a sample is missing and in leads of no voltage."""
    missing: NDArray[np.bool_]
    """True where the file marks a sample as invalid, axes (lead, time)."""
    path: Path
    """Where it was read from, without suffix."""
    header: wfdb.Record
    """The header and the digital samples (``d_signal``, axes (time, lead)), as wfdb read them."""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.signal_mv.shape[1] / self.fs_hz)

    def lead_index(self, lead: str) -> int:
        """Return the row of ``lead``.

        Raises:
            DiffecgError: the record has no such lead, or it is no voltage.
        """
        if lead not in self.leads:
            raise DiffecgError(
                f"record {self.name} has no lead {lead!r}; its leads are {', '.join(self.leads)}"
            )
        row = self.leads.index(lead)
        if self.header.units[row] not in MV_PER_UNIT:
            raise DiffecgError(
                f"lead {lead} of record {self.name} is in {self.header.units[row]!r}; a voltage is "
                f"needed ({', '.join(MV_PER_UNIT)})"
            )
        return row


@dataclass(frozen=True)
class Beats:
    """The annotated beats of a recording."""

    sample: NDArray[np.int64]
    """Sample of each beat's annotation."""
    symbol: NDArray[np.str_]
    """Its symbol."""


def read_record(path: str | Path) -> Record:
    """Return the WFDB record at ``path`` (with or without the suffix ``.hea``).

    Raises:
        DiffecgError: a file is missing, truncated, or does not match its header's checksums.
    """
    path = Path(path)
    path = path.with_suffix("") if path.suffix in {".hea", ".dat", ".atr"} else path
    if not path.name or "." in path.name:
        raise DiffecgError(f"{str(path)!r} is no WFDB record: a name without dots is needed, as mitdb/100")
    header_path = path.with_name(path.name + ".hea")
    if not header_path.is_file():
        raise DiffecgError(f"no record at {path}: {header_path.name} is missing from {path.parent}")
    header = _read_digital(path)
    _check_signals(path, header)
    digital = header.d_signal
    leads = tuple(name or f"lead {i + 1}" for i, name in enumerate(header.sig_name))
    if len(set(leads)) < len(leads):
        raise DiffecgError(f"record {path} names a lead twice: {', '.join(leads)}")
    signal_mv = np.empty(digital.shape[::-1])
    missing = np.zeros(digital.shape[::-1], dtype=bool)
    for i, fmt in enumerate(header.fmt):
        scale = MV_PER_UNIT.get(header.units[i], np.nan) / header.adc_gain[i]
        signal_mv[i] = (digital[:, i] - float(header.baseline[i])) * scale
        missing[i] = digital[:, i] == INVALID_SAMPLE_VALUE[fmt]
    signal_mv[missing] = np.nan
    return Record(path.name, float(header.fs), leads, signal_mv, missing, path, header)


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
    try:
        annotation = wfdb.rdann(str(path), extension)
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise DiffecgError(f"{file} cannot be read as WFDB annotations ({_one_line(error)})") from error
    sample = np.asarray(annotation.sample, dtype=np.int64)
    symbol = np.asarray(annotation.symbol, dtype=np.str_)
    if length is not None and sample.size and (sample.max() >= length or sample.min() < 0):
        raise DiffecgError(
            f"{file} annotates sample {sample.max()}, but the record has {length} samples; "
            "are the two files of the same recording?"
        )
    is_beat = np.isin(symbol, list(BEAT_SYMBOLS))
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
