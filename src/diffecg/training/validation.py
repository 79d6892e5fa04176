"""Validation loss with fixed noise and masks."""

from __future__ import annotations

import numpy as np
import torch

from diffecg.datasets.morphologies import Morphologies
from diffecg.datasets.windows import Windows
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.training.batches import BatchSource
from diffecg.training.objectives import Objective

_BATCH_SIZE, _BATCHES = 64, 8


@torch.no_grad()
def validation_loss(model: ConditionalDenoiser, windows: Windows, objective: Objective) -> float:
    """Return the mean loss of a model on validation windows; the same windows, masks and noise every time."""
    model.eval()
    # Morphologies are clusters of the training windows; validation windows have none.
    none = Morphologies(centres={}, share=np.zeros((0, 0), dtype=np.float32))
    source = BatchSource(windows, model.config, morphologies=none)
    rng = np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        losses = [
            objective(model, source.batch(rng, _BATCH_SIZE), slice(0, _BATCH_SIZE)) for _ in range(_BATCHES)
        ]
    return float(torch.cat(losses).mean())
