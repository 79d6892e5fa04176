"""WFDB records out, as digital samples, so that what was stored before stays the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from diffecg.data.records import Annotation
from diffecg.errors import DiffecgError

DIGITS_PER_MV = 1000.0
"""Resolution of records that we make: 1 uV a step."""

_BITS = {"16": 16, "32": 32}


def write_wfdb(
    path: Path,
    digital: NDArray[np.int64],
    fs_hz: float,
    leads: Sequence[str],
    *,
    gain: Sequence[float] | None = None,
    baseline: Sequence[int] | None = None,
    units: Sequence[str] | None = None,
    missing: NDArray[np.bool_] | None = None,
    start: tuple[date | None, time | None] = (None, None),
    beats: Sequence[tuple[int, str]] = (),
    comments: Sequence[str] = (),
) -> None:
    """Write a WFDB record: header, signal, and annotations if there are any.

    The signal takes format 16, or 32 where its numbers need it.

    Args:
        path: the record, without suffix.
        digital: (lead, time), digital samples.
        fs_hz: sampling rate, in Hz.
        leads: lead names.
        gain: digital steps per unit, a number a lead; None: 1000 per mV.
        baseline: digital value of zero, a number a lead; None: 0.
        units: unit of each lead; None: mV.
        missing: (lead, time), True where there is no sample; None: nowhere.
        start: date and time of the first sample, where known.
        beats: (sample, symbol) of every annotation.
        comments: lines for the header.

    Raises:
        DiffecgError: samples that do not fit into 32 bits.
    """
    count = len(leads)
    absent = np.zeros(digital.shape, dtype=bool) if missing is None else missing
    largest = int(np.abs(np.where(absent, 0, digital)).max())
    fitting = [fmt for fmt, bits in _BITS.items() if largest < 2 ** (bits - 1)]
    if not fitting:
        raise DiffecgError(f"digital samples of {largest} do not fit into 32 bits; is it in mV?")
    fmt = fitting[0]
    digital = np.where(absent, -(2 ** (_BITS[fmt] - 1)), digital)
    wfdb.wrsamp(
        path.name,
        fs=fs_hz,
        units=list(units or ["mV"] * count),
        sig_name=list(leads),
        d_signal=np.ascontiguousarray(digital.T),
        fmt=[fmt] * count,
        adc_gain=[float(g) for g in gain or [DIGITS_PER_MV] * count],
        baseline=[int(b) for b in baseline or [0] * count],
        comments=list(comments),
        base_date=start[0],
        base_time=start[1],
        write_dir=str(path.parent),
    )
    if beats:
        write_annotations(path, [Annotation(*beat) for beat in beats], fs_hz)


def write_annotations(path: Path, notes: Sequence[Annotation], fs_hz: float) -> None:
    """Write the annotations of the record at ``path`` as its ``.atr``; symbols of our own become notes."""
    known = set(wfdb.io.annotation.ann_label_table["symbol"])
    symbols = [note.symbol if note.symbol in known else '"' for note in notes]
    texts = [note.text if note.symbol in known else f"{note.symbol} {note.text}".strip() for note in notes]
    wfdb.wrann(
        path.name,
        "atr",
        np.array([note.sample for note in notes], dtype=np.int64),
        symbols,
        aux_note=texts if any(texts) else None,
        fs=fs_hz,
        write_dir=str(path.parent),
    )
