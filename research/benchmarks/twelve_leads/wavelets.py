"""A classifier on statistics of wavelet coefficients, the conventional one beside the residual network.

Features and network follow the wavelet baseline of Strodthoff et al. (2021), IEEE J Biomed Health Inform
25(5):1519-1528: Daubechies 6, five levels, and twelve statistics of the coefficients of each level.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import nn

from diffecg.extras import require
from research.benchmarks.twelve_leads.networks import UV_PER_MV, SignalUv, Targets, label_loss

WAVELET, LEVELS, BINS = "db6", 5, 100
HIDDEN, EPOCHS, BATCH, LEARNING_RATE = 128, 30, 128, 1e-3
PERCENTILES = (5, 25, 50, 75, 95)
Features = Float32[np.ndarray, "record feature"]


def wavelet_features(signal_uv: SignalUv, *, chunk: int = 512) -> Features:
    """Return, of each lead and level, percentiles, moments, entropy and crossing rates of the coefficients.

    Args:
        signal_uv: records in µV.
        chunk: number of records at a time.
    """
    pywt = require("pywt", "eval")
    parts = []
    for first in range(0, len(signal_uv), chunk):
        signal_mv = signal_uv[first : first + chunk].astype(np.float32) / UV_PER_MV
        levels = pywt.wavedec(signal_mv, WAVELET, level=LEVELS, axis=-1)
        parts.append(np.concatenate([_statistics(level) for level in levels], axis=1))
    return np.concatenate(parts)


def _statistics(level: Float[np.ndarray, "record lead coefficient"]) -> Features:
    """Return the statistics of the coefficients of one level, all leads side by side."""
    mean, variance = level.mean(axis=2), level.var(axis=2)
    columns = [
        *np.percentile(level, PERCENTILES, axis=2),
        mean,
        np.sqrt(variance),
        variance,
        np.sqrt((level**2).mean(axis=2)),
        _entropy(level),
        _crossings(level),
        _crossings(level - mean[..., None]),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _entropy(level: Float[np.ndarray, "record lead coefficient"]) -> Float[np.ndarray, "record lead"]:
    """Return the entropy of a histogram of the coefficients, in nats."""
    low, high = level.min(axis=2, keepdims=True), level.max(axis=2, keepdims=True)
    bins = ((level - low) / np.maximum(high - low, 1e-9) * (BINS - 1)).astype(int)
    rows = np.arange(bins.shape[0] * bins.shape[1]).reshape(*bins.shape[:2], 1) * BINS
    counts = np.bincount((bins + rows).ravel(), minlength=rows.size * BINS).reshape(*bins.shape[:2], BINS)
    shares = counts / bins.shape[2]
    return -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=2)


def _crossings(level: Float[np.ndarray, "record lead coefficient"]) -> Float[np.ndarray, "record lead"]:
    """Return the share of neighbouring coefficients between which the sign changes."""
    return (np.diff(level > 0, axis=2) != 0).mean(axis=2)


def fit_wavelet_classifier(
    features: Features, targets: Targets, *, seed: int, device: str = "cpu"
) -> Callable[[Features], Float[np.ndarray, "record label"]]:
    """Return a dense network with one hidden layer, trained on standardised features, as a function.

    Args:
        features: of each record.
        targets: 1 where a record has a label.
        seed: seed of the weights and the order of the records.
        device: device of the network.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[] if device == "cpu" else None):
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Linear(features.shape[1], HIDDEN),
            nn.BatchNorm1d(HIDDEN),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(HIDDEN, targets.shape[1]),
        ).to(device)
        optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=0.01)
        inputs = torch.from_numpy(np.clip((features - mean) / spread, -10, 10)).to(device)
        wanted = torch.from_numpy(targets.astype(np.float32)).to(device)
        for _ in range(EPOCHS):
            order = torch.from_numpy(rng.permutation(len(features))).to(device)
            for batch in torch.split(order, BATCH)[:-1]:
                optimiser.zero_grad()
                label_loss(network(inputs[batch]), wanted[batch]).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
    network.eval()

    @torch.inference_mode()
    def classify(others: Features) -> Float[np.ndarray, "record label"]:
        scaled = np.clip((others - mean) / spread, -10, 10)
        return network(torch.from_numpy(scaled).to(device)).cpu().double().numpy()

    return classify
