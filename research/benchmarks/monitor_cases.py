"""Gaps in signals of monitors: which signal is missing, what is observed beside it, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from diffecg.datasets.recording_set import PreparedRecording, RecordingSet
from diffecg.signal.kinds import signal_kind

MARGIN_S = 10.0
"""Distance of gaps from the ends of a recording."""
LEAST_SD = 10.0
"""In a gap, the true signal and those observed have at least so many of the smallest standard deviations of
their kinds: lost lines are not scored."""
CONTEXT_S = 0.3
_TRIALS = 50


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the benchmark."""

    kind: str
    """Kind of the signal that is scored."""
    seconds: float
    """Length of the gap."""
    partners: tuple[str, ...] = ()
    """Kinds that are observed through the gap; signals of other kinds are missing, too."""
    is_forecast: bool = False
    """Whether nothing is observed after the start of the gap."""

    @property
    def name(self) -> str:
        """Name, such as ``pressure, 5 s, with ecg, ppg``."""
        if self.is_forecast:
            return f"{self.kind}, forecast of {self.seconds:g} s"
        beside = f"with {', '.join(self.partners)}" if self.partners else "all missing"
        return f"{self.kind}, {self.seconds:g} s, {beside}"


ROWS = (
    *(Row(kind="pressure", seconds=seconds, partners=("ecg", "ppg")) for seconds in (1.0, 5.0)),
    *(Row(kind="ppg", seconds=seconds, partners=("ecg",)) for seconds in (1.0, 5.0)),
    *(Row(kind="ecg", seconds=seconds, partners=("ppg",)) for seconds in (1.0, 5.0)),
    Row(kind="ecg", seconds=1.0, partners=("pressure",)),
    *(Row(kind="respiration", seconds=seconds, partners=("ecg", "ppg")) for seconds in (1.0, 5.0)),
    *(Row(kind=kind, seconds=1.0) for kind in ("ecg", "ppg", "pressure", "respiration")),
    *(Row(kind=kind, seconds=1.0, is_forecast=True) for kind in ("ecg", "ppg", "pressure", "respiration")),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A gap of a recording, without what is missing."""

    recording: int
    kinds: tuple[str, ...]
    """Kind of each signal; the first one is scored."""
    signal: Float32[np.ndarray, "lead time"]
    """The signals, NaN where they are missing; in a forecast up to the end of the gap."""
    gap: slice
    true: Float64[np.ndarray, " time"]
    """The first signal as it was."""
    fs_hz: float

    @property
    def truth(self) -> Float64[np.ndarray, " gap"]:
        """What was in the gap."""
        return self.true[self.gap]


def cases_of(recordings: RecordingSet, row: Row, *, gaps: int, seed: int = 0) -> Iterator[Case]:
    """Yield random gaps of each recording in which the signals of a row are observed and not flat.

    Args:
        recordings: the recordings.
        row: what is missing, and what is observed.
        gaps: gaps of a recording, at most.
        seed: seed of the places.
    """
    for number in range(len(recordings)):
        recording = recordings.recording(number)
        rng = np.random.default_rng([seed, number])
        leads = [_first_of(recording, kind) for kind in (row.kind, *row.partners)]
        if any(lead is None for lead in leads):
            continue
        used = [lead for lead in leads if lead is not None]
        for start in _places(rng, recording, used, row, gaps):
            yield _cut(recording, number, used, row, start)


def _first_of(recording: PreparedRecording, kind: str) -> int | None:
    """Return the first lead of a kind."""
    return next((lead for lead, own in enumerate(recording.kinds) if own == kind), None)


def _places(
    rng: np.random.Generator, recording: PreparedRecording, leads: list[int], row: Row, gaps: int
) -> Iterator[int]:
    """Yield places at which the leads are observed and not flat, at most ``gaps``."""
    length, margin = round(row.seconds * recording.fs_hz), round(MARGIN_S * recording.fs_hz)
    context = round(CONTEXT_S * recording.fs_hz)
    first = recording.signal.shape[1] // 2 if row.is_forecast else margin
    found = 0
    for _ in range(_TRIALS * gaps):
        start = int(rng.integers(first, recording.signal.shape[1] - length - margin))
        near = recording.signal[leads, start - context : start + length + context].astype(np.float64)
        least = [LEAST_SD * signal_kind(recording.kinds[lead]).smallest_sd for lead in leads]
        if np.isfinite(near).all() and (near[:, context:-context].std(axis=1) >= least).all():
            found += 1
            yield start
        if found == gaps:
            return


def _cut(recording: PreparedRecording, number: int, leads: list[int], row: Row, start: int) -> Case:
    """Return a case: all signals of kinds that are neither scored nor partners are missing in the gap."""
    gap = slice(start, start + round(row.seconds * recording.fs_hz))
    others = [lead for lead in range(len(recording.kinds)) if lead not in leads]
    order = [*leads, *others]
    stop = gap.stop if row.is_forecast else recording.signal.shape[1]
    signal = recording.signal[order, :stop].copy()
    hidden = [0, *range(len(leads), len(order))]
    signal[hidden, gap] = np.nan
    return Case(
        recording=number,
        kinds=tuple(recording.kinds[lead] for lead in order),
        signal=signal,
        gap=gap,
        true=recording.signal[leads[0]].astype(np.float64),
        fs_hz=recording.fs_hz,
    )
