"""The registry of signal kinds: ECG, PPG, pressure, respiration and others.

Whatever depends on what a signal is - its unit, how it is stored, what is plausible, what its events are -
is looked up here. :func:`register_kind` adds a kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Int

from diffecg.choices import choices
from diffecg.errors import DiffecgError
from diffecg.signal.breaths import breaths
from diffecg.signal.pulses import pulses
from diffecg.signal.rpeaks import r_peaks_of_recording

EventFinder = Callable[[Float[np.ndarray, " time"], float], Int[np.ndarray, " event"]]
"""Returns the samples of the events of a signal of any length, in the unit of its kind (NaN = missing), at a
sampling rate in Hz."""

LARGEST_STEP = 32767
"""Largest number of steps of a stored sample, of either sign."""

NO_UNIT = "NU"
"""Unit of signals without a physical unit."""


@dataclass(frozen=True, kw_only=True)
class SignalKind:
    """A kind of signals.

    Raises:
        DiffecgError: the words are no regular expression; the range is empty or too large for 16 bits in
            steps of this size; a kind has a name of its events and no detector, or the reverse, or a rate of
            events that it does not have.
    """

    name: str
    unit: str = NO_UNIT
    """Unit in which signals of the kind are kept."""
    words: str = ""
    """Regular expression of the words in the names of channels by which the kind is recognised, in any case;
    empty: it is not recognised by words."""
    plausible: tuple[float, float]
    """Smallest and largest plausible value, in the unit."""
    implausible_is_missing: bool = False
    """Whether other values are not of the signal, such as those of a flushed pressure line."""
    steps_per_unit: int
    """Resolution: samples are stored as multiples of 1 / ``steps_per_unit``, in 16 bits."""
    smallest_sd: float
    """Signals with a smaller standard deviation in ten seconds are flat, in the unit."""
    events: str = ""
    """What the events are called, such as ``R peaks``; empty: the kind has no events."""
    find_events: EventFinder | None = None
    rate_per_min: tuple[float, float] | None = None
    """Smallest and largest plausible number of events per minute; None: not judged."""

    def __post_init__(self) -> None:
        """Raise DiffecgError if the fields do not fit together."""
        low, high = self.plausible
        if not low < high or not 0 < self.steps_per_unit * max(abs(low), abs(high)) <= LARGEST_STEP:
            raise DiffecgError(
                f"signal kind {self.name}: the range {low:g} to {high:g} {self.unit} must not be empty, and "
                f"must fit in {LARGEST_STEP} steps of 1/{self.steps_per_unit} {self.unit} of either sign"
            )
        if bool(self.events) != (self.find_events is not None):
            raise DiffecgError(f"signal kind {self.name}: give events and find_events together, or neither")
        if self.rate_per_min is not None and not self.events:
            raise DiffecgError(f"signal kind {self.name}: rate_per_min is given, but no events")
        try:
            re.compile(self.words)
        except re.error as error:
            raise DiffecgError(
                f"signal kind {self.name}: the words {self.words!r} are no regular expression ({error})"
            ) from error

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(f"(?i){self.words}")

    def events_in(self, signal: Float[np.ndarray, " time"], fs_hz: float) -> Int[np.ndarray, " event"]:
        """Return the samples of the events of a signal; none if the kind has no events.

        Args:
            signal: samples in the unit; NaN = missing.
            fs_hz: sampling rate, in Hz.
        """
        return np.empty(0, dtype=np.int64) if self.find_events is None else self.find_events(signal, fs_hz)

    def valid(self, signal: Float[np.ndarray, "*axes"]) -> Float[np.ndarray, "*axes"]:
        """Return a signal with NaN where its values are not of the signal."""
        if not self.implausible_is_missing:
            return signal
        low, high = self.plausible
        return np.where((signal >= low) & (signal <= high), signal, signal.dtype.type(np.nan))

    def names(self, word: str) -> bool:
        """Return whether a word of a channel's name is one of the kind."""
        return bool(self.words and self._pattern.fullmatch(word))


_ELECTRODE = r"(fp|af|f|ft|fc|t|tp|c|cp|p|po|o|i)(z|\d{1,2})|[am][12]|nz|[abcefgh]\d{1,3}|exg\d"
_HEART_RATE = (30.0, 220.0)

KINDS: dict[str, SignalKind] = {
    kind.name: kind
    for kind in (
        SignalKind(  # recognised by the names of leads: diffecg.signal.lead_names
            name="ecg",
            unit="mV",
            plausible=(-15.0, 15.0),
            steps_per_unit=1000,
            smallest_sd=0.005,
            events="R peaks",
            find_events=r_peaks_of_recording,
            rate_per_min=_HEART_RATE,
        ),
        SignalKind(
            name="eeg",
            unit="uV",
            words=rf"eeg\w*|{_ELECTRODE}",
            plausible=(-2000.0, 2000.0),
            steps_per_unit=10,
            smallest_sd=0.5,
        ),
        SignalKind(
            name="eog",
            unit="uV",
            words=r"[hv]?eog\w*|loc|roc",
            plausible=(-2000.0, 2000.0),
            steps_per_unit=10,
            smallest_sd=0.5,
        ),
        SignalKind(
            name="emg",
            unit="uV",
            words=r"emg\w*|chin\d?|submental|tib\w*|[lr]?legs?\d?",
            plausible=(-15_000.0, 15_000.0),
            steps_per_unit=2,
            smallest_sd=0.5,
        ),
        SignalKind(
            name="ppg",
            words=r"pleth\w*|ppg\w*|bvp|pulse\w*|s[pa]o2\w*",
            plausible=(-32.0, 32.0),
            steps_per_unit=1000,
            smallest_sd=0.005,
            events="pulses",
            find_events=pulses,
            rate_per_min=_HEART_RATE,
        ),
        SignalKind(
            name="pressure",
            unit="mmHg",
            words=r"n?[ai]?bp\w*|nibp|art\d?|cvp\w*|pap\w*|icp|pressure|i?bp\d?",
            plausible=(-30.0, 300.0),
            implausible_is_missing=True,
            steps_per_unit=100,
            smallest_sd=0.3,
            events="pulses",
            find_events=pulses,
            rate_per_min=_HEART_RATE,
        ),
        SignalKind(
            name="respiration",
            words=r"resp\w*|breath\w*|(air)?flow|thor\w*|abdo\w*|nasal|effort",
            plausible=(-32.0, 32.0),
            steps_per_unit=1000,
            smallest_sd=0.002,
            events="breaths",
            find_events=breaths,
            rate_per_min=(4.0, 60.0),
        ),
        SignalKind(
            name="acceleration",
            unit="g",
            words=r"acc\w*|[xyz]acc",
            plausible=(-16.0, 16.0),
            steps_per_unit=1000,
            smallest_sd=0.001,
        ),
        SignalKind(
            name="temperature",
            unit="degC",
            words=r"temp\w*",
            plausible=(0.0, 50.0),
            steps_per_unit=100,
            smallest_sd=0.0,
        ),
        SignalKind(
            name="other",
            words=r"eda|gsr|scl|scr|pcg|bcg|scg|icg|snore|mic|microphone|sound|light|position|pos|gyro\w*|mag",
            plausible=(-32.0, 32.0),
            steps_per_unit=1000,
            smallest_sd=0.0,
        ),
    )
}
"""Every kind by its name; words are tried in this order."""


HEARTBEAT_KINDS = ("ecg", "ppg", "pressure")
"""Kinds whose events are heartbeats, in the order in which they are preferred."""


def signal_kind(name: str) -> SignalKind:
    """Return the kind with a name.

    Raises:
        DiffecgError: an unknown name.
    """
    if name not in KINDS:
        raise DiffecgError(f"unknown signal kind {name!r}; {choices(name, KINDS)}")
    return KINDS[name]


def register_kind(kind: SignalKind) -> None:
    """Add a kind; its words are tried before those of the others.

    Raises:
        DiffecgError: there is a kind of this name.
    """
    if kind.name in KINDS:
        raise DiffecgError(f"there is a signal kind {kind.name} already; choose another name")
    others = dict(KINDS)
    KINDS.clear()
    KINDS.update({kind.name: kind, **others})
