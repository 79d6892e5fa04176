"""Classifiers of beats that use RR intervals relative to the mean of the ten before."""

from __future__ import annotations

from functools import partial

import numpy as np
from jaxtyping import Float
from torch import nn

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import (
    CLASSIFIERS,
    Classifier,
    fit_boosting,
    fit_network,
    named_features,
    network_input,
)
from research.studies.rhythm_transfer import rhythm

SECONDS, RATIOS, NETWORK = (
    "boosted features + RR",
    "boosted features + RR ratios",
    "dense network + RR ratios",
)
_WIDTH = 128


def ratio_features(windows: Windows) -> Float[np.ndarray, "window feature"]:
    """Return the named features of windows, and their RR intervals relative to the mean; NaN = unknown."""
    return np.hstack([named_features(windows), rhythm(windows)[:, 2:]])


def ratio_channels(windows: Windows) -> Float[np.ndarray, "window channel time"]:
    """Return the input of networks, with a constant channel for each relative RR interval minus 1.

    An unknown interval is as long as the mean.
    """
    signals = network_input(windows)
    ratios = np.nan_to_num(rhythm(windows)[:, 2:] - 1, nan=0.0)
    constant = np.repeat(ratios[:, :, None], signals.shape[2], axis=2)
    return np.concatenate([signals, constant], axis=1).astype(np.float32)


def dense_network(channels: int, classes: int) -> nn.Module:
    """Return a network of three dense layers; its input may have any number of channels and samples."""
    return nn.Sequential(
        nn.Flatten(), nn.LazyLinear(_WIDTH), nn.ReLU(), nn.Linear(_WIDTH, _WIDTH), nn.ReLU(),
        nn.Linear(_WIDTH, classes),
    )  # fmt: skip


RHYTHM_CLASSIFIERS = {
    SECONDS: CLASSIFIERS[SECONDS],
    RATIOS: Classifier(ratio_features, fit_boosting),
    NETWORK: Classifier(ratio_channels, partial(fit_network, dense_network)),
}
"""The kinds of classifier by name."""
