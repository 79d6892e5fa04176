"""The spectrum of noise: estimated from noisy intervals, and its covariance on the grid."""

import numpy as np
import pytest
import torch
from helpers import make_ecg

from diffecg.config.schema import TransformConfig, WindowConfig
from diffecg.transform.noise_spectrum import NoiseSpectrum, estimate_noise_spectrum, noise_covariance
from diffecg.transform.normalisation import Normalizer
from diffecg.transform.transform import Transform

FS_HZ = 100.0


def fitted_transform(layout="bins"):
    transform = Transform(TransformConfig(layout=layout, hop=16), WindowConfig(length=1000, fs_hz=FS_HZ))
    windows = np.stack([make_ecg(seed, duration_s=10, fs_hz=FS_HZ)[0] for seed in range(8)])
    transform.fit(torch.from_numpy(windows).float()[:, None])
    return transform


def test_spectra_of_white_noise_and_of_an_offset():
    rng, transform = np.random.default_rng(0), fitted_transform()
    clean = 0.2 * make_ecg(1, duration_s=600, fs_hz=FS_HZ)[0]
    noisy = np.zeros_like(clean, dtype=bool)
    noisy[10_000:40_000] = True

    def estimate(noise):
        return estimate_noise_spectrum(transform, (clean + noise * noisy)[None], ~noisy[None], noisy[None])

    white = estimate(0.2 * rng.normal(size=len(clean)))
    window = torch.hann_window(32).sqrt()
    assert white.power[0] == pytest.approx(np.full(17, 0.04 * window.square().sum().item()), rel=0.3)
    offset = estimate(0.5)
    assert offset.power[0, 0] == pytest.approx((0.5 * window.sum().item()) ** 2, rel=0.2)
    assert offset.correlation[0, 0] == pytest.approx(0.99, abs=0.02)
    assert offset.power[0, 5:].max() < 0.01 * offset.power[0, 0]
    assert estimate(0.0).power.max() < 0.2 * white.power.max()


@pytest.mark.parametrize("layout", ["bins", "image"])
def test_variance_of_white_noise_on_the_grid(layout):
    transform, rng = fitted_transform(layout), np.random.default_rng(1)
    noise = torch.from_numpy(0.1 * rng.normal(size=(4000, 1, 1000))).float()
    everywhere = torch.ones(1, 1, 1000, dtype=torch.bool)
    window = torch.hann_window(32).sum()
    white = NoiseSpectrum(
        power=np.full((1, 17), 0.01 * float(window), np.float32), correlation=np.zeros((1, 17), np.float32)
    )
    normalizer = Normalizer(loc=torch.zeros(1, 1, 1), scale=torch.ones(1, 1, 1))
    covariance = noise_covariance(transform, white, everywhere, ~everywhere, normalizer)
    expected = covariance.diagonal(dim1=-2, dim2=-1)[0]
    measured = transform(noise).var(dim=0)
    inner = (..., slice(2, -2))  # frames at the ends see reflections
    ratio = (measured / expected)[inner].reshape(-1, 17, measured[inner].shape[-1]).mean(dim=(0, 2))
    assert ratio[1:-1].tolist() == pytest.approx([1.0] * 15, rel=0.05)
    missing = noise_covariance(transform, white, ~everywhere, ~everywhere, normalizer)
    assert missing.diagonal(dim1=-2, dim2=-1).min() >= 1e6
