"""The gap network: nothing hidden is used, levels and units do not matter, untrained behaviour."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch
from gap_cases import MONITOR, random_inputs, randomise, tiny_config
from torch import Tensor

from diffecg.config.gap import CandidateConfig
from diffecg.model.gap.inputs import GapInputs
from diffecg.model.gap.network import GapNetwork
from diffecg.model.gap.sampling import DrawNoise, choose_candidates, sample, seeded_noise

KINDS = [pytest.param(None, id="ecg"), pytest.param(MONITOR, id="several kinds")]


def network(*, trained: bool = True, candidates: CandidateConfig | None = None) -> GapNetwork:
    config = tiny_config(candidates)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = GapNetwork(config).eval()
    if trained:
        randomise(net)
    return net


def noise_like(array: Tensor) -> Tensor:
    return torch.rand(array.shape, generator=torch.Generator().manual_seed(3))


def noise_for(net: GapNetwork, inputs: GapInputs, steps: int = 1, draws: int = 3) -> DrawNoise:
    encoding = net.encode(inputs)
    candidate = choose_candidates(encoding.excluded, noise_like(encoding.excluded), draws)
    seeds = [[100 * row + draw for draw in range(draws)] for row in range(len(inputs))]
    time = inputs.signal.shape[1]
    return seeded_noise(seeds, candidate, steps=steps, frames=time // 8 + 1, latents=4, time=time)


@torch.no_grad()
def outputs(net: GapNetwork, inputs: GapInputs, noise: DrawNoise) -> tuple[Tensor, Tensor]:
    encoding = net.encode(inputs)
    conditions = encoding.conditions
    return conditions.denormalise(encoding.point), conditions.denormalise(sample(net, encoding, noise))


@pytest.mark.parametrize("candidates", KINDS)
def test_what_is_not_observed_changes_nothing(candidates: CandidateConfig | None) -> None:
    net = network(candidates=candidates)
    inputs = random_inputs(net.config)
    noise = noise_for(net, inputs, steps=2)
    hidden = {
        "signal": inputs.observed,
        "candidates": inputs.valid,
        "companions": inputs.companion_observed,
        "companion_candidates": inputs.companion_valid,
    }
    changed = {
        name: torch.where(seen, getattr(inputs, name), 50.0 * noise_like(seen))
        for name, seen in hidden.items()
    }
    for before, after in zip(
        outputs(net, inputs, noise), outputs(net, replace(inputs, **changed), noise), strict=True
    ):
        torch.testing.assert_close(after, before, rtol=0, atol=1e-4)


@pytest.mark.parametrize("candidates", KINDS)
def test_levels_and_units_of_the_signals_do_not_matter(candidates: CandidateConfig | None) -> None:
    net = network(candidates=candidates)
    inputs = random_inputs(net.config)
    noise = noise_for(net, inputs)
    moved = replace(
        inputs,
        signal=(3 * inputs.signal + 2) * inputs.observed,
        candidates=(3 * inputs.candidates - 1) * inputs.valid,
        companions=(5 * inputs.companions + 7) * inputs.companion_observed,
        companion_candidates=(5 * inputs.companion_candidates) * inputs.companion_valid,
    )
    for before, after in zip(outputs(net, inputs, noise), outputs(net, moved, noise), strict=True):
        inside = inputs.missing if before.ndim == 2 else inputs.missing[:, None].expand_as(before)
        torch.testing.assert_close(after[inside], (3 * before + 2)[inside], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("candidates", KINDS)
def test_gaps_of_a_batch_do_not_depend_on_each_other(candidates: CandidateConfig | None) -> None:
    net = network(candidates=candidates)
    inputs = random_inputs(net.config)
    noise = noise_for(net, inputs)
    _, together = outputs(net, inputs, noise)
    for row in range(len(inputs)):
        alone = GapInputs(
            **{field.name: getattr(inputs, field.name)[row : row + 1] for field in fields(inputs)}
        )
        of_row = DrawNoise(
            candidate=noise.candidate[row : row + 1],
            latent=noise.latent[:, row : row + 1],
            noise=noise.noise[:, row : row + 1],
        )
        torch.testing.assert_close(outputs(net, alone, of_row)[1][0], together[row], rtol=0, atol=1e-4)


def test_an_untrained_network_draws_near_its_candidates() -> None:
    net = network(trained=False)
    inputs = random_inputs(net.config)
    noise = noise_for(net, inputs)
    with torch.no_grad():
        encoding = net.encode(inputs)
        draws = sample(net, encoding, noise)
    own = encoding.conditions.candidates[torch.arange(3)[:, None], noise.candidate]
    kept = 1 - torch.sigmoid(torch.tensor(-1.0))
    expected = encoding.mixture[:, None] + kept * (own - encoding.mixture[:, None])
    torch.testing.assert_close(draws, expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(encoding.point, encoding.mixture)


@pytest.mark.parametrize("candidates", KINDS)
def test_without_usable_candidates_the_result_is_finite(candidates: CandidateConfig | None) -> None:
    net = network(candidates=candidates)
    inputs = random_inputs(net.config)
    nothing = torch.zeros_like(inputs.valid)
    inputs = replace(inputs, valid=nothing, companion_valid=torch.zeros_like(inputs.companion_valid))
    for result in outputs(net, inputs, noise_for(net, inputs)):
        assert torch.isfinite(result).all()


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_a_draw_follows_from_its_seed_alone(steps: int) -> None:
    net = network()
    inputs = random_inputs(net.config)
    noise = noise_for(net, inputs, steps)
    _, draws = outputs(net, inputs, noise)
    last = DrawNoise(
        candidate=noise.candidate[:, 2:], latent=noise.latent[:, :, 2:], noise=noise.noise[:, :, 2:]
    )
    torch.testing.assert_close(outputs(net, inputs, last)[1][:, 0], draws[:, 2], rtol=0, atol=1e-4)
    assert (draws[:, 0] - draws[:, 1]).abs().amin(dim=1).max() > 0


def test_candidates_are_different_as_long_as_there_are_enough() -> None:
    excluded = torch.tensor([[False, True, False, False], [True, False, True, True], [True] * 4])
    chosen = choose_candidates(excluded, noise_like(excluded), 3)
    assert sorted(chosen[0].tolist()) == [0, 2, 3]
    assert chosen[1].tolist() == [1, 1, 1]
    assert len(set(chosen[2].tolist())) == 3
