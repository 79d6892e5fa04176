r"""The transform of windows as convolutions of real numbers, for programs that have no complex STFT.

With the window :math:`w`, a frame of the STFT is a product with :math:`w(n) \cos(2 \pi f n / L)` and
:math:`-w(n) \sin(2 \pi f n / L)`, so that all frames are a convolution with the hop as its stride. The
inverse is the transposed convolution with the inverse transform of each coefficient, divided by the sum of
the overlapping :math:`w^2`, as in :mod:`diffecg.transform.stft`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.transform.layouts import SpectrogramLayout
from diffecg.transform.stft import pad_end, padded_length
from diffecg.transform.transform import Transform


class ConvolutionTransform(nn.Module):
    """Computes what a transform with a spectrogram computes, by convolutions.

    Args:
        transform: the transform, whose layout is ``bins`` or ``image``.
    """

    analysis: Float[Tensor, "coefficient 1 sample"]
    synthesis: Float[Tensor, "coefficient 1 sample"]
    overlap: Float[Tensor, " padded_time"]
    scale: Float[Tensor, "lead 1 freq 1"]
    mean_mv: Float[Tensor, "lead 1"]

    def __init__(self, transform: Transform) -> None:
        super().__init__()
        layout = transform.layout
        assert isinstance(layout, SpectrogramLayout)
        self.leads, self.length = transform.lead_count, transform.length
        self.bins, self.n_fft, self.hop = layout.bins, layout.frame_length, layout.hop
        self.padded = padded_length(self.length, self.hop, self.n_fft)
        self.grid = (transform.channels, *transform.grid_shape)
        analysis, synthesis, window = _bases(self.n_fft)
        self.register_buffer("analysis", analysis[:, None])
        self.register_buffer("synthesis", synthesis[:, None])
        frames = torch.ones(1, 1, self.padded // self.hop + 1, dtype=torch.float64)
        self.register_buffer("overlap", self._add(frames, (window**2)[None, None])[0, 0].float())
        self.register_buffer("scale", transform.scale[:, None].clone())
        self.register_buffer("mean_mv", transform.mean_mv.clone())

    def forward(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch channel *grid"]:
        """Return the grid of windows from which the mean of each lead is subtracted."""
        half = self.n_fft // 2
        padded = F.pad(pad_end(signal, self.padded), (half, half), mode="reflect")
        frames = F.conv1d(padded.reshape(-1, 1, padded.shape[-1]), self.analysis, stride=self.hop)
        parts = frames.reshape(-1, self.leads, 2, self.bins, frames.shape[-1]) / self.scale
        return parts.transpose(1, 2).reshape(-1, *self.grid)

    def inverse(self, grid: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch lead time"]:
        """Return the windows of a grid, without the mean of each lead."""
        parts = grid.reshape(-1, 2, self.leads, self.bins, self.padded // self.hop + 1)
        frames = (parts.transpose(1, 2) * self.scale).reshape(-1, 2 * self.bins, parts.shape[-1])
        signal = self._add(frames, self.synthesis) / self.overlap
        return signal.reshape(-1, self.leads, self.padded)[..., : self.length]

    def project(self, grid: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch channel *grid"]:
        """Project a grid onto the grids of signals."""
        return self(self.inverse(grid))

    def _add(
        self, frames: Float[Tensor, "row coefficient frame"], basis: Float[Tensor, "coefficient 1 sample"]
    ) -> Float[Tensor, "row 1 padded_time"]:
        """Return the sum of the overlapping frames that coefficients stand for."""
        return F.conv_transpose1d(frames, basis, stride=self.hop, padding=self.n_fft // 2)


def _bases(
    n_fft: int,
) -> tuple[
    Float[Tensor, "coefficient sample"], Float[Tensor, "coefficient sample"], Float[Tensor, " sample"]
]:
    """Return the rows of the windowed transform, those of its windowed inverse, and the window.

    The coefficients are the real parts of all frequencies and then the imaginary parts.
    """
    window = torch.hann_window(n_fft, periodic=True, dtype=torch.float64).sqrt()
    analysis = torch.view_as_real(torch.fft.rfft(torch.eye(n_fft, dtype=torch.float64)))
    unit = torch.eye(n_fft // 2 + 1, dtype=torch.complex128)
    synthesis = torch.fft.irfft(torch.cat([unit, 1j * unit]), n=n_fft)
    rows = analysis.permute(2, 1, 0).flatten(0, 1)
    return (rows * window).float(), (synthesis * window).float(), window
