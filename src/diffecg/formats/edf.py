"""EDF and BDF recordings in, EDF+ annotations included."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import date, time
from fractions import Fraction
from functools import partial
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Annotation, Recording, digitised, is_plausible_scale
from diffecg.signal.channels import MV_PER_UNIT, make_channels
from diffecg.signal.runs import true_runs

END = "end of recording"
"""Annotates the first sample after the end, where the last data record had to be filled up."""

MISSING = "missing "
"""Annotates a stretch of a lead that has no samples: EDF knows no invalid ones."""

_FARTHEST_S = 1e9
"""An annotation may be so far from the start, in s."""

_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?+~|[]!x()ptu`'^\"=*D@")


def read(path: Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Read an EDF or BDF file, whose header contains rate and units; arguments as in the registry.

    The leads are those signals that share the rate of the first voltage; the comments name others.

    Raises:
        DiffecgError: it is missing, truncated, damaged, discontinuous, or holds no signal.
    """
    import edfio

    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    load = edfio.read_bdf if path.suffix.lower() == ".bdf" else edfio.read_edf
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # edfio only warns of a file whose length belies its header
            edf = load(path)
            signals = list(edf.signals)
            if not edf.is_continuous:
                raise DiffecgError(f"{path} has breaks (EDF+D); save each part as a file of its own")
            chosen, left_out = _of_one_rate(signals)
            if not chosen:
                raise DiffecgError(f"{path} holds no signal")
            digital = np.stack([signal.digital for signal in chosen]).astype(np.int64)
            steps = [_steps(signal) for signal in chosen]
            notes = [(note.onset, note.duration or 0.0, note.text) for note in edf.annotations]
            start = _start(edf)
            far = [onset for onset, duration, _ in notes if not abs(onset) + duration < _FARTHEST_S]
            if far:
                raise DiffecgError(f"{path} holds an annotation at {far[0]:g} s")
    except DiffecgError:
        raise
    except Exception as error:  # edfio raises whatever its parsing ran into
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DiffecgError(f"{path} cannot be read as {path.suffix[1:].upper()} ({reason})") from error
    rate = float(chosen[0].sampling_frequency)
    leads = _distinct([signal.label or f"lead {i + 1}" for i, signal in enumerate(chosen)])
    ends = [max(round(onset * rate), 0) for onset, _, text in notes if text == END]
    digital = digital[:, : min([digital.shape[1], *ends])]
    if not digital.size:
        raise DiffecgError(f"{path} holds no sample")
    gain, baseline = zip(*steps, strict=True)
    return Recording(
        name=path.stem,
        fs_hz=rate,
        channels=make_channels(leads, [signal.physical_dimension or "mV" for signal in chosen]),
        stored=digital,
        gain=gain,
        baseline=baseline,
        missing=_missing(notes, leads, rate, digital.shape[1]),
        path=path,
        start=start,
        comments=tuple(f"left out: {signal.label} ({signal.sampling_frequency:g} Hz)" for signal in left_out),
        load_annotations=partial(_annotations, notes, rate),
    )


def _of_one_rate(signals: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the signals at the rate of the first voltage, or of the first at all, and the others."""
    voltages = [s for s in signals if s.physical_dimension in MV_PER_UNIT]
    rate = (voltages or signals)[0].sampling_frequency if signals else 0
    same = [s.sampling_frequency == rate for s in signals]
    chosen = [s for s, fits in zip(signals, same, strict=True) if fits]
    return chosen, [s for s, fits in zip(signals, same, strict=True) if not fits]


def _steps(signal: Any) -> tuple[float, float]:
    """Return gain (steps per unit) and baseline of a signal."""
    low, high = signal.physical_range
    first, last = signal.digital_range
    gain = (last - first) / (high - low) if high != low else 0.0
    if last <= first or not is_plausible_scale(gain, first - low * gain):
        raise DiffecgError(
            f"signal {signal.label!r}: its physical range {low:g} to {high:g} or its digital range "
            f"{first} to {last} is empty or none of a signal"
        )
    return float(gain), float(first - low * gain)


def _distinct(labels: list[str]) -> tuple[str, ...]:
    """Return the names of leads, numbered where the file names two alike."""
    return tuple(
        label if labels.count(label) == 1 else f"{label} {labels[: i + 1].count(label)}"
        for i, label in enumerate(labels)
    )


def _start(edf: Any) -> tuple[date | None, time | None]:
    """Return date and time of the first sample; an anonymised date is none."""
    import edfio

    try:
        return edf.startdate, edf.starttime
    except edfio.AnonymizedDateError:
        return None, edf.starttime if edf.starttime != time() else None


def _missing(
    notes: Sequence[tuple[float, float, str]], leads: tuple[str, ...], fs_hz: float, samples: int
) -> NDArray[np.bool_]:
    missing = np.zeros((len(leads), samples), dtype=bool)
    for onset, duration, text in notes:
        lead = text.removeprefix(MISSING)
        if text.startswith(MISSING) and lead in leads:
            missing[leads.index(lead), round(onset * fs_hz) : round((onset + duration) * fs_hz)] = True
    return missing


def _annotations(notes: Sequence[tuple[float, float, str]], fs_hz: float) -> tuple[Annotation, ...]:
    """Return annotations: of a text that begins with one of PhysioNet's symbols, the rest is its note."""
    found = []
    for onset, _, text in notes:
        symbol, _, rest = text.partition(" ")
        if text == END or text.startswith(MISSING):
            continue
        known = symbol in _SYMBOLS
        found.append(
            Annotation(
                sample=round(onset * fs_hz), symbol=symbol if known else '"', text=rest if known else text
            )
        )
    return tuple(found)


_EDF_BITS = {".edf": 16, ".bdf": 24}

_EDF_TEXT = 8
"""Characters that a number of the header has in EDF."""


def write(path: Path, recording: Recording) -> None:
    """Write an EDF+ or BDF+ file.

    Raises:
        DiffecgError: stored samples need more bits than the format has.
    """
    import edfio

    bits = _EDF_BITS[path.suffix]
    ready = digitised(recording, bits)
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    stored = np.where(ready.missing, 0, ready.stored)
    if stored.min() < least or stored.max() > most:
        raise DiffecgError(
            f"samples of {recording.name} need more than {bits} bits; choose "
            + ("bdf" if bits == 16 else "wfdb")
        )
    rate = Fraction(ready.fs_hz).limit_denominator(1000)
    samples = stored.shape[1]
    filled = ceil(samples / rate.numerator) * rate.numerator  # data records of whole samples
    stored = np.pad(stored, ((0, 0), (0, filled - samples)), mode="edge")
    formats: dict[int, tuple[Any, Any, type[np.signedinteger[Any]]]] = {
        16: (edfio.EdfSignal, edfio.Edf, np.int16),
        24: (edfio.BdfSignal, edfio.Bdf, np.int32),
    }
    signal, file, dtype = formats[bits]
    signals = [
        signal.from_digital(
            row.astype(dtype),
            float(rate),
            label=lead[:16],
            physical_dimension=unit.replace("µ", "u")[:8],
            digital_range=(low, high),
            physical_range=(_short((low - zero) / gain), _short((high - zero) / gain)),
        )
        for row, lead, unit, gain, zero in zip(
            stored, ready.leads, ready.units, ready.gain, ready.baseline, strict=True
        )
        for low, high in [_range(row, gain, zero, bits)]
    ]
    notes = [
        edfio.EdfAnnotation(note.sample / ready.fs_hz, None, f"{note.symbol} {note.text}".strip())
        for note in ready.annotations
    ]
    notes += [
        edfio.EdfAnnotation(first / ready.fs_hz, (last - first) / ready.fs_hz, MISSING + lead)
        for lead, row in zip(ready.leads, ready.missing, strict=True)
        for first, last in true_runs(row)
    ]
    if filled > samples:
        notes.append(edfio.EdfAnnotation(samples / ready.fs_hz, None, END))
    day, moment = ready.start
    file(
        signals,
        recording=None if day is None else edfio.Recording(startdate=day),
        starttime=moment,
        data_record_duration=float(rate.denominator),
        annotations=notes,
    ).write(path)


def _range(row: NDArray[np.int64], gain: float, zero: float, bits: int) -> tuple[int, int]:
    """Return digital bounds around the samples of a lead, at whole units where the gain allows.

    Numbers of EDF's header have eight characters: whole or small ones tell the scale best.
    """
    low, high = int(row.min()), max(int(row.max()), int(row.min()) + 1)
    whole = floor((low - zero) / gain) * gain + zero, ceil((high - zero) / gain) * gain + zero
    fits = -(2 ** (bits - 1)) <= whole[0] and whole[1] < 2 ** (bits - 1)
    return (int(whole[0]), int(whole[1])) if fits and all(x.is_integer() for x in whole) else (low, high)


def _short(value: float) -> float:
    """Return the number that EDF can write next to ``value``."""
    whole = len(str(int(value))) + (value < 0 and int(value) == 0)
    return round(value, max(0, _EDF_TEXT - 1 - whole))
