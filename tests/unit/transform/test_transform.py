"""The transform is exactly invertible and standardised; SciPy is the reference of the STFT."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import ShortTimeFFT

from diffecg.config.schema import TransformConfig, WindowConfig
from diffecg.errors import DiffecgError
from diffecg.transform.stft import istft, stft
from diffecg.transform.transform import Transform

LAYOUTS = ("image", "bins", "signal")


def random_walk(length, leads=1, batch=3, seed=0):
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 0.1, (batch, leads, length)).cumsum(axis=2)
    return torch.from_numpy(np.clip(steps, -5, 5).astype(np.float32))


def fitted_transform(layout, length, leads=1, n_fft=32, hop=8, whitening=0.5):
    window = WindowConfig(length=length, leads=tuple(f"L{i}" for i in range(leads)))
    transform = Transform(TransformConfig(layout=layout, n_fft=n_fft, hop=hop, whitening=whitening), window)
    transform.fit(random_walk(length, leads, batch=50))
    return transform


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    layout=st.sampled_from(LAYOUTS),
    length=st.one_of(st.sampled_from([187, 250, 256, 275, 300, 360]), st.integers(1, 700)),
    leads=st.integers(1, 3),
    n_fft=st.sampled_from([16, 32, 64]),
    overlap=st.sampled_from([2, 4, 8]),
    whitening=st.floats(0, 1),
)
def test_round_trip(layout, length, leads, n_fft, overlap, whitening):
    transform = fitted_transform(layout, length, leads, n_fft, n_fft // overlap, whitening)
    signal = random_walk(length, leads)
    grid = transform(signal)
    assert grid.shape[1] == transform.channels
    assert grid.ndim == 2 + transform.layout.dims
    assert (transform.inverse(grid) - signal).abs().max() < 1e-5


def test_stft_equals_scipy():
    signal = random_walk(256, batch=1)
    window = np.sqrt(np.hanning(33)[:-1])
    expected = ShortTimeFFT(window, hop=8, fs=1.0, phase_shift=None).stft(
        np.pad(signal[0, 0].numpy().astype(float), 16, mode="reflect"), p0=2, p1=35
    )
    assert np.allclose(stft(signal, 32, 8)[0, 0].numpy(), expected, atol=1e-4)


def test_istft_of_an_inconsistent_spectrogram_is_a_projection():
    generator = torch.Generator().manual_seed(0)
    spectrogram = torch.randn(1, 1, 17, 33, dtype=torch.complex64, generator=generator)
    signal = istft(spectrogram, 32, 8, 256)
    again = istft(stft(signal, 32, 8), 32, 8, 256)
    assert torch.allclose(signal, again, atol=1e-5)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("whitening", [0.0, 0.5, 1.0])
def test_grids_of_the_training_data_have_mean_square_one(layout, whitening):
    transform, signal = fitted_transform(layout, 256, whitening=whitening), random_walk(256, batch=50)
    assert transform(signal - transform.mean_mv).square().mean().item() == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_encoding_of_the_observation_ignores_missing_samples(layout):
    transform = fitted_transform(layout, 256)
    signal = random_walk(256)
    observed = torch.ones(3, 1, 256, dtype=torch.bool)
    observed[:, :, 100:150] = False
    changed = signal.clone()
    changed[:, :, 100:150] = 99.0
    assert torch.equal(
        transform.encode_observation(signal, observed), transform.encode_observation(changed, observed)
    )
    nothing = torch.zeros_like(observed)
    assert transform.encode_observation(signal, nothing).abs().max() == 0
    assert transform.encode_observation(signal, observed).shape[1] == 2 * transform.channels


@pytest.mark.parametrize("layout", LAYOUTS)
def test_missing_fraction(layout):
    transform = fitted_transform(layout, 256)
    observed = torch.ones(1, 1, 256, dtype=torch.bool)
    assert transform.missing_fraction(observed).max() == 0
    assert transform.missing_fraction(~observed).min() == 1
    observed[..., 128:] = False
    fraction = transform.missing_fraction(observed)
    grid = transform(random_walk(256, batch=1))
    assert fraction.shape[-1] == grid.shape[-1]
    assert fraction.mean().item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("hop", [0, 17, 32])
def test_hops_that_lose_signal_are_rejected(hop):
    with pytest.raises(DiffecgError, match="1 to 16"):
        Transform(TransformConfig(n_fft=32, hop=hop), WindowConfig())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_projection_onto_the_grids_of_signals(layout):
    transform = fitted_transform(layout, 256)
    windows = transform(random_walk(256, seed=1))
    assert torch.allclose(transform.project(windows), windows, atol=1e-4)
    grid = torch.from_numpy(np.random.default_rng(2).standard_normal(windows.shape).astype(np.float32))
    projected = transform.project(grid)
    assert torch.allclose(transform.project(projected), projected, atol=1e-4)
    assert torch.allclose(transform.inverse(projected), transform.inverse(grid), atol=1e-4)
    fraction = float(projected.square().mean() / grid.square().mean())
    assert fraction == pytest.approx(1, abs=1e-5) if layout == "signal" else 0.05 < fraction < 0.6
