r"""Frequency bands by matrix products, for ONNX, which has no complex numbers.

Continued by its mirror image, a signal of :math:`N` samples is a sum of cosines,

.. math:: c_m = \sum_n x_n \cos\frac{\pi m (2n + 1)}{2N}, \qquad
          x_n = \frac{c_0}{N} + \frac{2}{N} \sum_{m=1}^{N-1} c_m \cos\frac{\pi m (2n + 1)}{2N}

(the discrete cosine transform and its inverse), where :math:`c_m` belongs to the frequency :math:`m / 2N`.
With :math:`n = P b + a` and :math:`B = N / P`, the angle is

.. math:: \frac{\pi m (2n + 1)}{2N} = \frac{\pi m b}{B} + \frac{\pi m (2a + 1)}{2N}.

The first term has period :math:`2B` in :math:`m`: a matrix of :math:`B \times 2B` holds its cosines.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import torch
from jaxtyping import Float, Int
from torch import Tensor

from diffecg.model.denoising_bands import responses

PHASES = 16
"""P; lengths of signals are multiples of it."""


def filter_by_cosines(
    signal: Float[Tensor, "batch time"], edges: Sequence[float]
) -> Float[Tensor, "batch band time"]:
    """Divide signals into bands, as :func:`~diffecg.model.denoising_bands.filter_by_fft` does.

    Args:
        signal: Signals of a length that is a multiple of ``PHASES``.
        edges: Frequencies between the bands, ascending, as shares of the sampling rate.
    """
    blocks = signal.reshape(signal.shape[0], -1, PHASES)
    count = blocks.shape[1]
    length = count * PHASES
    index = torch.arange(length, device=signal.device).reshape(PHASES // 2, 2 * count)
    block = torch.arange(count, device=signal.device)[:, None]
    odd = 2 * torch.arange(PHASES, device=signal.device) + 1
    coarse_cos, coarse_sin = _cos_and_sin(block * index[0], count, signal.dtype)
    fine_cos, fine_sin = _cos_and_sin(index[..., None] * odd, 2 * length, signal.dtype)

    inner_cos, inner_sin = (part.T @ blocks for part in (coarse_cos, coarse_sin))
    cosines = (fine_cos * inner_cos[:, None] - fine_sin * inner_sin[:, None]).sum(dim=-1)
    frequency = index.flatten().to(signal.dtype) / (2 * length)
    gains = responses(frequency, edges) / length * (1 + frequency.sign())
    bands = cosines[:, None, ..., None] * gains.reshape(-1, *index.shape, 1)
    found = coarse_cos @ (bands * fine_cos).sum(dim=2) - coarse_sin @ (bands * fine_sin).sum(dim=2)
    return found.flatten(2)


def _cos_and_sin(
    turns: Int[Tensor, "*axes"], half: int, dtype: torch.dtype
) -> tuple[Float[Tensor, "*axes"], Float[Tensor, "*axes"]]:
    """Return cosine and sine of pi turns / half."""
    # Large angles would be inexact in 32 bits, which is how ONNX files of PyTorch hold pi.
    angle = turns.double() / half % 2 * pi
    return angle.cos().to(dtype), angle.sin().to(dtype)
