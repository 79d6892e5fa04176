"""The recording: stored samples, channels, sampling rate and annotations of one acquisition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import BEAT_SYMBOLS, Annotation, Beats
from diffecg.signal.channels import (
    MV_PER_UNIT,
    Channel,
    default_row,
    ecg_rows,
    make_channels,
    millivolt_scale,
)
from diffecg.signal.resampling import check_rate


def no_annotations() -> tuple[Annotation, ...]:
    """Return no annotations, for recordings without any."""
    return ()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Recording:
    """One acquisition: samples as they are stored, channels, sampling rate and annotations.

    The value of a sample in the unit of its channel is (stored - baseline) / gain.

    Attributes:
        name: name of the recording.
        fs_hz: sampling rate, in Hz.
        channels: name, unit and kind of each channel, in the file's order.
        stored: samples as in the file: int64 (WFDB, EDF), or floats in the channels' units (tables, arrays).
        gain: stored steps per unit, for each channel.
        baseline: stored value of zero, for each channel.
        missing: True where the sample is missing.
        path: file that the recording was read from, WFDB records without suffix; empty if there is none.
        start: date and time of the first sample, where known.
        comments: comments of the header.
        load_annotations: function that reads the annotations; it is called once, when they are first needed.
        info: provenance of a synthetic recording: model, seeds, version.
    """

    name: str
    fs_hz: float
    channels: tuple[Channel, ...]
    stored: Int[np.ndarray, "channel time"] | Float[np.ndarray, "channel time"]
    gain: tuple[float, ...]
    baseline: tuple[float, ...]
    missing: Bool[np.ndarray, "channel time"]
    path: Path = Path()
    start: tuple[date | None, time | None] = (None, None)
    comments: tuple[str, ...] = ()
    load_annotations: Callable[[], tuple[Annotation, ...]] = no_annotations
    info: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the sampling rate is plausible and the shapes agree."""
        check_rate(self.fs_hz)
        counts = {len(self.channels), len(self.stored), len(self.gain), len(self.baseline)}
        if len(counts) > 1 or self.stored.shape != self.missing.shape:
            raise DiffecgError(
                f"recording {self.name} has {len(self.channels)} channels, samples of shape "
                f"{self.stored.shape} and a mask of shape {self.missing.shape}; both must be (channel, time)"
            )

    @classmethod
    def from_arrays(
        cls,
        signal: Float[np.ndarray, "channel time"],
        fs_hz: float,
        *,
        channel_names: Sequence[str] | None = None,
        units: Sequence[str] | None = None,
        name: str = "recording",
        annotations: Sequence[Annotation] = (),
        comments: Sequence[str] = (),
        info: dict[str, Any] | None = None,
    ) -> Recording:
        """Return a recording with the samples of an array.

        Args:
            signal: samples in the channels' units; NaN = missing.
            fs_hz: sampling rate, in Hz.
            channel_names: name of each channel; None: ``lead 1``, ``lead 2``, …
            units: unit of each channel; None: mV.
            name: name of the recording.
            annotations: annotations in the order of time.
            comments: comments of the header.
            info: provenance.
        """
        count, kept = len(signal), tuple(annotations)
        return cls(
            name=name,
            fs_hz=float(fs_hz),
            channels=make_channels(channel_names or [f"lead {i + 1}" for i in range(count)], units),
            stored=signal,
            gain=(1.0,) * count,
            baseline=(0.0,) * count,
            missing=np.isnan(signal),
            comments=tuple(comments),
            load_annotations=lambda: kept,
            info=info or {},
        )

    def __repr__(self) -> str:
        """Return name, channels, duration and rate in one line."""
        units = ", ".join(f"{channel.name} ({channel.unit})" for channel in self.channels)
        return f"<Recording {self.name}: {units}; {self.duration_s:g} s at {self.fs_hz:g} Hz>"

    def _repr_html_(self) -> str:
        """Return a summary with a plot of the first seconds, for notebooks."""
        from diffecg.plotting.preview import preview_html

        shown = self.voltage_indices or [0]
        return f"<p>{escape(repr(self)[1:-1])}</p>{preview_html(self.signal[shown], self.fs_hz)}"

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Name of each channel, in the file's order."""
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
        """Duration, in seconds."""
        return self.samples / self.fs_hz

    @cached_property
    def annotations(self) -> tuple[Annotation, ...]:
        """Annotations, in the file's order."""
        return self.load_annotations()

    @property
    def signal(self) -> Float[np.ndarray, "channel time"]:
        """Samples in the channels' own units; NaN = missing."""
        gain, baseline = (np.array(values)[:, None] for values in (self.gain, self.baseline))
        return np.where(self.missing, np.nan, (self.stored - baseline) / gain)

    @property
    def signal_mv(self) -> Float[np.ndarray, "channel time"]:
        """Samples in mV; NaN = missing.

        Raises:
            DiffecgError: a channel is not a voltage; :meth:`select` the others first.
        """
        return self.signal * np.array(millivolt_scale(self.channels))[:, None]

    def lead_mv(self, index: int) -> Float[np.ndarray, " time"]:
        """Return the samples of one channel, by index, in mV; NaN = missing.

        Raises:
            DiffecgError: the channel is not a voltage.
        """
        return self.select([index]).signal_mv[0]

    def select(self, indices: Sequence[int]) -> Recording:
        """Return a recording of some of the channels, by index."""
        return replace(
            self,
            channels=tuple(self.channels[index] for index in indices),
            stored=self.stored[list(indices)],
            gain=tuple(self.gain[index] for index in indices),
            baseline=tuple(self.baseline[index] for index in indices),
            missing=self.missing[list(indices)],
        )

    @property
    def voltage_indices(self) -> list[int]:
        """Indices of the channels that are voltages."""
        return [index for index, channel in enumerate(self.channels) if channel.is_voltage]

    @property
    def ecg_indices(self) -> list[int]:
        """Indices of the ECG channels; see :func:`diffecg.signal.channels.ecg_rows`."""
        return ecg_rows(self.channels)[0]

    def default_lead(self) -> int:
        """Return the index of lead MLII or II, else of the first ECG lead.

        Raises:
            DiffecgError: no channel is an ECG.
        """
        return default_row(self.channels, self.name)

    def channel_index(self, name: str) -> int:
        """Return the index of a voltage channel by name.

        Raises:
            DiffecgError: the recording has no channel of this name, or it is not a voltage.
        """
        names = self.channel_names
        if name not in names:
            raise DiffecgError(
                f"recording {self.name} has no channel {name!r}; choose one of {', '.join(names)}"
            )
        index = names.index(name)
        if not self.channels[index].is_voltage:
            raise DiffecgError(
                f"channel {name} of recording {self.name} is in {self.units[index]!r}; choose a channel in "
                f"{', '.join(MV_PER_UNIT)}"
            )
        return index

    def beats(self) -> Beats:
        """Return the beat annotations within the recording."""
        beats = [
            annotation
            for annotation in self.annotations
            if annotation.symbol in BEAT_SYMBOLS and 0 <= annotation.sample < self.samples
        ]
        return Beats(
            sample=np.array([beat.sample for beat in beats], np.int64),
            symbol=np.array([beat.symbol for beat in beats], np.str_),
        )

    def with_imputed(
        self, index: int, signal_mv: Float[np.ndarray, " time"], imputed: Bool[np.ndarray, " time"]
    ) -> Recording:
        """Return the recording with some samples of a lead replaced; all others stay as they are stored.

        Args:
            index: index of the lead.
            signal_mv: samples of the lead, in mV.
            imputed: True where the sample of ``signal_mv`` replaces the stored one.
        """
        stored, missing = self.stored.copy(), self.missing.copy()
        values = signal_mv[imputed] / MV_PER_UNIT[self.units[index]] * self.gain[index] + self.baseline[index]
        stored[index, imputed] = np.rint(values) if np.issubdtype(stored.dtype, np.integer) else values
        missing[index, imputed] = False
        return replace(self, stored=stored, missing=missing)
