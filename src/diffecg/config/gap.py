"""Settings of gap models, which impute and forecast from candidates, and of their training.

They define the keys of ``config.json`` and of ``diffecg train --set``. Unknown keys are errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from diffecg.config.schema import (
    FiniteFloat,
    Fraction,
    FractionBelowOne,
    NonNegativeInt,
    ParentModel,
    PositiveFloat,
    PositiveInt,
    Width,
)

_STRICT = {"extra": "forbid"}

Steps = Annotated[int, Field(ge=1, le=4)]
Kinds = Annotated[tuple[str, ...], Field(min_length=1)]
Blocks = Annotated[tuple[tuple[PositiveInt, PositiveFloat], ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class CandidateConfig:
    """Settings of the window around a gap and of the candidates for what is missing."""

    __pydantic_config__ = _STRICT

    fs_hz: PositiveFloat = 100.0
    """Sampling rate of the model, in Hz; recordings at other rates are resampled."""
    length: PositiveInt = 640
    """Number of samples of a training window."""
    longest_s: PositiveFloat = 3.0
    """Longest gap of training, in s; windows of longer gaps are longer, by as much."""
    analogues: PositiveInt = 16
    """Number of analogues, from the whole recording."""
    alone: NonNegativeInt = 0
    """Number of the analogues that are found by the surroundings of the signal alone, without companions."""
    cycles: NonNegativeInt = 4
    """Number of visible cardiac cycles that are laid to the expected beat times."""
    context_s: PositiveFloat = 0.3
    """Signal on either side of a gap by which analogues are compared and candidates are levelled, in s."""
    min_separation_s: PositiveFloat = 0.1
    """Smallest distance between two analogues, in s."""
    kinds: Kinds = ("ecg",)
    """Kinds of signals that are imputed (:mod:`diffecg.signal.kinds`)."""
    companions: Kinds = ("ecg",)
    """Kinds of the other signals that the network is given where they are observed through a gap, one input
    each; a kind may occur several times."""


@dataclass(frozen=True, kw_only=True)
class GapNetworkConfig:
    """Settings of the network."""

    __pydantic_config__ = _STRICT

    n_fft: Annotated[int, Field(gt=0, multiple_of=4)] = 16
    """Number of samples in a frame of the STFT; the hop is half of it."""
    encoder_width: Width = 64
    """Channels of the encoder of candidates; a multiple of 8."""
    encoder_blocks: PositiveInt = 3
    """Residual blocks of the encoder."""
    heads: PositiveInt = 4
    """Sets of attention weights over the candidates."""
    trunk_width: Width = 128
    """Channels of the trunk and of the branch of draws; a multiple of 8."""
    trunk_blocks: PositiveInt = 4
    """Residual blocks of the trunk."""
    draw_blocks: PositiveInt = 4
    """Residual blocks of the branch of draws."""
    latents: PositiveInt = 16
    """Channels of the latent noise of a draw."""


@dataclass(frozen=True, kw_only=True)
class GapDiffusionConfig:
    """Settings of the diffusion process of the residual, in units of its expected error."""

    __pydantic_config__ = _STRICT

    sigma_max: PositiveFloat = 80.0
    """Highest noise level, from which sampling starts."""
    log_sigma_mean: FiniteFloat = -0.3
    """Mean of ln(sigma) in training."""
    log_sigma_std: PositiveFloat = 1.1
    """Standard deviation of ln(sigma) in training."""
    noise_share: Fraction = 0.5
    """Share of the training examples at ``sigma_max``."""
    steps: Steps = 1
    """Default number of sampling steps."""
    kernel_variance: FractionBelowOne = 0.0
    """Variance of the kernel around each draw, as a share of the variance of the draws."""


@dataclass(frozen=True, kw_only=True)
class GapTrainingConfig:
    """Settings of training."""

    __pydantic_config__ = _STRICT

    samples: PositiveInt = 1_000_000
    """Number of training samples, repetitions included."""
    validation_examples: PositiveInt = 512
    """Number of gaps of the validation partition."""
    shares: tuple[PositiveFloat, ...] = ()
    """Share of each folder of recordings in a batch, in the order of ``--data``; empty: equal shares."""
    batch: PositiveInt = 32
    """Batch size."""
    draws: Annotated[int, Field(ge=2)] = 5
    """Number of draws of an example that the energy score compares."""
    learning_rate: PositiveFloat = 1.5e-3
    """Learning rate between warm-up and decay."""
    warmup: NonNegativeInt = 10_000
    """Number of samples over which the learning rate rises from zero."""
    decay: Fraction = 0.7
    """Last fraction of training, over which the learning rate falls to zero."""
    ema_half_life: PositiveInt = 20_000
    """Half-life of the exponential moving average of the weights, in samples."""
    forecasts: Fraction = 0.2
    """Share of forecasts among the examples."""
    companions: Fraction = 0.4
    """Share of examples with a companion lead that is observed through the gap."""
    virtual: Fraction = 0.6
    """Share of virtual recordings: combinations of leads at another tempo."""
    inverted: Fraction = 0.15
    """Share of the other recordings that are turned upside down."""
    blocks: Blocks = ((1, 1.0), (16, 0.4), (128, 0.3))
    """Lengths of the blocks over which the energy score is computed, in samples, with their weights."""
    point_weight: Fraction = 0.4
    """Weight of the squared error of the point estimate."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Precision of the network's arithmetic; weights, averages and optimiser state are float32. ``auto``:
    bfloat16 where the processor computes with it."""
    seed: NonNegativeInt = 0
    """Seed of weights, examples, data order and noise."""
    checkpoint_every: PositiveInt = 25_000
    """Number of samples between checkpoints."""
    patience: NonNegativeInt = 0
    """Number of checkpoints without a lower validation loss after which training ends early; the model is
    that of the lowest. 0: training never ends early, and the model is the last one."""


@dataclass(frozen=True, kw_only=True)
class GapConfig:
    """All settings of a gap model and its training."""

    __pydantic_config__ = _STRICT

    model: Literal["gap"] = "gap"
    """Kind of model."""
    name: str = "strip"
    """Name of the preset from which the settings were derived."""
    candidates: CandidateConfig = field(default_factory=CandidateConfig)
    network: GapNetworkConfig = field(default_factory=GapNetworkConfig)
    diffusion: GapDiffusionConfig = field(default_factory=GapDiffusionConfig)
    training: GapTrainingConfig = field(default_factory=GapTrainingConfig)
    parent: ParentModel | None = None
    """The model that training started from; None: random weights."""

    def __post_init__(self) -> None:
        """Check that windows consist of whole frames and blocks, and the numbers of analogues."""
        candidates, hop = self.candidates, self.network.n_fft // 2
        length = candidates.length
        least = (candidates.longest_s + 2 * candidates.context_s) * candidates.fs_hz
        if length < least:
            raise ValueError(f"candidates.length {length} must be at least {least:g} for gaps of longest_s")
        if candidates.alone >= candidates.analogues:
            raise ValueError(
                f"candidates.alone {candidates.alone} must be below candidates.analogues, "
                f"{candidates.analogues}"
            )
        for divisor in (hop, *(size for size, _ in self.training.blocks)):
            if length % divisor:
                raise ValueError(f"candidates.length {length} must be a multiple of {divisor}")
