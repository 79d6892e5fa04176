r"""Signals for gaps and their companions, from recordings and from virtual recordings.

A virtual recording is one at another tempo, so that few subjects give many recordings. A lead of an ECG is
the projection of the heart's electrical dipole, so that a combination of leads is one that could have been
recorded:

.. math:: y(t) = a \sum_l w_l \, x_l(\tau t) / s_l, \qquad \lVert w \rVert = 1

with the standard deviation :math:`s_l` of lead :math:`l`, a random amplitude :math:`a` and tempo
:math:`\tau`. Of signals of other kinds, only the tempo changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int, Shaped
from torch import Tensor

from diffecg.config.gap import CandidateConfig
from diffecg.signal.analogue_search import REACH_S
from diffecg.signal.kinds import signal_kind
from diffecg.training.gap.recordings import TrainingRecordings

TEMPO = (0.8, 1.25)
"""Range of the tempo, log-uniform."""
AMPLITUDE_MV, AMPLITUDE_SPREAD = 0.3, 0.4
"""Median of the standard deviation of a virtual lead, and standard deviation of its logarithm."""
LONGEST_S = REACH_S
"""Longest part of a recording that is read: as far as analogues are searched on either side of a gap."""
COMBINING = "ecg"
"""Kind of the signals whose combinations are signals of the same kind."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SignalGroups:
    """A signal for gaps of each of some recordings, followed by its companions."""

    signal: Float[Tensor, "recording signal time"]
    """Each in its unit; zero where samples are missing, and where there is no such companion."""
    observed: Bool[Tensor, "recording signal time"]
    kind: Int[Tensor, " recording"]
    """Which of the kinds of the model the first signal is."""
    scale: Float[Tensor, "recording signal"]
    """Factors with which signals of different kinds are compared; 1 for those of the kind of the first."""
    smallest_sd: Float[Tensor, "recording signal"]
    """Smallest standard deviation of signals of the kind of each."""
    shows_beats: Bool[Tensor, "recording signal"]
    """Whether a signal is of the kind in which the heartbeats of its recording were detected."""
    beats: Float64[Tensor, "recording beat"]
    """Heartbeats, ascending; then infinity."""
    samples: Int[Tensor, " recording"]
    """Number of samples of each recording."""


def draw_groups(
    rng: np.random.Generator,
    source: TrainingRecordings,
    numbers: Int[np.ndarray, " recording"],
    candidates: CandidateConfig,
    *,
    virtual: float,
    inverted: float,
) -> SignalGroups:
    """Return a random signal of each of some recordings with its companions.

    Args:
        rng: source of randomness.
        source: the recordings.
        numbers: which recordings.
        candidates: kinds of the signals and of the companions, and their rate.
        virtual: share of virtual recordings.
        inverted: share of the others whose ECG is turned upside down.
    """
    count = len(numbers)
    is_virtual = rng.random(count) < virtual
    tempo = np.where(is_virtual, np.exp(rng.uniform(np.log(TEMPO[0]), np.log(TEMPO[1]), count)), 1.0)
    kinds = source.kinds[numbers]
    chosen = np.stack([_choose_leads(rng, of_recording, candidates) for of_recording in kinds])
    chosen_kinds = np.where(chosen >= 0, np.take_along_axis(kinds, np.maximum(chosen, 0), axis=1), "")
    weights = _draw_weights(rng, kinds, chosen, is_virtual)
    sign = np.where(~is_virtual & (rng.random(count) < inverted), -1, 1)
    amplitude = AMPLITUDE_MV * np.exp(AMPLITUDE_SPREAD * rng.standard_normal(chosen.shape))
    factor = np.where(is_virtual[:, None], amplitude, sign[:, None])
    weights *= np.where(chosen_kinds == COMBINING, factor, 1.0)[:, :, None]

    # Read the whole recordings, or a random part of them.
    most = round(LONGEST_S * candidates.fs_hz)
    whole = np.ceil(source.samples[numbers] / tempo).astype(np.int64)
    samples = np.minimum(whole, most)
    first = (rng.random(count) * (whole - samples) * tempo).astype(np.int64)
    length = int(samples.max())

    def to_device(array: Shaped[np.ndarray, "..."]) -> Tensor:
        return torch.from_numpy(array).to(source.device)

    place = (to_device(numbers), to_device(first), to_device(tempo), length)
    leads, leads_observed = source.read(*place)
    is_scaled = to_device(is_virtual[:, None] & (kinds == COMBINING))
    deviation = torch.where(is_scaled, _deviation(leads, leads_observed).clamp(min=1e-3), 1.0)
    of_leads = to_device(weights.astype(np.float32)) / deviation[:, None]
    signal = torch.einsum("rpl,rlt->rpt", of_leads, leads)
    is_missing = torch.einsum("rpl,rlt->rpt", (of_leads != 0).float(), (~leads_observed).float()) > 0
    observed = ~is_missing & to_device(chosen >= 0)[:, :, None]
    signal = torch.where(observed, signal, 0.0)
    own = [candidates.kinds.index(kind) if kind else 0 for kind in chosen_kinds[:, 0]]
    inputs = [(kind or candidates.kinds[0], *candidates.companions) for kind in chosen_kinds[:, 0]]
    smallest = np.array([[signal_kind(kind).smallest_sd for kind in row] for row in inputs])
    return SignalGroups(
        signal=signal,
        observed=observed,
        kind=to_device(np.array(own)),
        scale=_comparable_scale(signal, observed, chosen_kinds),
        smallest_sd=to_device(smallest.astype(np.float32)),
        shows_beats=to_device((chosen_kinds == source.beat_kinds[numbers][:, None]) & (chosen >= 0)),
        beats=source.beats(*place),
        samples=to_device(samples),
    )


def _choose_leads(
    rng: np.random.Generator, kinds: Shaped[np.ndarray, " lead"], candidates: CandidateConfig
) -> Int[np.ndarray, " signal"]:
    """Return a random lead of a random kind, and a random lead for each companion; -1 = none."""
    free = [lead for lead in rng.permutation(len(kinds)).tolist() if kinds[lead]]

    def take(kind: str) -> int:
        lead = next((lead for lead in free if kinds[lead] == kind), -1)
        if lead >= 0:
            free.remove(lead)
        return lead

    own = [kind for kind in candidates.kinds if kind in kinds]
    first = take(str(rng.choice(own))) if own else -1
    return np.array([first, *(take(kind) for kind in candidates.companions)])


def _draw_weights(
    rng: np.random.Generator,
    kinds: Shaped[np.ndarray, "recording lead"],
    chosen: Int[np.ndarray, "recording signal"],
    is_virtual: Bool[np.ndarray, " recording"],
) -> Float64[np.ndarray, "recording signal lead"]:
    """Return the weights of the leads in each signal: one lead, or a combination of those of an ECG."""
    single = np.arange(kinds.shape[1]) == chosen[:, :, None]
    combines = (single & (kinds == COMBINING)[:, None]).any(axis=2)
    mixed = rng.standard_normal(single.shape) * (kinds == COMBINING)[:, None]
    mixed /= np.maximum(np.linalg.norm(mixed, axis=2, keepdims=True), 1e-9)
    return np.where((is_virtual[:, None] & combines)[:, :, None], mixed, single)


def _comparable_scale(
    signal: Float[Tensor, "recording signal time"],
    observed: Bool[Tensor, "recording signal time"],
    kinds: Shaped[np.ndarray, "recording signal"],
) -> Float[Tensor, "recording signal"]:
    """Return factors that give signals of different kinds the mean square of the kind of the first one."""
    same = torch.from_numpy(kinds[:, :, None] == kinds[:, None]).to(signal.device).float()
    square = _deviation(signal, observed).square()
    of_kind = (same * square[:, None]).sum(dim=2) / same.sum(dim=2)
    ratio = (of_kind[:, :1] / of_kind.clamp(min=1e-24)).sqrt()
    return torch.where(same[:, 0] > 0, 1.0, ratio)


def _deviation(
    signal: Float[Tensor, "recording signal time"], observed: Bool[Tensor, "recording signal time"]
) -> Float[Tensor, "recording signal"]:
    """Return the standard deviation of the observed samples of each signal."""
    count = observed.sum(dim=2).clamp(min=1)
    mean = signal.sum(dim=2) / count
    squares = ((signal - mean[:, :, None]) ** 2 * observed).sum(dim=2)
    return (squares / count).sqrt()
