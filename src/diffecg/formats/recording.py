"""The recording: channels, annotations and samples of one acquisition, which are read on demand."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation, Beats, beats_of
from diffecg.formats.file_time import FileTime
from diffecg.formats.samples import (
    ArraySource,
    Block,
    CroppedSource,
    Edit,
    EditedSource,
    SampleSource,
    SelectedSource,
)
from diffecg.signal.channels import (
    Channel,
    default_row,
    ecg_rows,
    find_row,
    make_channels,
    millivolt_scale,
    unit_scale,
)
from diffecg.signal.resampling import FS_RANGE_HZ, check_rate
from diffecg.signal.runs import true_runs
from diffecg.signal.units import MV_PER_UNIT


def no_annotations() -> tuple[Annotation, ...]:
    """Return no annotations, for recordings without any."""
    return ()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Recording:
    """One acquisition: channels, annotations, and samples that are read from the file when they are needed.

    Every channel has its own sampling rate. Properties that return arrays of all channels (``signal``,
    ``stored``, ``missing``) load the whole recording and need channels of one rate; :meth:`select` and
    :meth:`crop` choose channels and an interval first, without reading anything.

    Example:
        >>> import diffecg, numpy as np
        >>> recording = diffecg.as_recording(np.zeros((2, 1000)), 250)
        >>> recording.select([0]).crop(1, 3).signal_mv.shape
        (1, 500)

    Attributes:
        name: name of the recording.
        channels: name, unit and kind of each channel, in the file's order.
        source: the samples, their rates and scales.
        path: file that the recording was read from, WFDB records without suffix; empty if there is none.
        format: format of that file, such as ``WFDB`` or ``EDF+C``; empty if there is none.
        time: the file's own time axis, with the date and time of the first sample where they are known.
        comments: comments of the header.
        load_annotations: function that reads the annotations; it is called once, when they are first needed.
        info: provenance of a synthetic recording: model, seeds, version.
        assumptions: how the file was interpreted where it does not state something.
        warnings: data of the file that could not be read.
        layout: how the file is laid out, so that a file of the same format can be written alike.
    """

    name: str
    channels: tuple[Channel, ...]
    source: SampleSource
    path: Path = Path()
    format: str = ""
    time: FileTime = field(default_factory=FileTime)
    comments: tuple[str, ...] = ()
    load_annotations: Callable[[], tuple[Annotation, ...]] = no_annotations
    info: dict[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    layout: object | None = None

    def __post_init__(self) -> None:
        """Check that the sampling rates are plausible and the numbers of channels agree.

        Channels of one recording that is read on demand may be slower than an ECG, such as SpO2 or a trend.
        """
        slowest_hz = min(self.source.rates_hz, default=0.0)
        is_voltage = any(channel.is_voltage for channel in self.channels)
        is_possible = 0 < slowest_hz <= FS_RANGE_HZ[1]
        if not is_possible or (is_voltage and isinstance(self.source, ArraySource)):
            check_rate(slowest_hz)
        if len(self.channels) != len(self.source.rates_hz):
            raise DiffecgError(
                f"recording {self.name} has {len(self.channels)} channels and samples of "
                f"{len(self.source.rates_hz)}"
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

        Raises:
            DiffecgError: the sampling rate is not plausible.
        """
        kept = tuple(annotations)
        return cls(
            name=name,
            channels=make_channels(channel_names or [f"lead {i + 1}" for i in range(len(signal))], units),
            source=ArraySource(signal, fs_hz),
            comments=tuple(comments),
            load_annotations=lambda: kept,
            info=info or {},
        )

    def __repr__(self) -> str:
        """Return name, channels, duration and rates in one line."""
        units = ", ".join(f"{channel.name} ({channel.unit})" for channel in self.channels)
        rates = " and ".join(f"{rate:g}" for rate in dict.fromkeys(self.source.rates_hz))
        return f"<Recording {self.name}: {units}; {self.duration_s:g} s at {rates} Hz>"

    def _repr_html_(self) -> str:
        """Return a summary with a plot of the first seconds, for notebooks."""
        from diffecg.plotting.preview import MAX_SECONDS, preview_html

        first = (self.voltage_indices or [0])[0]
        shown = self.select(self.same_rate(first) or [first]).crop(0, MAX_SECONDS)
        return f"<p>{escape(repr(self)[1:-1])}</p>{preview_html(shown.signal, shown.fs_hz)}"

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Name of each channel, in the file's order."""
        return tuple(channel.name for channel in self.channels)

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each channel."""
        return tuple(channel.unit for channel in self.channels)

    @property
    def fs_hz(self) -> float:
        """Sampling rate of the channels, in Hz.

        Raises:
            DiffecgError: the channels have several rates.
        """
        rates = self.source.rates_hz
        if len(set(rates)) != 1:
            pairs = ", ".join(
                f"{name} {rate:g}" for name, rate in zip(self.channel_names, rates, strict=True)
            )
            raise DiffecgError(
                f"the channels of {self.name} have several sampling rates (in Hz: {pairs}); choose "
                "channels of one rate with select() first"
            )
        return rates[0]

    @property
    def samples(self) -> int:
        """Number of samples of each channel.

        Raises:
            DiffecgError: the channels have several rates.
        """
        self.fs_hz  # noqa: B018 - raises
        return self.source.lengths[0]

    @property
    def duration_s(self) -> float:
        """Duration of the longest channel, in seconds."""
        pairs = zip(self.source.lengths, self.source.rates_hz, strict=True)
        return max((length / rate for length, rate in pairs), default=0.0)

    @property
    def start(self) -> tuple[datetime.date | None, datetime.time | None]:
        """Date and time of the first sample, where known."""
        return self.time.start

    @cached_property
    def annotations(self) -> tuple[Annotation, ...]:
        """Annotations, in the file's order."""
        return self.load_annotations()

    @cached_property
    def _block(self) -> Block:
        return self.source.read(range(len(self.channels)), 0, self.samples)

    @property
    def stored(self) -> Int[np.ndarray, "channel time"] | Float[np.ndarray, "channel time"]:
        """Samples as in the file: int64 (WFDB, EDF), or floats in the channels' units (tables, arrays)."""
        return self._block.stored

    @property
    def missing(self) -> Bool[np.ndarray, "channel time"]:
        """Mask that is True where the sample is missing."""
        return self._block.missing

    @property
    def signal(self) -> Float[np.ndarray, "channel time"]:
        """Samples in the channels' own units; NaN = missing."""
        return self.to_units(self._block)

    def to_units(self, block: Block) -> Float[np.ndarray, "channel time"]:
        """Return a block of all channels in their own units; NaN = missing."""
        gain, baseline = (np.array(values)[:, None] for values in (self.source.gain, self.source.baseline))
        signal = (block.stored - baseline) / gain
        signal[block.missing] = np.nan
        return signal

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
        """Return a recording of some of the channels, by index; nothing is read."""
        return replace(
            self,
            channels=tuple(self.channels[index] for index in indices),
            source=SelectedSource(self.source, indices),
            layout=None,
        )

    def crop(self, start_s: float, stop_s: float) -> Recording:
        """Return an interval of the recording, in seconds from its first sample; nothing is read.

        It begins at the sample of the fastest channel that is nearest to ``start_s``.
        """
        rate_hz = max(self.source.rates_hz)
        start_s = max(round(start_s * rate_hz), 0) / rate_hz

        def load_annotations() -> tuple[Annotation, ...]:
            inside = (note for note in self.annotations if start_s <= note.time_s < stop_s)
            return tuple(replace(note, time_s=note.time_s - start_s) for note in inside)

        return replace(
            self,
            source=CroppedSource(self.source, start_s, stop_s),
            time=self.time.shifted(start_s),
            load_annotations=load_annotations,
            layout=None,
        )

    @property
    def voltage_indices(self) -> list[int]:
        """Indices of the channels that are voltages."""
        return [index for index, channel in enumerate(self.channels) if channel.is_voltage]

    def same_rate(self, index: int) -> list[int]:
        """Return the indices of the voltages that have the sampling rate of a channel."""
        rates = self.source.rates_hz
        return [other for other in self.voltage_indices if rates[other] == rates[index]]

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

    def find_channel(self, name: str) -> int:
        """Return the index of a channel, by its name in the file or by its lead.

        Raises:
            DiffecgError: the recording has no channel of this name.
        """
        return find_row(self.channels, name, self.name)

    def channel_index(self, name: str) -> int:
        """Return the index of a voltage channel, as :meth:`find_channel`.

        Raises:
            DiffecgError: the recording has no channel of this name, or it is not a voltage.
        """
        index = self.find_channel(name)
        if not self.channels[index].is_voltage:
            raise DiffecgError(
                f"channel {name} of recording {self.name} is in {self.units[index]!r}, which is not a "
                "voltage; state "
                f"its unit with --unit {name}=mV, or choose a channel in {', '.join(MV_PER_UNIT)}"
            )
        return index

    def with_annotations(
        self, annotations: Callable[[], tuple[Annotation, ...]] | Sequence[Annotation]
    ) -> Recording:
        """Return the recording with other annotations, or with a function that reads them when needed."""
        if callable(annotations):
            return replace(self, load_annotations=annotations)
        kept = tuple(annotations)
        return replace(self, load_annotations=lambda: kept)

    def beats(self) -> Beats:
        """Return the beat annotations within the recording; samples are those of the channels' rate."""
        return beats_of(self.annotations, self.fs_hz, self.samples)

    def with_imputed(
        self,
        index: int,
        signal: Float[np.ndarray, " time"],
        imputed: Bool[np.ndarray, " time"],
        start: int = 0,
        *,
        unit: str = "mV",
    ) -> Recording:
        """Return the recording with some samples of a lead replaced; all others stay as they are stored.

        Args:
            index: index of the lead.
            signal: consecutive samples of the lead.
            imputed: True where the sample of ``signal`` replaces the stored one.
            start: sample of the recording that the first of ``signal`` stands for.
            unit: unit of the samples.

        Raises:
            DiffecgError: the lead is of another quantity than the unit.
        """
        (size,) = unit_scale([self.channels[index]], [unit])
        values = signal / size * self.source.gain[index] + self.source.baseline[index]
        edits = []
        for first, stop in true_runs(imputed):
            stored = (
                np.rint(values[first:stop]).astype(np.int64) if self.source.is_integer else values[first:stop]
            )
            edits.append(Edit(row=index, start=start + first, stored=stored))
        return replace(self, source=EditedSource(self.source, edits))
