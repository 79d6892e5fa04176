"""Layers over sequences of frames, with the channels of a frame last."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.model.layers import zero_init

DILATIONS = (1, 2, 4, 8)
"""Dilations of consecutive residual blocks; they repeat."""


class FrameConvolution(nn.Module):
    """A convolution over three frames.

    It is computed by ``Conv2d`` on data with channels last, which is three times as fast as ``Conv1d`` with
    16-bit floats on a CPU.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        dilation: distance of the three frames from each other.
    """

    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, (1, 3), padding=(0, dilation), dilation=(1, dilation))

    def forward(self, x: Float[Tensor, "batch frame channel"]) -> Float[Tensor, "batch frame output"]:
        """Return the convolution; beyond both ends the frames are zero."""
        # A view of the same memory: channels of a frame stay next to each other.
        image = x.transpose(1, 2)[:, :, None]
        return self.conv(image)[:, :, 0].transpose(1, 2)


class FrameBlock(nn.Module):
    """Two convolutions over frames with a skip connection; the identity at the start of training."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = FrameConvolution(channels, channels, dilation)
        self.conv2 = FrameConvolution(channels, channels, dilation)
        zero_init(self.conv2)

    def forward(self, x: Float[Tensor, "batch frame channel"]) -> Float[Tensor, "batch frame channel"]:
        """Return the activations after the block."""
        return x + self.conv2(F.silu(self.conv1(F.silu(x))))


def frame_blocks(channels: int, count: int) -> nn.Sequential:
    """Return ``count`` residual blocks with the dilations of :data:`DILATIONS`, in order."""
    return nn.Sequential(*(FrameBlock(channels, DILATIONS[i % len(DILATIONS)]) for i in range(count)))
