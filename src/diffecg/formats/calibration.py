"""Gain and baseline of tables and arrays of ADC units, which state neither."""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.samples import ArraySource
from diffecg.formats.scaling import is_plausible_scale
from diffecg.formats.tables.parquet_writer import KeptParquet
from diffecg.formats.tables.text_writer import KeptText
from diffecg.signal.channel_kinds import UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What samples of an ECG in ADC units stand for: (sample - baseline) / gain is in mV."""

    gain: float
    """ADC units per mV."""
    baseline: float = 0.0
    """ADC units of 0 mV."""

    def __post_init__(self) -> None:
        """Raise DiffecgError for a gain that is not positive, and for numbers that are not finite."""
        if not (self.gain > 0 and is_plausible_scale(self.gain, self.baseline)):
            raise DiffecgError(
                f"gain {self.gain:g} and baseline {self.baseline:g} are not possible; give the ADC units per "
                "mV, such as 200, and those of 0 mV, such as 1024"
            )


def calibration(gain: float | None, baseline: float | None, unit: str | None) -> Calibration | None:
    """Return the calibration that a user states; None: none.

    Args:
        gain: ADC units per mV.
        baseline: ADC units of 0 mV.
        unit: unit of the ECG channels that is stated as well.

    Raises:
        DiffecgError: a baseline without a gain; a gain and a unit; impossible numbers.
    """
    if gain is None:
        if baseline is not None:
            raise DiffecgError(f"baseline {baseline:g} needs the ADC units per mV as well; give --gain")
        return None
    if unit is not None:
        raise DiffecgError(
            f"gain {gain:g} makes mV, and the unit {unit!r} is given; leave out --unit or --gain"
        )
    return Calibration(gain=gain, baseline=0.0 if baseline is None else baseline)


def calibrate(recording: Recording, given: Calibration, other_units: Collection[str]) -> Recording:
    """Return a recording with a calibration of its ECG channels and of those that may be one.

    Args:
        recording: the recording as it was read; its stored samples stay as they are.
        given: the calibration.
        other_units: channels of which the user states the unit.

    Raises:
        DiffecgError: the file states a gain itself, or the recording has no such channel.
    """
    source = recording.source
    if not isinstance(source, ArraySource) or set(zip(source.gain, source.baseline, strict=True)) != {
        (1.0, 0.0)
    }:
        raise DiffecgError(
            f"{recording.path} states the gain of its samples itself; leave out --gain, which is for tables "
            "and arrays of ADC units"
        )
    is_raw = np.array(
        [
            channel.kind in ("ecg", UNKNOWN) and channel.name not in other_units
            for channel in recording.channels
        ]
    )
    if not is_raw.any():
        raise DiffecgError(f"{recording.path} has no channel that may be an ECG; leave out --gain")
    calibrated = copy.copy(source)
    calibrated.gain = tuple(np.where(is_raw, given.gain, 1.0).tolist())
    calibrated.baseline = tuple(np.where(is_raw, given.baseline, 0.0).tolist())
    layout = recording.layout
    if isinstance(layout, KeptText | KeptParquet):
        layout = layout.with_source(calibrated)
    return replace(recording, source=calibrated, layout=layout)
