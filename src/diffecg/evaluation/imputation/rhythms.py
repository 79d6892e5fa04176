"""The rhythm at a gap, by which the cases of the benchmark are grouped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool

from diffecg.datasets.label_maps import AAMI
from diffecg.formats.annotations import Annotation, Beats, beats_of, rhythm_changes
from diffecg.formats.recording import Recording

REGULAR = "regular"
ECTOPIC = "ectopic"
ATRIAL = "atrial fibrillation or flutter"
UNKNOWN = "rhythm not annotated"
RHYTHMS = (REGULAR, ECTOPIC, ATRIAL, UNKNOWN)
"""The rhythms, in the order of tables."""
ECTOPIC_REACH_S = 1.5
"""A beat that is not normal within this distance of a gap makes the gap ectopic."""
_ATRIAL_TEXTS = ("(AFIB", "(AFL")
_NORMAL = "N"


@dataclass(frozen=True, kw_only=True, eq=False)
class RhythmAnnotations:
    """The annotated beats and rhythms of a recording."""

    beats: Beats
    """The beats, in the order of time; empty if none are annotated."""
    atrial: Sequence[tuple[int, int]] = field(default=())
    """First and last sample (exclusive) of each episode of atrial fibrillation or flutter."""

    def at(self, start: int, stop: int, fs_hz: float) -> str:
        """Return the rhythm at a gap, one of RHYTHMS.

        A gap that an episode of atrial fibrillation or flutter touches counts as that even if there are
        ectopic beats, because then no beat time can be foretold. Otherwise it is ectopic if a beat within
        ECTOPIC_REACH_S is of another class than N of EC57 (N, L, R, e, j), and regular if none is.

        Args:
            start: first sample of the gap.
            stop: end of the gap, exclusive.
            fs_hz: sampling rate, in Hz.
        """
        if not self.beats.sample.size:
            return UNKNOWN
        if any(first < stop and last > start for first, last in self.atrial):
            return ATRIAL
        reach = round(ECTOPIC_REACH_S * fs_hz)
        near = (self.beats.sample >= start - reach) & (self.beats.sample < stop + reach)
        return ECTOPIC if (near & ~_is_normal(self.beats)).any() else REGULAR


def rhythm_annotations(recording: Recording) -> RhythmAnnotations:
    """Return the annotated beats and rhythms of a recording."""
    annotations = recording.annotations
    beats = beats_of(annotations, recording.fs_hz, recording.samples)
    return RhythmAnnotations(beats=beats, atrial=_atrial(annotations, recording.fs_hz, recording.samples))


def _atrial(annotations: Sequence[Annotation], fs_hz: float, samples: int) -> list[tuple[int, int]]:
    """Return the episodes of atrial fibrillation or flutter; a rhythm lasts until the next one."""
    changes = rhythm_changes(annotations)
    ends: list[int] = [*(one.sample(fs_hz) for one in changes[1:]), samples]
    return [
        (one.sample(fs_hz), end)
        for one, end in zip(changes, ends, strict=False)
        if one.text.rstrip().upper() in _ATRIAL_TEXTS
    ]


def _is_normal(beats: Beats) -> Bool[np.ndarray, " beat"]:
    return np.array([AAMI.get(symbol) == _NORMAL for symbol in beats.symbol.tolist()], bool)
