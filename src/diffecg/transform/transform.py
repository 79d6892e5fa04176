"""Map windows to standardised coefficients of each lead on a grid, and back."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from diffecg.config.schema import TransformConfig, WindowConfig
from diffecg.transform.basis import BasisTransform
from diffecg.transform.layouts import build_layout

MIN_RELATIVE_SPREAD = 1e-4
"""Smallest spread of a frequency, relative to the largest; bounds the gain of empty frequencies."""


class Transform(nn.Module):
    r"""Standardised coefficients of a window, and the inverse.

    The coefficients of each frequency are divided by a scale that :meth:`fit` estimates from training data.
    With the root mean square :math:`s_f` of frequency :math:`f` and the exponent :math:`w` (``whitening``),
    the scale is :math:`c \, s_f^w`: natural spectrum for :math:`w = 0`, white for :math:`w = 1`. The constant
    :math:`c` gives the grid of the training data a mean square of 1, which the diffusion process assumes.

    The statistics are buffers, so that they are stored with the weights.

    Raises:
        DiffecgError: The hop is too large to reconstruct the signal.
    """

    mean_mv: Float[Tensor, "lead 1"]
    """Mean of each lead in the training data."""
    scale: Float[Tensor, "lead freq 1"]
    """Scale of each frequency."""

    def __init__(self, config: TransformConfig, window: WindowConfig) -> None:
        super().__init__()
        self.config = config
        self.layout = build_layout(config.layout, n_fft=config.n_fft, hop=config.hop)
        self.lead_count = len(window.leads)
        self.length = window.length
        self.register_buffer("mean_mv", torch.zeros(self.lead_count, 1))
        self.register_buffer("scale", torch.ones(self.lead_count, self.layout.bins, 1))

    @property
    def dims(self) -> int:
        """Number of grid axes."""
        return self.layout.dims

    @property
    def channels(self) -> int:
        """Channels of the grid."""
        return self.lead_count * self.layout.channels_per_lead

    @property
    def condition_channels(self) -> int:
        """Channels of the encoded observation."""
        return 2 * self.channels

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Sizes of the grid's axes, without batch and channels."""
        with torch.no_grad():
            return tuple(self(torch.zeros(1, self.lead_count, self.length, dtype=torch.float32)).shape[2:])

    @torch.no_grad()
    def fit(self, signal_mv: Float[Tensor, "batch lead time"]) -> None:
        """Estimate mean and scale from windows of training data."""
        self.mean_mv.copy_(signal_mv.mean(dim=(0, 2))[:, None])
        power = self.layout.analyse(signal_mv - self.mean_mv).abs().square().mean(dim=(0, 3))
        spread = power.sqrt().clamp(min=MIN_RELATIVE_SPREAD * float(power.max()) ** 0.5)[..., None]
        scale = spread**self.config.whitening
        mean_square = (power[..., None] / scale.square()).mean() / self.layout.components
        self.scale.copy_(scale * mean_square.sqrt())

    def forward(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch channel *grid"]:
        """Return the grid of windows from which the mean of each lead is subtracted."""
        return self.layout.to_grid(self.layout.analyse(signal) / self.scale)

    def inverse(self, grid: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch lead time"]:
        """Return the windows of a grid, without the mean of each lead."""
        coefficients = self.layout.from_grid(grid, self.lead_count) * self.scale
        return self.layout.synthesise(coefficients, self.length)

    def project(self, grid: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch channel *grid"]:
        """Project a grid onto the grids of signals.

        Frames overlap, so that most spectrograms are not the STFT of a signal. The projection is linear and
        removes what :meth:`inverse` ignores.
        """
        return self(self.inverse(grid))

    def missing_fraction(
        self, observed: Bool[Tensor, "batch lead time"]
    ) -> Float[Tensor, "batch channel *grid"]:
        """Return the fraction of missing samples in the frame of each grid point."""
        return self.layout.expand(self.layout.frame_mean((~observed).to(torch.float32))[:, :, None])

    def encode_observation(
        self, signal: Float[Tensor, "batch lead time"], observed: Bool[Tensor, "batch lead time"]
    ) -> Float[Tensor, "batch channel *grid"]:
        """Encode observed signal (C1) and mask (C2) as channels on the grid.

        Args:
            signal: Windows without the mean of each lead; missing samples may have any value.
            observed: True where the signal is observed.
        """
        layout = self.layout
        c1 = self(torch.where(observed, signal, 0.0))
        c2 = layout.to_grid(layout.analyse(observed.to(signal.dtype)) / layout.mask_scale)
        return torch.cat([c1, c2], dim=1)

    def observed_mean(self, encoding: Float[Tensor, "batch channel *grid"]) -> None:
        """Return None: an encoded observation states no mean of the grid."""
        return


def build_transform(config: TransformConfig, window: WindowConfig) -> Transform | BasisTransform:
    """Return the transform of a configuration.

    Raises:
        DiffecgError: The settings do not fit the window.
    """
    kind = BasisTransform if config.layout == "basis" else Transform
    return kind(config, window)
