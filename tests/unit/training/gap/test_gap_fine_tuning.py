"""Fine-tuning of gap models: weights of a model of ECG in one of several kinds of signals."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from gap_cases import MONITOR, random_inputs, randomise, tiny_config

from diffecg.config.gap import GapConfig
from diffecg.errors import DiffecgError
from diffecg.model.gap.network import GapNetwork
from diffecg.training.gap.fine_tuning import take_gap_weights


def network(config: GapConfig, seed: int) -> GapNetwork:
    with torch.random.fork_rng(devices=[]):
        model = GapNetwork(config).eval()
    randomise(model, seed)
    return model


@torch.no_grad()
@pytest.mark.parametrize("companion", [0, 1, 2])
def test_with_one_companion_of_any_kind_the_model_does_what_its_parent_does(companion: int) -> None:
    parent, model = network(tiny_config(), 1), network(tiny_config(MONITOR), 2)
    take_gap_weights(model, parent)
    one = random_inputs(parent.config)
    shape = (len(one), len(MONITOR.companions))

    def only(values: torch.Tensor) -> torch.Tensor:
        """Place the only companion of the parent among those of the model."""
        placed = values.new_zeros((*shape, *values.shape[2:]))
        placed[:, companion] = values[:, 0]
        return placed

    several = replace(
        one,
        companions=only(one.companions),
        companion_observed=only(one.companion_observed),
        companion_candidates=only(one.companion_candidates),
        companion_valid=only(one.companion_valid),
        kind=torch.arange(len(one)),
        smallest_scale=torch.full((len(one), 1 + shape[1]), 0.03),
    )
    expected, found = parent.encode(one), model.encode(several)
    torch.testing.assert_close(found.point, expected.point, rtol=0, atol=1e-4)
    torch.testing.assert_close(found.candidates, expected.candidates, rtol=0, atol=1e-4)


def test_a_network_of_another_size_is_refused() -> None:
    config = tiny_config(MONITOR)
    wide = replace(config, network=replace(config.network, trunk_width=16))
    with pytest.raises(DiffecgError, match="network differs"):
        take_gap_weights(network(wide, 0), network(tiny_config(), 1))
