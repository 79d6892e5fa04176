"""Consistency checks of WFDB records: header, signal files and checksums."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import wfdb
from wfdb.io._signal import BYTES_PER_SAMPLE

from diffecg.errors import DiffecgError
from diffecg.formats.scaling import is_plausible_scale

_MAX_LENGTH_RATIO = 100
"""Largest ratio of a multi-segment record's length to the samples in its segments."""


def check_size(path: Path, *, is_segment: bool = False) -> int:
    """Return the number of samples of a record, after checking that its files hold that many.

    wfdb allocates whatever a header claims, and accepts truncated files of format 212.

    Raises:
        DiffecgError: the header claims more than the files hold.
    """
    header = wfdb.rdheader(str(path))
    if isinstance(header, wfdb.MultiRecord):
        return _check_segments(path, header, is_segment)
    files = header.file_name or []
    if len(files) != header.n_sig:
        raise DiffecgError(
            f"recording {path}: the header claims {header.n_sig} signals but describes {len(files)}"
        )
    samples: int | None = header.sig_len
    for file in dict.fromkeys(name for name in files if name != "~"):
        rows = [row for row, name in enumerate(files) if name == file]
        per_frame = sum(header.samps_per_frame[row] * BYTES_PER_SAMPLE[header.fmt[row]] for row in rows)
        size = path.with_name(file).stat().st_size - (header.byte_offset[rows[0]] or 0)
        samples = int(size / per_frame) if samples is None and per_frame else samples or 0
        if samples * per_frame > size or max(header.skew[row] or 0 for row in rows) > samples:
            raise DiffecgError(
                f"recording {path}: {file} is truncated or does not match its header: {max(size, 0)} bytes "
                f"of signal for {samples} samples; download the files again"
            )
    return samples or 0


def _check_segments(path: Path, header: wfdb.MultiRecord, is_segment: bool) -> int:
    """Return the number of samples of a multi-segment record; see :func:`check_size`."""
    names = header.seg_name
    if is_segment or header.n_seg != len(names) or names[0] == "~":
        raise DiffecgError(
            f"recording {path}: the header claims {header.n_seg} segments and names {len(names)}; segments "
            "must exist and have no segments themselves"
        )
    held = sum(check_size(path.with_name(name), is_segment=True) for name in set(names) - {"~"})
    signals = wfdb.rdheader(str(path.with_name(names[0]))).n_sig
    if header.n_sig != signals or not 0 < (header.sig_len or 0) <= _MAX_LENGTH_RATIO * held:
        raise DiffecgError(
            f"recording {path} claims {header.n_sig} signals of {header.sig_len} samples; its segments hold "
            f"{signals} signals of {held} samples"
        )
    return int(header.sig_len)


def check_signals(path: Path, record: wfdb.Record) -> None:
    """Check sampling rate, scales and checksums of a record that was read.

    Raises:
        DiffecgError: a value is implausible, or a checksum differs from that of the header.
    """
    if record.n_sig == 0 or record.d_signal is None or len(record.d_signal) == 0:
        raise DiffecgError(f"recording {path} has no signal")
    if not record.fs or record.fs <= 0:
        raise DiffecgError(f"recording {path} has a sampling rate of {record.fs} Hz; it must be positive")
    for lead, gain, baseline in zip(record.sig_name, record.adc_gain, record.baseline, strict=True):
        if not is_plausible_scale(gain, baseline):
            raise DiffecgError(
                f"recording {path}: lead {lead} has an implausible gain of {gain} or baseline of {baseline}"
            )
    if any(count != 1 for count in record.samps_per_frame):
        raise DiffecgError(
            f"recording {path} has leads with several samples per frame; store each rate as its own recording"
        )
    checksums: Sequence[int | None] = record.calc_checksum()
    for lead, expected, actual in zip(record.sig_name, record.checksum, checksums, strict=True):
        if expected is not None and actual is not None and (expected - actual) % 65536:
            raise DiffecgError(
                f"recording {path}: the checksum of lead {lead} is {actual % 65536}, in the header "
                f"{expected % 65536}; download the files again"
            )
