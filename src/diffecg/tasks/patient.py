"""Someone who does not exist: one heart, in one lead, with a beat of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError
from diffecg.tasks.model import Model

CANDIDATES = 32
"""Beats of a class that the one is chosen of that goes with the others."""
_FEW = 8
_QRS_S = 0.12
_CORE_S = (-0.1, 0.3)
_LEVEL_S = {"N": (-0.083, -0.055), "S": (-0.083, -0.055), "V": (-0.167, -0.125), "F": (-0.167, -0.125)}
"""Where a beat is at the zero line, from its R peak: between P wave and QRS, or before a QRS without one."""
Array = NDArray[np.floating]


@dataclass(frozen=True)
class Patient:
    """A beat of each class, to be varied."""

    beats_mv: dict[str, NDArray[np.float32]]
    """By label, (lead time), in mV."""
    seed: int


def draw_patient(model: Model, seed: int = 0) -> Patient:
    """Return someone, the same for the same seed.

    The normal beat and the ventricular one are the quietest of a few, for noise is added on request. A
    supraventricular beat takes the normal one's way through the ventricles: of CANDIDATES the one that is
    most like it is taken. A fusion beat is both at once: the one that is most like their mean.

    Args:
        model: of beats, of the classes N, S, V and F.
        seed: of the person.

    Raises:
        DiffecgError: the model makes no such beats.
    """
    window = model.config.window
    if window.kind != "beat" or set(model.labels) != set(_LEVEL_S):
        raise DiffecgError(f"{model.name} does not make beats of N, S, V and F; choose such as mitbih-beat")
    drawn = {}
    for place, label in enumerate(_LEVEL_S):
        first = (4 * seed + place) * CANDIDATES % (2**62)
        made = model.generate(label, CANDIDATES, first, batch_size=CANDIDATES).signal_mv
        drawn[label] = levelled(made, label, window.fs_hz, window.before)
    normal, ventricular = (_quietest(drawn[label], window.fs_hz, window.before) for label in "NV")
    core = slice(*(window.before + round(s * window.fs_hz) for s in _CORE_S))
    return Patient(
        {
            "N": normal,
            "S": _nearest(drawn["S"], normal, core),
            "V": ventricular,
            "F": _nearest(drawn["F"], (normal + ventricular) / 2, core),
        },
        seed,
    )


def levelled(windows: Array, label: str, fs_hz: float, before: int) -> NDArray[np.float32]:
    """Return beats (window lead time) of a class moved so that their zero line is at 0 mV."""
    quiet = slice(*(before + round(s * fs_hz) for s in _LEVEL_S[label]))
    level = np.median(windows[..., quiet], axis=-1, keepdims=True)
    out: NDArray[np.float32] = (windows - level).astype(np.float32)
    return out


def _quietest(windows: NDArray[np.float32], fs_hz: float, before: int) -> NDArray[np.float32]:
    """Return that of the first windows (lead time) which is smoothest outside its QRS."""
    bent = np.square(np.diff(windows[:_FEW], n=2, axis=2))
    away = np.abs(np.arange(1, windows.shape[2] - 1) - before) > _QRS_S * fs_hz
    quietest: NDArray[np.float32] = windows[int(bent[..., away].sum(axis=(1, 2)).argmin())]
    return quietest


def _nearest(windows: NDArray[np.float32], wanted: Array, core: slice) -> NDArray[np.float32]:
    """Return the window (lead time) with the least square distance to the one that is wanted."""
    distance = np.square(windows - wanted)[..., core].sum(axis=(1, 2))
    nearest: NDArray[np.float32] = windows[int(distance.argmin())]
    return nearest
