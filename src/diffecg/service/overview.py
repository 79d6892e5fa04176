"""The overview of a recording: heart rate, faults and ectopic beats; runs in a limited child process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from diffecg.formats.recording import Recording
from diffecg.inference.gaps import Segment, find_segments
from diffecg.service.schemas import Fault, FaultKind, Overview
from diffecg.service.signal_store import StoredSignal
from diffecg.signal.artefacts import ARTEFACTS
from diffecg.signal.rpeaks import r_peaks_of_recording

CHUNK_S, OVERLAP_S = 3600.0, 5.0
"""R peaks are detected in intervals of this length, which overlap: a day does not fill the memory."""
MIN_DETECTION_S = 10.0
"""Shortest recording in which R peaks are detected."""
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
    faults: list[Fault]
    duration_s: float

    def overview(self, points: int) -> Overview:
        """Return the overview, with the heart rate in at most ``points`` equal parts of the recording."""
        return Overview(
            heart_rate=_heart_rate(np.array(self.beats_s), self.duration_s, points),
            faults=self.faults,
            ectopic=self.ectopic_s,
            seconds=self.duration_s,
        )


def find_rhythm(
    signal: StoredSignal, fs_hz: float, names: Sequence[str], lead: str, beats: Sequence[tuple[float, str]]
) -> Rhythm:
    """Find the faults of all leads, and the beats of one where they are not annotated.

    Args:
        signal: the stored signal.
        fs_hz: its sampling rate, in Hz.
        names: names of the leads.
        lead: the lead in which beats are detected.
        beats: time and symbol of each annotated beat.
    """
    recording = Recording.from_arrays(signal.as_array(), fs_hz, channel_names=names)
    segments = find_segments(recording, range(len(names)), (), list(ARTEFACTS))
    faults = [
        Fault(
            lead=names[segment.row],
            start_s=segment.start / fs_hz,
            stop_s=segment.stop / fs_hz,
            kind=_kind(segment),
        )
        for segment in segments
    ]
    if beats:
        beats_s = np.array([time_s for time_s, _ in beats])
        ectopic_s = [time_s for time_s, symbol in beats if symbol not in NORMAL]
    else:
        beats_s = _detect_beats(recording, names.index(lead))
        ectopic_s = _premature(beats_s).tolist()
    return Rhythm(
        beats_s=beats_s.round(3).tolist(),
        ectopic_s=[round(time_s, 3) for time_s in ectopic_s],
        faults=sorted(faults, key=lambda fault: (fault.start_s, fault.lead)),
        duration_s=recording.duration_s,
    )


def _kind(segment: Segment) -> FaultKind:
    """Return the first kind of a fault; those that are detected together are one interval."""
    kind: FaultKind = segment.reason.split("+")[0]  # type: ignore[assignment]
    return kind


def _detect_beats(recording: Recording, row: int) -> Float64[np.ndarray, " beat"]:
    """Return the times of the R peaks of a lead."""
    if recording.duration_s < MIN_DETECTION_S:
        return np.empty(0)
    found = []
    bounds = np.linspace(0, recording.duration_s, max(1, round(recording.duration_s / CHUNK_S)) + 1)
    for start_s, stop_s in zip(bounds[:-1], bounds[1:], strict=True):
        first_s = max(start_s - OVERLAP_S, 0.0)
        part = recording.crop(first_s, stop_s + OVERLAP_S)
        lead_mv = part.lead_mv(row)
        if np.isfinite(lead_mv).sum() < recording.fs_hz or np.nanmax(lead_mv) == np.nanmin(lead_mv):
            continue
        times_s = first_s + r_peaks_of_recording(lead_mv, recording.fs_hz) / recording.fs_hz
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
