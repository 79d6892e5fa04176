"""The transform as convolutions equals the transform."""

import pytest
import torch

from diffecg.config.schema import TransformConfig, WindowConfig
from diffecg.transform.convolution import ConvolutionTransform
from diffecg.transform.transform import Transform


@pytest.mark.parametrize("layout", ["bins", "image"])
@pytest.mark.parametrize(("length", "n_fft", "hop"), [(256, 32, 8), (250, 32, 16), (20, 32, 8), (61, 12, 5)])
def test_convolutions_compute_the_same(layout, length, n_fft, hop):
    generator = torch.Generator().manual_seed(0)
    window = WindowConfig(length=length, leads=("I", "II", "V1"), before=10)
    transform = Transform(TransformConfig(layout=layout, n_fft=n_fft, hop=hop), window)
    signal = torch.randn((5, 3, length), generator=generator)
    transform.fit(signal * torch.tensor([1.0, 2.0, 0.5])[:, None] + 0.3)
    convolutions = ConvolutionTransform(transform)
    grid = torch.randn(transform(signal).shape, generator=generator)
    for name, x in (("forward", signal), ("inverse", grid), ("project", grid)):
        expected = getattr(transform, name)(x)
        assert torch.allclose(
            getattr(convolutions, name)(x), expected, atol=1e-5 * float(expected.abs().max())
        )
    assert torch.equal(convolutions.mean_mv, transform.mean_mv)
