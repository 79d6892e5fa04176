"""The settings and weights with which a model of gaps is fine-tuned."""

from __future__ import annotations

from dataclasses import replace

import torch

from diffecg.config.gap import GapConfig
from diffecg.config.schema import ParentModel
from diffecg.errors import DiffecgError
from diffecg.model.gap.encoder import input_names
from diffecg.model.gap.network import GapNetwork


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


@torch.no_grad()
def take_gap_weights(model: GapNetwork, parent: GapNetwork) -> None:
    """Take the weights of a trained model, whose signals and companions may be of other kinds.

    Inputs are matched by name. A companion that the parent does not have starts as its first companion, and
    a kind that it does not have without effect.

    Raises:
        DiffecgError: the network has other sizes than that of the parent.
    """
    if model.config.network != parent.config.network:
        raise DiffecgError(
            "a model that starts from another has its architecture, and network differs: "
            f"{model.config.network} instead of {parent.config.network}"
        )
    own, others = model.state_dict(), parent.state_dict()
    names, parents = input_names(model.config), input_names(parent.config)
    first = (parent.config.candidates.companions[0], 0)
    for name, tensor in own.items():
        if name in names:
            columns = {column: number for number, column in enumerate(parents[name])}
            tensor[:, len(names[name]) :] = others[name][:, len(columns) :]
            for number, column in enumerate(names[name]):
                as_first = column._replace(companion=first if column.companion else None)
                source = columns.get(column, columns.get(as_first))
                tensor[:, number] = 0 if source is None else others[name][:, source]
        else:
            tensor.copy_(others[name])
