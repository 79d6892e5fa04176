"""Normalizers are invertible, ignore missing samples, gain and offset, and follow the spread of analogues."""

import numpy as np
import pytest
import torch

from diffecg.transform.analogues import find_analogues
from diffecg.transform.normalisation import (
    MIN_RELATIVE_ERROR,
    TYPICAL_STD_MV,
    analogue_normalizer,
    observed_normalizer,
)

FS_HZ = 100.0


def spikes_with_gap(batch=4, length=1000, seed=0):
    """Return noisy spikes (batch lead time) of different heights, and the mask of their observed samples."""
    rng = np.random.default_rng(seed)
    height = rng.uniform(0.5, 1.5, (batch, 1, length // 100)).repeat(100, axis=2)
    spikes = height * np.exp(-(((np.arange(length) % 100 - 50) / 4) ** 2))
    observed = np.ones((batch, 1, length), bool)
    observed[..., 465:635] = False
    signal = spikes + 0.01 * rng.standard_normal(spikes.shape)
    return torch.from_numpy(signal), torch.from_numpy(observed)


def normalizers(signal, observed):
    """Return the normalizers of windows and of the residual, and the normalised windows."""
    window = observed_normalizer(signal, observed, torch.zeros(1, 1))
    normalised = window.apply(signal)
    analogues = find_analogues(normalised, observed, count=5, context=30, min_separation=10)
    return window, analogue_normalizer(normalised, observed, analogues, FS_HZ), normalised


def test_normalizers_are_invertible():
    signal, observed = spikes_with_gap()
    window, residual, normalised = normalizers(signal, observed)
    assert torch.allclose(window.undo(window.apply(signal)), signal, atol=1e-12)
    assert torch.allclose(residual.undo(residual.apply(normalised)), normalised, atol=1e-12)


def test_normalizers_are_composed():
    signal, observed = spikes_with_gap()
    window, residual, normalised = normalizers(signal, observed)
    assert torch.allclose(window.then(residual).apply(signal), residual.apply(normalised), atol=1e-12)


def test_missing_samples_are_ignored():
    signal, observed = spikes_with_gap()
    changed = torch.where(observed, signal, 99.0)
    for one, same in zip(normalizers(signal, observed)[:2], normalizers(changed, observed)[:2], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))


def test_gain_and_offset_of_a_lead_are_removed():
    signal, observed = spikes_with_gap()
    one, other = normalizers(signal, observed), normalizers(-3 + 2.5 * signal, observed)
    assert torch.allclose(one[2], other[2], atol=1e-9)
    assert torch.allclose(one[1].scale, other[1].scale, atol=1e-9)
    observed_only = one[2][observed].reshape(4, -1)
    assert observed_only.mean(1).abs().max() < 1e-9
    assert torch.allclose(observed_only.std(1, correction=0), torch.tensor(TYPICAL_STD_MV).double())


def test_defaults_without_observed_samples():
    signal, observed = spikes_with_gap()
    window, residual, _ = normalizers(signal, torch.zeros_like(observed))
    assert not window.loc.any()
    assert (window.scale == 1).all()
    assert (residual.scale == 1).all()


def test_scale_follows_the_spread_of_analogues():
    signal, observed = spikes_with_gap()
    _, residual, normalised = normalizers(signal, observed)
    scale = residual.scale
    assert (scale[observed] == 1).all()
    assert (residual.loc[observed] == normalised[observed]).all()
    spike, rest = scale[..., 545:555], scale[..., 485:515]
    assert spike.mean() > 2 * rest.mean()
    flat = torch.sin(torch.arange(1000) / 5).expand(1, 1, 1000).double()
    same = normalizers(flat, observed[:1])[1].scale[~observed[:1]]
    assert same.numpy() == pytest.approx(MIN_RELATIVE_ERROR, rel=0.05)


def test_scale_without_analogues_is_that_of_the_lead():
    signal, observed = spikes_with_gap()
    observed[:] = False
    observed[..., :150] = True
    scale = normalizers(signal, observed)[1].scale[~observed]
    assert scale.numpy() == pytest.approx(1, rel=0.02)
