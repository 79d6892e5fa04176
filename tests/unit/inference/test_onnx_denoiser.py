"""The module that is exported to ONNX denoises blocks as the package does."""

import numpy as np
import pytest
import torch
from helpers import make_ecg

from diffecg.inference import denoising_blocks
from diffecg.inference.denoising import bundled_denoiser
from diffecg.inference.onnx_denoiser import BlockDenoiser, level_and_scale

FS_HZ = 200.0


@pytest.mark.parametrize("clean", [0, 1, 199, 200, 201, 400])
def test_level_and_scale_are_those_of_the_package(clean):
    rng = np.random.default_rng(clean)
    signal = rng.standard_normal((3, 400)) * [[1], [10], [1e-5]] + [[0], [-3], [7]]
    noisy = np.stack([rng.permutation(400) >= clean for _ in signal])
    expected = denoising_blocks.level_and_scale(signal, noisy, FS_HZ)
    found = level_and_scale(torch.from_numpy(signal), torch.from_numpy(noisy), FS_HZ)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.numpy() == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("samples", [1, 15, 16, 1000, 3001])
def test_blocks_of_any_length_are_denoised_as_by_the_package(samples):
    denoiser = bundled_denoiser()
    signal_mv = 5 + make_ecg(5, duration_s=20, fs_hz=FS_HZ)[0][:samples]
    noisy = np.arange(samples) >= samples // 2
    block = BlockDenoiser(denoiser.network, FS_HZ, 2.0)
    with torch.inference_mode():
        found = block(torch.from_numpy(signal_mv)[None].float(), torch.from_numpy(noisy)[None].float())
    expected = denoiser._estimate(signal_mv, noisy, FS_HZ) * [[1], [2]]
    assert torch.cat(found).numpy() == pytest.approx(expected, abs=1e-4)
