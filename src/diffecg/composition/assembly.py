"""Assembly of beats to continuous signals: many recordings, or an interval of a long one, at once.

A sample is the weighted mean of the two beats around it. Neighbouring beats are cross-faded at the onset of
the later one; between distant beats the signal returns to the isoelectric line.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

QRS_BEFORE_S, QRS_AFTER_S = 0.07, 0.125
"""A boundary between beats is at least this far from the R peaks after and before it."""
FADE_S = 0.033
"""Half width of the cross-fade at a boundary."""
PAUSE_FADE_S = 0.15
"""Longest fade from the last wave of a beat to the isoelectric line."""
_MIN_WEIGHT = 1e-6
_FAR = 2**30
"""Boundary after the last beat of a recording, in steps."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BeatTrain:
    """Beats at their places in recordings of equal length.

    Places are counted in steps, of which a sample of the recording has ``steps_per_sample``: waveforms may be
    oversampled so that R peaks lie between samples.
    """

    waveforms_mv: Float32[np.ndarray, "waveform step lead"]
    """Beats, in mV, with the isoelectric line at 0; several beats may share a waveform."""
    r_peak: int
    """Step of the R peak in each waveform."""
    fs_hz: float
    """Sampling rate of the recordings, in Hz."""
    steps_per_sample: int = 1
    recording: Int[np.ndarray, " beat"]
    """Number of the recording of each beat, ascending; every recording has at least one beat."""
    peak: Int[np.ndarray, " beat"]
    """R peak of each beat, in steps from the start of its recording, ascending."""
    waveform: Int[np.ndarray, " beat"]
    """Number of the waveform of each beat."""
    onset: Int[np.ndarray, " beat"]
    """Onset of each beat (P wave, or QRS complex without one), in steps before its R peak."""
    end: Int[np.ndarray, " beat"]
    """Last step of the waveform of each beat that is used; later ones may hold the following beat."""
    gain: Float32[np.ndarray, "beat lead"] | None = None
    """Factor of each beat in each lead; None: 1."""

    def steps(self, duration_s: float) -> int:
        """Return a duration in steps."""
        return round(duration_s * self.fs_hz * self.steps_per_sample)

    @cached_property
    def is_last(self) -> Bool[np.ndarray, " beat"]:
        """Whether a beat is the last of its recording."""
        return np.append(self.recording[1:] != self.recording[:-1], True)

    @cached_property
    def boundaries(self) -> Int[np.ndarray, " beat"]:
        """Boundary after each beat, in steps: the onset of the following one, not within a QRS complex."""
        following, onset = np.append(self.peak[1:], 0), np.append(self.onset[1:], 0)
        boundary = np.maximum(following - onset, self.peak + self.steps(QRS_AFTER_S))
        boundary = np.minimum(boundary, following - self.steps(QRS_BEFORE_S))
        return np.where(self.is_last, _FAR, boundary).astype(np.int32)

    def samples_of_pairs(self, start: int, stop: int) -> Int[np.ndarray, " beat"]:
        """Return for each beat how many samples from ``start`` to ``stop`` lie between it and the next one.

        A sample lies between the two beats on either side of the boundary that is nearest to it.
        """
        middle = -(-(self.boundaries[:-1] + self.boundaries[1:]) // (2 * self.steps_per_sample))
        last = np.where(self.is_last, stop, np.append(np.clip(middle, start, stop), stop))
        first = np.append(start, np.where(self.is_last[:-1], start, last[:-1]))
        return last - first


@dataclass(frozen=True, kw_only=True, eq=False)
class Assembly:
    """Samples of assembled recordings."""

    signal_mv: Float32[np.ndarray, "recording time lead"]
    weight: Float32[np.ndarray, "recording time"]
    """Sum of the weights of the beats: 1 within beats, 0 between distant ones."""


def assemble(train: BeatTrain, start: int, stop: int) -> Assembly:
    """Return the samples ``start`` to ``stop`` (exclusive) of every recording.

    A sample depends on the two beats around it only, so that a recording can be assembled in intervals.
    """
    counts = train.samples_of_pairs(start, stop)
    used = np.flatnonzero(counts)
    counts, earlier, later = counts[used], used, used + ~train.is_last[used]
    boundary, fade = train.boundaries[earlier], train.steps(FADE_S)
    is_alone = earlier == later
    begin = np.maximum(boundary - fade + 1 - train.peak[later] + train.r_peak, 0) * ~is_alone
    time = np.resize(np.arange(start, stop, dtype=np.int32) * train.steps_per_sample, counts.sum())
    one = _Reach(train, earlier, np.zeros_like(begin), counts, time)
    two = _Reach(train, later, begin, counts, time)
    rise = np.clip((time - np.repeat(boundary - fade, counts)).astype(np.float32) / (2 * fade), 0, 1)
    first, second = np.minimum(1 - rise, one.taper(fade)), np.minimum(rise, two.taper(fade))
    weight = first + second
    scale = 1 / np.maximum(weight, np.float32(_MIN_WEIGHT))
    first *= scale
    second *= scale
    length = train.peak[later] + begin - train.peak[earlier] - train.end[earlier] - 1
    length = np.where(is_alone, train.steps(PAUSE_FADE_S), length)
    ending = _Ending(length, fade, train.steps(PAUSE_FADE_S))
    pair = np.repeat(np.arange(len(counts)), counts)
    pause = np.flatnonzero(weight <= _MIN_WEIGHT)
    if len(pause):
        first[pause], second[pause] = ending.pause_weights(
            one.outside(pause), two.outside(pause), pair[pause]
        )
        second[pause] *= ~is_alone[pair[pause]]
    inside = np.flatnonzero((one.step <= one.end) & (one.step > one.end - ending.early[pair]))
    if len(inside):
        first[inside] *= ending.gain(one.step[inside] - one.end[inside], pair[inside])
        weight[inside] *= first[inside] + second[inside]
    signal_mv = one.waveforms_mv() * first[:, None] + two.waveforms_mv() * second[:, None]
    shape = (-1, stop - start)
    return Assembly(signal_mv=signal_mv.reshape(*shape, signal_mv.shape[1]), weight=weight.reshape(shape))


class _Reach:
    """Where each sample lies in the waveform of one of the two beats around it."""

    def __init__(
        self,
        train: BeatTrain,
        beat: Int[np.ndarray, " pair"],
        begin: Int[np.ndarray, " pair"],
        counts: Int[np.ndarray, " pair"],
        time: Int[np.ndarray, " sample"],
    ) -> None:
        self.train, self.beat, self.counts = train, beat, counts
        self.begin, self.end = np.repeat(begin, counts), np.repeat(train.end[beat], counts)
        self.step = time + np.repeat(train.r_peak - train.peak[beat], counts)

    def taper(self, fade: int) -> Float32[np.ndarray, " sample"]:
        """Return weights that fall to zero at the ends of the waveform."""
        distance = np.minimum(self.step + 1, self.end + 1 - self.step)
        return np.clip(distance.astype(np.float32) / fade, 0, 1)

    def outside(
        self, samples: Int[np.ndarray, " some"]
    ) -> tuple[Int[np.ndarray, " some"], Int[np.ndarray, " some"]]:
        """Return by how many steps samples lie before the part of the waveform in use, and after it."""
        step = self.step[samples]
        return self.begin[samples] - step, step - self.end[samples]

    def waveforms_mv(self) -> Float32[np.ndarray, "sample lead"]:
        """Return the waveform at each sample; outside of it, its first or last value."""
        train = self.train
        length, leads = train.waveforms_mv.shape[1:]
        step = np.clip(self.step, self.begin, self.end)
        step += np.repeat(train.waveform[self.beat] * length, self.counts)
        found = np.take(train.waveforms_mv.reshape(-1, leads), step, axis=0)
        if train.gain is not None:
            found *= np.repeat(train.gain[self.beat], self.counts, axis=0)
        return found


class _Ending:
    """How beats return to the isoelectric line where the window of the next one does not begin in time.

    The return takes ``max_fade`` steps. In a shorter pause it begins before the end of the earlier beat, so
    that a wave that is cut off by its window, such as a T wave before a premature beat, falls slowly.

    Args:
        length: steps between the windows of two beats; negative: how many they share.
        fade: steps that two windows must share for a cross-fade alone.
        max_fade: longest return to the isoelectric line, in steps.
    """

    def __init__(self, length: Int[np.ndarray, " pair"], fade: int, max_fade: int) -> None:
        self.length, self.max_fade = length, max_fade
        self.depth = np.clip(1 + length / fade, 0, 1)
        self.early = np.where(self.depth > 0, max_fade - np.clip(length, 0, max_fade), 0)

    def gain(
        self, after_end: Int[np.ndarray, " sample"], pair: Int[np.ndarray, " sample"]
    ) -> Float[np.ndarray, " sample"]:
        """Return the factor of the earlier beat, by the distance of samples from its end."""
        fallen = 1 - _fall(after_end + self.early[pair], self.max_fade)
        return 1 - self.depth[pair] * fallen

    def pause_weights(
        self,
        earlier: tuple[Int[np.ndarray, " sample"], Int[np.ndarray, " sample"]],
        later: tuple[Int[np.ndarray, " sample"], Int[np.ndarray, " sample"]],
        pair: Int[np.ndarray, " sample"],
    ) -> tuple[Float[np.ndarray, " sample"], Float[np.ndarray, " sample"]]:
        """Return the weights of the ends of two beats where neither reaches.

        Args:
            earlier: distance before the start and after the end of the earlier beat, in steps.
            later: the same of the later beat.
            pair: number of the two beats.
        """
        length, fade = self.length[pair], self.max_fade
        is_between = (earlier[0] <= 0) & (later[1] <= 0) & (length > 0)
        rise = np.where(is_between, np.minimum(length, fade), fade)
        first = _fall(np.maximum(earlier[0], earlier[1] + self.early[pair]), fade)
        first = np.where((later[1] > 0) & (length > 0), 0, first)
        return first, np.where(earlier[0] > 0, 0, _fall(np.maximum(*later), rise))


def _fall(
    distance: Int[np.ndarray, " sample"], fade: int | Int[np.ndarray, " sample"]
) -> Float[np.ndarray, " sample"]:
    """Return weights that fall as a raised cosine from 1 at distance 0 to 0 beyond a fade."""
    return 0.5 + 0.5 * np.cos(np.pi * np.clip(distance / (fade + 1), 0, 1))
