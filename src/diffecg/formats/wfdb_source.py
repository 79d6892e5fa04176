"""Samples of WFDB records, read by blocks of frames, with and without segments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Int
from wfdb.io._signal import BYTES_PER_SAMPLE, INVALID_SAMPLE_VALUE, _rd_dat_signals

from diffecg.errors import DiffecgError, one_line
from diffecg.formats.samples import BLOCK_SAMPLES, Block, SampleSource
from diffecg.formats.wfdb_header import Header, SignalLine

NO_FILE = "~"
"""Name of the file of a signal, or of the segment, that was not recorded."""

_DIFFERENCES = "8"
"""Format of differences: a sample is the sum of all before it."""

_UNSIGNED = 65536
"""Checksums are sums modulo this number."""


class WfdbSource(SampleSource):
    """Samples of a record without segments.

    Args:
        path: the record, without suffix.
        header: its header.
        frames: number of frames that the files hold.
    """

    def __init__(self, path: Path, header: Header, frames: int) -> None:
        self.path, self.signals, self.frames = path, header.signals, frames
        self.rates_hz = tuple(header.frame_rate_hz * signal.per_frame for signal in self.signals)
        self.lengths = tuple(frames * signal.per_frame for signal in self.signals)
        self.gain = tuple(signal.gain for signal in self.signals)
        self.baseline = tuple(signal.baseline for signal in self.signals)
        self.is_integer = True

    def read(self, rows: Sequence[int], start: int, stop: int) -> Block:
        """Return the samples ``start`` to ``stop`` (exclusive) of channels that share a sampling rate."""
        per_frame = self.signals[rows[0]].per_frame
        first, last = start // per_frame, -(-stop // per_frame)
        span = slice(start - first * per_frame, stop - first * per_frame)
        stored = np.zeros((len(rows), max(stop - start, 0)), dtype=np.int64)
        missing = np.zeros(stored.shape, dtype=bool)
        if first >= last:
            return Block(stored, missing)
        for file in dict.fromkeys(self.signals[row].file for row in rows):
            members = [row for row, signal in enumerate(self.signals) if signal.file == file]
            samples = (
                {}
                if file == NO_FILE
                else dict(zip(members, self.file_samples(file, first, last), strict=True))
            )
            for i, row in enumerate(rows):
                if row in samples:
                    stored[i] = samples[row][span]
                    missing[i] = stored[i] == INVALID_SAMPLE_VALUE[self.signals[row].fmt]
                elif row in members:
                    missing[i] = True
        return Block(stored, missing)

    def file_samples(
        self, file: str, first: int, last: int, *, aligned: bool = True
    ) -> list[Int[np.ndarray, " time"]]:
        """Return the samples of all signals of a file.

        Args:
            file: the file.
            first: first frame.
            last: frame after the last.
            aligned: whether skew is taken out, so that signals are aligned in time.

        Raises:
            DiffecgError: the file cannot be read.
        """
        signals = [signal for signal in self.signals if signal.file == file]
        path = signal_path(self.path, file)
        # A sample of format 8 is the sum of all differences from the start.
        begin = 0 if signals[0].fmt == _DIFFERENCES else first
        try:
            samples = _rd_dat_signals(
                file_name=path.name,
                dir_name=str(path.parent),
                pn_dir=None,
                fmt=signals[0].fmt,
                n_sig=len(signals),
                sig_len=self.frames,
                byte_offset=signals[0].offset,
                samps_per_frame=[signal.per_frame for signal in signals],
                skew=[signal.skew if aligned else 0 for signal in signals],
                init_value=[signal.initial for signal in signals],
                sampfrom=begin,
                sampto=last,
            )
        except Exception as error:  # wfdb and soundfile raise exceptions of many types for damaged files
            raise DiffecgError(
                f"recording {self.path} cannot be read: {file} is damaged or does not match its header "
                f"({one_line(error)})"
            ) from error
        pairs = zip(samples, signals, strict=True)
        return [values[(first - begin) * signal.per_frame :] for values, signal in pairs]

    def checksums(self) -> tuple[int | None, ...]:
        """Return the checksum of each signal; None where there is no file."""
        sums = [None if signal.file == NO_FILE else 0 for signal in self.signals]
        for file in dict.fromkeys(signal.file for signal in self.signals if signal.file != NO_FILE):
            rows = [row for row, signal in enumerate(self.signals) if signal.file == file]
            per_frame = sum(self.signals[row].per_frame for row in rows)
            step = (
                self.frames if self.signals[rows[0]].fmt == _DIFFERENCES else BLOCK_SAMPLES // per_frame + 1
            )
            for first in range(0, self.frames, step):
                samples = self.file_samples(file, first, min(first + step, self.frames), aligned=False)
                for row, values in zip(rows, samples, strict=True):
                    sums[row] = ((sums[row] or 0) + int(values.sum(dtype=np.int64))) % _UNSIGNED
        return tuple(sums)


def signal_path(path: Path, file: str) -> Path:
    """Return the path of a signal file: within the folder of the record, whatever folder the header states.

    Headers keep the folders of the machine that wrote them; a file beside the header is then the one meant.
    """
    stated = PurePosixPath(file.replace("\\", "/"))
    inside = path.parent / stated
    leads_out = stated.is_absolute() or ".." in stated.parts or not stated.name
    return path.parent / (stated.name or "~") if leads_out or not inside.is_file() else inside


def count_frames(path: Path, header: Header, *, truncate: bool) -> int:
    """Return the number of frames of a record without segments, after checking that its files hold that many.

    wfdb allocates whatever a header claims, and accepts truncated files of format 212.

    Args:
        path: the record, without suffix.
        header: its header.
        truncate: return the number of frames that the files hold if the header claims more.

    Raises:
        DiffecgError: a file is missing, has an unknown format, or holds less than the header claims.
    """
    frames = header.frames
    for file in dict.fromkeys(signal.file for signal in header.signals if signal.file != NO_FILE):
        signals = [signal for signal in header.signals if signal.file == file]
        held = _held_frames(path, file, signals)
        frames = held if frames is None else frames
        if held is None:  # compressed: the file knows
            continue
        if frames is not None and held < frames:
            if not truncate:
                raise DiffecgError(
                    f"recording {path}: {file} is truncated or does not match its header: {held} frames of "
                    f"{frames}; download the files again, or read what there is with --no-verify"
                )
            frames = held
    if frames is None:
        raise DiffecgError(f"recording {path}: its header does not state the number of samples")
    if any(signal.skew > frames for signal in header.signals):
        raise DiffecgError(f"recording {path}: a signal is skewed by more than its length of {frames} frames")
    return frames


def _held_frames(path: Path, file: str, signals: Sequence[SignalLine]) -> int | None:
    """Return the number of frames in a file; None if it is compressed."""
    formats = {signal.fmt for signal in signals}
    if len(formats) > 1 or not formats <= set(BYTES_PER_SAMPLE):
        raise DiffecgError(
            f"recording {path}: {file} has the format {' and '.join(sorted(formats))}; known formats are "
            f"{', '.join(BYTES_PER_SAMPLE)}"
        )
    try:
        size = signal_path(path, file).stat().st_size - signals[0].offset
    except OSError as error:
        raise DiffecgError(f"recording {path}: {file} is missing; put it beside {path.name}.hea") from error
    per_frame = sum(signal.per_frame for signal in signals) * BYTES_PER_SAMPLE[signals[0].fmt]
    return max(int(size / per_frame + 1e-9), 0) if per_frame else None
