r"""The complex short-time Fourier transform (STFT) with its exact inverse.

The STFT of a signal :math:`x` with a window :math:`w` of length :math:`L` and a hop of :math:`H` samples is

.. math:: X(f, k) = \sum_{n=0}^{L-1} w(n) \, x(k H + n - L / 2) \, e^{-2 \pi i f n / L}

The inverse is the least-squares estimate: every frame is transformed back and multiplied by :math:`w` again,
and the sum of overlapping frames is divided by the sum of the overlapping :math:`w^2`. It reconstructs the
signal exactly. It maps a spectrogram that is not the STFT of a signal to the signal with the nearest
spectrogram, except within half a window of the ends, where the STFT reflects the signal.
With the square root of a periodic Hann window as :math:`w`, hops of at most :math:`L / 2` cover every sample.

References:
    | Signal Estimation from Modified Short-Time Fourier Transform (Griffin and Lim, 1984), Eq. 6
    | https://doi.org/10.1109/TASSP.1984.1164317
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Complex, Float
from torch import Tensor


def padded_length(length: int, hop: int, n_fft: int) -> int:
    """Return the length after padding to whole hops, at least one frame."""
    return max(math.ceil(length / hop) * hop, n_fft)


def pad_end(signal: Float[Tensor, "batch lead time"], length: int) -> Float[Tensor, "batch lead {length}"]:
    """Pad a signal to ``length`` samples by repeating its last value."""
    return F.pad(signal, (0, length - signal.shape[-1]), mode="replicate")


def stft(
    signal: Float[Tensor, "batch lead time"], n_fft: int, hop: int
) -> Complex[Tensor, "batch lead freq frame"]:
    """Return the complex spectrogram of a signal.

    It has ``n_fft // 2 + 1`` frequencies and ``padded_length(time, hop, n_fft) // hop + 1`` frames; frame
    ``k`` is centred on sample ``k * hop``, and the signal is reflected at both ends.
    """
    batch, lead, length = signal.shape
    padded = pad_end(signal, padded_length(length, hop, n_fft)).flatten(0, 1)
    spectrogram = torch.stft(padded, n_fft, hop, window=_window(n_fft, signal), return_complex=True)
    return spectrogram.reshape(batch, lead, *spectrogram.shape[1:])


def istft(
    spectrogram: Complex[Tensor, "batch lead freq frame"], n_fft: int, hop: int, length: int
) -> Float[Tensor, "batch lead {length}"]:
    """Return the signal of ``length`` samples with the given spectrogram, or with the nearest one.

    If the spectrogram is not the STFT of a signal, the result is the least-squares estimate, except within
    half a window of the ends.
    """
    batch, lead = spectrogram.shape[:2]
    padded = padded_length(length, hop, n_fft)
    window = _window(n_fft, spectrogram.real)
    signal = torch.istft(spectrogram.flatten(0, 1), n_fft, hop, window=window, length=padded)
    return signal.reshape(batch, lead, padded)[..., :length]


def _window(n_fft: int, like: Tensor) -> Tensor:
    return torch.hann_window(n_fft, periodic=True, dtype=like.dtype, device=like.device).sqrt()
