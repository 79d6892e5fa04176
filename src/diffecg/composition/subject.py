"""A synthetic subject: one beat of each label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int

from diffecg.errors import DiffecgError
from diffecg.inference.model import Model

CANDIDATES = 32
"""Beats per label among which the subject's beat is chosen."""
P_ONSET_S, QRS_HALF_WIDTH_S = 0.25, 0.13
LOG_HEIGHT_RATIO = (0.1, 0.25)
"""Mean and standard deviation of the logarithm of the height of ventricular over normal beats of a subject:
of 14 recordings of DS1, whose ratios are 0.7 to 1.6."""
COMPARED_S = (-0.1, 0.3)
"""Interval around the R peak in which beats are compared."""
BASELINE_S = {"N": (-0.083, -0.055), "S": (-0.083, -0.055), "V": (-0.167, -0.125), "F": (-0.167, -0.125)}
"""Interval around the R peak at the baseline: between P wave and QRS complex, or before a QRS complex without
P wave."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SyntheticSubject:
    """One beat of each label; :meth:`Model.vary` varies them."""

    beats_mv: dict[str, Float32[np.ndarray, "lead time"]]
    """Beat of each label, in mV, with the baseline at 0."""
    baseline_mv: Float32[np.ndarray, "lead 1"]
    """Baseline of the subject's recordings, in mV."""
    seed: int


def sample_subject(model: Model, seed: int = 0) -> SyntheticSubject:
    """Sample a subject.

    The normal beat and a ventricular beat of a matching height are chosen from the less noisy half of the
    candidates. A supraventricular beat has the ventricular conduction of a normal one: the most similar
    candidate is chosen. A fusion beat is the candidate most similar to the mean of normal and ventricular
    beat.

    Args:
        model: a model of beats with the labels N, S, V and F.
        seed: seed of the subject.

    Raises:
        DiffecgError: the model does not generate such beats.
    """
    window = model.config.window
    if set(model.labels) != set(BASELINE_S):
        raise DiffecgError(
            f"{model.name} does not generate beats with the labels N, S, V and F; choose mitbih-beat"
        )
    beats_mv: dict[str, Float32[np.ndarray, "beat lead time"]] = {}
    baselines_mv: dict[str, Float[np.ndarray, "beat lead 1"]] = {}
    for i, label in enumerate(BASELINE_S):
        first_seed = (4 * seed + i) * CANDIDATES % (2**62)
        candidates_mv = model.generate(label, CANDIDATES, first_seed, batch_size=CANDIDATES).signal_mv
        baselines_mv[label] = baseline_mv(candidates_mv, label, window.fs_hz, window.before)
        beats_mv[label] = (candidates_mv - baselines_mv[label]).astype(np.float32)
    chosen = _less_noisy(beats_mv["N"], window.fs_hz, window.before)[0]
    normal = beats_mv["N"][chosen]
    ventricular = _ventricular_beat(beats_mv["V"], normal, seed, window.fs_hz, window.before)
    compared = slice(*(window.before + round(time_s * window.fs_hz) for time_s in COMPARED_S))
    return SyntheticSubject(
        beats_mv={
            "N": normal,
            "S": _nearest(beats_mv["S"], normal, compared),
            "V": ventricular,
            "F": _nearest(beats_mv["F"], (normal + ventricular) / 2, compared),
        },
        baseline_mv=baselines_mv["N"][chosen].astype(np.float32),
        seed=seed,
    )


def baseline_mv(
    beats_mv: Float[np.ndarray, "*beat lead time"], label: str, fs_hz: float, before: int
) -> Float[np.ndarray, "*beat lead 1"]:
    """Return the baseline of beats, in mV: the median between P wave and QRS complex, or before the QRS.

    Args:
        beats_mv: beats of one label, in mV.
        label: their label.
        fs_hz: sampling rate, in Hz.
        before: sample of the R peak.
    """
    quiet = slice(*(before + round(time_s * fs_hz) for time_s in BASELINE_S[label]))
    return np.median(beats_mv[..., quiet], axis=-1, keepdims=True)


def _ventricular_beat(
    candidates_mv: Float32[np.ndarray, "beat lead time"],
    normal_mv: Float32[np.ndarray, "lead time"],
    seed: int,
    fs_hz: float,
    before: int,
) -> Float32[np.ndarray, "lead time"]:
    """Return the candidate whose height over that of the normal beat is closest to a random ratio."""
    candidates_mv = candidates_mv[_less_noisy(candidates_mv, fs_hz, before)]
    log_ratio = np.random.default_rng(seed).normal(*LOG_HEIGHT_RATIO)
    ratios = np.log(_qrs_height(candidates_mv, fs_hz, before) / _qrs_height(normal_mv, fs_hz, before))
    return candidates_mv[np.abs(ratios - log_ratio).argmin()]


def _less_noisy(
    beats_mv: Float32[np.ndarray, "beat lead time"], fs_hz: float, before: int
) -> Int[np.ndarray, " chosen"]:
    """Return the indices of the half of the beats with the smallest second differences before the P wave."""
    quiet_mv = beats_mv[:, :, : before - round(P_ONSET_S * fs_hz)]
    roughness = np.square(np.diff(quiet_mv, n=2, axis=2)).sum(axis=(1, 2))
    return np.flatnonzero(roughness <= np.median(roughness))


def _qrs_height(
    beats_mv: Float[np.ndarray, "*beat lead time"], fs_hz: float, before: int
) -> Float[np.ndarray, "*beat"]:
    """Return the peak-to-peak height of the QRS complex in the lead where it is largest, in mV."""
    half = round(QRS_HALF_WIDTH_S * fs_hz)
    return np.asarray(np.ptp(beats_mv[..., before - half : before + half], axis=-1).max(axis=-1))


def _nearest(
    candidates_mv: Float32[np.ndarray, "beat lead time"],
    target_mv: Float[np.ndarray, "lead time"],
    compared: slice,
) -> Float32[np.ndarray, "lead time"]:
    """Return the candidate with the smallest squared distance to the target."""
    distance = np.square(candidates_mv - target_mv)[..., compared].sum(axis=(1, 2))
    return candidates_mv[int(distance.argmin())]
