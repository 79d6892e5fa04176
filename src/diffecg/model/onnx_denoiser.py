"""The network that removes noise as an ONNX model: a noisy signal in, the clean one and its interval out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.model.denoising_network import DenoisingNetwork
from diffecg.model.onnx_files import to_onnx

if TYPE_CHECKING:
    from onnx import ModelProto

EXAMPLE = 25
"""Length of the signal that is exported with, in strides; other lengths follow."""


class SignalDenoiser(nn.Module):
    """Removes noise from signals in mV, with level and scale of their clean samples.

    Args:
        network: the network.
        min_clean: with fewer clean samples, level and scale are those of all samples.
        min_scale_mv: smallest scale, in mV.
        ratio: half width of the interval, divided by that of the network.
    """

    def __init__(
        self, network: DenoisingNetwork, *, min_clean: float, min_scale_mv: float, ratio: float
    ) -> None:
        super().__init__()
        self.network = network
        self.min_clean, self.min_scale_mv, self.ratio = min_clean, min_scale_mv, ratio

    def forward(
        self, signal_mv: Float[Tensor, "batch time"], noisy: Float[Tensor, "batch time"]
    ) -> tuple[Float[Tensor, "batch time"], Float[Tensor, "batch time"]]:
        """Return the clean signal and the half width of its interval, in mV.

        Args:
            signal_mv: signals at the rate of the network, of a length that is a multiple of its stride.
            noisy: 1 where a sample is noisy, else 0.
        """
        few = (1 - noisy).sum(dim=1, keepdim=True) < self.min_clean
        used = few | (noisy < 0.5)
        count = used.sum(dim=1, keepdim=True)
        ordered = torch.where(used, signal_mv, torch.inf).sort(dim=1).values
        middle = torch.cat([(count - 1) // 2, count // 2], dim=1)
        level = ordered.gather(1, middle).mean(dim=1, keepdim=True)
        deviation = torch.where(used, (signal_mv - level).abs(), 0).sum(dim=1, keepdim=True) / count
        scale = (2 * deviation).clamp(min=self.min_scale_mv)
        estimate = self.network((signal_mv - level) / scale, noisy)
        return estimate.signal * scale + level, self.ratio * estimate.log_half_width.exp() * scale


def denoiser_to_onnx(denoiser: SignalDenoiser) -> ModelProto:
    """Return a denoiser as an ONNX model for signals of any number and length.

    Raises:
        DiffecgError: the package for the export is not installed.
    """
    signal = torch.zeros(2, EXAMPLE * denoiser.network.sizes.stride)
    inputs = {"signal_mv": signal, "noisy": signal}
    return to_onnx(denoiser.eval(), inputs, ["denoised_mv", "half_width_mv"], axes=("batch", "time"))
