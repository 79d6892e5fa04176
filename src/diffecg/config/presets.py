"""Presets: complete settings under a name."""

from __future__ import annotations

from diffecg.choices import choices
from diffecg.config.gap import CandidateConfig, GapConfig, GapTrainingConfig
from diffecg.config.schema import (
    ConditionConfig,
    Config,
    DenseConfig,
    DiffusionConfig,
    TrainingConfig,
    TransformConfig,
    UNetConfig,
    WindowConfig,
)
from diffecg.errors import DiffecgError

PRESETS: dict[str, Config] = {
    "beat": Config(
        conditions=ConditionConfig(morphologies=32),
        transform=TransformConfig(consistent=True),
        network=DenseConfig(),
        diffusion=DiffusionConfig(sampler="ddpm"),
    ),
    "paper": Config(
        name="paper",
        transform=TransformConfig(layout="image", whitening=1.0),
        network=UNetConfig(width=32, multipliers=(1, 2, 2), dropout=0.0),
        diffusion=DiffusionConfig(schedule="linear", prediction="epsilon", steps=1000, sampler="ddpm"),
        training=TrainingConfig(
            samples=620_000,
            optimizer="adam",
            warmup=0,
            decay=0.0,
            ema_half_life=40_000,
            balance=0.0,
            tasks=(0.34, 0.33, 0.33),
        ),
    ),
    "twelve-lead": Config(
        name="twelve-lead",
        labels=(),
        window=WindowConfig(
            length=120, fs_hz=100.0, leads=("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), before=40
        ),
        conditions=ConditionConfig(
            several_labels=True,
            numbers=(
                "age",
                "sex",
                "height_cm",
                "weight_kg",
                "heart_rate",
                "rr_before_s",
                "rr_after_s",
                "averaged",
            ),
        ),
        transform=TransformConfig(layout="basis", whitening=0.5),
        network=DenseConfig(width=512, hidden=1024, blocks=4, dropout=0.1),
        diffusion=DiffusionConfig(sampler="dpm2m", steps=16),
        training=TrainingConfig(
            samples=20_000_000,
            batch=1024,
            warmup=200_000,
            ema_half_life=1_000_000,
            balance=0.0,
            tasks=(0.75, 0.15, 0.1),
            lead_reconstruction=0.35,
            checkpoint_every=500_000,
        ),
    ),
}
"""The presets, by name. ``docs/explanation/paper.md`` lists the choices that the paper leaves open."""


_MONITOR = ("ecg", "ppg", "pressure", "respiration")

GAP_PRESETS: dict[str, GapConfig] = {
    "strip": GapConfig(),
    "monitor": GapConfig(
        name="monitor",
        candidates=CandidateConfig(
            fs_hz=125.0, length=896, longest_s=5.0, alone=8, kinds=_MONITOR, companions=("ecg", *_MONITOR)
        ),
        training=GapTrainingConfig(
            samples=300_000, batch=16, learning_rate=3e-4, companions=0.7, virtual=0.3, inverted=0.0
        ),
    ),
}
"""The presets of models of gaps, which learn from whole recordings."""


def gap_preset(name: str) -> GapConfig:
    """Return the preset of models of gaps called ``name``.

    Raises:
        DiffecgError: The name is unknown.
    """
    if name not in GAP_PRESETS:
        raise DiffecgError(
            f"the preset {name!r} does not learn from recording sets; choose {', '.join(GAP_PRESETS)}"
        )
    return GAP_PRESETS[name]


def preset(name: str) -> Config:
    """Return the preset of models of windows called ``name``.

    Raises:
        DiffecgError: The name is unknown.
    """
    if name not in PRESETS:
        raise DiffecgError(f"unknown preset {name!r}; {choices(name, PRESETS)}")
    return PRESETS[name]
