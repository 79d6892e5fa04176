"""Two adversarial networks: WGAN-GP with convolutions, and BiLSTM against CNN."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from research.rivals.train import Peer

_NOISE, _EMBEDDED = 100, 16


class ConvolutionalGenerator(nn.Module):
    """Noise and class to a window, by four times doubling the length."""

    def __init__(self, leads: int, length: int, classes: int, noise: int = _NOISE, width: int = 128) -> None:
        super().__init__()
        self.length, self.width, self.first = length, width, -(-length // 16)
        self.embed = nn.Embedding(classes, _EMBEDDED)
        self.spread = nn.Linear(noise + _EMBEDDED, width * self.first)
        widths = (width, width, width // 2, width // 4, width // 4)
        blocks = [
            nn.Sequential(
                nn.BatchNorm1d(one), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv1d(one, two, 5, padding=2)
            )
            for one, two in zip(widths, widths[1:], strict=False)
        ]
        self.blocks = nn.Sequential(*blocks, nn.ReLU(), nn.Conv1d(widths[-1], leads, 5, padding=2))

    def forward(self, noise: Tensor, classes: Tensor) -> Tensor:
        """Return windows (batch lead time)."""
        x = self.spread(torch.cat([noise, self.embed(classes)], dim=1))
        out: Tensor = self.blocks(x.view(len(x), self.width, self.first))[..., : self.length]
        return out


class ConvolutionalCritic(nn.Module):
    """A window to a number, the class by projection (Miyato and Koyama 2018, arXiv 1802.05637)."""

    def __init__(self, leads: int, classes: int, width: int = 32, strided: int = 4) -> None:
        super().__init__()
        widths = [leads, *(width << i // 2 for i in range(strided))]
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(nn.Conv1d(one, two, 5, stride=2, padding=2), nn.LeakyReLU(0.2))
                for one, two in zip(widths, widths[1:], strict=False)
            )
        )
        self.embed = nn.Embedding(classes, widths[-1])
        self.last = nn.Linear(widths[-1], 1)

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """Return a number for each window (batch)."""
        seen = self.blocks(x).mean(dim=2)
        out: Tensor = self.last(seen)[:, 0] + (seen * self.embed(classes)).sum(dim=1)
        return out


class WassersteinGan(Peer):
    """WGAN-GP: Gulrajani et al. (2017), arXiv 1704.00028; five steps of the critic, weight 10, as there."""

    def __init__(self, leads: int, length: int, classes: int) -> None:
        super().__init__()
        self.generator = ConvolutionalGenerator(leads, length, classes)
        self.critic = ConvolutionalCritic(leads, classes)
        self._of_critic = torch.optim.Adam(self.critic.parameters(), 2e-4, betas=(0.0, 0.9))
        self._of_generator = torch.optim.Adam(self.generator.parameters(), 2e-4, betas=(0.0, 0.9))
        self.turn = nn.Buffer(torch.zeros((), dtype=torch.long))

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return those of critic and generator."""
        return [self._of_critic, self._of_generator]

    def learn(self, signals: Tensor, classes: Tensor) -> None:
        """Take a step of the critic; every fifth time one of the generator, too."""
        made = self._made(classes)
        share = torch.rand(len(signals), 1, 1)
        between = (share * signals + (1 - share) * made.detach()).requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(between, classes).sum(), between, create_graph=True)
        penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
        gap = self.critic(made.detach(), classes).mean() - self.critic(signals, classes).mean()
        _step(self._of_critic, gap + 10 * penalty)
        self.turn.add_(1)
        if self.turn % 5 == 0:
            _step(self._of_generator, -self.critic(made, classes).mean())

    def draw(self, classes: Tensor) -> Tensor:
        """Return windows (batch lead time)."""
        return self._made(classes)

    def _made(self, classes: Tensor) -> Tensor:
        out: Tensor = self.generator(torch.randn(len(classes), _NOISE), classes)
        return out


class RecurrentGan(Peer):
    """BiLSTM generator, convolutional discriminator: Zhu et al. (2019), Sci Rep 9:6734; told the class."""

    def __init__(self, leads: int, length: int, classes: int, hidden: int = 64, noise: int = 8) -> None:
        super().__init__()
        self.length, self.noise = length, noise
        self.embed = nn.Embedding(classes, _EMBEDDED)
        self.recurrent = nn.LSTM(
            noise + _EMBEDDED, hidden, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2
        )
        self.last = nn.Linear(2 * hidden, leads)
        self.critic = ConvolutionalCritic(leads, classes)
        mine = [*self.embed.parameters(), *self.recurrent.parameters(), *self.last.parameters()]
        self._of_critic = torch.optim.Adam(self.critic.parameters(), 2e-4, betas=(0.5, 0.999))
        self._of_generator = torch.optim.Adam(mine, 2e-4, betas=(0.5, 0.999))

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return those of discriminator and generator."""
        return [self._of_critic, self._of_generator]

    def learn(self, signals: Tensor, classes: Tensor) -> None:
        """Take a step of each network: Goodfellow et al. (2014), arXiv 1406.2661, section 3."""
        made = self.draw(classes)
        loss = F.softplus(self.critic(made.detach(), classes)) + F.softplus(-self.critic(signals, classes))
        _step(self._of_critic, loss.mean())
        _step(self._of_generator, F.softplus(-self.critic(made, classes)).mean())

    def draw(self, classes: Tensor) -> Tensor:
        """Return windows (batch lead time)."""
        noise = torch.randn(len(classes), self.length, self.noise)
        told = self.embed(classes)[:, None].expand(-1, self.length, -1)
        states, _ = self.recurrent(torch.cat([noise, told], dim=2))
        out: Tensor = self.last(states).transpose(1, 2)
        return out


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
