"""The beats of synthetic subjects in several leads, made ready to be placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from jaxtyping import Float, Float32, Int
from scipy.signal import resample_poly

from diffecg.choices import choices
from diffecg.composition.basic_rhythms import onset_s
from diffecg.composition.beat_source import RR_AFTER, BeatSource
from diffecg.composition.plan import RecordingPlan, conditions_table
from diffecg.errors import DiffecgError

STEP_S = 0.0025
"""R peaks are placed on a grid at most this fine."""
LEVEL_S = 0.04
"""Length of the isoelectric line before the onset of a beat, from which its level is measured."""
LATEST_END_S = {"V": 0.6}
"""Latest end of beats after the R peak, by label; later waves in their windows belong to other beats."""
CONDUCTED_S = (-0.09, -0.05)
"""A supraventricular beat turns into the subject's normal beat between these times from its R peak."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Waveforms:
    """A beat of each label of each recording."""

    beats_mv: Float32[np.ndarray, "waveform step lead"]
    """Beats in mV, with the isoelectric line at 0."""
    r_peak: int
    """Step of the R peak."""
    steps_per_sample: int
    onset: Int[np.ndarray, " waveform"]
    """Onset in steps before the R peak."""
    end: Int[np.ndarray, " waveform"]
    """Last step before the onset of a following normal beat."""
    number: list[dict[str, int]]
    """For each recording, the number of the waveform of each label."""


def draw_waveforms(source: BeatSource, plans: Sequence[RecordingPlan]) -> Waveforms:
    """Draw the beats that some recordings need.

    Beats of a recording are drawn with the same seed and differ by their conditions only. Supraventricular
    beats are conducted normally: from the QRS complex on they are the normal beat.

    Raises:
        DiffecgError: the source has no beats of a label, or is not conditioned on a number.
    """
    _check_conditions(source, plans)
    table, seeds = conditions_table(plans)
    beats_mv = source.draw(table, seeds)
    owners = [(plan, label) for plan in plans for label in plan.beat_labels]
    numbers = [dict[str, int]() for _ in plans]
    row = 0
    for plan, number in zip(plans, numbers, strict=True):
        for label in plan.beat_labels:
            number[label] = row
            row += 1
        if "S" in number:
            beats_mv[number["S"]] = conduct(
                beats_mv[number["S"]], beats_mv[number["N"]], source.fs_hz, source.r_peak
            )
    onsets_s = np.array([onset_s(label, plan.statements) for plan, label in owners])
    normal_onsets_s = np.array([onset_s("N", plan.statements) for plan, _ in owners])
    levels_mv = isoelectric_levels(beats_mv, onsets_s, source.fs_hz, source.r_peak)
    factor = ceil(1 / (STEP_S * source.fs_hz))
    steps = resample_poly(beats_mv - levels_mv, factor, 1, axis=2, padtype="line")
    fs_hz, r_peak, length = source.fs_hz * factor, source.r_peak * factor, beats_mv.shape[2] * factor
    latest_s = np.array([LATEST_END_S.get(label, np.inf) for _, label in owners])
    used_s = np.fmin(table[RR_AFTER].to_numpy(dtype=float) - normal_onsets_s, latest_s)
    end = np.minimum(r_peak + used_s * fs_hz, length - factor).astype(int)
    return Waveforms(
        beats_mv=np.ascontiguousarray(steps.transpose(0, 2, 1), dtype=np.float32),
        r_peak=r_peak,
        steps_per_sample=factor,
        onset=np.minimum(np.rint(onsets_s * fs_hz).astype(int), r_peak),
        end=end,
        number=numbers,
    )


def conduct(
    ectopic_mv: Float[np.ndarray, "lead time"],
    normal_mv: Float[np.ndarray, "lead time"],
    fs_hz: float,
    r_peak: int,
) -> Float[np.ndarray, "lead time"]:
    """Return the P wave of one beat followed by the QRS complex and T wave of another."""
    time_s = (np.arange(normal_mv.shape[1]) - r_peak) / fs_hz
    weight = np.clip((time_s - CONDUCTED_S[0]) / (CONDUCTED_S[1] - CONDUCTED_S[0]), 0, 1)
    return (1 - weight) * ectopic_mv + weight * normal_mv


def isoelectric_levels(
    beats_mv: Float[np.ndarray, "beat lead time"],
    onsets_s: Float[np.ndarray, " beat"],
    fs_hz: float,
    r_peak: int,
) -> Float[np.ndarray, "beat lead 1"]:
    """Return the level of each beat just before its onset, in mV."""
    width = max(round(LEVEL_S * fs_hz), 1)
    stop = np.maximum(r_peak - np.rint(onsets_s * fs_hz).astype(int) + 1, width)
    samples = stop[:, None] - 1 - np.arange(width)
    return np.take_along_axis(beats_mv, samples[:, None, :], axis=2).mean(axis=2, keepdims=True)


def _check_conditions(source: BeatSource, plans: Sequence[RecordingPlan]) -> None:
    others = sorted({name for plan in plans for name in plan.numbers} - set(source.numbers))
    if others:
        raise DiffecgError(
            f"unknown condition {others[0]!r} for {source.name}; "
            + choices(others[0], ["labels", "heart_rate", *source.numbers])
        )
    unknown = sorted({label for plan in plans for label in plan.beat_labels} - set(source.symbols))
    if unknown:
        raise DiffecgError(
            f"{source.name} has no beats with the label {unknown[0]}; {choices(unknown[0], source.symbols)}"
        )
