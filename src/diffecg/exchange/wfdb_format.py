"""WFDB records out, as digital samples, so that what was stored before stays the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

DIGITS_PER_MV = 1000.0
"""Resolution of records that we make: 1 uV a step."""

INVALID = -32768
"""The 16-bit digital value that marks a missing sample."""


def write_wfdb(
    path: Path,
    digital: NDArray[np.int64],
    fs_hz: float,
    leads: Sequence[str],
    *,
    gain: Sequence[float] | None = None,
    baseline: Sequence[int] | None = None,
    units: Sequence[str] | None = None,
    beats: Sequence[tuple[int, str]] = (),
    comments: Sequence[str] = (),
) -> None:
    """Write a WFDB record in format 16 (header, signal, and annotations if there are any).

    Args:
        path: the record, without suffix.
        digital: (lead, time), digital samples; :data:`INVALID` = missing.
        fs_hz: sampling rate, in Hz.
        leads: lead names.
        gain: digital steps per unit, a number a lead; None: 1000 per mV.
        baseline: digital value of zero, a number a lead; None: 0.
        units: unit of each lead; None: mV.
        beats: (sample, symbol) of every annotation.
        comments: lines for the header.

    Raises:
        DiffecgError: samples that do not fit into 16 bits.
    """
    if digital.max() > 32767 or digital.min() < INVALID:
        raise DiffecgError(
            f"digital samples from {digital.min()} to {digital.max()} do not fit the 16 bits of "
            "WFDB format 16; is the signal in mV?"
        )
    count = len(leads)
    wfdb.wrsamp(
        path.name,
        fs=fs_hz,
        units=list(units or ["mV"] * count),
        sig_name=list(leads),
        d_signal=np.ascontiguousarray(digital.T),
        fmt=["16"] * count,
        adc_gain=[float(g) for g in gain or [DIGITS_PER_MV] * count],
        baseline=[int(b) for b in baseline or [0] * count],
        comments=list(comments),
        write_dir=str(path.parent),
    )
    if beats:
        samples, symbols = zip(*beats, strict=True)
        wfdb.wrann(
            path.name,
            "atr",
            np.asarray(samples, dtype=np.int64),
            list(symbols),
            fs=fs_hz,
            write_dir=str(path.parent),
        )
