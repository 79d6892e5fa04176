"""A diffusion model of the raw signal, from diffusers' parts."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from research.rivals.train import Peer
from research.studies.sources import library

_EMBEDDED, _LEVELS, _STEPS = 4, 1000, 20


class RawDiffusion(Peer):
    """UNet1DModel with its own widths; v on a cosine schedule; DPM-Solver++ with 20 steps.

    The model takes no class, so that the class enters as further channels. Weights are averaged by the
    library's EMAModel.
    """

    def __init__(self, leads: int, length: int, classes: int) -> None:
        super().__init__()
        diffusers = library("diffusers")
        self.leads, self.length = leads, length
        self.embed = nn.Embedding(classes, _EMBEDDED)
        widths = (32, 32, 64)
        self.network = diffusers.UNet1DModel(
            sample_size=length,
            in_channels=leads + _EMBEDDED,
            out_channels=leads,
            extra_in_channels=2 * widths[0],  # sines and cosines of the time: the first block takes them
            block_out_channels=widths,
        )
        settings = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}
        self._levels = diffusers.DDPMScheduler(_LEVELS, **settings)
        self._solver = diffusers.DPMSolverMultistepScheduler(_LEVELS, **settings)
        self._average = library("diffusers.training_utils").EMAModel(self.parameters(), decay=0.999)
        self._optimizer = torch.optim.AdamW(self.parameters(), 3e-4)

    def get_extra_state(self) -> dict[str, object]:
        """Return the averaged weights, for the checkpoint."""
        state: dict[str, object] = self._average.state_dict()
        return state

    def set_extra_state(self, state: dict[str, object]) -> None:
        """Take the averaged weights of a checkpoint."""
        self._average.load_state_dict(state)

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the one."""
        return [self._optimizer]

    def learn(self, signals: Tensor, classes: Tensor) -> None:
        """Take a step towards the velocity: Salimans and Ho (2022), arXiv 2202.00512, appendix D."""
        noise, t = torch.randn_like(signals), torch.randint(0, _LEVELS, (len(signals),))
        target = self._levels.get_velocity(signals, noise, t)
        loss = F.mse_loss(self._predicted(self._levels.add_noise(signals, noise, t), t, classes), target)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters(), 1.0)
        self._optimizer.step()
        self._average.step(self.parameters())

    def draw(self, classes: Tensor) -> Tensor:
        """Return windows (batch lead time), by the averaged weights."""
        self._average.store(self.parameters())
        self._average.copy_to(self.parameters())
        self._solver.set_timesteps(_STEPS)
        x = torch.randn(len(classes), self.leads, self.length)
        for t in self._solver.timesteps:
            x = self._solver.step(self._predicted(x, t, classes), t, x).prev_sample
        self._average.restore(self.parameters())
        return x

    def _predicted(self, x: Tensor, t: Tensor, classes: Tensor) -> Tensor:
        told = self.embed(classes)[..., None].expand(-1, -1, x.shape[2])
        share = torch.as_tensor(t, dtype=torch.float32) / _LEVELS  # the Fourier features are made for 0 to 1
        out: Tensor = self.network(torch.cat([x, told], dim=1), share).sample
        return out
