"""The settings with which a model of gaps is fine-tuned."""

from __future__ import annotations

from dataclasses import replace

from diffecg.config.gap import GapConfig
from diffecg.config.schema import ParentModel


def gap_fine_tuning_config(config: GapConfig, model: ParentModel) -> GapConfig:
    """Return the settings of a model with shorter training, which ends when the validation loss stays.

    Args:
        config: settings of the model.
        model: name and weights of the model.
    """
    training = replace(
        config.training,
        samples=100_000,
        shares=(),
        batch=32,
        learning_rate=2e-4,
        warmup=2_000,
        decay=1.0,
        ema_half_life=4_000,
        checkpoint_every=4_000,
        patience=5,
    )
    return replace(config, training=training, parent=model)
