"""Gauges: undone exactly, blind to what is hidden and to a lead's gain, and as wide as guesses are wrong."""

import numpy as np
import pytest
import torch

from diffecg.transform.analogues import find_analogues
from diffecg.transform.normalisation import LEAST_ERROR, TYPICAL_MV, analogue_normalizer, observed_normalizer

FS_HZ = 100.0


def holed(batch=4, length=1000, seed=0):
    """Return noisy spikes (batch lead time) of unequal heights, and what is observed of them."""
    rng = np.random.default_rng(seed)
    height = rng.uniform(0.5, 1.5, (batch, 1, length // 100)).repeat(100, axis=2)
    spikes = height * np.exp(-(((np.arange(length) % 100 - 50) / 4) ** 2))
    observed = np.ones((batch, 1, length), bool)
    observed[..., 465:635] = False
    signal = spikes + 0.01 * rng.standard_normal(spikes.shape)
    return torch.from_numpy(signal), torch.from_numpy(observed)


def gauges(signal, observed):
    own = observed_normalizer(signal, observed, torch.zeros(1, 1))
    seen = own.apply(signal)
    found = find_analogues(seen, observed, count=5, context=30, apart=10)
    return own, analogue_normalizer(seen, observed, found, FS_HZ), seen


def test_gauges_are_undone():
    signal, observed = holed()
    for normalizer, x in zip(
        gauges(signal, observed)[:2], (signal, gauges(signal, observed)[2]), strict=True
    ):
        assert torch.allclose(normalizer.undo(normalizer.apply(x)), x, atol=1e-12)


def test_what_is_hidden_does_not_matter():
    signal, observed = holed()
    changed = torch.where(observed, signal, 99.0)
    for one, same in zip(gauges(signal, observed)[:2], gauges(changed, observed)[:2], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))


def test_gain_and_level_of_a_lead_do_not_matter():
    signal, observed = holed()
    one, other = gauges(signal, observed), gauges(-3 + 2.5 * signal, observed)
    assert torch.allclose(one[2], other[2], atol=1e-9)
    assert torch.allclose(one[1].unit, other[1].unit, atol=1e-9)
    observed_only = one[2][observed].reshape(4, -1)
    assert observed_only.mean(1).abs().max() < 1e-9
    assert torch.allclose(observed_only.std(1, correction=0), torch.tensor(TYPICAL_MV).double())


def test_of_nothing_there_is_the_usual_gauge():
    signal, observed = holed()
    own, near, _ = gauges(signal, torch.zeros_like(observed))
    assert not own.level.any()
    assert (own.unit == 1).all()
    assert (near.unit == 1).all()


def test_the_unit_follows_how_much_matches_differ():
    signal, observed = holed()
    _, near, seen = gauges(signal, observed)
    unit = near.unit
    assert (unit[observed] == 1).all()
    assert (near.level[observed] == seen[observed]).all()
    spike, rest = unit[..., 545:555], unit[..., 485:515]
    assert spike.mean() > 2 * rest.mean()
    flat = torch.sin(torch.arange(1000) / 5).expand(1, 1, 1000).double()
    same = gauges(flat, observed[:1])[1].unit[~observed[:1]]
    assert same.numpy() == pytest.approx(LEAST_ERROR, rel=0.05)


def test_without_matches_a_guess_is_as_wrong_as_the_lead_varies():
    signal, observed = holed()
    observed[:] = False
    observed[..., :150] = True
    unit = gauges(signal, observed)[1].unit[~observed]
    assert unit.numpy() == pytest.approx(1, rel=0.02)
