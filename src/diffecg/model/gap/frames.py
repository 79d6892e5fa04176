r"""The complex spectrogram as real channels a frame, as a linear map with its exact inverse.

With a frame of :math:`L` samples, a hop of :math:`L / 2` and the square root of a periodic Hann window, the
squared windows add up to 1 at every sample, so that the transform of windowed frames is inverted by the
inverse transform, windowed again and added up. The :math:`L / 2 + 1` frequencies of a real frame have
:math:`L` real numbers that are not always zero; they are the channels.

References:
    | Signal Estimation from Modified Short-Time Fourier Transform (Griffin and Lim, 1984), Eq. 6
    | https://doi.org/10.1109/TASSP.1984.1164317
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn


class FrameTransform(nn.Module):
    """Maps signals to the real and imaginary parts of their spectrogram, and back.

    Signals have a multiple of ``hop`` samples, ``frames(time) = time / hop + 1`` frames, and frame ``k`` is
    centred on sample ``k * hop``; beyond both ends a signal is zero. Values are in single precision, also
    under autocast.

    Args:
        n_fft: samples in a frame, a multiple of 4; the hop is half of it.
    """

    analysis: Float[Tensor, "channel 1 sample"]
    synthesis: Float[Tensor, "channel 1 sample"]

    def __init__(self, n_fft: int) -> None:
        super().__init__()
        self.channels, self.hop = n_fft, n_fft // 2
        analysis, synthesis = _bases(n_fft)
        # Functions of the configuration, which are not stored with the weights.
        self.register_buffer("analysis", analysis[:, None], persistent=False)
        self.register_buffer("synthesis", synthesis[:, None], persistent=False)

    def analyse(self, signal: Float[Tensor, "*batch time"]) -> Float[Tensor, "*batch frame channel"]:
        """Return the spectrogram of a signal, divided by ``n_fft / 8``: white noise keeps about its scale."""
        with torch.autocast(signal.device.type, enabled=False):
            flat = signal.float().reshape(-1, 1, signal.shape[-1])
            frames = F.conv1d(flat, self.analysis, stride=self.hop, padding=self.hop)
        return frames.transpose(1, 2).reshape(*signal.shape[:-1], -1, self.channels)

    def synthesise(self, frames: Float[Tensor, "*batch frame channel"]) -> Float[Tensor, "*batch time"]:
        """Return the signal with the given spectrogram, or the least-squares estimate."""
        with torch.autocast(frames.device.type, enabled=False):
            flat = frames.float().reshape(-1, *frames.shape[-2:]).transpose(1, 2)
            signal = F.conv_transpose1d(flat, self.synthesis, stride=self.hop, padding=self.hop)
        return signal.reshape(*frames.shape[:-2], -1)

    def share(self, mask: Bool[Tensor, "*batch time"]) -> Float[Tensor, "*batch frame 1"]:
        """Return the share of the samples of each frame at which a mask is true."""
        flat = mask.float().reshape(-1, 1, mask.shape[-1])
        return F.avg_pool1d(flat, self.channels, self.hop, self.hop).reshape(*mask.shape[:-1], -1, 1)

    def interpolate(self, values: Float[Tensor, "*batch frame"]) -> Float[Tensor, "*batch time"]:
        """Return values of frames, interpolated linearly between the centres of the frames."""
        share = torch.arange(self.hop, device=values.device) / self.hop
        return torch.lerp(values[..., :-1, None], values[..., 1:, None], share.to(values)).flatten(-2)


def _bases(n_fft: int) -> tuple[Float[Tensor, "channel sample"], Float[Tensor, "channel sample"]]:
    """Return the windowed cosines and sines of the transform, and those of its inverse."""
    window = torch.hann_window(n_fft, periodic=True, dtype=torch.float64).sqrt()
    frequency = torch.arange(n_fft // 2 + 1, dtype=torch.float64)[:, None]
    phase = 2 * math.pi * frequency * torch.arange(n_fft, dtype=torch.float64) / n_fft
    cosines, sines = window * phase.cos(), -window * phase.sin()[1:-1]
    # Frequencies between the first and the last stand for themselves and their negative.
    weight = torch.full((len(frequency), 1), 2.0, dtype=torch.float64)
    weight[0] = weight[-1] = 1.0
    gain = n_fft / 8
    analysis = torch.cat([cosines, sines]) / gain
    synthesis = torch.cat([weight * cosines, 2 * sines]) * (gain / n_fft)
    return analysis.float(), synthesis.float()
