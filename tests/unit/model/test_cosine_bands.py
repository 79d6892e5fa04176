"""Filters by cosines are those by the Fourier transform."""

import pytest
import torch

from diffecg.model.cosine_bands import PHASES, filter_by_cosines
from diffecg.model.denoising_bands import filter_by_fft
from diffecg.model.denoising_network import DenoisingSizes

SIZES = DenoisingSizes()


@pytest.mark.parametrize("length", [PHASES, 3 * PHASES, 1600, 4016])
@pytest.mark.parametrize("edges", [SIZES.edges, SIZES.baseline_edges])
def test_the_bands_are_those_of_the_fourier_transform(length, edges):
    generator = torch.Generator().manual_seed(length)
    signal = 3 + torch.randn(2, length, generator=generator, dtype=torch.float64)
    expected = filter_by_fft(signal, edges)
    assert expected.abs().amax(dim=(0, 2)).min() > 0
    assert torch.allclose(filter_by_cosines(signal, edges), expected, rtol=0, atol=1e-11)
    in_32_bits = filter_by_cosines(signal.float(), edges)
    assert in_32_bits.dtype == torch.float32
    assert torch.allclose(in_32_bits.double(), expected, rtol=0, atol=1e-5)


def test_lengths_fit_the_stride_of_the_network():
    assert SIZES.stride % PHASES == 0
