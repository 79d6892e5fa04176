"""The denoising of a block as one module of operators that ONNX has: signals in mV in, signals in mV out."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from diffecg.inference.denoising_blocks import MIN_CLEAN_S, MIN_SCALE_MV
from diffecg.model.cosine_bands import filter_by_cosines
from diffecg.model.denoising_network import DenoisingNetwork


class BlockDenoiser(nn.Module):
    """Removes the noise of blocks that have the rate of the network.

    Args:
        network: the network.
        fs_hz: its sampling rate, in Hz.
        ratio: half width of the interval, divided by that of the network.
    """

    def __init__(self, network: DenoisingNetwork, fs_hz: float, ratio: float) -> None:
        super().__init__()
        self.network, self.fs_hz, self.ratio = network, fs_hz, ratio

    def forward(
        self, signal_mv: Float[Tensor, "batch time"], noisy: Float[Tensor, "batch time"]
    ) -> tuple[Float[Tensor, "batch time"], Float[Tensor, "batch time"]]:
        """Return the clean signals and the half widths of their prediction intervals, in mV.

        Args:
            signal_mv: blocks with their context, of any length.
            noisy: 1 where a sample is noisy, else 0.
        """
        stride, length = self.network.sizes.stride, signal_mv.shape[1]
        level_mv, scale_mv = level_and_scale(signal_mv, noisy > 0, self.fs_hz)
        # To a multiple of the stride by the last sample, which is clean there.
        index = torch.arange((length + stride - 1) // stride * stride, device=signal_mv.device)
        inside = index.clamp(max=length - 1)
        signal = (signal_mv.index_select(1, inside) - level_mv) / scale_mv
        mask = noisy.index_select(1, inside) * (index < length)
        estimate = self.network(signal, mask, filter_by_cosines)
        clean_mv = estimate.signal * scale_mv + level_mv
        half_width_mv = estimate.log_half_width.exp() * scale_mv * self.ratio
        return clean_mv.narrow(1, 0, length), half_width_mv.narrow(1, 0, length)


def level_and_scale(
    signal: Float[Tensor, "batch time"], noisy: Bool[Tensor, "batch time"], fs_hz: float
) -> tuple[Float[Tensor, "batch 1"], Float[Tensor, "batch 1"]]:
    """Return what :func:`diffecg.inference.denoising_blocks.level_and_scale` does, for tensors.

    Args:
        signal: signals, in mV.
        noisy: True where a sample is noisy.
        fs_hz: sampling rate, in Hz.
    """
    few = (~noisy).sum(dim=1, keepdim=True) < MIN_CLEAN_S * fs_hz
    used = few | ~noisy
    count = used.sum(dim=1, keepdim=True)
    ascending = torch.where(used, signal, torch.inf).sort(dim=1).values
    middle = torch.cat([(count - 1) // 2, count // 2], dim=1)
    level = ascending.gather(1, middle).mean(dim=1, keepdim=True)
    deviation = torch.where(used, (signal - level).abs(), 0.0).sum(dim=1, keepdim=True) / count
    return level, (2 * deviation).clamp(min=MIN_SCALE_MV)
