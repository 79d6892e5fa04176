"""Sampling of windows, the core of all tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from diffecg.choices import choices
from diffecg.config.schema import DiffusionConfig
from diffecg.datasets.label_code import Labels
from diffecg.diffusion.guidance import guided_denoiser
from diffecg.diffusion.noise import SeededNoise
from diffecg.diffusion.samplers import SAMPLERS, Denoiser
from diffecg.errors import DiffecgError
from diffecg.inference.options import SamplerOptions
from diffecg.model.condition import Condition
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.schedule import build_schedule

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

OnBatch = Callable[[int], None]
"""Called with the number of windows of each finished batch."""

OnStep = Callable[[slice, float, Float32[np.ndarray, "batch lead time"]], None]
"""Called after each evaluation of the network with the rows of the batch in the request, the noise level
sigma and the current estimate of the windows, in mV."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SDEditStart:
    """Windows to start from instead of noise: SDEdit, Meng et al. (2022), arXiv 2108.01073."""

    signal_mv: Float[np.ndarray, "batch lead time"]
    sigma: float
    """Noise level that is added to them; details smaller than the noise are resampled."""

    def sigmas(self, sigmas: Tensor) -> Tensor:
        """Return the noise levels of a schedule from this one down."""
        return torch.cat([sigmas.new_tensor([self.sigma]), sigmas[sigmas < self.sigma]])


@dataclass(frozen=True, kw_only=True, eq=False)
class SamplingRequest:
    """Windows to sample and what they are conditioned on."""

    signal_mv: Float[np.ndarray, "batch lead time"]
    """Observed signal, in mV; values of missing samples are ignored."""
    observed: Bool[np.ndarray, "batch lead time"]
    """True where a sample is observed."""
    labels: Sequence[Labels]
    """Labels of each window; None = unknown."""
    seeds: Sequence[int]
    """Seed of each window."""
    numbers: Float32[np.ndarray, "batch number"] | None = None
    """Numbers of each window; NaN, or None for all, = unknown."""
    morphologies: Sequence[int] | None = None
    """Morphology of each window within its label; -1 = unknown; None: drawn where nothing is observed."""
    start: SDEditStart | None = None
    guidance: float = 1.0
    """Scale of classifier-free guidance; 1: none."""

    @classmethod
    def unconditional(
        cls,
        shape: tuple[int, int],
        labels: Sequence[Labels],
        seeds: Sequence[int],
    ) -> SamplingRequest:
        """Return the request of windows (leads, samples) in which nothing is observed."""
        zeros = np.zeros((len(seeds), *shape), dtype=np.float32)
        return cls(signal_mv=zeros, observed=zeros > 0, labels=labels, seeds=seeds)


def resolve_options(options: SamplerOptions, config: DiffusionConfig) -> SamplerOptions:
    """Return the options with the model's own sampler and steps in place of None.

    Raises:
        DiffecgError: an unknown sampler, or a batch size below 1.
    """
    sampler = config.sampler if options.sampler is None else options.sampler
    if sampler not in SAMPLERS:
        raise DiffecgError(f"unknown sampler {sampler!r}; {choices(sampler, SAMPLERS)}")
    if options.batch_size < 1:
        raise DiffecgError(f"batch size {options.batch_size} must be at least 1")
    steps = config.steps if options.steps is None else options.steps
    return replace(options, sampler=sampler, steps=steps)


def check_options(model: ConditionalDenoiser, options: SamplerOptions) -> SamplerOptions:
    """Return the options with the model's own sampler and steps in place of None.

    Raises:
        DiffecgError: an unknown sampler, or a number of steps that the schedule does not allow.
    """
    resolved = resolve_options(options, model.config.diffusion)
    _sigmas(model, resolved)
    return resolved


def sample_windows(
    model: ConditionalDenoiser,
    request: SamplingRequest,
    options: SamplerOptions,
    *,
    on_batch: OnBatch | None = None,
    on_step: OnStep | None = None,
) -> Float32[np.ndarray, "batch lead time"]:
    """Sample one window per seed, in mV.

    Observed samples are returned unchanged, bit for bit in float32.

    Args:
        model: the denoiser.
        request: the windows to sample.
        options: sampler, steps and batch size.
        on_batch: called after each batch.
        on_step: called after each evaluation of the network.

    Raises:
        DiffecgError: an unknown sampler, or a number of steps that the schedule does not allow.
    """
    options = resolve_options(options, model.config.diffusion)
    sigmas = _sigmas(model, options)
    if request.start is not None:
        sigmas = request.start.sigmas(sigmas)
    clean = np.where(request.observed, request.signal_mv, 0).astype(np.float32)
    result = clean.copy()
    for first in range(0, len(clean), options.batch_size):
        rows = slice(first, first + options.batch_size)
        with torch.no_grad():
            windows = _sample_batch(model, request, rows, clean[rows], sigmas, str(options.sampler), on_step)
        result[rows] = np.where(request.observed[rows], result[rows], windows)
        if on_batch is not None:
            on_batch(len(clean[rows]))
    return result


def _sample_batch(
    model: ConditionalDenoiser,
    request: SamplingRequest,
    rows: slice,
    clean_mv: Float32[np.ndarray, "batch lead time"],
    sigmas: Tensor,
    sampler: str,
    on_step: OnStep | None,
) -> Float32[np.ndarray, "batch lead time"]:
    """Sample the windows of some rows of a request."""
    device = model.transform.mean_mv.device
    signal = torch.from_numpy(clean_mv).to(device)
    observed = torch.from_numpy(request.observed[rows]).to(device)
    noise = SeededNoise(request.seeds[rows])
    grid = (model.transform.channels, *model.transform.grid_shape)
    xt = noise(signal.new_empty(len(signal), *grid)) * float(sigmas[0])
    if request.start is not None:
        xt = xt + model.encode(torch.from_numpy(request.start.signal_mv[rows]).to(signal))
    denoiser: Denoiser = partial(model, condition=_condition(model, request, rows, signal, observed))
    if request.guidance != 1:
        nothing = model.condition(signal, observed, model.encode_labels([None] * len(signal)))
        denoiser = guided_denoiser(denoiser, partial(model, condition=nothing), request.guidance)
    if on_step is not None:
        denoiser = _observed_denoiser(denoiser, model, rows, on_step)
    x0 = SAMPLERS[sampler](denoiser, xt, sigmas, noise)
    return model.decode(x0).cpu().numpy()


def _condition(
    model: ConditionalDenoiser, request: SamplingRequest, rows: slice, signal: Tensor, observed: Tensor
) -> Condition:
    labels, morphologies = request.labels[rows], request.morphologies
    if morphologies is None:
        # An observed signal determines the morphology; without one, a morphology is sampled.
        unobserved = ~request.observed[rows].any(axis=(1, 2)) & (request.start is None)
        drawn = np.where(unobserved, model.draw_morphologies(labels, request.seeds[rows]), -1).tolist()
    else:
        drawn = morphologies[rows]
    return model.condition(
        signal,
        observed,
        model.encode_labels(labels, drawn),
        None if request.numbers is None else torch.from_numpy(request.numbers[rows]).to(signal.device),
    )


def _observed_denoiser(
    denoiser: Denoiser, model: ConditionalDenoiser, rows: slice, on_step: OnStep
) -> Denoiser:
    """Return a denoiser that calls ``on_step`` with each estimate."""

    def wrapped(xt: Tensor, sigma: Tensor) -> Tensor:
        x0 = denoiser(xt, sigma)
        on_step(rows, float(sigma[0]), model.decode(x0).cpu().numpy())
        return x0

    return wrapped


def _sigmas(model: ConditionalDenoiser, options: SamplerOptions) -> Tensor:
    try:
        return build_schedule(model.config.diffusion).sampling_sigmas(int(options.steps or 0))
    except ValueError as error:
        raise DiffecgError(str(error)) from None


def count_batches(progress: Progress | None, total: int) -> OnBatch | None:
    """Return a callback that adds up the windows of batches for ``progress``."""
    if progress is None:
        return None
    done = 0

    def on_batch(windows: int) -> None:
        nonlocal done
        done += windows
        progress(done, total)

    return on_batch
