"""Validation of gap models: CRPS of draws and error of the point estimate, beside those of the analogues."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from diffecg.config.gap import GapConfig
from diffecg.datasets.recording_set import RecordingSet
from diffecg.model.gap.network import GapEncoding, GapNetwork
from diffecg.model.gap.sampling import choose_candidates, sample, seeded_noise
from diffecg.training.gap.batches import GapBatch, GapBatchSource
from diffecg.training.gap.energy_score import energy_score

_DRAWS, _BATCH = 8, 32


def validation_batch(
    sets: Sequence[RecordingSet], config: GapConfig, *, device: str | torch.device = "cpu"
) -> GapBatch:
    """Return gaps of the recordings for validation; the same every time."""
    source = GapBatchSource(sets, "validation", config, device=device)
    return source.draw(np.random.default_rng(config.training.seed), config.training.validation_examples)


@torch.no_grad()
def validate(model: GapNetwork, gaps: GapBatch) -> dict[str, float]:
    """Return the metrics of a model on gaps of validation; the same noise every time.

    ``validation_loss`` is the CRPS of 8 draws in mV, ``validation_crps_analogues`` that of all analogues of
    the gaps, and ``validation_rmse`` the root mean square error of the point estimate.
    """
    model.eval()
    rows = np.arange(len(gaps))
    scores = []
    for first in range(0, len(rows), _BATCH):
        part = rows[first : first + _BATCH]
        batch = gaps.select(slice(first, first + _BATCH))
        encoding = model.encode(batch.inputs)
        draws = draw_numbered(model, encoding, part.tolist(), _DRAWS)
        truth, scale = encoding.conditions.normalise(batch.truth), encoding.conditions.scale[:, 0]
        missing, analogues = batch.inputs.missing, ~batch.inputs.is_cycle[0]
        squared = ((truth - encoding.point) ** 2 * missing).sum(dim=1) / missing.sum(dim=1)
        usable = encoding.conditions.usable & analogues
        scores.append(
            torch.stack(
                [
                    scale * energy_score(truth, draws, missing, 1),
                    scale * _crps_of(truth, encoding.conditions.candidates, missing, usable),
                    scale**2 * squared,
                ],
                dim=1,
            ).cpu()
        )
    crps, of_analogues, squared_error = torch.cat(scores).mean(dim=0).tolist()
    return {
        "validation_loss": crps,
        "validation_crps_analogues": of_analogues,
        "validation_rmse": squared_error**0.5,
    }


def draw_numbered(
    model: GapNetwork, encoding: GapEncoding, rows: Sequence[int], draws: int
) -> Float[Tensor, "batch {draws} time"]:
    """Return draws of gaps for validation, with noise that follows from the number of each gap.

    Args:
        model: the network.
        encoding: the gaps.
        rows: number of each gap.
        draws: number of draws of a gap.
    """
    candidates = encoding.excluded.shape[1]
    orders = np.stack([np.random.default_rng(row).random(candidates, dtype=np.float32) for row in rows])
    device = encoding.excluded.device
    order = torch.from_numpy(orders).to(device)
    time = encoding.mixture.shape[1]
    noise = seeded_noise(
        [[draws * row + draw for draw in range(draws)] for row in rows],
        choose_candidates(encoding.excluded, order, draws),
        steps=model.config.diffusion.steps,
        frames=time // model.frames.hop + 1,
        latents=model.config.network.latents,
        time=time,
    )
    return sample(model, encoding, noise.to(device))


def _crps_of(
    truth: Float[Tensor, "batch time"],
    candidates: Float[Tensor, "batch candidate time"],
    missing: Bool[Tensor, "batch time"],
    usable: Bool[Tensor, "batch candidate"],
) -> Float[Tensor, " batch"]:
    """Return the CRPS of the usable candidates, of one gap after the other."""
    return torch.stack(
        [
            energy_score(truth[[row]], own[None], missing[[row]], 1)[0] if len(own) > 1 else own.new_zeros(())
            for row in range(len(truth))
            for own in [candidates[row, usable[row]]]
        ]
    )
