"""A conditional variational autoencoder."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from research.rivals.gan import ConvolutionalGenerator, strided_blocks
from research.rivals.training import Rival

_LATENT, _WIDTH, _EMBEDDING = 32, 64, 16


class VariationalAutoencoder(Rival):
    """Kingma and Welling (2014), arXiv 1312.6114, conditioned on the class as in Sohn et al. (2015).

    The decoder's variance is the maximum-likelihood one of the batch: Rybkin et al. (2021),
    arXiv 2006.13202, eq. 7.
    """

    def __init__(self, leads: int, length: int, classes: int) -> None:
        super().__init__()
        widths = [leads, _WIDTH, _WIDTH, 2 * _WIDTH, 2 * _WIDTH]
        self.encoder = nn.Sequential(strided_blocks(widths), nn.Flatten())
        self.embed = nn.Embedding(classes, _EMBEDDING)
        self.posterior = nn.LazyLinear(2 * _LATENT)
        self.decoder = ConvolutionalGenerator(leads, length, classes, latent=_LATENT)
        with torch.no_grad():
            self._encode(torch.zeros(2, leads, length), torch.zeros(2, dtype=torch.long))
        self._optimizer = torch.optim.Adam(self.parameters(), 1e-3)

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimiser."""
        return [self._optimizer]

    def train_step(self, signals: Float[Tensor, "batch lead time"], classes: Int[Tensor, " batch"]) -> None:
        """Take a step on the negative evidence lower bound (arXiv 1312.6114, eq. 10)."""
        mean, log_variance = self._encode(signals, classes)
        latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        squared_error = (self.decoder(latent, classes) - signals).square().mean()
        reconstruction = 0.5 * signals[0].numel() * torch.log(squared_error)
        divergence = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1).mean()
        self._optimizer.zero_grad()
        (reconstruction + divergence).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters(), 100.0)
        self._optimizer.step()

    def sample(self, classes: Int[Tensor, " batch"]) -> Float[Tensor, "batch lead time"]:
        """Return a new window of each class: the decoder's mean."""
        return self.decoder(torch.randn(len(classes), _LATENT), classes)

    def _encode(
        self, signals: Float[Tensor, "batch lead time"], classes: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch latent"], Float[Tensor, "batch latent"]]:
        """Return mean and log variance of the approximate posterior."""
        features = torch.cat([self.encoder(signals), self.embed(classes)], dim=1)
        mean, log_variance = self.posterior(features).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 10)
