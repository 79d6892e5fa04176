"""Presets: complete settings under a name."""

from __future__ import annotations

from dataclasses import replace

from diffecg.config.gap import GapConfig
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

_STRIP = Config(
    name="strip",
    labels=(),
    window=WindowConfig(kind="strip", length=1000, fs_hz=100.0, leads=("*",), before=0),
    conditions=ConditionConfig(rhythm=("N", "S", "V", "F", "Q"), analogues=5, residual=True),
    transform=TransformConfig(hop=16, per_window=True),
    network=UNetConfig(attention=3, positions=True, dropout=0.05),
    training=TrainingConfig(
        samples=170_000,
        batch=16,
        warmup=5_000,
        ema_half_life=40_000,
        balance=0.0,
        tasks=(0.35, 0.4, 0.25),
        virtual_leads=1.0,
    ),
)


PRESETS: dict[str, Config] = {
    "beat": Config(
        conditions=ConditionConfig(morphologies=32),
        transform=TransformConfig(consistent=True),
        network=DenseConfig(),
        diffusion=DiffusionConfig(sampler="ddpm"),
    ),
    "strip": _STRIP,
    "strip2": replace(
        _STRIP,
        name="strip2",
        window=replace(_STRIP.window, leads=("*", "*")),
        training=replace(_STRIP.training, samples=110_000, tasks=(0.2, 0.5, 0.3), virtual_leads=0.9),
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
}
"""The presets, by name. ``docs/paper.md`` lists the choices of ``paper`` that the paper leaves open."""


GAP_PRESETS: dict[str, GapConfig] = {"strip": GapConfig()}
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
        raise DiffecgError(f"unknown preset {name!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
