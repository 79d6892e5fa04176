"""Consistency checks of WFDB recordings: header, signal files and checksums."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import wfdb
from wfdb.io._signal import BYTES_PER_SAMPLE

from diffecg.errors import DiffecgError
from diffecg.formats.recording import is_plausible_scale

_MOST_MISSING = 100
"""At most so many times as many samples as are in its segments has a recording."""


def check_size(path: Path, *, segment: bool = False) -> int:
    """Return the samples of a header; refuse one that claims more than its files hold.

    wfdb makes room for what a header claims, and takes three bytes of format 212 for any number of samples.
    """
    header = wfdb.rdheader(str(path))
    if isinstance(header, wfdb.MultiRecord):
        return _check_segments(path, header, segment)
    files = header.file_name or []
    if len(files) != header.n_sig:
        raise DiffecgError(
            f"recording {path}: the header tells of {header.n_sig} signals, but has {len(files)}"
        )
    samples: int | None = header.sig_len
    for file in dict.fromkeys(name for name in files if name != "~"):
        rows = [row for row, name in enumerate(files) if name == file]
        per_frame = sum(header.samps_per_frame[row] * BYTES_PER_SAMPLE[header.fmt[row]] for row in rows)
        held = path.with_name(file).stat().st_size - (header.byte_offset[rows[0]] or 0)
        samples = int(held / per_frame) if samples is None and per_frame else samples or 0
        if samples * per_frame > held or max(header.skew[row] or 0 for row in rows) > samples:
            raise DiffecgError(
                f"recording {path}: {file} is truncated, or does not match its header: {max(held, 0)} bytes of "
                f"signal are too few for {samples} samples; fetch the files again"
            )
    return samples or 0


def _check_segments(path: Path, header: wfdb.MultiRecord, segment: bool) -> int:
    """Return the samples of a recording of several segments; see :func:`check_size`."""
    names = header.seg_name
    if segment or header.n_seg != len(names) or names[0] == "~":
        raise DiffecgError(
            f"recording {path}: {len(names)} segments that cannot be read; a segment has none itself"
        )
    held = sum(check_size(path.with_name(name), segment=True) for name in set(names) - {"~"})
    signals = wfdb.rdheader(str(path.with_name(names[0]))).n_sig
    if header.n_sig != signals or not 0 < (header.sig_len or 0) <= _MOST_MISSING * held:
        raise DiffecgError(
            f"recording {path} claims {header.n_sig} signals of {header.sig_len} samples; its segments hold "
            f"{signals} of {held}"
        )
    return int(header.sig_len)


def check_signals(path: Path, header: wfdb.Record) -> None:
    if header.n_sig == 0 or header.d_signal is None or len(header.d_signal) == 0:
        raise DiffecgError(f"recording {path} holds no signal")
    if not header.fs or header.fs <= 0:
        raise DiffecgError(f"recording {path}: sampling rate {header.fs} Hz is not positive")
    for lead, gain, zero in zip(header.sig_name, header.adc_gain, header.baseline, strict=True):
        if not is_plausible_scale(gain, zero):
            raise DiffecgError(f"recording {path}: lead {lead} has a gain of {gain} and its zero at {zero}")
    if any(count != 1 for count in header.samps_per_frame):
        raise DiffecgError(
            f"recording {path} has leads with several samples a frame; store each rate as its own recording"
        )
    sums: Sequence[int | None] = header.calc_checksum()
    for lead, given, found in zip(header.sig_name, header.checksum, sums, strict=True):
        if given is not None and found is not None and (given - found) % 65536:
            raise DiffecgError(
                f"recording {path}: lead {lead} does not match its header (checksum {found % 65536}, "
                f"header {given % 65536}); fetch the files again"
            )
