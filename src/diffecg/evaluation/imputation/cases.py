"""Which true_runs of which recordings are hidden: fixed by a seed, the same for every method."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Beats
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats

CONTEXT_S = 10.0
"""What a method sees on either side of a gap, or before a forecast, in s."""
GAPS_S = (0.25, 0.5, 1.0, 2.0)
"""Lengths of the gaps, in s."""
HORIZON_S = 1.0
"""Length of a forecast, in s: the next heartbeat, at a rate above 40 a minute or so."""
PHASE = 0.5
"""A forecast starts this share of the last RR interval after an R peak, when the beat is over."""
PREFERRED_LEAD = "MLII"
_MARGIN_S = 15.0
_AROUND_S = (0.3, 0.5)


@dataclass(frozen=True)
class Case:
    """A hidden stretch of a recording."""

    recording: str
    lead: str
    group: str
    """What it is counted with: ``gap 0.5 s``, ``next heartbeat``."""
    start: int
    """First hidden sample."""
    length: int
    """Number of hidden samples."""
    forecast: bool
    """True: what comes after is hidden from the method, too."""


@dataclass(frozen=True)
class Context:
    """What a method is given, and nothing else."""

    signal_mv: NDArray[np.float64]
    """(time), in mV; NaN where hidden. A forecast's signal ends with what is hidden."""
    others_mv: NDArray[np.float64]
    """The recording's other leads (lead time), NaN where a forecast is to tell them."""
    fs_hz: float
    """Sampling rate, in Hz."""
    hidden: slice
    """Where the signal is hidden."""
    peaks: NDArray[np.intp]
    """R peaks in the signal that is shown, as annotated."""
    mean_beat_mv: NDArray[np.float64]
    """The recording's mean beat (time), over all beats that are not hidden (forecast: all before)."""
    mean_beat_peak: int
    """Place of the R peak in the mean beat."""


def make_manifest(folder: Path, recordings: Sequence[str], *, each: int = 3, seed: int = 0) -> list[Case]:
    """Return ``each`` gaps of every length and ``each`` forecasts in every recording.

    Args:
        folder: where the WFDB recordings are.
        recordings: their names.
        each: cases of a group in a recording.
        seed: of the places.

    Raises:
        DiffecgError: a recording is missing, unreadable or too short.
    """
    cases = []
    for name in recordings:
        recording, beats = _load(folder, name)
        rng = np.random.default_rng([seed, *name.encode()])
        lead = PREFERRED_LEAD if PREFERRED_LEAD in recording.leads else recording.leads[0]
        margin, length = round(_MARGIN_S * recording.fs_hz), recording.samples
        if length < 4 * margin:
            raise DiffecgError(f"recording {name} is too short: {4 * _MARGIN_S:g} s are needed")
        for gap_s in GAPS_S:
            hidden = round(gap_s * recording.fs_hz)
            for start in rng.integers(margin, length - margin - hidden, each):
                cases.append(Case(name, lead, f"gap {gap_s:g} s", int(start), hidden, forecast=False))
        hidden = round(HORIZON_S * recording.fs_hz)
        inner = np.flatnonzero((beats.sample > margin) & (beats.sample < length - margin - hidden))
        if not inner.size:
            raise DiffecgError(f"recording {name} has no annotated beat to forecast after")
        for beat in rng.choice(inner, min(each, inner.size), replace=False):
            rr = beats.sample[beat] - beats.sample[beat - 1] if beat > 0 else recording.fs_hz
            start = int(beats.sample[beat] + PHASE * rr)
            cases.append(Case(name, lead, "next heartbeat", start, hidden, forecast=True))
    return cases


def digest(cases: Sequence[Case]) -> str:
    """Return the SHA-256 that tells this manifest from others."""
    return hashlib.sha256(json.dumps([asdict(case) for case in cases]).encode()).hexdigest()


def contexts(
    folder: Path, cases: Sequence[Case], *, progress: Callable[[int, int], None] | None = None
) -> Iterator[tuple[Case, Context, NDArray[np.float64]]]:
    """Yield each case with what a method is given and the hidden truth (time), in mV."""
    loaded: tuple[Recording, Beats] | None = None
    for done, case in enumerate(cases):
        if progress is not None:
            progress(done, len(cases))
        if loaded is None or loaded[0].name != case.recording:
            loaded = _load(folder, case.recording)
        yield case, *_context(*loaded, case)


def _load(folder: Path, name: str) -> tuple[Recording, Beats]:
    recording = read_recording(folder / name)
    return recording, read_beats(folder / name, length=recording.samples)


def _context(recording: Recording, beats: Beats, case: Case) -> tuple[Context, NDArray[np.float64]]:
    row = recording.lead_index(case.lead)
    signal = recording.lead_mv(row)
    around = round(CONTEXT_S * recording.fs_hz)
    end = case.start + case.length
    first, last = case.start - around, end if case.forecast else end + around
    shown = signal[first:last].copy()
    hidden = slice(around, around + case.length)
    truth = shown[hidden].copy()
    shown[hidden] = np.nan
    others = recording.select([other for other in recording.voltages if other != row]).signal_mv[
        :, first:last
    ]
    if case.forecast:
        others[:, hidden] = np.nan
    before, after = (round(s * recording.fs_hz) for s in _AROUND_S)
    apart = beats.sample + after < case.start
    if not case.forecast:
        apart |= beats.sample - before > end
    usable = beats.sample[apart & (beats.sample >= before) & (beats.sample + after <= len(signal))]
    windows = signal[usable[:, None] + np.arange(-before, after)]
    inside = (beats.sample >= first) & (beats.sample < last)
    visible = (beats.sample < case.start) | ((beats.sample >= end) & (not case.forecast))
    peaks = beats.sample[inside & visible] - first
    mean_beat = np.nanmean(windows, axis=0)
    return Context(shown, others, recording.fs_hz, hidden, peaks, mean_beat, before), truth
