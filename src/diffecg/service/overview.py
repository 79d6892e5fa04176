"""The overview of a recording: heart rate, faults and ectopic beats; runs in a limited child process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from diffecg.formats.recording import Recording
from diffecg.inference.gaps import Segment, find_segments
from diffecg.service.schemas import Fault, FaultKind, LeadInfo, Overview
from diffecg.service.signal_store import StoredSignal
from diffecg.signal.artefacts import ARTEFACTS
from diffecg.signal.kinds import HEARTBEAT_KINDS, signal_kind
from diffecg.signal.resampling import FS_RANGE_HZ

CHUNK_S, OVERLAP_S = 3600.0, 5.0
"""Beats are detected in intervals of this length, which overlap: a day does not fill the memory."""
MIN_DETECTION_S = 10.0
"""Shortest signal in which beats are detected."""
RR_RANGE_S = (0.25, 3.0)
"""Intervals between beats from which a heart rate is computed; longer ones span a gap."""
NORMAL = frozenset("NLRBejn/Q?.")
"""Symbols of beats that are not ectopic."""
PREMATURE = 0.78
"""A beat without annotation is premature if it comes after less than this share of the usual interval."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """The beats of a recording and its faults, from which an overview of any width is made."""

    beats_s: list[float]
    """Time of each beat."""
    ectopic_s: list[float]
    lead: str
    """The signal in which the beats were found; empty: they are annotated, or there are none."""
    faults: list[Fault]
    duration_s: float

    def overview(self, points: int) -> Overview:
        """Return the overview, with the heart rate in at most ``points`` equal parts of the recording."""
        return Overview(
            heart_rate=_heart_rate(np.array(self.beats_s), self.duration_s, points),
            faults=self.faults,
            ectopic=self.ectopic_s,
            lead=self.lead,
            seconds=self.duration_s,
        )


def find_rhythm(
    signal: StoredSignal, leads: Sequence[LeadInfo], first: str, beats: Sequence[tuple[float, str]]
) -> Rhythm:
    """Find the faults of all signals, and the beats in one where they are not annotated.

    Beats are found in an ECG, or, where there is none or it shows none, in the pulses of another signal.
    Slower signals than :data:`FS_RANGE_HZ`, which are trends, are not judged.

    Args:
        signal: the stored signals.
        leads: what is known of each signal.
        first: the signal to show first; of several of a kind, beats are detected in this one.
        beats: time and symbol of each annotated beat.
    """
    parts = [_recording(signal, row, lead) for row, lead in enumerate(leads) if lead.fs_hz >= FS_RANGE_HZ[0]]
    faults = [fault for part in parts for fault in _faults(part)]
    if beats:
        beats_s = np.array([time_s for time_s, _ in beats])
        ectopic_s, lead = [time_s for time_s, symbol in beats if symbol not in NORMAL], ""
    else:
        found = _first_beats(parts, first)
        beats_s, lead = (np.empty(0), "") if found is None else (found[1], found[0].channel_names[0])
        is_ecg = found is not None and found[0].channels[0].signal_kind == "ecg"
        ectopic_s = _premature(beats_s).tolist() if is_ecg else []
    return Rhythm(
        beats_s=beats_s.round(3).tolist(),
        ectopic_s=[round(time_s, 3) for time_s in ectopic_s],
        lead=lead,
        faults=sorted(faults, key=lambda fault: (fault.start_s, fault.lead)),
        duration_s=max(lead.samples / lead.fs_hz for lead in leads),
    )


def _recording(signal: StoredSignal, row: int, lead: LeadInfo) -> Recording:
    """Return one stored signal as a recording, which reads it when it is used."""
    return Recording.from_arrays(
        signal.lead(row)[None], lead.fs_hz, channel_names=[lead.name], units=[lead.unit]
    )


def _faults(recording: Recording) -> list[Fault]:
    """Return the faults of a recording of one signal."""
    (lead,) = recording.channel_names
    return [
        Fault(
            lead=lead,
            start_s=segment.start / recording.fs_hz,
            stop_s=segment.stop / recording.fs_hz,
            kind=_kind(segment),
        )
        for segment in find_segments(recording, [0], (), list(ARTEFACTS))
    ]


def _kind(segment: Segment) -> FaultKind:
    """Return the first kind of a fault; those that are detected together are one interval."""
    kind: FaultKind = segment.reason.split("+")[0]  # type: ignore[assignment]
    return kind


def _first_beats(
    recordings: Iterable[Recording], first: str
) -> tuple[Recording, Float64[np.ndarray, " beat"]] | None:
    """Return the first signal in which there are beats, and their times; None: there is none.

    Args:
        recordings: recordings of one signal each.
        first: name of the signal that is preferred to others of its kind.
    """
    of_heart = [one for one in recordings if one.channels[0].signal_kind in HEARTBEAT_KINDS]
    of_heart.sort(
        key=lambda one: (HEARTBEAT_KINDS.index(one.channels[0].signal_kind), one.channel_names[0] != first)
    )
    found = ((recording, _detect_beats(recording)) for recording in of_heart)
    return next(((recording, beats_s) for recording, beats_s in found if len(beats_s)), None)


def _detect_beats(recording: Recording) -> Float64[np.ndarray, " beat"]:
    """Return the times of the heartbeats of a recording of one signal."""
    if recording.duration_s < MIN_DETECTION_S:
        return np.empty(0)
    kind, fs_hz = signal_kind(recording.channels[0].signal_kind), recording.fs_hz
    found = []
    bounds = np.linspace(0, recording.duration_s, max(1, round(recording.duration_s / CHUNK_S)) + 1)
    for start_s, stop_s in zip(bounds[:-1], bounds[1:], strict=True):
        first_s = max(start_s - OVERLAP_S, 0.0)
        values = kind.valid(recording.crop(first_s, stop_s + OVERLAP_S).signal[0])
        if np.isfinite(values).sum() < fs_hz or np.nanmax(values) == np.nanmin(values):
            continue
        times_s = first_s + kind.events_in(values, fs_hz) / fs_hz
        found.append(times_s[(times_s >= start_s) & (times_s < stop_s)])
    return np.concatenate(found) if found else np.empty(0)


def _premature(beats_s: Float64[np.ndarray, " beat"]) -> Float64[np.ndarray, " premature"]:
    """Return the beats that come early and are followed by a pause."""
    from scipy.ndimage import median_filter  # slow to import

    if len(beats_s) < 8:
        return np.empty(0)
    rr_s = np.diff(beats_s)
    usual_s = median_filter(rr_s, 9, mode="nearest")
    early = np.flatnonzero((rr_s[:-1] < PREMATURE * usual_s[:-1]) & (rr_s[1:] > usual_s[:-1]))
    return beats_s[early + 1]


def _heart_rate(
    beats_s: Float[np.ndarray, " beat"], duration_s: float, points: int
) -> list[tuple[float, float]]:
    """Return the time of the middle and the mean heart rate of each part in which there are beats."""
    rr_s, middle_s = np.diff(beats_s), (beats_s[:-1] + beats_s[1:]) / 2
    usable = (rr_s >= RR_RANGE_S[0]) & (rr_s <= RR_RANGE_S[1])
    rr_s, middle_s = rr_s[usable], middle_s[usable]
    if not len(rr_s) or not duration_s > 0:
        return []
    part = np.minimum((middle_s / duration_s * points).astype(int), points - 1)
    counts, sums = np.bincount(part, minlength=points), np.bincount(part, rr_s, minlength=points)
    times = np.bincount(part, middle_s, minlength=points)
    used = np.flatnonzero(counts)
    return [(round(float(times[i] / counts[i]), 2), round(float(60 * counts[i] / sums[i]), 1)) for i in used]
