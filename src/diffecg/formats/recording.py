"""Recordings: stored samples and their meaning in physical units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import cached_property
from html import escape
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from diffecg.errors import DiffecgError
from diffecg.signal.channels import ECG_LEAD, MV_PER_UNIT, Channel, make_channels, millivolt_scale
from diffecg.signal.resampling import check_rate

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""The annotation symbols that stand for a beat, in PhysioNet's code."""

PACED_SYMBOLS = frozenset("/f")
"""The annotation symbols of paced beats and of their fusion with normal ones."""

MAX_ABS_VALUE = 1e30
"""Larger samples, in their unit, are treated as damage; float32 ends at 3e38."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A label of one sample."""

    sample: int
    symbol: str
    """PhysioNet's code: ``N``, ``V``, ``+``, or ``"`` for a comment."""
    text: str = ""
    """The comment, or the name of a rhythm."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Beats:
    """The annotated beats of a recording."""

    sample: Int[np.ndarray, " beat"]
    """Sample of each beat's annotation."""
    symbol: Shaped[np.ndarray, " beat"]
    """Its symbol."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Recording:
    """One acquisition: samples as they are stored, channels, sampling rate and annotations."""

    name: str
    fs_hz: float
    """Sampling rate, in Hz."""
    channels: tuple[Channel, ...]
    """Name, unit and kind of each channel, in the file's order."""
    stored: Int[np.ndarray, "channel time"] | Float[np.ndarray, "channel time"]
    """Samples as in the file: int64 (WFDB, EDF), or floats in the channels' units (tables, arrays)."""
    gain: tuple[float, ...]
    """Stored steps per unit, for each channel."""
    baseline: tuple[float, ...]
    """Stored value of zero, for each channel."""
    missing: Bool[np.ndarray, "channel time"]
    """True where there is no sample."""
    path: Path = Path()
    """File that it was read from; of WFDB without suffix."""
    start: tuple[date | None, time | None] = (None, None)
    """Date and time of the first sample, where known."""
    comments: tuple[str, ...] = ()
    """Header comments."""
    load_annotations: Callable[[], tuple[Annotation, ...]] = tuple
    """Reads the annotations when they are first used."""
    info: dict[str, Any] = field(default_factory=dict)
    """Provenance of synthetic recordings: model, seeds, version."""

    def __post_init__(self) -> None:
        """Raise DiffecgError for a sampling rate out of range or parts that do not fit each other."""
        check_rate(self.fs_hz)
        counts = {len(self.channels), len(self.stored), len(self.gain), len(self.baseline)}
        if len(counts) > 1 or self.stored.shape != self.missing.shape:
            raise DiffecgError(
                f"recording {self.name}: {len(self.channels)} channels, samples of shape {self.stored.shape}, "
                f"a mask of shape {self.missing.shape}; all must be of the same channels and samples"
            )

    @classmethod
    def from_arrays(
        cls,
        signal: Float[np.ndarray, "channel time"],
        fs_hz: float,
        *,
        leads: Sequence[str] | None = None,
        units: Sequence[str] | None = None,
        name: str = "recording",
        annotations: Sequence[Annotation] = (),
        info: dict[str, Any] | None = None,
    ) -> Recording:
        """Return a recording of an array.

        Args:
            signal: samples in the channels' units; NaN = missing.
            fs_hz: sampling rate, in Hz.
            leads: channel names; None: ``lead 1``, ``lead 2``, …
            units: unit of each channel; None: mV.
            name: of the recording.
            annotations: in the order of time.
            info: provenance.
        """
        count, kept = len(signal), tuple(annotations)
        return cls(
            name=name,
            fs_hz=float(fs_hz),
            channels=make_channels(leads or [f"lead {i + 1}" for i in range(count)], units),
            stored=signal,
            gain=(1.0,) * count,
            baseline=(0.0,) * count,
            missing=np.isnan(signal),
            path=Path(name),
            load_annotations=lambda: kept,
            info=info or {},
        )

    def __repr__(self) -> str:
        """Return name, channels, rate and length in one line."""
        units = ", ".join(f"{channel.name} ({channel.unit})" for channel in self.channels)
        return f"<Recording {self.name}: {units}; {self.duration_s:g} s at {self.fs_hz:g} Hz>"

    def _repr_html_(self) -> str:
        """Return a summary with a plot of the first seconds, for notebooks."""
        from diffecg.plotting.preview import preview_html

        rows = self.voltages or [0]
        return f"<p>{escape(repr(self)[1:-1])}</p>{preview_html(self.signal[rows], self.fs_hz)}"

    @property
    def leads(self) -> tuple[str, ...]:
        """Channel names, in the file's order."""
        return tuple(channel.name for channel in self.channels)

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each channel."""
        return tuple(channel.unit for channel in self.channels)

    @property
    def samples(self) -> int:
        """Number of samples of each channel."""
        return int(self.stored.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.samples / self.fs_hz

    @cached_property
    def annotations(self) -> tuple[Annotation, ...]:
        """Annotations, in the file's order."""
        return self.load_annotations()

    @property
    def signal(self) -> Float[np.ndarray, "channel time"]:
        """Samples in the channels' own units; NaN where one is missing."""
        gain, zero = (np.array(numbers)[:, None] for numbers in (self.gain, self.baseline))
        return np.where(self.missing, np.nan, (self.stored - zero) / gain)

    @property
    def signal_mv(self) -> Float[np.ndarray, "channel time"]:
        """Samples in mV; NaN where one is missing.

        Raises:
            DiffecgError: a channel is not a voltage; :meth:`select` leaves it out.
        """
        return self.signal * np.array(millivolt_scale(self.channels))[:, None]

    def lead_mv(self, row: int) -> Float[np.ndarray, " time"]:
        """Return one channel, in mV; NaN where a sample is missing.

        Raises:
            DiffecgError: the channel is not a voltage.
        """
        return self.select([row]).signal_mv[0]

    def select(self, rows: Sequence[int]) -> Recording:
        """Return the recording with some of its channels only, by number."""
        chosen = list(rows)
        return replace(
            self,
            channels=tuple(self.channels[row] for row in chosen),
            stored=self.stored[chosen],
            gain=tuple(self.gain[row] for row in chosen),
            baseline=tuple(self.baseline[row] for row in chosen),
            missing=self.missing[chosen],
        )

    @property
    def voltages(self) -> list[int]:
        """Numbers of the channels that are voltages."""
        return [row for row, channel in enumerate(self.channels) if channel.is_voltage]

    @property
    def ecg_leads(self) -> list[int]:
        """Numbers of the channels named as ECG leads; of all voltages, where none is."""
        return [row for row in self.voltages if ECG_LEAD.match(self.leads[row])] or self.voltages

    def default_lead(self) -> int:
        """Return the number of MLII or II, else of the first ECG lead.

        Raises:
            DiffecgError: no channel is a voltage.
        """
        if not self.voltages:
            raise DiffecgError(
                f"no channel of {self.name} is a voltage; their units are {', '.join(self.units)}"
            )
        first = [row for row in self.ecg_leads if self.leads[row].upper() in ("MLII", "II")]
        return (first or self.ecg_leads)[0]

    def lead_index(self, lead: str) -> int:
        """Return the number of a lead by its name.

        Raises:
            DiffecgError: there is no such lead, or it is not a voltage.
        """
        if lead not in self.leads:
            raise DiffecgError(
                f"recording {self.name} has no lead {lead!r}; its leads are {', '.join(self.leads)}"
            )
        row = self.leads.index(lead)
        if not self.channels[row].is_voltage:
            raise DiffecgError(
                f"lead {lead} of recording {self.name} is in {self.units[row]!r}; a voltage is "
                f"needed ({', '.join(MV_PER_UNIT)})"
            )
        return row

    def beats(self) -> Beats:
        """Return the beats among the annotations that lie within the recording."""
        inside = [
            note
            for note in self.annotations
            if note.symbol in BEAT_SYMBOLS and 0 <= note.sample < self.samples
        ]
        return Beats(
            sample=np.array([note.sample for note in inside], np.int64),
            symbol=np.array([note.symbol for note in inside], np.str_),
        )

    def with_imputed(
        self, row: int, signal_mv: Float[np.ndarray, " time"], imputed: Bool[np.ndarray, " time"]
    ) -> Recording:
        """Return the recording with some samples of a lead replaced; all others stay as they are stored.

        Args:
            row: number of the lead.
            signal_mv: in mV.
            imputed: True where samples are taken from ``signal_mv``.
        """
        stored, missing = self.stored.copy(), self.missing.copy()
        values = signal_mv[imputed] / MV_PER_UNIT[self.units[row]] * self.gain[row] + self.baseline[row]
        stored[row, imputed] = np.rint(values) if np.issubdtype(stored.dtype, np.integer) else values
        missing[row, imputed] = False
        return replace(self, stored=stored, missing=missing)


def digitised(recording: Recording, bits: int) -> Recording:
    """Return the recording with integers of at most ``bits`` bits; stored integers stay as they are.

    Steps are as fine as the largest sample allows: 1 uV at best for 16 bits, 10 nV for more.
    """
    if np.issubdtype(recording.stored.dtype, np.integer):
        return recording
    values = np.where(recording.missing, 0, recording.stored)
    finest = 5 if bits > 16 else 3
    largest = np.abs(values).max(axis=1, initial=1e-3)
    gain = [10.0 ** min(finest, floor(log10((2 ** (bits - 1) - 1) / value))) for value in largest]
    digital = np.rint(values * np.array(gain)[:, None]).astype(np.int64)
    return replace(recording, stored=digital, gain=tuple(gain), baseline=(0.0,) * len(gain))


def is_plausible_scale(gain: float, baseline: float) -> bool:
    """Return whether gain and baseline are numerically plausible."""
    return 1e-12 < abs(gain) < 1e12 and abs(baseline) < 1e15
