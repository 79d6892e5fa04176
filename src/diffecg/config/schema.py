"""Settings of models and training, as frozen dataclasses.

They define the keys of ``config.json`` and of ``diffecg train --set``. Unknown keys are errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

_STRICT = {"extra": "forbid"}


PositiveInt = Annotated[int, Field(gt=0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
Width = Annotated[int, Field(gt=0, multiple_of=8)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
FiniteFloat = Annotated[float, Field(allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
SamplerName = Literal["ddpm", "ddim", "heun", "dpm2m"]
FractionBelowOne = Annotated[float, Field(ge=0, lt=1)]


def _positive_sum(shares: tuple[float, ...]) -> tuple[float, ...]:
    if sum(shares) <= 0:
        raise ValueError("at least one proportion must be above zero")
    return shares


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) < len(labels):
        raise ValueError("names must be distinct")
    return labels


@dataclass(frozen=True, kw_only=True)
class WindowConfig:
    """Settings of the windows, one around each annotated R peak."""

    __pydantic_config__ = _STRICT

    length: PositiveInt = 256
    """Number of samples in a window."""
    fs_hz: PositiveFloat = 360.0
    """Sampling rate of the windows, in Hz; recordings at other rates are resampled."""
    leads: Annotated[tuple[str, ...], Field(min_length=1)] = ("MLII",)
    """Leads of a window, in order."""
    before: NonNegativeInt = 128
    """Number of samples before the R peak."""

    @property
    def duration_s(self) -> float:
        """Duration of a window, in s."""
        return self.length / self.fs_hz


@dataclass(frozen=True, kw_only=True)
class ConditionConfig:
    """Conditions of the network in addition to the label, C1 and C2."""

    __pydantic_config__ = _STRICT

    morphologies: NonNegativeInt = 0
    """Largest number of morphologies of a label (clusters of its beats); 0 disables the condition."""
    several_labels: bool = False
    """Whether a window has any number of labels, such as statements; else it has one."""
    numbers: Annotated[tuple[str, ...], AfterValidator(_distinct)] = ()
    """Columns of the windows' index with numbers that the network is conditioned on, such as age."""
    drawn: bool = False
    """Whether numbers that are not given are drawn with the window, together with its morphology, from
    training windows with the same label that resemble the given numbers. Else they are unknown."""


@dataclass(frozen=True, kw_only=True)
class TransformConfig:
    """Settings of the transform of windows into inputs of the network."""

    __pydantic_config__ = _STRICT

    layout: Literal["image", "bins", "signal", "basis"] = "bins"
    """``image``: the spectrogram as an image, with real and imaginary parts as channels.
    ``bins``: a sequence of frames, with frequency bins as channels.
    ``signal``: the window itself, without a spectrogram.
    ``basis``: principal components over leads and time; for the dense network."""
    n_fft: PositiveInt = 32
    """Number of samples in a frame of the STFT."""
    hop: PositiveInt = 8
    """Number of samples from one frame of the STFT to the next."""
    whitening: Fraction = 0.5
    """Exponent of the division by each frequency bin's standard deviation: 0 none, 1 full whitening."""
    consistent: bool = False
    """Whether the network's estimates are projected onto the consistent spectrograms, those of a signal."""
    components: PositiveInt = 192
    """Number of principal components of ``basis``."""


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """Settings of the U-Net, for windows with beats at any position."""

    __pydantic_config__ = _STRICT

    kind: Literal["unet"] = "unet"
    """Kind of network."""
    width: Width = 64
    """Number of channels at the highest resolution; a multiple of 8."""
    multipliers: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (1, 2, 2)
    """Number of channels at each level, in multiples of ``width``; each level halves the resolution."""
    blocks: PositiveInt = 2
    """Number of residual blocks at each level."""
    attention: bool = True
    """Whether there is self-attention at the lowest resolution."""
    dropout: FractionBelowOne = 0.1
    """Dropout probability."""


@dataclass(frozen=True, kw_only=True)
class DenseConfig:
    """Settings of the fully connected network, for aligned windows such as beats."""

    __pydantic_config__ = _STRICT

    kind: Literal["dense"] = "dense"
    """Kind of network."""
    width: Width = 512
    """Number of features of a window; a multiple of 8."""
    hidden: Width = 752
    """Number of hidden features in a residual block; a multiple of 8."""
    blocks: PositiveInt = 4
    """Number of residual blocks."""
    dropout: FractionBelowOne = 0.05
    """Dropout probability."""


NETWORKS: dict[str, type[UNetConfig | DenseConfig]] = {"unet": UNetConfig, "dense": DenseConfig}
"""Settings of each kind of network."""


@dataclass(frozen=True, kw_only=True)
class DiffusionConfig:
    """Settings of the diffusion process."""

    __pydantic_config__ = _STRICT

    schedule: Literal["karras", "linear", "cosine"] = "karras"
    """Noise schedule. ``karras``: log-normal in training, power law in sampling (Karras et al. 2022).
    ``linear``, ``cosine``: variance schedules with T steps."""
    prediction: Literal["karras", "epsilon", "v", "flow"] = "karras"
    """What the network predicts: ``karras`` preconditioning, ``epsilon`` (noise), ``v`` or ``flow``."""
    steps: PositiveInt = 20
    """Default number of sampling steps."""
    sampler: SamplerName = "dpm2m"
    """Default sampler."""
    sigma_min: PositiveFloat = 0.004
    """Lowest noise level of ``karras``."""
    sigma_max: PositiveFloat = 100.0
    """Highest noise level of ``karras``."""
    log_sigma_mean: FiniteFloat = -0.5
    """Mean of ln(sigma) in training with ``karras``."""
    log_sigma_std: PositiveFloat = 1.4
    """Standard deviation of ln(sigma) in training with ``karras``."""
    schedule_steps: PositiveInt = 1000
    """Number of noise levels T of ``linear`` and ``cosine``."""
    beta_first: FractionBelowOne = 1e-4
    """Variance added at the first step of ``linear``."""
    beta_last: FractionBelowOne = 0.02
    """Variance added at the last step of ``linear``."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings of training; durations are numbers of samples seen."""

    __pydantic_config__ = _STRICT

    samples: PositiveInt = 5_000_000
    """Number of training samples, repetitions included."""
    batch: PositiveInt = 128
    """Batch size."""
    learning_rate: PositiveFloat = 1e-3
    """Learning rate between warm-up and decay."""
    optimizer: Literal["adam", "adamw"] = "adamw"
    """Optimiser; ``adamw`` has a weight decay of 0.01."""
    warmup: NonNegativeInt = 20_000
    """Number of samples over which the learning rate rises from zero."""
    decay: Fraction = 0.4
    """Last fraction of training, over which the learning rate falls to zero."""
    ema_half_life: PositiveInt = 150_000
    """Half-life of the exponential moving average of the weights, in samples."""
    balance: Fraction = 0.1
    """Balancing of labels: 0 draws them as often as they occur, 1 all equally often."""
    tasks: Annotated[tuple[Fraction, Fraction, Fraction], AfterValidator(_positive_sum)] = (0.8, 0.1, 0.1)
    """Proportions of generation, imputation and forecasting."""
    lead_reconstruction: Fraction = 0.0
    """Probability that a sample has whole leads missing, of windows of several leads."""
    label_dropout: Fraction = 0.2
    """Probability of dropping the label of a sample."""
    gain_log_std: FractionBelowOne = 0.0
    """Standard deviation of the natural logarithm of the random gain of a sample."""
    seed: NonNegativeInt = 0
    """Seed of weights, data order and noise."""
    shuffle_buffer: PositiveInt = 65_536
    """Approximate number of windows in memory when shards are streamed."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Precision of the network's arithmetic; weights, averages and optimiser state are float32."""
    checkpoint_every: PositiveInt = 25_000
    """Number of samples between checkpoints."""
    patience: NonNegativeInt = 0
    """Number of checkpoints without a lower validation loss after which training ends early; the model is
    that of the lowest. 0: training never ends early, and the model is the last one."""


@dataclass(frozen=True, kw_only=True)
class ParentModel:
    """The model that training started from."""

    __pydantic_config__ = _STRICT

    name: str
    """Name of the model."""
    weights_sha256: str
    """SHA-256 of its weights file."""
    labels: tuple[str, ...] = ()
    """Labels that it was trained on and that the new model keeps."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of a model and its training."""

    __pydantic_config__ = _STRICT

    name: str = "beat"
    """Name of the preset from which the settings were derived."""
    labels: Annotated[tuple[str, ...], AfterValidator(_distinct)] = ("N", "S", "V", "F")
    """Labels on which the network is conditioned; other labels count as unknown."""
    window: WindowConfig = field(default_factory=WindowConfig)
    conditions: ConditionConfig = field(default_factory=ConditionConfig)
    transform: TransformConfig = field(default_factory=TransformConfig)
    network: Annotated[UNetConfig | DenseConfig, Field(discriminator="kind")] = field(
        default_factory=UNetConfig
    )
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    label_counts: Mapping[str, NonNegativeInt] | None = None
    """Number of training windows of each label, recorded by training; None: not recorded (version 0.1)."""
    parent: ParentModel | None = None
    """The model that training started from; None: random weights."""

    @property
    def trained_labels(self) -> tuple[str, ...]:
        """Labels of ``labels`` that the training windows, or those of the parent, had.

        All of them where the training windows are not recorded.
        """
        counts = self.label_counts
        if counts is None:
            return self.labels
        known = () if self.parent is None else self.parent.labels
        return tuple(label for label in self.labels if counts.get(label) or label in known)
