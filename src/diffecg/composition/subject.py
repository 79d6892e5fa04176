"""Someone who does not exist: one heart, in one lead, with a beat of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.inference.model import Model

CANDIDATES = 32
"""Beats of a class that the one is chosen of that goes with the others."""
_BEGINS_S, _QRS_S = 0.25, 0.13
_LOG_RATIO = (0.1, 0.25)
"""Mean and standard deviation of the logarithm of the height of a person's ventricular beats over that of the
normal ones: of 14 recordings of DS1, which reach from 0.7 to 1.6."""
_CORE_S = (-0.1, 0.3)
_LEVEL_S = {"N": (-0.083, -0.055), "S": (-0.083, -0.055), "V": (-0.167, -0.125), "F": (-0.167, -0.125)}
"""Where a beat is at the zero line, from its R peak: between P wave and QRS, or before a QRS without one."""
Array = NDArray[np.floating]


@dataclass(frozen=True)
class SyntheticSubject:
    """A beat of each class, to be varied."""

    beats_mv: dict[str, NDArray[np.float32]]
    """By label, (lead time), in mV, the zero line at 0."""
    level_mv: NDArray[np.float32]
    """Where recordings of this person have their zero line, (lead 1), in mV."""
    seed: int


def sample_subject(model: Model, seed: int = 0) -> SyntheticSubject:
    """Return someone, the same for the same seed.

    A normal beat is drawn, and a ventricular one of a height that goes with it, both from the quieter half of
    CANDIDATES, for noise is added on request. A supraventricular beat takes the normal one's way through the
    ventricles: of CANDIDATES the one that is most like it is taken. A fusion beat is both at once: the one
    that is most like their mean.

    Args:
        model: of beats, of the classes N, S, V and F.
        seed: of the person.

    Raises:
        DiffecgError: the model makes no such beats.
    """
    window = model.config.window
    if window.kind != "beat" or set(model.labels) != set(_LEVEL_S):
        raise DiffecgError(f"{model.name} does not make beats of N, S, V and F; choose such as mitbih-beat")
    drawn: dict[str, NDArray[np.float32]] = {}
    levels: dict[str, Array] = {}
    for place, label in enumerate(_LEVEL_S):
        first = (4 * seed + place) * CANDIDATES % (2**62)
        made = model.generate(label, CANDIDATES, first, batch_size=CANDIDATES).signal_mv
        levels[label] = level_of(made, label, window.fs_hz, window.before)
        drawn[label] = (made - levels[label]).astype(np.float32)
    cut = window.fs_hz, window.before
    first, others = _quiet(drawn["N"], *cut)[0], drawn["V"][_quiet(drawn["V"], *cut)]
    normal = drawn["N"][first]
    log_ratio = np.random.default_rng(seed).normal(*_LOG_RATIO)
    ratios = np.log(_height(others, *cut) / _height(normal, *cut))
    ventricular = others[np.abs(ratios - log_ratio).argmin()]
    core = slice(*(window.before + round(s * window.fs_hz) for s in _CORE_S))
    return SyntheticSubject(
        {
            "N": normal,
            "S": _nearest(drawn["S"], normal, core),
            "V": ventricular,
            "F": _nearest(drawn["F"], (normal + ventricular) / 2, core),
        },
        levels["N"][first].astype(np.float32),
        seed,
    )


def level_of(windows: Array, label: str, fs_hz: float, before: int) -> Array:
    """Return where the zero line of beats (… lead time) of a class is (… lead 1), in mV."""
    quiet = slice(*(before + round(s * fs_hz) for s in _LEVEL_S[label]))
    level: Array = np.median(windows[..., quiet], axis=-1, keepdims=True)
    return level


def _quiet(windows: NDArray[np.float32], fs_hz: float, before: int) -> NDArray[np.intp]:
    """Return the places of that half of the windows (window lead time) which is smoothest before the beat."""
    still = windows[:, :, : before - round(_BEGINS_S * fs_hz)]
    bent = np.square(np.diff(still, n=2, axis=2)).sum(axis=(1, 2))
    return np.flatnonzero(bent <= np.median(bent))


def _height(windows: Array, fs_hz: float, before: int) -> Array:
    """Return the height of the QRS of windows (… lead time) in the lead where it is highest, in mV."""
    reach = round(_QRS_S * fs_hz)
    height: Array = np.ptp(windows[..., before - reach : before + reach], axis=-1).max(axis=-1)
    return height


def _nearest(windows: NDArray[np.float32], wanted: Array, core: slice) -> NDArray[np.float32]:
    """Return the window (lead time) with the least square distance to the one that is wanted."""
    distance = np.square(windows - wanted)[..., core].sum(axis=(1, 2))
    nearest: NDArray[np.float32] = windows[int(distance.argmin())]
    return nearest
