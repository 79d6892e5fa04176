"""The one function behind all tasks: draw windows that agree with what is observed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffecg.config.schema import DiffusionConfig
from diffecg.diffusion.noise import SeededNoise
from diffecg.diffusion.posterior import posterior_denoiser
from diffecg.diffusion.samplers import SAMPLERS, Denoiser
from diffecg.errors import DiffecgError
from diffecg.inference.options import SamplerOptions
from diffecg.model.condition import Condition
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.schedule import build_schedule
from diffecg.transform.noise_spectrum import NoiseSpectrum

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

Advance = Callable[[int], None]
"""Called with the number of windows done since the last call."""


@dataclass(frozen=True)
class NoisyObservation:
    """What was recorded with noise of what is missing."""

    signal_mv: NDArray[np.floating]
    """(batch lead time), in mV."""
    given: NDArray[np.bool_]
    """(batch lead time) or (lead time), True = recorded at all."""
    noise: NoiseSpectrum
    """What noise."""

    def windows(self, spans: Sequence[slice]) -> NoisyObservation:
        """Return true_runs of a recording, all rows of the first, then all of the next."""
        rows = len(self.signal_mv)
        return NoisyObservation(
            np.concatenate([self.signal_mv[:, :, span] for span in spans]),
            np.repeat(np.stack([self.given[:, span] for span in spans]), rows, axis=0),
            self.noise,
        )


@dataclass(frozen=True)
class SDEditStart:
    """Windows that the new ones are to resemble: SDEdit, Meng et al. (2022), arXiv 2108.01073."""

    signal_mv: NDArray[np.floating]
    """(batch lead time), in mV."""
    sigma: float
    """NoiseSpectrum that is added to them and taken away again; what is smaller is drawn anew."""

    def levels(self, sigmas: Tensor) -> Tensor:
        """Return the noise levels from this one down."""
        return torch.cat([sigmas.new_tensor([self.sigma]), sigmas[sigmas < self.sigma]])


Watch = Callable[[slice, float, NDArray[np.float32]], None]
"""Called after each evaluation of the network with which windows these are, the noise level, and what they
look like so far (batch lead time), in mV."""


@dataclass(frozen=True)
class Sampling(SamplerOptions):
    """How samples are drawn."""

    watch: Watch | None = None
    """Is shown each step; it changes nothing."""

    def resolved(self, config: DiffusionConfig) -> Sampling:
        """Return the same with the model's own choices filled in.

        Raises:
            DiffecgError: an unknown sampler, or a batch size below 1.
        """
        sampler = config.sampler if self.sampler is None else self.sampler
        if sampler not in SAMPLERS:
            raise DiffecgError(f"unknown sampler {sampler!r}; choose one of {', '.join(SAMPLERS)}")
        if self.batch_size < 1:
            raise DiffecgError(f"batch size {self.batch_size} must be at least 1")
        return replace(self, sampler=sampler, steps=config.steps if self.steps is None else self.steps)


def sample_windows(
    model: ConditionalDenoiser,
    signal_mv: NDArray[np.floating],
    observed: NDArray[np.bool_],
    labels: Sequence[str | None],
    seeds: Sequence[int],
    sampling: Sampling,
    advance: Advance | None = None,
    track: NDArray[np.float32] | None = None,
    noisy: NoisyObservation | None = None,
    reach: int = 0,
    near: SDEditStart | None = None,
) -> NDArray[np.float32]:
    """Return one drawn window (batch lead time), in mV, for each seed.

    Where ``observed`` is True the result is ``signal_mv`` itself, bit for bit in float32.

    Args:
        model: the denoiser.
        signal_mv: (batch lead time), in mV; anything where missing.
        observed: (batch lead time), True = known.
        labels: class of each window; None = unknown.
        seeds: one a window.
        sampling: sampler, steps, batch size.
        advance: called after each batch of windows.
        track: beats that the network is told (batch label+1 time); None: none.
        noisy: what the result is to agree with where it is missing, within its noise; None: nothing.
        reach: samples that signal and mask hold before each window and after it, where matches are sought.
        near: windows that the result is to resemble; None: none.

    Raises:
        DiffecgError: an unknown sampler, a number of steps that it cannot take.
    """
    sampling = sampling.resolved(model.config.diffusion)
    draw, sigmas = SAMPLERS[str(sampling.sampler)], _noise_levels(model, sampling)
    if near is not None:
        sigmas = near.levels(sigmas)
    device = model.transform.mean_mv.device
    grid = (model.transform.channels, *model.transform.grid_shape)
    clean = np.where(observed, signal_mv, 0).astype(np.float32)
    inner = (..., slice(reach, clean.shape[2] - reach))
    result = clean[inner].copy()
    for start in range(0, len(clean), sampling.batch_size):
        rows = slice(start, start + sampling.batch_size)
        mask = torch.from_numpy(observed[rows]).to(device)
        with torch.no_grad():
            told = None if track is None else torch.from_numpy(track[rows]).to(device)
            signal = torch.from_numpy(clean[rows]).to(device)
            # A signal shows its morphology; from nothing, one must be drawn.
            from_nothing = ~observed[inner][rows].any(axis=(1, 2)) & (near is None)
            drawn = np.where(from_nothing, model.draw_morphologies(labels[rows], seeds[rows]), -1)
            condition = model.condition(signal, mask, labels[rows], told, drawn.tolist(), reach)
            noise = SeededNoise(seeds[rows])
            xt = noise(signal.new_empty(len(signal), *grid)) * float(sigmas[0])
            if near is not None:
                given = torch.from_numpy(near.signal_mv[rows]).to(signal)
                xt = xt + model.encode(given, condition)
            denoiser: Denoiser = partial(model, condition=condition)
            if noisy is not None:
                denoiser = _conditioned_on_noisy(model, noisy, rows, mask[inner], condition)
            if sampling.watch is not None:
                denoiser = _watched(denoiser, model, rows, condition, sampling.watch)
            x0 = draw(denoiser, xt, sigmas, noise)
            windows = model.decode(x0, condition).cpu().numpy()
        result[rows] = np.where(observed[inner][rows], result[rows], windows)
        if advance is not None:
            advance(len(clean[rows]))
    return result


def _conditioned_on_noisy(
    model: ConditionalDenoiser, noisy: NoisyObservation, rows: slice, observed: Tensor, condition: Condition
) -> Denoiser:
    """Return a denoiser that agrees with some of the windows that were recorded with noise."""
    recorded, given = (
        torch.from_numpy(part[rows]).to(observed.device) for part in (noisy.signal_mv, noisy.given)
    )
    seen = model.observe(recorded.float(), given & ~observed, observed, noisy.noise, condition)
    return posterior_denoiser(partial(model, condition=condition), seen, model.transform.prior_variance())


def _watched(
    denoiser: Denoiser, model: ConditionalDenoiser, rows: slice, condition: Condition, watch: Watch
) -> Denoiser:
    """Return a denoiser that shows what it finds."""

    def shown(xt: Tensor, sigma: Tensor) -> Tensor:
        x0 = denoiser(xt, sigma)
        watch(rows, float(sigma[0]), model.decode(x0, condition).cpu().numpy())
        return x0

    return shown


def _noise_levels(model: ConditionalDenoiser, sampling: Sampling) -> Tensor:
    try:
        return build_schedule(model.config.diffusion).sampling_sigmas(int(sampling.steps or 0))
    except ValueError as error:
        raise DiffecgError(str(error)) from None


def counting(progress: Progress | None, total: int) -> Advance | None:
    """Return what adds up windows and tells ``progress`` the sum and the total."""
    if progress is None:
        return None
    done = 0

    def advance(windows: int) -> None:
        nonlocal done
        done += windows
        progress(done, total)

    return advance
