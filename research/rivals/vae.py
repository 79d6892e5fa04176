"""A conditional variational autoencoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from research.rivals.gan import ConvolutionalGenerator
from research.rivals.train import Peer

_LATENT, _WIDTH = 32, 64


class VariationalAutoencoder(Peer):
    """Kingma and Welling (2014), arXiv 1312.6114, told the class as in Sohn et al. (2015).

    The decoder's variance is the best for the batch: Rybkin et al. (2021), arXiv 2006.13202, eq. 7.
    """

    def __init__(self, leads: int, length: int, classes: int) -> None:
        super().__init__()
        widths = [leads, _WIDTH, _WIDTH, 2 * _WIDTH, 2 * _WIDTH]
        self.encoder = nn.Sequential(
            *(
                nn.Sequential(nn.Conv1d(one, two, 5, stride=2, padding=2), nn.LeakyReLU(0.2))
                for one, two in zip(widths, widths[1:], strict=False)
            ),
            nn.Flatten(),
        )
        self.embed = nn.Embedding(classes, 16)
        self.place = nn.LazyLinear(2 * _LATENT)
        self.decoder = ConvolutionalGenerator(leads, length, classes, noise=_LATENT)
        with torch.no_grad():
            self._encoded(torch.zeros(2, leads, length), torch.zeros(2, dtype=torch.long))
        self._optimizer = torch.optim.Adam(self.parameters(), 1e-3)

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the one."""
        return [self._optimizer]

    def learn(self, signals: Tensor, classes: Tensor) -> None:
        """Take a step that raises the evidence's lower bound (arXiv 1312.6114, eq. 10)."""
        mean, log_variance = self._encoded(signals, classes)
        latent = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        error = (self.decoder(latent, classes) - signals).square().mean()
        surprise = 0.5 * signals[0].numel() * torch.log(error)
        divergence = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1).mean()
        self._optimizer.zero_grad()
        (surprise + divergence).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters(), 100.0)
        self._optimizer.step()

    def draw(self, classes: Tensor) -> Tensor:
        """Return windows (batch lead time): the decoder's means."""
        out: Tensor = self.decoder(torch.randn(len(classes), _LATENT), classes)
        return out

    def _encoded(self, signals: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        seen = torch.cat([self.encoder(signals), self.embed(classes)], dim=1)
        mean, log_variance = self.place(seen).chunk(2, dim=1)
        return mean, log_variance.clamp(-10, 10)
