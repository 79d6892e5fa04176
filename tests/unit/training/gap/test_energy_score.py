"""The energy score: analytic values for Gaussians, brute force, and which draws it prefers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import gammaln

from diffecg.training.gap.energy_score import energy_score
from diffecg.training.gap.objective import level_weight, mean_square


def normal(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mean_chi(n: int) -> float:
    """Return the expected norm of a standard normal vector of n numbers."""
    return math.sqrt(2) * math.exp(gammaln((n + 1) / 2) - gammaln(n / 2))


@pytest.mark.parametrize("block", [1, 16])
def test_the_expected_score_of_perfect_draws(block: int) -> None:
    truth, draws = normal(200, 64, seed=1), normal(200, 4, 64, seed=2)
    missing = torch.ones(200, 64, dtype=torch.bool)
    # E|x - y| - E|y - y'| / 2 = E|x - y| / 2, and x - y has the variance 2.
    expected = 0.5 * math.sqrt(2) * mean_chi(block) / math.sqrt(block)
    assert float(energy_score(truth, draws, missing, block).mean()) == pytest.approx(expected, rel=0.02)


def test_the_expected_crps_of_draws_of_another_width() -> None:
    truth, draws = normal(300, 64, seed=1), 2 * normal(300, 4, 64, seed=2)
    missing = torch.ones(300, 64, dtype=torch.bool)
    expected = math.sqrt(2 / math.pi) * (math.sqrt(5) - math.sqrt(2))
    assert float(energy_score(truth, draws, missing, 1).mean()) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("block", [1, 4])
def test_brute_force(block: int) -> None:
    truth, draws = normal(1, 16, seed=1), normal(1, 3, 16, seed=2)
    missing = torch.zeros(1, 16, dtype=torch.bool)
    missing[0, 3:11] = True
    x, y = truth[0].double().numpy(), draws[0].double().numpy()
    total = 0.0
    for first in range(0, 16, block):
        here = [i for i in range(first, first + block) if missing[0, i]]
        norm = lambda d, here=here: np.sqrt(np.square(d[here]).sum() / block)  # noqa: E731
        own = np.mean([norm(x - one) for one in y])
        pairs = np.mean([norm(y[i] - y[k]) for i in range(3) for k in range(3) if i != k])
        total += own - pairs / 2
    expected = total / (8 / block)
    assert float(energy_score(truth, draws, missing, block)) == pytest.approx(expected, abs=2e-3)


def test_blocks_prefer_draws_whose_samples_depend_on_each_other_as_the_truth() -> None:
    """The CRPS sees the same margins, the score over blocks does not."""
    missing = torch.ones(400, 32, dtype=torch.bool)
    truth = normal(400, 1, seed=1).expand(-1, 32)
    coherent, independent = normal(400, 4, 1, seed=2).expand(-1, -1, 32), normal(400, 4, 32, seed=3)
    score = {
        (name, block): float(energy_score(truth, draws, missing, block).mean())
        for name, draws in (("coherent", coherent), ("independent", independent))
        for block in (1, 16)
    }
    assert score["coherent", 1] == pytest.approx(score["independent", 1], rel=0.1)
    assert score["coherent", 16] < 0.9 * score["independent", 16]


def test_equal_draws_have_finite_gradients() -> None:
    draws = torch.zeros(1, 2, 16, requires_grad=True)
    energy_score(torch.zeros(1, 16), draws, torch.ones(1, 16, dtype=torch.bool), 4).sum().backward()
    assert torch.isfinite(draws.grad).all()


def test_large_errors_count_linearly() -> None:
    missing = torch.ones(3, 8)
    error = torch.tensor([1.0, 2.0, 10.0])[:, None].expand(-1, 8).clone().requires_grad_()
    square = mean_square(error, missing)
    assert square.tolist() == pytest.approx([1.0, 4.0, 4 * 10 - 4])
    square.sum().backward()
    assert error.grad.sum(dim=1).tolist() == pytest.approx([2.0, 4.0, 4.0])


def test_the_highest_noise_level_counts_most() -> None:
    sigma = torch.tensor([80.0, 30.0, 1.0, 0.01])
    assert level_weight(sigma, 80.0).tolist() == pytest.approx([1.0, 0.5, 0.5 * math.sqrt(2), 5.0], rel=1e-2)
