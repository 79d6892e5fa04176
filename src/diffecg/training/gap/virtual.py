r"""Virtual recordings: combinations of leads at another tempo, so that few subjects give many recordings.

A lead is the projection of the heart's electrical dipole, so that a combination of leads is one that could
have been recorded:

.. math:: y(t) = a \sum_l w_l \, x_l(\tau t) / s_l, \qquad \lVert w \rVert = 1

with the standard deviation :math:`s_l` of lead :math:`l`, a random amplitude :math:`a` and tempo
:math:`\tau`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int, Shaped
from torch import Tensor

from diffecg.signal.analogue_search import REACH_S
from diffecg.training.gap.recordings import TrainingRecordings

TEMPO = (0.8, 1.25)
"""Range of the tempo, log-uniform."""
AMPLITUDE_MV, AMPLITUDE_SPREAD = 0.3, 0.4
"""Median of the standard deviation of a virtual lead, and standard deviation of its logarithm."""
LONGEST_S = REACH_S
"""Longest part of a recording that is read: as far as analogues are searched on either side of a gap."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeadPairs:
    """Two leads of each of some recordings: one for gaps, and a companion."""

    signal_mv: Float[Tensor, "recording 2 time"]
    """Zero where samples are missing."""
    observed: Bool[Tensor, "recording 2 time"]
    has_companion: Bool[Tensor, " recording"]
    """Whether there is a companion."""
    peaks: Float64[Tensor, "recording peak"]
    """R peaks, ascending; then infinity."""
    samples: Int[Tensor, " recording"]
    """Number of samples of each recording."""


def draw_lead_pairs(
    rng: np.random.Generator,
    source: TrainingRecordings,
    numbers: Int[np.ndarray, " recording"],
    *,
    fs_hz: float,
    virtual: float,
    inverted: float,
) -> LeadPairs:
    """Return two random leads of recordings, as they are or of virtual recordings.

    Args:
        rng: source of randomness.
        source: the recordings.
        numbers: which recordings.
        fs_hz: their rate, in Hz.
        virtual: share of virtual recordings.
        inverted: share of the others that are turned upside down.
    """
    count = len(numbers)
    is_virtual = rng.random(count) < virtual
    tempo = np.where(is_virtual, np.exp(rng.uniform(np.log(TEMPO[0]), np.log(TEMPO[1]), count)), 1.0)
    weights, has_companion = _draw_weights(rng, source.usable[numbers], is_virtual)
    sign = np.where(~is_virtual & (rng.random(count) < inverted), -1, 1)
    amplitude = AMPLITUDE_MV * np.exp(AMPLITUDE_SPREAD * rng.standard_normal((count, 2)))

    # Read the whole recordings, or a random part of them.
    most = round(LONGEST_S * fs_hz)
    whole = np.ceil(source.samples[numbers] / tempo).astype(np.int64)
    samples = np.minimum(whole, most)
    first = (rng.random(count) * (whole - samples) * tempo).astype(np.int64)
    length = int(samples.max())

    def to_device(array: Shaped[np.ndarray, "..."]) -> Tensor:
        return torch.from_numpy(array).to(source.device)

    place = (to_device(numbers), to_device(first), to_device(tempo), length)
    signal_mv, observed = source.read(*place)
    of_leads = to_device(weights)
    scale = torch.where(to_device(is_virtual)[:, None], _deviation(signal_mv, observed), 1.0)
    of_leads = of_leads / scale[:, None]
    factor = np.where(is_virtual[:, None], amplitude, sign[:, None]).astype(np.float32)
    mixed = torch.einsum("rpl,rlt->rpt", of_leads * to_device(factor)[:, :, None], signal_mv)
    is_missing = torch.einsum("rpl,rlt->rpt", (of_leads != 0).float(), (~observed).float()) > 0
    return LeadPairs(
        signal_mv=torch.where(is_missing, 0.0, mixed),
        observed=~is_missing & to_device(has_companion | np.array([True, False]))[:, :, None],
        has_companion=to_device(has_companion[:, 0]),
        peaks=source.r_peaks(*place),
        samples=to_device(samples),
    )


def _draw_weights(
    rng: np.random.Generator,
    usable: Bool[np.ndarray, "recording lead"],
    is_virtual: Bool[np.ndarray, " recording"],
) -> tuple[Float32[np.ndarray, "recording 2 lead"], Bool[np.ndarray, "recording 1"]]:
    """Return the weights of the leads in each pair, and whether it has a companion."""
    count, leads = usable.shape
    order = np.argsort(np.where(usable, rng.random((count, leads)), 2.0), axis=1)
    single = np.zeros((count, 2, leads))
    rows = np.arange(count)
    single[rows, 0, order[:, 0]] = 1
    has_companion = usable.sum(axis=1, keepdims=True) > 1
    single[rows, 1, order[:, min(1, leads - 1)]] = 1
    mixed = rng.standard_normal((count, 2, leads)) * usable[:, None]
    mixed /= np.maximum(np.linalg.norm(mixed, axis=2, keepdims=True), 1e-9)
    weights = np.where(is_virtual[:, None, None], mixed, single)
    return weights.astype(np.float32), has_companion


def _deviation(
    signal_mv: Float[Tensor, "recording lead time"], observed: Bool[Tensor, "recording lead time"]
) -> Float[Tensor, "recording lead"]:
    """Return the standard deviation of the observed samples of each lead, at least 1 uV."""
    count = observed.sum(dim=2).clamp(min=1)
    mean = signal_mv.sum(dim=2) / count
    squares = ((signal_mv - mean[:, :, None]) ** 2 * observed).sum(dim=2)
    return (squares / count).sqrt().clamp(min=1e-3)
