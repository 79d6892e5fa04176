"""Settings of models and of their training, as frozen dataclasses.

The same classes are command-line flags, the ``config.json`` of a run and that of a model folder. Unknown
keys raise an error, so that a misspelt setting cannot pass unnoticed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

_STRICT = {"extra": "forbid"}


Positive = Annotated[int, Field(gt=0)]

NonNegative = Annotated[int, Field(ge=0)]

Width = Annotated[int, Field(gt=0, multiple_of=8)]

PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]

Finite = Annotated[float, Field(allow_inf_nan=False)]

Share = Annotated[float, Field(ge=0, le=1)]

OpenShare = Annotated[float, Field(ge=0, lt=1)]


def _some(shares: tuple[float, ...]) -> tuple[float, ...]:
    if sum(shares) <= 0:
        raise ValueError("at least one share must be above zero")
    return shares


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(labels)) < len(labels):
        raise ValueError("every label may occur once")
    return labels


@dataclass(frozen=True)
class WindowConfig:
    """What one window of signal is."""

    __pydantic_config__ = _STRICT

    kind: Literal["beat", "strip"] = "beat"
    """``beat``: one window around each annotated R peak. ``strip``: windows at even distances."""
    length: Positive = 256
    """Samples in a window."""
    fs_hz: PositiveNumber = 360.0
    """Sampling rate of a window, in Hz. RecordingFolder at other rates are resampled."""
    leads: Annotated[tuple[str, ...], Field(min_length=1)] = ("MLII",)
    """Names of the leads that make one window, in order; ``*`` stands for any lead of a recording, ``*`` and
    ``*`` for any two."""
    before: NonNegative = 128
    """``beat``: samples before the R peak."""
    stride: Positive = 250
    """``strip``: samples from one window's start to the next."""

    @property
    def any_leads(self) -> bool:
        """True if a window takes any leads, not those of certain names."""
        return set(self.leads) == {"*"}

    @property
    def companions(self) -> int:
        """Other leads that are shown with any one lead of a recording."""
        return len(self.leads) - 1 if self.any_leads else 0

    @property
    def duration_s(self) -> float:
        """Seconds in a window."""
        return self.length / self.fs_hz


@dataclass(frozen=True)
class ConditionConfig:
    """What the network is given beside the class, C1 and C2."""

    __pydantic_config__ = _STRICT

    rhythm: Annotated[tuple[str, ...], AfterValidator(_distinct)] = ()
    """Labels of the beats whose times it can be told; none: it takes no rhythm."""
    analogues: NonNegative = 0
    """Stretches of the window, around which the signal is most like around the gap; 0: it is given none."""
    analogue_context_s: PositiveNumber = 0.3
    """What is compared on either side of the gap, in s."""
    morphologies: NonNegative = 0
    """Most morphologies that each class is divided into; a generated beat draws one, as often as its class
    has it. 0: classes are not divided."""
    residual: bool = False
    """What is sought is the difference from the best matches, in units of their expected error
    (``transform/gauge.py``)."""


@dataclass(frozen=True)
class TransformConfig:
    """How a window becomes the network's input, and back."""

    __pydantic_config__ = _STRICT

    layout: Literal["image", "bins", "signal"] = "bins"
    """``image``: the spectrogram as a 2-D image, real and imaginary parts as channels.
    ``bins``: its frequency bins as channels of a sequence of frames.
    ``signal``: no spectrogram, the raw window."""
    n_fft: Positive = 32
    """Samples in one frame of the STFT."""
    hop: NonNegative = 8
    """Samples from one frame to the next."""
    whitening: Share = 0.5
    """0: all frequency bins keep their natural spread. 1: all get the same. Between: its power."""
    per_window: bool = False
    """A window is measured in what is observed of it: from its mean, in its standard deviation."""
    consistent: bool = False
    """Of the network's estimate only what stands for a window counts, in training and in sampling. Most grids
    are the spectrogram of no window, because frames overlap."""


@dataclass(frozen=True)
class UNetConfig:
    """Sizes of the U-Net, for windows in which a beat may be anywhere."""

    __pydantic_config__ = _STRICT

    kind: Literal["unet"] = "unet"
    """Tells the networks apart."""
    width: Width = 64
    """Channels at the highest resolution, a multiple of 8."""
    multipliers: Annotated[tuple[Positive, ...], Field(min_length=1)] = (1, 2, 2)
    """Channels at each level, in units of ``width``; each level halves the resolution."""
    blocks: Positive = 2
    """Residual blocks a level."""
    attention: NonNegative = 1
    """Where there is self-attention. 0: nowhere. 1: once, at the lowest resolution. More: also in each
    block of the lowest 1, 2, ... levels."""
    positions: bool = False
    """Attention knows how far apart two points are."""
    dropout: OpenShare = 0.1
    """Share of activations dropped in training, against memorisation."""


@dataclass(frozen=True)
class DenseConfig:
    """Sizes of the dense network, for windows that are aligned, as beats are at the R peak.

    Every place of the window has weights of its own.
    """

    __pydantic_config__ = _STRICT

    kind: Literal["dense"] = "dense"
    """Tells the networks apart."""
    width: Width = 512
    """Features of the whole window."""
    hidden: Width = 752
    """Features within a residual block."""
    blocks: Positive = 4
    """Residual blocks."""
    dropout: OpenShare = 0.05
    """Share of activations dropped in training, against memorisation."""


NETWORKS: dict[str, type[UNetConfig | DenseConfig]] = {"unet": UNetConfig, "dense": DenseConfig}
"""The networks, by kind."""


@dataclass(frozen=True)
class DiffusionConfig:
    """The diffusion process."""

    __pydantic_config__ = _STRICT

    schedule: Literal["karras", "linear", "cosine"] = "karras"
    """Noise levels: Karras et al. (log-normal in training, a power law in sampling), or the T steps
    of a variance schedule."""
    prediction: Literal["karras", "epsilon", "v", "flow"] = "karras"
    """What the network predicts."""
    steps: Positive = 20
    """Steps of the sampler unless told otherwise."""
    sampler: Literal["ddpm", "ddim", "heun", "dpm2m"] = "dpm2m"
    """Sampler unless told otherwise."""
    sigma_min: PositiveNumber = 0.004
    """``karras``: least noise."""
    sigma_max: PositiveNumber = 100.0
    """``karras``: most noise."""
    log_sigma_mean: Finite = -0.5
    """``karras``: mean of ln(sigma) in training."""
    log_sigma_std: PositiveNumber = 1.4
    """``karras``: standard deviation of ln(sigma) in training."""
    schedule_steps: Positive = 1000
    """``linear``, ``cosine``: number of noise levels T."""
    beta_first: OpenShare = 1e-4
    """``linear``: variance added at the first step."""
    beta_last: OpenShare = 0.02
    """``linear``: variance added at the last step."""


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained. Durations are counted in samples seen."""

    __pydantic_config__ = _STRICT

    samples: Positive = 5_000_000
    """Windows to train on in all, repeats included."""
    batch: Positive = 128
    """Windows a step."""
    learning_rate: PositiveNumber = 1e-3
    """Highest learning rate."""
    optimizer: Literal["adam", "adamw"] = "adamw"
    """Optimiser; ``adamw`` decays weights by 0.01."""
    warmup: NonNegative = 20_000
    """Samples over which the learning rate rises."""
    decay: Share = 0.4
    """Last share of the training over which the learning rate falls to zero."""
    ema_half_life: Positive = 150_000
    """Half-life of the average of the weights, in samples."""
    balance: Share = 0.1
    """How classes are drawn: 0 as often as they occur, 1 all equally often."""
    tasks: Annotated[tuple[Share, Share, Share], AfterValidator(_some)] = (0.8, 0.1, 0.1)
    """Shares of generation, imputation and forecasting."""
    label_dropout: Share = 0.2
    """Share of samples whose class is hidden from the network."""
    rhythm_share: Share = 0.5
    """Share of samples whose beats are told, for models that take a rhythm: half of these everywhere, half
    where the signal is observed."""
    virtual_leads: Share = 0.0
    """Share of imputation and forecasting samples that are a random combination of two leads of the recording,
    passed through a random filter: more shapes than there are patients."""
    virtual_lead_filter: OpenShare = 0.4
    """Strength of that filter: standard deviation of its taps beside a unit impulse."""
    gain: OpenShare = 0.0
    """Standard deviation of the log of a random gain, for leads of unknown gain."""
    seed: NonNegative = 0
    """Seed of weights, data order and noise."""
    shuffle_buffer: Positive = 65_536
    """Windows in memory at a time, about, of data that are streamed from shards."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the network's arithmetic; weights, averages and the optimiser stay float32."""
    checkpoint_every: Positive = 25_000
    """Samples between checkpoints."""


@dataclass(frozen=True)
class Config:
    """Everything that defines a model and its training."""

    __pydantic_config__ = _STRICT

    name: str = "beat"
    """Name of the preset that this started from."""
    labels: Annotated[tuple[str, ...], AfterValidator(_distinct)] = ("N", "S", "V", "F")
    """Classes that the network knows; every other label is "unknown" to it."""
    window: WindowConfig = field(default_factory=WindowConfig)
    conditions: ConditionConfig = field(default_factory=ConditionConfig)
    transform: TransformConfig = field(default_factory=TransformConfig)
    network: Annotated[UNetConfig | DenseConfig, Field(discriminator="kind")] = field(
        default_factory=UNetConfig
    )
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
