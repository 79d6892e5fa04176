"""The complex short-time Fourier transform and its exact inverse.

The window is the square root of a periodic Hann window, so that analysis and synthesis with hops of
at most half a frame reconstruct the signal (Griffin and Lim 1984, IEEE Trans ASSP 32(2):236-243, Eq. 6).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def padded_length(length: int, hop: int, n_fft: int) -> int:
    """Return the least number of samples that whole hops cover and reflection can extend."""
    return max(math.ceil(length / hop) * hop, n_fft)


def pad_end(signal: Tensor, length: int) -> Tensor:
    """Return ``signal`` (batch lead time) continued to ``length`` samples by its last value."""
    return F.pad(signal, (0, length - signal.shape[-1]), mode="replicate")


def stft(signal: Tensor, n_fft: int, hop: int) -> Tensor:
    """Return the complex spectrogram, axes (batch lead freq frame), of ``signal`` (batch lead time).

    There are ``n_fft // 2 + 1`` frequencies and ``padded_length / hop + 1`` frames; frame k is centred
    on sample k * ``hop``.
    """
    batch, lead, length = signal.shape
    padded = pad_end(signal, padded_length(length, hop, n_fft)).flatten(0, 1)
    window = _window(n_fft, signal)
    spectrogram = torch.stft(padded, n_fft, hop, window=window, return_complex=True)
    return spectrogram.reshape(batch, lead, *spectrogram.shape[1:])


def istft(spectrogram: Tensor, n_fft: int, hop: int, length: int) -> Tensor:
    """Return the signal (batch lead time) of ``length`` samples whose spectrogram is the given one.

    A spectrogram that no signal has is answered by the signal whose spectrogram is nearest to it.
    """
    batch, lead = spectrogram.shape[:2]
    window = _window(n_fft, spectrogram.real)
    padded = padded_length(length, hop, n_fft)
    signal = torch.istft(spectrogram.flatten(0, 1), n_fft, hop, window=window, length=padded)
    return signal.reshape(batch, lead, padded)[..., :length]


def _window(n_fft: int, like: Tensor) -> Tensor:
    return torch.hann_window(n_fft, periodic=True, dtype=like.dtype, device=like.device).sqrt()
