"""The denoiser: what it is conditioned on, and what it estimates before training."""

import numpy as np
import pytest
import torch
from helpers import tiny

from diffecg.config.io import with_settings
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.numbers import MAX_DEVIATION, NumberEmbedding


def untrained():
    """A denoiser of eight leads with a fitted basis."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ConditionalDenoiser(tiny("twelve-lead")).eval()
        model.transform.fit(torch.randn(200, 8, 1) * torch.randn(200, 8, 120).cumsum(2))
        signal = torch.randn(4, 8, 120).cumsum(2)
    return model, signal


def test_untrained_network_estimates_the_mean_given_the_observed_leads():
    model, signal = untrained()
    observed = torch.zeros_like(signal, dtype=torch.bool)
    observed[:, 1] = True
    condition = model.condition(signal, observed, model.encode_labels([None] * 4))
    mean, _ = model.transform.posterior(signal - model.transform.mean_mv, observed)
    with torch.no_grad():
        noisy = model(torch.zeros_like(mean), torch.full((4,), 1e4), condition)
        clean = model(mean, torch.full((4,), 1e-3), condition)
    assert torch.allclose(noisy, mean, atol=1e-3)
    assert torch.allclose(clean, mean, atol=1e-3)
    half = condition.select(torch.tensor([True, False, True, False]))
    assert torch.equal(half.mean, condition.mean[[0, 2]])


def test_labels_and_numbers_change_the_embedding():
    model, signal = untrained()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for parameter in model.embed_numbers.parameters():
            parameter.data.add_(0.1 * torch.randn_like(parameter))
    observed = torch.zeros_like(signal, dtype=torch.bool)
    labels = model.encode_labels([None, "MI", ("MI",), ("MI", "AFIB")])
    unknown = model.condition(signal, observed, labels).label_embedding
    assert len({tuple(row.tolist()) for row in unknown.detach()}) == 4
    numbers = torch.full((4, len(model.config.conditions.numbers)), torch.nan)
    assert torch.equal(model.condition(signal, observed, labels, numbers).label_embedding, unknown)
    numbers[:, 0] = 63.0
    known = model.condition(signal, observed, labels, numbers).label_embedding
    assert (known != unknown).any(dim=1).all()


def test_numbers_are_standardised_over_those_that_are_known():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        embedding = NumberEmbedding(2, 8)
        embedding.layers[2].weight.data.normal_()
    values = torch.tensor([[1.0, torch.nan], [3.0, torch.nan], [torch.nan, torch.nan]])
    embedding.fit(values)
    assert embedding.mean.tolist() == [2.0, 0.0]
    assert embedding.deviation.tolist() == [1.0, 1.0]
    far = embedding(torch.tensor([[2.0 + MAX_DEVIATION, 0.0], [1e6, 0.0]]))
    assert torch.equal(far[0], far[1])
    assert np.isfinite(far.detach().numpy()).all()


def test_a_basis_needs_a_dense_network():
    with pytest.raises(
        DiffecgError, match=r"'basis' has no grid axis, which a U-Net needs; use network.kind=dense"
    ):
        ConditionalDenoiser(with_settings(tiny("twelve-lead"), ["network.kind=unet"]))
