"""Map windows to coefficients of a basis over leads and time, and back."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from diffecg.config.schema import TransformConfig, WindowConfig
from diffecg.errors import DiffecgError

MIN_RELATIVE_SPREAD = 1e-4
"""Smallest spread of a component, relative to the largest; bounds the gain of empty components."""


class BasisTransform(nn.Module):
    r"""Standardised principal components of a window, and the inverse.

    All leads of an R-centred window are one vector. Its coefficients are the projections on the principal
    components :math:`v_k` of the training data, divided by a scale. With the standard deviation :math:`s_k` of
    component :math:`k` and the exponent :math:`w` (``whitening``), the scale is :math:`c \, s_k^w`, where the
    constant :math:`c` gives the coefficients of the training data a mean square of 1.

    What the components do not hold is lost in the inverse; observed samples are restored after sampling.

    References:
        | Principal Component Analysis (Jolliffe, 2002), Section 1.1
        | https://doi.org/10.1007/b98835
    """

    mean_mv: Float[Tensor, "lead time"]
    """Mean window of the training data."""
    components: Float[Tensor, "component lead time"]
    """Principal components, orthonormal."""
    scale: Float[Tensor, " component"]
    """Scale of each component."""
    lead_mv: Float[Tensor, "lead 1"]
    """Root mean square of each lead, about the mean window."""

    def __init__(self, config: TransformConfig, window: WindowConfig) -> None:
        super().__init__()
        self.config = config
        self.shape = len(window.leads), window.length
        if config.components > len(window.leads) * window.length:
            raise DiffecgError(
                f"transform.components {config.components} exceeds the samples of a window, "
                f"{len(window.leads)} leads x {window.length}"
            )
        self.register_buffer("mean_mv", torch.zeros(self.shape))
        self.register_buffer("components", torch.zeros(config.components, *self.shape))
        self.register_buffer("scale", torch.ones(config.components))
        self.register_buffer("lead_mv", torch.ones(len(window.leads), 1))

    @property
    def dims(self) -> int:
        """Number of grid axes: none, the components are channels."""
        return 0

    @property
    def channels(self) -> int:
        """Channels of the grid."""
        return self.config.components

    @property
    def condition_channels(self) -> int:
        """Channels of the encoded observation: every sample and whether it is observed."""
        return 2 * self.shape[0] * self.shape[1]

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Sizes of the grid's axes: there are none."""
        return ()

    @torch.no_grad()
    def fit(self, signal_mv: Float[Tensor, "batch lead time"]) -> None:
        """Estimate mean, components and scales from windows of training data."""
        self.mean_mv.copy_(signal_mv.mean(dim=0))
        centred = (signal_mv - self.mean_mv).double()
        self.lead_mv.copy_(centred.square().mean(dim=(0, 2)).sqrt().clamp(min=MIN_RELATIVE_SPREAD)[:, None])
        flat = centred.flatten(1)
        variance, vectors = torch.linalg.eigh(flat.T @ flat / len(flat))
        variance = variance.flip(0)[: self.config.components]
        self.components.copy_(vectors.T.flip(0)[: self.config.components].reshape(self.components.shape))
        spread = variance.clamp(min=0).sqrt()
        spread = spread.clamp(min=MIN_RELATIVE_SPREAD * float(spread.max()))
        scale = spread**self.config.whitening
        self.scale.copy_(scale * (variance.clamp(min=0) / scale.square()).mean().sqrt())

    def forward(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch component"]:
        """Return the coefficients of windows from which the mean window is subtracted."""
        return signal.flatten(1) @ self.components.flatten(1).T / self.scale

    def inverse(self, grid: Float[Tensor, "batch component"]) -> Float[Tensor, "batch lead time"]:
        """Return the windows of coefficients, without the mean window."""
        return ((grid * self.scale) @ self.components.flatten(1)).reshape(len(grid), *self.shape)

    def project(self, grid: Float[Tensor, "batch component"]) -> Float[Tensor, "batch component"]:
        """Return the coefficients: all are those of a signal."""
        return grid

    def missing_fraction(
        self, observed: Bool[Tensor, "batch lead time"]
    ) -> Float[Tensor, "batch component"]:
        """Return the fraction of missing samples: each coefficient depends on all samples."""
        fraction = (~observed).float().mean(dim=(1, 2))
        return fraction[:, None].expand(-1, self.channels)

    def encode_observation(
        self, signal: Float[Tensor, "batch lead time"], observed: Bool[Tensor, "batch lead time"]
    ) -> Float[Tensor, "batch channel"]:
        """Encode observed signal (C1) and mask (C2), sample by sample.

        Args:
            signal: Windows without the mean window; missing samples may have any value.
            observed: True where the signal is observed.
        """
        c1 = torch.where(observed, signal / self.lead_mv, 0.0)
        return torch.cat([c1.flatten(1), observed.to(signal.dtype).flatten(1)], dim=1)
