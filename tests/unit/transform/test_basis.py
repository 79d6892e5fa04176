"""The basis over leads and time: orthonormal, standardised, and its Gaussian posterior."""

import numpy as np
import pytest
import torch

from diffecg.config.schema import TransformConfig, WindowConfig
from diffecg.errors import DiffecgError
from diffecg.transform.basis import BasisTransform

LEADS, LENGTH, RANK = 3, 20, 5


def windows(count, seed=0, noise=0.01):
    """Windows of five random components with decreasing spread, and noise."""
    rng = np.random.default_rng(seed)
    components = np.linalg.qr(np.random.default_rng(1).standard_normal((LEADS * LENGTH, RANK)))[0]
    flat = rng.standard_normal((count, RANK)) * [3, 2, 1, 0.5, 0.2] @ components.T + 0.3
    flat += noise * rng.standard_normal(flat.shape)
    return torch.from_numpy(flat.reshape(count, LEADS, LENGTH)).float()


def fitted(components=RANK, whitening=0.5, **kwargs):
    window = WindowConfig(length=LENGTH, fs_hz=100.0, leads=("I", "II", "V2"), before=5)
    transform = BasisTransform(
        TransformConfig(layout="basis", components=components, whitening=whitening), window
    )
    transform.fit(windows(4000, **kwargs))
    return transform


@pytest.mark.parametrize("whitening", [0.0, 0.5, 1.0])
def test_components_are_orthonormal_and_coefficients_standardised(whitening):
    transform = fitted(whitening=whitening)
    flat = transform.components.flatten(1)
    assert torch.allclose(flat @ flat.T, torch.eye(RANK), atol=1e-5)
    grid = transform(windows(4000) - transform.mean_mv)
    assert float(grid.square().mean()) == pytest.approx(1, rel=1e-3)
    if whitening == 1.0:
        assert torch.allclose(grid.square().mean(0), torch.ones(RANK), atol=2e-3)
    assert transform.deviation.tolist() == pytest.approx([3, 2, 1, 0.5, 0.2], rel=0.06)


def test_inverse_restores_what_the_components_hold():
    transform, signal = fitted(), windows(50, seed=2, noise=0.0) - 0.3
    centred = signal + 0.3 - transform.mean_mv
    assert (transform.inverse(transform(centred)) - centred).abs().max() < 0.02
    grid = torch.randn(4, RANK, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(transform(transform.inverse(grid)), grid, atol=1e-4)
    assert transform.project(grid) is grid


def test_posterior_is_that_of_a_gaussian():
    """Mean and variance equal those of the joint normal distribution of coefficients and samples."""
    transform, signal = fitted(), windows(30, seed=3)
    rng = np.random.default_rng(0)
    observed = torch.from_numpy(rng.random((30, LEADS, LENGTH)) < 0.5)
    observed[:10] = True
    observed[:10, 1:] = False  # whole leads
    mean, explained = transform.posterior(signal - transform.mean_mv, observed)
    loadings = (transform.components.flatten(1) * transform.deviation[:, None]).double().numpy().T
    noise = np.repeat(transform.noise_mv.double().numpy().ravel() ** 2, LENGTH)
    for row in range(30):
        seen = observed[row].flatten().numpy()
        samples = (signal[row] - transform.mean_mv).flatten().double().numpy()[seen]
        joint = loadings[seen] @ loadings[seen].T + np.diag(noise[seen])
        gain = np.linalg.solve(joint, loadings[seen]).T
        expected = (gain @ samples) * transform.deviation.numpy() / transform.scale.numpy()
        assert mean[row].numpy() == pytest.approx(expected, abs=2e-3)
        assert explained[row].numpy() == pytest.approx(np.diag(gain @ loadings[seen]), abs=1e-3)


def test_encoding_ignores_missing_samples_and_is_zero_without_observations():
    transform, signal, other = fitted(), windows(4, seed=4), windows(4, seed=5)
    observed = torch.zeros_like(signal, dtype=torch.bool)
    assert not transform.encode_observation(signal, observed).any()
    observed[1:, 0] = True
    encoding = transform.encode_observation(signal, observed)
    assert encoding.shape == (4, transform.condition_channels)
    assert not encoding[0].any()
    assert encoding[1:].any()
    changed = torch.where(observed, signal, other)
    assert torch.equal(encoding, transform.encode_observation(changed, observed))
    fraction = transform.missing_fraction(observed)
    assert fraction[0].tolist() == [1.0] * RANK
    assert fraction[1].tolist() == pytest.approx([2 / 3] * RANK)


def test_more_components_than_samples_are_refused():
    with pytest.raises(DiffecgError, match="components 61 exceeds the samples of a window, 3 leads x 20"):
        fitted(components=61)
