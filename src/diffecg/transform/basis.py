"""Map windows to coefficients of a basis over leads and time, and back."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from diffecg.config.schema import TransformConfig, WindowConfig
from diffecg.errors import DiffecgError

MIN_RELATIVE_SPREAD = 1e-4
"""Smallest spread of a component, relative to the largest; bounds the gain of empty components."""

NOISE_MV = 0.02
"""Standard deviation of noise that is assumed in every sample, in mV."""

_MASKED_LEADS = 256
"""Partly observed leads that are processed at once, which bounds the memory."""


class BasisTransform(nn.Module):
    r"""Standardised principal components of a window, and the inverse.

    All leads of an R-centred window are one vector. Its coefficients are the projections on the principal
    components :math:`v_k` of the training data, divided by a scale. With the standard deviation :math:`s_k`
    of component :math:`k` and the exponent :math:`w` (``whitening``), the scale is :math:`c \, s_k^w`, where
    the constant :math:`c` gives the coefficients of the training data a mean square of 1.

    What the components do not hold is lost in the inverse; observed samples are restored after sampling.

    Windows of which some samples are observed are encoded by the mean and the variance of the coefficients
    that a Gaussian model gives them, see :meth:`posterior`.

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
    deviation: Float[Tensor, " component"]
    """Standard deviation of each component, in mV."""
    noise_mv: Float[Tensor, "lead 1"]
    """Standard deviation of what the components do not hold of a sample, and of noise."""

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
        self.register_buffer("deviation", torch.ones(config.components))
        self.register_buffer("noise_mv", torch.ones(len(window.leads), 1))

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
        """Channels of the encoded observation: mean and variance of each coefficient."""
        return 2 * self.channels

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """Sizes of the grid's axes: there are none."""
        return ()

    @torch.no_grad()
    def fit(self, signal_mv: Float[Tensor, "batch lead time"]) -> None:
        """Estimate mean, components and scales from windows of training data."""
        self.mean_mv.copy_(signal_mv.mean(dim=0))
        centred = (signal_mv - self.mean_mv).double()
        flat = centred.flatten(1)
        variance, vectors = torch.linalg.eigh(flat.T @ flat / len(flat))
        variance = variance.flip(0)[: self.config.components]
        self.components.copy_(vectors.T.flip(0)[: self.config.components].reshape(self.components.shape))
        spread = variance.clamp(min=0).sqrt()
        spread = spread.clamp(min=MIN_RELATIVE_SPREAD * float(spread.max()))
        scale = spread**self.config.whitening
        self.scale.copy_(scale * (variance.clamp(min=0) / scale.square()).mean().sqrt())
        self.deviation.copy_(spread)
        flat_components = self.components.flatten(1).double()
        residual = (flat - (flat @ flat_components.T) @ flat_components).reshape(centred.shape)
        self.noise_mv.copy_((residual.square().mean(dim=(0, 2)) + NOISE_MV**2).sqrt()[:, None])

    def forward(self, signal: Float[Tensor, "batch lead time"]) -> Float[Tensor, "batch component"]:
        """Return the coefficients of windows from which the mean window is subtracted."""
        return signal.flatten(1) @ self.components.flatten(1).T / self.scale

    def inverse(self, grid: Float[Tensor, "batch component"]) -> Float[Tensor, "batch lead time"]:
        """Return the windows of coefficients, without the mean window."""
        return torch.unflatten((grid * self.scale) @ self.components.flatten(1), 1, self.shape)

    def project(self, grid: Float[Tensor, "batch component"]) -> Float[Tensor, "batch component"]:
        """Return the coefficients: all are those of a signal."""
        return grid

    def missing_fraction(self, observed: Bool[Tensor, "batch lead time"]) -> Float[Tensor, "batch component"]:
        """Return the fraction of missing samples: each coefficient depends on all samples."""
        fraction = (~observed).float().mean(dim=(1, 2))
        return fraction[:, None].expand(-1, self.channels)

    def encode_observation(
        self, signal: Float[Tensor, "batch lead time"], observed: Bool[Tensor, "batch lead time"]
    ) -> Float[Tensor, "batch channel"]:
        """Encode observed signal (C1) and mask (C2): mean and explained variance of each coefficient.

        Args:
            signal: Windows without the mean window; missing samples may have any value.
            observed: True where the signal is observed.
        """
        encoding = signal.new_zeros(len(signal), 2 * self.channels)
        rows = observed.flatten(1).any(dim=1)
        if rows.any():
            mean, explained = self.posterior(signal[rows], observed[rows])
            encoding[rows] = torch.cat([mean, explained], dim=1)
        return encoding

    def observed_mean(self, encoding: Float[Tensor, "batch channel"]) -> Float[Tensor, "batch component"]:
        """Return the mean of the coefficients from an encoded observation."""
        return encoding[:, : self.channels]

    def posterior(
        self, signal: Float[Tensor, "batch lead time"], observed: Bool[Tensor, "batch lead time"]
    ) -> tuple[Float[Tensor, "batch component"], Float[Tensor, "batch component"]]:
        r"""Return mean and explained share of variance of the coefficients, given some samples.

        A Gaussian model: the window is :math:`x = W z + e` with independent standard normal :math:`z`, the
        components times their standard deviations as columns of :math:`W`, and independent noise :math:`e`
        of the variances in :math:`R`. With the rows of observed samples, marked by :math:`o`,

        .. math::
            A = I + W_o^T R_o^{-1} W_o, \qquad
            \mathrm{E}[z \mid x_o] = A^{-1} W_o^T R_o^{-1} x_o, \qquad
            \mathrm{Cov}[z \mid x_o] = A^{-1}

        Args:
            signal: Windows without the mean window; missing samples may have any value.
            observed: True where the signal is observed.

        Returns:
            The mean, in units of the grid, and one minus the variance relative to that without observations.

        References:
            | Pattern Recognition and Machine Learning (Bishop, 2006), Eqs. 2.113-2.117
        """
        loadings = (self.components * self.deviation[:, None, None]).transpose(0, 1)
        weighted = loadings / self.noise_mv.square()[:, None]
        patterns, of_window = torch.unique(observed.flatten(1), dim=0, return_inverse=True)
        gram = self._gram(patterns.reshape(-1, *self.shape), loadings, weighted)
        factors = torch.linalg.cholesky(gram + torch.eye(self.channels).to(gram))
        target = torch.where(observed, signal, 0).flatten(1) @ weighted.transpose(1, 2).flatten(0, 1)
        mean = torch.cholesky_solve(target[..., None], factors[of_window])[..., 0]
        variance = torch.cholesky_inverse(factors).diagonal(dim1=1, dim2=2)
        return mean * self.deviation / self.scale, 1 - variance[of_window]

    def _gram(
        self,
        patterns: Bool[Tensor, "pattern lead time"],
        loadings: Float[Tensor, "lead component time"],
        weighted: Float[Tensor, "lead component time"],
    ) -> Float[Tensor, "pattern component component"]:
        """Return :math:`W_o^T R_o^{-1} W_o` for each mask, as a sum over leads."""
        whole, part = patterns.all(dim=2), patterns.any(dim=2)
        of_lead = weighted @ loadings.transpose(1, 2)
        gram = torch.tensordot(whole.to(of_lead.dtype), of_lead, dims=1)
        rows, leads = torch.nonzero(part & ~whole, as_tuple=True)
        for first in range(0, len(rows), _MASKED_LEADS):
            row, lead = rows[first : first + _MASKED_LEADS], leads[first : first + _MASKED_LEADS]
            masked = weighted[lead] * patterns[row, lead, None]
            gram.index_add_(0, row, masked @ loadings[lead].transpose(1, 2))
        return gram
