"""The denoising network: bands add up to the signal, gains of one pass it, training starts at a filter."""

import numpy as np
import pytest
import torch
from helpers import make_ecg
from scipy.ndimage import median_filter

from diffecg.errors import DiffecgError
from diffecg.model.denoiser_folder import DenoiserConfig, load_denoiser, save_denoiser
from diffecg.model.denoising_bands import LOG_SCALE, band_features, divide_bands, median_baseline
from diffecg.model.denoising_network import DenoisingNetwork, DenoisingSizes
from diffecg.model.files import CONFIG, WEIGHTS

SIZES = DenoisingSizes()
EDGES = SIZES.baseline_edges


def test_bands_add_up_to_the_signal_and_the_first_is_the_mean_of_the_noisy_samples():
    signal = torch.randn(3, 800, generator=torch.Generator().manual_seed(0)).cumsum(dim=1)
    noisy = (torch.arange(800) >= 300).float().expand(3, -1)
    bands = divide_bands(signal, noisy, EDGES)
    assert bands.shape == (3, len(EDGES) + 2, 800)
    assert torch.allclose(bands.sum(dim=1), signal, atol=1e-4)
    assert torch.allclose(bands[:, 0], signal[:, 300:].mean(dim=1, keepdim=True).expand(-1, 800), atol=1e-5)


@pytest.mark.parametrize("band", range(2, len(EDGES)))
def test_a_sine_lies_in_the_band_of_its_frequency(band):
    frequency = (EDGES[band - 2] * EDGES[band - 1]) ** 0.5
    sine = torch.cos(2 * torch.pi * frequency * torch.arange(8000))[None]
    power = divide_bands(sine, torch.zeros_like(sine), EDGES)[0].square().mean(dim=1)
    assert int(power.argmax()) == band
    assert power[: band - 1].max() < 0.1 * power[band]
    assert power[band + 2 :].max() < 0.1 * power[band]


def test_features_of_bands_are_shapes_and_powers():
    """Noise of three times the amplitude in the second half; a gain changes the power only."""
    noise = torch.randn(1, 1, 4000, generator=torch.Generator().manual_seed(2))
    noisy = (torch.arange(4000) >= 2000).float()[None]
    bands = noise * (1 + 2 * noisy)
    shape, power, ratio = band_features(bands, noisy, [101])
    louder = band_features(10 * bands, noisy, [101])
    assert torch.allclose(louder[0], shape, atol=1e-3)
    assert torch.allclose(louder[1] - power, torch.tensor(np.log(100) / LOG_SCALE).float(), atol=1e-3)
    assert torch.allclose(louder[2], ratio, atol=1e-3)
    expected = np.log(1 / 9) / LOG_SCALE
    assert float(ratio[..., 2100:3900].mean()) == pytest.approx(expected, abs=0.03)
    assert float(ratio[..., 100:1900].mean()) == pytest.approx(0, abs=0.03)
    assert not band_features(bands, torch.ones(1, 4000), [101])[2].any(), "nothing is clean"


def test_the_power_of_a_noisy_sample_is_that_of_noisy_samples_around_it():
    noisy = (torch.arange(600) >= 300).float()[None]
    bands = (1 + 2 * noisy)[:, None].repeat(1, 2, 1)
    bands[:, :, 500:] = 5
    power = (band_features(bands, noisy, [51, 301])[1] * LOG_SCALE).exp()[0]
    assert torch.allclose(power[:, :300], torch.ones(2, 300), atol=1e-4)
    assert torch.allclose(power[:, 300:340], torch.full((2, 40), 9.0), atol=1e-3)
    expected = np.convolve(bands[0, 0].square(), np.ones(51) / 51, "same")[400:570]
    assert power[0, 400:570].numpy() == pytest.approx(expected, abs=1e-3)
    assert float(power[1, 450]) == pytest.approx((200 * 9 + 100 * 25 + 25) / 301, abs=0.05)


def test_the_power_of_slow_bands_is_averaged_over_two_periods():
    assert len(SIZES.spans) == SIZES.bands
    slowest = SIZES.spans[len(SIZES.edges) + 3]
    assert slowest == pytest.approx(2 / SIZES.baseline_edges[0], abs=2)
    assert min(SIZES.spans) == SIZES.smoothing
    assert all(span % 2 for span in SIZES.spans)


def test_the_baseline_is_that_of_moving_medians():
    signal = np.random.default_rng(0).standard_normal((2, 400)).cumsum(axis=1)
    points = median_filter(signal.reshape(2, 100, 4).mean(axis=2), (1, 5), mode="nearest")
    points = median_filter(points, (1, 9), mode="nearest")
    expected = [np.interp(np.arange(400), np.arange(1.5, 400, 4), row) for row in points]
    baseline = median_baseline(torch.from_numpy(signal), 4, (5, 9))
    assert baseline.numpy() == pytest.approx(np.stack(expected), abs=1e-9)


def test_training_starts_where_the_median_filter_ends():
    """Before any training, strong wander is removed, and ECG without noise changes little."""
    with torch.random.fork_rng(devices=[]):
        network = DenoisingNetwork(SIZES).eval()
    clean = torch.from_numpy(make_ecg(1, duration_s=20, fs_hz=200.0)[0]).float()[None]
    clean = (clean - clean.median()) / clean.std()
    wander = 3 * torch.sin(2 * torch.pi * 0.25 * torch.arange(4000) / 200)[None]
    whole = torch.ones_like(clean)

    def error(noisy):
        found = network(noisy, whole).signal
        baseline = median_baseline(noisy, SIZES.patch, SIZES.medians)
        simple = noisy - baseline + baseline.mean()
        return (found - clean).std() / clean.std(), (simple - clean).std() / clean.std()

    assert error(clean)[0] < 0.15
    network_error, median_error = error(clean + wander)
    assert network_error < max(0.3, 1.1 * median_error)


def test_gains_of_one_pass_the_signal():
    network = all_pass()
    signal = torch.randn(2, 64, generator=torch.Generator().manual_seed(1))
    estimate = network(signal, torch.ones_like(signal))
    assert torch.allclose(estimate.signal, signal, atol=1e-4)
    assert torch.equal(estimate.log_half_width, torch.zeros_like(signal))


def test_a_denoiser_is_read_as_it_was_written(tmp_path):
    config, network = DenoiserConfig(ratios=(0.0, 1.5, 3.0)), all_pass()
    save_denoiser(tmp_path, config, network)
    read, loaded = load_denoiser(tmp_path)
    assert read == config
    assert not loaded.training
    signal = torch.ones(1, 32)
    assert torch.allclose(loaded(signal, signal).signal, signal, atol=1e-3)


def test_damaged_folders_are_refused(tmp_path):
    with pytest.raises(DiffecgError, match="no model folder"):
        load_denoiser(tmp_path / "nowhere")
    save_denoiser(tmp_path, DenoiserConfig(), all_pass())
    weights = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(weights[:-1] + b"\x7f")
    with pytest.raises(DiffecgError, match="altered"):
        load_denoiser(tmp_path)
    (tmp_path / CONFIG).write_text('{"fs_hz": "fast"}')
    with pytest.raises(DiffecgError, match="fs_hz"):
        load_denoiser(tmp_path)


def all_pass() -> DenoisingNetwork:
    """Return a network whose gains are one, whose correction is zero, and whose half width is one."""
    sizes = DenoisingSizes()
    with torch.random.fork_rng(devices=[]):
        network = DenoisingNetwork(sizes).eval()
    gains = np.repeat([20.0] * sizes.bands + [0.0, 0.0], sizes.patch)
    with torch.no_grad():
        network.last.bias.copy_(torch.from_numpy(gains))
    return network
