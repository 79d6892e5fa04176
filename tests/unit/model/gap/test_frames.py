"""The real channels of the spectrogram: exact inverse, and agreement with PyTorch's transform."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffecg.model.gap.frames import FrameTransform


def random_signal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=10, deadline=None)
@given(n_fft=st.sampled_from([4, 8, 16, 32]), frames=st.integers(1, 12), seed=st.integers(0, 1000))
def test_the_inverse_is_exact(n_fft: int, frames: int, seed: int) -> None:
    transform = FrameTransform(n_fft)
    signal = random_signal(2, frames * transform.hop, seed=seed)
    spectrogram = transform.analyse(signal)
    assert spectrogram.shape == (2, frames + 1, n_fft)
    torch.testing.assert_close(transform.synthesise(spectrogram), signal, rtol=0, atol=1e-5)


def test_channels_are_real_and_imaginary_parts_of_the_stft() -> None:
    transform = FrameTransform(16)
    signal = random_signal(3, 160)
    window = torch.hann_window(16).sqrt()
    expected = torch.stft(signal, 16, 8, window=window, pad_mode="constant", return_complex=True)
    frames = transform.analyse(signal) * 2
    torch.testing.assert_close(frames[..., :9], expected.real.transpose(1, 2), rtol=0, atol=1e-5)
    torch.testing.assert_close(frames[..., 9:], expected.imag[:, 1:-1].transpose(1, 2), rtol=0, atol=1e-5)


def test_spectrograms_stay_in_single_precision_under_autocast() -> None:
    transform, signal = FrameTransform(16), random_signal(2, 80)
    with torch.autocast("cpu", torch.bfloat16):
        restored = transform.synthesise(transform.analyse(signal))
    torch.testing.assert_close(restored, signal, rtol=0, atol=1e-5)


def test_masks_become_shares_of_frames() -> None:
    mask = torch.zeros(1, 32, dtype=torch.bool)
    mask[:, 8:20] = True
    shares = FrameTransform(16).share(mask)[0, :, 0].tolist()
    assert shares == pytest.approx([0, 0.5, 0.75, 0.25, 0])  # of samples -8-7, 0-15, 8-23, 16-31, 24-39


def test_values_of_frames_are_interpolated_linearly() -> None:
    transform = FrameTransform(16)
    values = torch.tensor([0.0, 8.0, 24.0])
    samples = transform.interpolate(values).tolist()
    assert samples == pytest.approx([*range(8), *range(8, 24, 2)])
