"""Cases for imputation and forecasting: gaps at places fixed by a seed, the same for every method."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float64, Int

from diffecg.errors import DiffecgError
from diffecg.evaluation.progress import Progress, ProgressCallback
from diffecg.formats.annotations import Beats
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats

CONTEXT_S = 10.0
"""Length of the signal on either side of a gap, or before a forecast, that a method gets."""
GAPS_S = (0.25, 0.5, 1.0, 2.0)
"""Lengths of the gaps."""
HORIZON_S = 1.0
"""Length of a forecast: the next heartbeat at about 40 beats a minute and more."""
FORECAST_PHASE = 0.5
"""A forecast starts this share of the last RR interval after an R peak, when the beat is over."""
PREFERRED_LEAD = "MLII"
"""Lead of the cases, where a recording has it; otherwise the first one."""
_MARGIN_S = 15.0
_BEAT_S = (0.3, 0.5)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A gap of a recording, or the end of its past for a forecast."""

    recording: str
    lead: str
    group: str
    """Cases that are averaged: ``gap 0.5 s``, ``next heartbeat``."""
    start: int
    """First missing sample."""
    length: int
    """Number of missing samples."""
    forecast: bool
    """True: the signal after the missing samples is withheld, too."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """The input of an imputation method."""

    signal_mv: Float64[np.ndarray, " time"]
    """The lead with NaN in the gap; for a forecast, it ends with the gap."""
    other_leads_mv: Float64[np.ndarray, "lead time"]
    """The other leads of the recording; for a forecast, NaN in the gap."""
    fs_hz: float
    """Sampling rate, in Hz."""
    gap: slice
    """The missing samples."""
    r_peaks: Int[np.ndarray, " beat"]
    """Annotated R peaks outside the gap, as samples of ``signal_mv``."""
    mean_beat_mv: Float64[np.ndarray, " beat_time"]
    """Mean of the recording's beats outside the gap; for a forecast, of those before it."""
    mean_beat_r_peak: int
    """Sample of the R peak in the mean beat."""

    @property
    def is_forecast(self) -> bool:
        """Whether the signal ends with the gap."""
        return self.gap.stop == len(self.signal_mv)


def draw_cases(folder: Path, recordings: Sequence[str], *, per_group: int = 3, seed: int = 0) -> list[Case]:
    """Return gaps of every length and forecasts at random places in some recordings.

    Args:
        folder: folder of the WFDB recordings.
        recordings: names of the recordings.
        per_group: number of cases of a group in a recording.
        seed: seed of the places; those in a recording depend on its name and the seed only.

    Raises:
        DiffecgError: a recording is missing, cannot be read or is too short.
    """
    cases = []
    for name in recordings:
        recording, beats = _read(folder, name)
        rng = np.random.default_rng([seed, *name.encode()])
        lead = PREFERRED_LEAD if PREFERRED_LEAD in recording.channel_names else recording.channel_names[0]
        margin, length = round(_MARGIN_S * recording.fs_hz), recording.samples
        if length < 4 * margin:
            raise DiffecgError(f"recording {name} is too short: at least {4 * _MARGIN_S:g} s are needed")
        for gap_s in GAPS_S:
            samples = round(gap_s * recording.fs_hz)
            cases += [
                Case(
                    recording=name,
                    lead=lead,
                    group=f"gap {gap_s:g} s",
                    start=int(start),
                    length=samples,
                    forecast=False,
                )
                for start in rng.integers(margin, length - margin - samples, per_group)
            ]
        samples = round(HORIZON_S * recording.fs_hz)
        inner = np.flatnonzero((beats.sample > margin) & (beats.sample < length - margin - samples))
        if not inner.size:
            raise DiffecgError(f"recording {name} has no annotated beat to start a forecast after")
        for beat in rng.choice(inner, min(per_group, inner.size), replace=False):
            rr = beats.sample[beat] - beats.sample[beat - 1] if beat > 0 else recording.fs_hz
            cases.append(
                Case(
                    recording=name,
                    lead=lead,
                    group="next heartbeat",
                    start=int(beats.sample[beat] + FORECAST_PHASE * rr),
                    length=samples,
                    forecast=True,
                )
            )
    return cases


def manifest_sha256(cases: Sequence[Case]) -> str:
    """Return the SHA-256 that identifies a list of cases."""
    manifest = [
        {
            "record": case.recording,
            "lead": case.lead,
            "group": case.group,
            "start": case.start,
            "length": case.length,
            "forecast": case.forecast,
        }
        for case in cases
    ]
    return hashlib.sha256(json.dumps(manifest).encode()).hexdigest()


def contexts(
    folder: Path, cases: Sequence[Case], *, progress: ProgressCallback | None = None
) -> Iterator[tuple[Case, Context, Float64[np.ndarray, " gap"]]]:
    """Yield each case with the input of a method and the true signal in the gap, in mV.

    Args:
        folder: folder of the WFDB recordings.
        cases: the cases; those of a recording should follow each other.
        progress: called with the numbers of finished and of all cases.
    """
    steps = Progress(len(cases), progress)
    loaded: tuple[Recording, Beats] | None = None
    for case in cases:
        if loaded is None or loaded[0].name != case.recording:
            loaded = _read(folder, case.recording)
        yield case, *_split(*loaded, case)
        steps.advance()


def _read(folder: Path, name: str) -> tuple[Recording, Beats]:
    recording = read_recording(folder / name)
    return recording, read_beats(folder / name, length=recording.samples)


def _split(recording: Recording, beats: Beats, case: Case) -> tuple[Context, Float64[np.ndarray, " gap"]]:
    """Return the input of a method and the true signal in the gap."""
    row = recording.channel_index(case.lead)
    signal_mv = recording.lead_mv(row)
    margin = round(CONTEXT_S * recording.fs_hz)
    stop = case.start + case.length
    first, last = case.start - margin, stop if case.forecast else stop + margin
    gap = slice(margin, margin + case.length)
    visible_mv = signal_mv[first:last].copy()
    truth_mv = visible_mv[gap].copy()
    visible_mv[gap] = np.nan
    others = recording.select([other for other in recording.voltage_indices if other != row])
    other_leads_mv = others.signal_mv[:, first:last]
    if case.forecast:
        other_leads_mv[:, gap] = np.nan
    inside = (beats.sample >= first) & (beats.sample < last)
    visible = (beats.sample < case.start) | ((beats.sample >= stop) & (not case.forecast))
    mean_beat_mv, r_peak = _mean_beat(signal_mv, beats.sample, case, recording.fs_hz)
    context = Context(
        signal_mv=visible_mv,
        other_leads_mv=other_leads_mv,
        fs_hz=recording.fs_hz,
        gap=gap,
        r_peaks=beats.sample[inside & visible] - first,
        mean_beat_mv=mean_beat_mv,
        mean_beat_r_peak=r_peak,
    )
    return context, truth_mv


def _mean_beat(
    signal_mv: Float[np.ndarray, " time"], r_peaks: Int[np.ndarray, " beat"], case: Case, fs_hz: float
) -> tuple[Float64[np.ndarray, " beat_time"], int]:
    """Return the mean of the beats that do not reach into the gap, and the sample of its R peak."""
    before, after = (round(s * fs_hz) for s in _BEAT_S)
    apart = r_peaks + after < case.start
    if not case.forecast:
        apart |= r_peaks - before > case.start + case.length
    usable = r_peaks[apart & (r_peaks >= before) & (r_peaks + after <= len(signal_mv))]
    return np.nanmean(signal_mv[usable[:, None] + np.arange(-before, after)], axis=0), before
