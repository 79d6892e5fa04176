"""Conditional generative adversarial networks: convolutional WGAN-GP, and BiLSTM-CNN."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from research.rivals.training import Rival

_LATENT, _EMBEDDING = 100, 16
_CRITIC_STEPS, _PENALTY_WEIGHT = 5, 10.0


class ConvolutionalGenerator(nn.Module):
    """Map a latent vector and a class to a window; four blocks each double the length."""

    def __init__(
        self, leads: int, length: int, classes: int, latent: int = _LATENT, width: int = 128
    ) -> None:
        super().__init__()
        self.length, self.width, self.first_length = length, width, -(-length // 16)
        self.embed = nn.Embedding(classes, _EMBEDDING)
        self.project = nn.Linear(latent + _EMBEDDING, width * self.first_length)
        widths = (width, width, width // 2, width // 4, width // 4)
        blocks = [
            nn.Sequential(
                nn.BatchNorm1d(inputs),
                nn.ReLU(),
                nn.Upsample(scale_factor=2),
                nn.Conv1d(inputs, outputs, 5, padding=2),
            )
            for inputs, outputs in pairwise(widths)
        ]
        self.blocks = nn.Sequential(*blocks, nn.ReLU(), nn.Conv1d(widths[-1], leads, 5, padding=2))

    def forward(
        self, latent: Float[Tensor, "batch latent"], classes: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch lead time"]:
        """Return windows."""
        x = self.project(torch.cat([latent, self.embed(classes)], dim=1))
        return self.blocks(x.view(len(x), self.width, self.first_length))[..., : self.length]


class ConvolutionalCritic(nn.Module):
    """Score a window given its class, by projection: Miyato and Koyama (2018), arXiv 1802.05637."""

    def __init__(self, leads: int, classes: int, width: int = 32, blocks: int = 4) -> None:
        super().__init__()
        widths = [leads, *(width << i // 2 for i in range(blocks))]
        self.blocks = strided_blocks(widths)
        self.embed = nn.Embedding(classes, widths[-1])
        self.last = nn.Linear(widths[-1], 1)

    def forward(
        self, x: Float[Tensor, "batch lead time"], classes: Int[Tensor, " batch"]
    ) -> Float[Tensor, " batch"]:
        """Return a score for each window."""
        features = self.blocks(x).mean(dim=2)
        return self.last(features)[:, 0] + (features * self.embed(classes)).sum(dim=1)


class WassersteinGan(Rival):
    """WGAN-GP: Gulrajani et al. (2017), arXiv 1704.00028, with five critic steps and penalty weight 10."""

    def __init__(self, leads: int, length: int, classes: int) -> None:
        super().__init__()
        self.generator = ConvolutionalGenerator(leads, length, classes)
        self.critic = ConvolutionalCritic(leads, classes)
        self._critic_optimizer = torch.optim.Adam(self.critic.parameters(), 2e-4, betas=(0.0, 0.9))
        self._generator_optimizer = torch.optim.Adam(self.generator.parameters(), 2e-4, betas=(0.0, 0.9))
        self.critic_steps = nn.Buffer(torch.zeros((), dtype=torch.long))

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimisers of critic and generator."""
        return [self._critic_optimizer, self._generator_optimizer]

    def train_step(self, signals: Float[Tensor, "batch lead time"], classes: Int[Tensor, " batch"]) -> None:
        """Take a step of the critic, and after every fifth one a step of the generator."""
        fake = self.sample(classes)
        mix = torch.rand(len(signals), 1, 1)
        interpolated = (mix * signals + (1 - mix) * fake.detach()).requires_grad_()
        score = self.critic(interpolated, classes).sum()
        (gradient,) = torch.autograd.grad(score, interpolated, create_graph=True)
        penalty = (gradient.flatten(1).norm(dim=1) - 1).square().mean()
        distance = self.critic(fake.detach(), classes).mean() - self.critic(signals, classes).mean()
        _step(self._critic_optimizer, distance + _PENALTY_WEIGHT * penalty)
        self.critic_steps.add_(1)
        if self.critic_steps % _CRITIC_STEPS == 0:
            _step(self._generator_optimizer, -self.critic(fake, classes).mean())

    def sample(self, classes: Int[Tensor, " batch"]) -> Float[Tensor, "batch lead time"]:
        """Return a new window of each class."""
        return self.generator(torch.randn(len(classes), _LATENT), classes)


class RecurrentGan(Rival):
    """BiLSTM generator and CNN discriminator: Zhu et al. (2019), Sci Rep 9:6734, conditioned on the class."""

    def __init__(self, leads: int, length: int, classes: int, hidden: int = 64, noise: int = 8) -> None:
        super().__init__()
        self.length, self.noise = length, noise
        self.embed = nn.Embedding(classes, _EMBEDDING)
        self.recurrent = nn.LSTM(
            noise + _EMBEDDING, hidden, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2
        )
        self.last = nn.Linear(2 * hidden, leads)
        self.critic = ConvolutionalCritic(leads, classes)
        generator = [*self.embed.parameters(), *self.recurrent.parameters(), *self.last.parameters()]
        self._critic_optimizer = torch.optim.Adam(self.critic.parameters(), 2e-4, betas=(0.5, 0.999))
        self._generator_optimizer = torch.optim.Adam(generator, 2e-4, betas=(0.5, 0.999))

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimisers of discriminator and generator."""
        return [self._critic_optimizer, self._generator_optimizer]

    def train_step(self, signals: Float[Tensor, "batch lead time"], classes: Int[Tensor, " batch"]) -> None:
        """Take a non-saturating step of each network (Goodfellow et al. 2014, arXiv 1406.2661, section 3)."""
        fake = self.sample(classes)
        loss = F.softplus(self.critic(fake.detach(), classes)) + F.softplus(-self.critic(signals, classes))
        _step(self._critic_optimizer, loss.mean())
        _step(self._generator_optimizer, F.softplus(-self.critic(fake, classes)).mean())

    def sample(self, classes: Int[Tensor, " batch"]) -> Float[Tensor, "batch lead time"]:
        """Return a new window of each class."""
        noise = torch.randn(len(classes), self.length, self.noise)
        condition = self.embed(classes)[:, None].expand(-1, self.length, -1)
        states, _ = self.recurrent(torch.cat([noise, condition], dim=2))
        return self.last(states).transpose(1, 2)


def strided_blocks(widths: list[int]) -> nn.Sequential:
    """Return convolutions that each halve the length, followed by leaky rectifiers."""
    return nn.Sequential(
        *(
            nn.Sequential(nn.Conv1d(inputs, outputs, 5, stride=2, padding=2), nn.LeakyReLU(0.2))
            for inputs, outputs in pairwise(widths)
        )
    )


def _step(optimizer: torch.optim.Optimizer, loss: Float[Tensor, ""]) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
