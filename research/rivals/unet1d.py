"""A diffusion model of the raw signal, built from diffusers' components."""

from __future__ import annotations

import diffusers
import torch
import torch.nn.functional as F
from diffusers.training_utils import EMAModel
from jaxtyping import Float, Int
from torch import Tensor, nn

from research.rivals.training import Rival

_EMBEDDING, _TRAIN_STEPS, _SAMPLING_STEPS = 4, 1000, 20


class RawDiffusion(Rival):
    """UNet1DModel with v-prediction on a cosine schedule, sampled by DPM-Solver++ in 20 steps.

    UNet1DModel takes no class, so the class enters as further channels. EMAModel averages the weights.
    """

    def __init__(self, leads: int, length: int, classes: int) -> None:
        super().__init__()
        self.leads, self.length = leads, length
        self.embed = nn.Embedding(classes, _EMBEDDING)
        widths = (32, 32, 64)
        self.network = diffusers.UNet1DModel(
            sample_size=length,
            in_channels=leads + _EMBEDDING,
            out_channels=leads,
            extra_in_channels=2 * widths[0],  # the first block also takes the time embedding
            block_out_channels=widths,
        )
        settings = {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"}
        self._schedule = diffusers.DDPMScheduler(_TRAIN_STEPS, **settings)
        self._solver = diffusers.DPMSolverMultistepScheduler(_TRAIN_STEPS, **settings)
        self._average = EMAModel(self.parameters(), decay=0.999)
        self._optimizer = torch.optim.AdamW(self.parameters(), 3e-4)

    def get_extra_state(self) -> dict[str, object]:
        """Return the averaged weights, for the checkpoint."""
        return self._average.state_dict()

    def set_extra_state(self, state: dict[str, object]) -> None:
        """Restore the averaged weights of a checkpoint."""
        self._average.load_state_dict(state)

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimiser."""
        return [self._optimizer]

    def train_step(self, signals: Float[Tensor, "batch lead time"], classes: Int[Tensor, " batch"]) -> None:
        """Take a step on the velocity: Salimans and Ho (2022), arXiv 2202.00512, appendix D."""
        noise, t = torch.randn_like(signals), torch.randint(0, _TRAIN_STEPS, (len(signals),))
        velocity = self._schedule.get_velocity(signals, noise, t)
        loss = F.mse_loss(self._predict(self._schedule.add_noise(signals, noise, t), t, classes), velocity)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters(), 1.0)
        self._optimizer.step()
        self._average.step(self.parameters())

    def sample(self, classes: Int[Tensor, " batch"]) -> Float[Tensor, "batch lead time"]:
        """Return a new window of each class, computed with the averaged weights."""
        self._average.store(self.parameters())
        self._average.copy_to(self.parameters())
        self._solver.set_timesteps(_SAMPLING_STEPS)
        x = torch.randn(len(classes), self.leads, self.length)
        for t in self._solver.timesteps:
            x = self._solver.step(self._predict(x, t, classes), t, x).prev_sample
        self._average.restore(self.parameters())
        return x

    def _predict(
        self, x: Float[Tensor, "batch lead time"], t: Int[Tensor, "..."], classes: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch lead time"]:
        condition = self.embed(classes)[..., None].expand(-1, -1, x.shape[2])
        time = torch.as_tensor(t, dtype=torch.float32) / _TRAIN_STEPS  # its Fourier features expect 0 to 1
        return self.network(torch.cat([x, condition], dim=1), time).sample
