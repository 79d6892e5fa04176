"""Fine-tuning: the settings and weights of a run that starts from a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.config.schema import Config, DenseConfig, ParentModel, TrainingConfig, UNetConfig
from diffecg.datasets.label_code import LabelCode
from diffecg.datasets.labels import UNKNOWN
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.numbers import NumberEmbedding

NO_CLASS = (UNKNOWN, "Q")
"""Labels that are not added by themselves: unknown, and the unclassifiable beats of AAMI EC57."""

_EMBED_LABEL = "network.embed_label.weight"
_OF_WINDOWS = (_EMBED_LABEL, "morphology_share", "condition_draws")
"""Tensors that follow from the training windows or are matched by label."""


def fine_tuning_config(parent: Config, model: ParentModel) -> Config:
    """Return the settings with which a model is fine-tuned.

    Network, transform, noise schedule, conditions, batch size and learning rate are the model's; training is
    shorter, and ends when the validation loss no longer falls.

    Args:
        parent: settings of the model.
        model: name and weights of the model.
    """
    return replace(
        parent,
        training=fine_tuning_settings(parent.training),
        label_counts=None,
        parent=replace(model, labels=parent.trained_labels),
    )


def with_labels(config: Config, labels: Sequence[str], chosen: Sequence[str] | None = None) -> Config:
    """Return settings of fine-tuning with the labels of the fine-tuned model.

    Args:
        config: settings with the labels of the model that is fine-tuned.
        labels: labels of the new training windows; those that the model does not have are added, apart from
            :data:`NO_CLASS`.
        chosen: labels of the fine-tuned model; None: those of the model, and the added ones.
    """
    assert config.parent is not None
    added = [label for label in labels if label not in (*config.labels, *NO_CLASS)]
    names = (*config.labels, *added) if chosen is None else tuple(chosen)
    kept = tuple(label for label in config.parent.labels if label in names)
    return replace(config, labels=names, parent=replace(config.parent, labels=kept))


def fine_tuning_settings(training: TrainingConfig) -> TrainingConfig:
    """Return the settings of training with the length, schedule and early stopping of fine-tuning."""
    return replace(
        training,
        samples=400_000,
        warmup=5_000,
        decay=1.0,
        ema_half_life=10_000,
        checkpoint_every=10_000,
        patience=8,
    )


def take_parent_weights(model: ConditionalDenoiser, parent: ConditionalDenoiser) -> None:
    """Take the weights and the scaling of a trained model.

    Labels and numbers are matched by name. A label that the parent does not have starts as the unknown
    label, and a number that it does not have without effect. Morphologies of a label start from
    the embedding of the label.

    Raises:
        DiffecgError: network or transform have other sizes or settings than those of the parent.
    """
    _check_same_architecture(model.config, parent.config)
    own, state = model.state_dict(), parent.state_dict()
    by_name = (*_OF_WINDOWS, *(name for name in own if name.startswith("embed_numbers.")))
    for name, tensor in own.items():
        if name in by_name:
            continue
        tensor.copy_(state[name])
    own[_EMBED_LABEL].copy_(_label_rows(model.label_code, parent.label_code, state[_EMBED_LABEL]))
    if model.embed_numbers is not None and parent.embed_numbers is not None:
        _take_numbers(model, model.embed_numbers, parent, parent.embed_numbers)


def _check_same_architecture(config: Config, parent: Config) -> None:
    """Raise DiffecgError unless two models have the same network and transform, apart from dropout."""
    pairs = {
        "window.length": (config.window.length, parent.window.length),
        "window.fs_hz": (config.window.fs_hz, parent.window.fs_hz),
        "window.before": (config.window.before, parent.window.before),
        "number of leads": (len(config.window.leads), len(parent.window.leads)),
        "transform": (config.transform, parent.transform),
        "network": (_without_dropout(config.network), _without_dropout(parent.network)),
        "diffusion.prediction": (config.diffusion.prediction, parent.diffusion.prediction),
    }
    for name, (own, others) in pairs.items():
        if own != others:
            raise DiffecgError(
                f"a model that starts from another has its architecture, and {name} differs: {own} instead "
                f"of {others}; leave that setting out, or train from random weights"
            )


def _without_dropout(network: UNetConfig | DenseConfig) -> UNetConfig | DenseConfig:
    return replace(network, dropout=0.0)


def _label_rows(
    code: LabelCode, parent: LabelCode, weight: Float[Tensor, "parent_row width"]
) -> Float[Tensor, "row width"]:
    """Return the rows of the embedding of labels, taken from those of the parent by name."""
    # Where rows are added, a new label starts without effect; else as the unknown label.
    new = torch.zeros_like(weight[0]) if code.several else weight[0]
    rows = [weight[0]]
    for label in code.labels:
        row = weight[parent.row(label)] if label in parent.labels else new
        rows += [row] * (1 + code.morphologies)
    return torch.stack(rows)


@torch.no_grad()
def _take_numbers(
    model: ConditionalDenoiser,
    embedding: NumberEmbedding,
    parent: ConditionalDenoiser,
    parents: NumberEmbedding,
) -> None:
    """Take the embedding of the numbers that both models have."""
    names, others = model.config.conditions.numbers, parent.config.conditions.numbers
    first, of_parent = _linear(embedding.layers[0]), _linear(parents.layers[0])
    first.weight.zero_()
    for column, name in enumerate(names):
        if name not in others:
            continue
        at = others.index(name)
        embedding.mean[column], embedding.deviation[column] = parents.mean[at], parents.deviation[at]
        for feature in range(first.in_features // len(names)):
            first.weight[:, feature * len(names) + column] = of_parent.weight[:, feature * len(others) + at]
    first.bias.copy_(of_parent.bias)
    embedding.layers[-1].load_state_dict(parents.layers[-1].state_dict())


def _linear(layer: nn.Module) -> nn.Linear:
    assert isinstance(layer, nn.Linear)
    return layer
