"""EDF and BDF files, with EDF+ annotations."""

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
from jaxtyping import Int

from diffecg.errors import DiffecgError, one_line
from diffecg.formats import edf_annotations
from diffecg.formats.recording import Recording
from diffecg.formats.scaling import digitise, is_plausible_scale
from diffecg.signal.channels import MV_PER_UNIT, make_channels
from diffecg.signal.units import normalise_unit

_BITS = {".edf": 16, ".bdf": 24}

_NUMBER_WIDTH = 8
"""Characters of a number in the header."""


def read(path: Path, *, fs_hz: float | None = None, unit: str | None = None) -> Recording:
    """Read an EDF or BDF file; its header contains sampling rates and units.

    The channels are those signals that share the sampling rate of the first voltage; the comments of the
    recording name the others.

    Args:
        path: the file.
        fs_hz: ignored; the file states its rate.
        unit: ignored; the file states its units.

    Raises:
        DiffecgError: the file is missing, truncated, damaged or discontinuous, or has no signal.
    """
    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # edfio only warns if the length of a file contradicts its header
            return _read(path)
    except DiffecgError:
        raise
    except Exception as error:  # edfio raises exceptions of many types for damaged files
        raise DiffecgError(
            f"{path} cannot be read as {path.suffix[1:].upper()} ({one_line(error)})"
        ) from error


def _read(path: Path) -> Recording:
    import edfio

    load = edfio.read_bdf if path.suffix.lower() == ".bdf" else edfio.read_edf
    edf = load(path)
    if not edf.is_continuous:
        raise DiffecgError(f"{path} is discontinuous (EDF+D); save each segment as a file of its own")
    signals, ignored = _of_one_rate(list(edf.signals))
    if not signals:
        raise DiffecgError(f"{path} has no signal")
    fs_hz = float(signals[0].sampling_frequency)
    leads = _distinct([signal.label or f"lead {i + 1}" for i, signal in enumerate(signals)])
    notes = edf_annotations.read_notes(edf, path)
    stored = np.stack([signal.digital for signal in signals]).astype(np.int64)
    stored = stored[:, : edf_annotations.end_sample(notes, fs_hz, stored.shape[1])]
    if not stored.size:
        raise DiffecgError(f"{path} has no samples")
    gain, baseline = zip(*(_scale(signal) for signal in signals), strict=True)
    return Recording(
        name=path.stem,
        fs_hz=fs_hz,
        channels=make_channels(leads, [signal.physical_dimension or "mV" for signal in signals]),
        stored=stored,
        gain=gain,
        baseline=baseline,
        missing=edf_annotations.missing_samples(notes, leads, fs_hz, stored.shape[1]),
        path=path,
        start=_start(edf),
        comments=tuple(f"ignored: {signal.label} ({signal.sampling_frequency:g} Hz)" for signal in ignored),
        load_annotations=partial(edf_annotations.to_annotations, notes, fs_hz),
    )


def _of_one_rate(signals: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the signals at the rate of the first voltage, or of the first signal, and the others."""
    voltages = [signal for signal in signals if normalise_unit(signal.physical_dimension) in MV_PER_UNIT]
    rate = (voltages or signals)[0].sampling_frequency if signals else 0
    chosen = [signal for signal in signals if signal.sampling_frequency == rate]
    return chosen, [signal for signal in signals if signal.sampling_frequency != rate]


def _scale(signal: Any) -> tuple[float, float]:
    """Return gain (steps per unit) and baseline of a signal."""
    low, high = signal.physical_range
    first, last = signal.digital_range
    gain = (last - first) / (high - low) if high != low else 0.0
    if last <= first or not is_plausible_scale(gain, first - low * gain):
        raise DiffecgError(
            f"signal {signal.label!r} has an empty or implausible range: {low:g} to {high:g} "
            f"{signal.physical_dimension}, {first} to {last} as stored"
        )
    return float(gain), float(first - low * gain)


def _distinct(labels: list[str]) -> tuple[str, ...]:
    """Return lead names, numbered where the file has several signals of the same name."""
    return tuple(
        label if labels.count(label) == 1 else f"{label} {labels[: i + 1].count(label)}"
        for i, label in enumerate(labels)
    )


def _start(edf: Any) -> tuple[date | None, time | None]:
    """Return date and time of the first sample; None for an anonymised date."""
    import edfio

    try:
        return edf.startdate, edf.starttime
    except edfio.AnonymizedDateError:
        return None, edf.starttime if edf.starttime != time() else None


def write(path: Path, recording: Recording) -> None:
    """Write an EDF+ or BDF+ file.

    Raises:
        DiffecgError: stored integers do not fit into the format.
    """
    import edfio

    bits = _BITS[path.suffix]
    digital = digitise(recording, bits)
    stored = np.where(digital.missing, 0, digital.stored)
    if stored.min() < -(2 ** (bits - 1)) or stored.max() >= 2 ** (bits - 1):
        raise DiffecgError(
            f"samples of {recording.name} need more than {bits} bits; choose "
            + ("bdf" if bits == 16 else "wfdb")
        )
    rate = Fraction(digital.fs_hz).limit_denominator(1000)
    samples = stored.shape[1]
    padded = ceil(samples / rate.numerator) * rate.numerator  # data records hold whole samples
    stored = np.pad(stored, ((0, 0), (0, padded - samples)), mode="edge")
    signals = [_signal(digital, row, samples, float(rate), bits) for row, samples in enumerate(stored)]
    day, clock = digital.start
    file = edfio.Edf if bits == 16 else edfio.Bdf
    file(
        signals,
        recording=None if day is None else edfio.Recording(startdate=day),
        starttime=clock,
        data_record_duration=float(rate.denominator),
        annotations=edf_annotations.from_recording(digital, is_padded=padded > samples),
    ).write(path)


def _signal(recording: Recording, row: int, samples: Int[np.ndarray, " time"], rate: float, bits: int) -> Any:
    """Return one channel as a signal of edfio."""
    import edfio

    signal, dtype = (edfio.EdfSignal, np.int16) if bits == 16 else (edfio.BdfSignal, np.int32)
    channel, gain, baseline = recording.channels[row], recording.gain[row], recording.baseline[row]
    low, high = _digital_range(samples, gain, baseline, bits)
    return signal.from_digital(
        samples.astype(dtype),
        rate,
        label=channel.name[:16],
        physical_dimension=channel.unit[:8],
        digital_range=(low, high),
        physical_range=(_fit_number((low - baseline) / gain), _fit_number((high - baseline) / gain)),
    )


def _digital_range(
    samples: Int[np.ndarray, " time"], gain: float, baseline: float, bits: int
) -> tuple[int, int]:
    """Return digital bounds around the samples of a channel, at whole units where the gain allows it.

    Numbers in the header have eight characters, so that whole or small ones state the scale exactly.
    """
    low, high = int(samples.min()), max(int(samples.max()), int(samples.min()) + 1)
    whole = (
        floor((low - baseline) / gain) * gain + baseline,
        ceil((high - baseline) / gain) * gain + baseline,
    )
    fits = -(2 ** (bits - 1)) <= whole[0] and whole[1] < 2 ** (bits - 1)
    return (int(whole[0]), int(whole[1])) if fits and all(x.is_integer() for x in whole) else (low, high)


def _fit_number(value: float) -> float:
    """Round a number to the characters of a header field."""
    whole = len(str(int(value))) + (value < 0 and int(value) == 0)
    return round(value, max(0, _NUMBER_WIDTH - 1 - whole))
