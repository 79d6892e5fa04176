r"""The network of the gap model: point estimate, expected error, and draws.

The mixture mean :math:`m` of the candidates and its expected error :math:`s`, from their spread, set the
scale in which the network predicts:

.. math::
    \hat x &= m + s \, \mathrm{STFT}^{-1}(\text{mean head}) \\
    x_j &= m + (c_j - m) (1 - g) + s \, \mathrm{STFT}^{-1}(\text{draw head}(c_j, \xi, x_\sigma, \sigma))

:math:`c_j` is the candidate of the draw, :math:`\xi` its latent noise, :math:`g` a gate, and
:math:`x_\sigma = r + \sigma \epsilon` the noisy residual :math:`r = (x - m) / s`. The draws are samples from
the distribution of the clean signal given the noisy one, as in distributional diffusion models, so that few
steps from noise are enough, also a single one.

References:
    | Distributional Diffusion Models with Scoring Rules (De Bortoli et al., 2025)
    | https://arxiv.org/abs/2502.02483
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from diffecg.config.gap import GapConfig
from diffecg.model.gap.conditions import GapConditions, normalise_inputs
from diffecg.model.gap.encoder import CandidateEncoder, least_distance
from diffecg.model.gap.frames import FrameTransform
from diffecg.model.gap.inputs import GapInputs
from diffecg.model.gap.layers import frame_blocks
from diffecg.model.layers import zero_init

SMOOTHING_S = 0.4
"""Length over which the spread of the candidates is averaged."""
MIN_ERROR = 0.03
"""Smallest expected error, in units of the signal's standard deviation."""
DISTANCE_SHARE = 0.25
"""Share of the nearest analogue's squared distance that is added to the expected squared error."""
LARGEST_DISTANCE = 2.0
"""Distances above it count as much as it does."""
INITIAL_GATE = -1.0
"""Logit of the gate in an untrained network: most of a candidate's difference from the mean is kept."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GapEncoding:
    """What follows from the inputs alone: computed once for all draws and noise levels of a gap."""

    conditions: GapConditions
    candidates: Float[Tensor, "batch candidate frame channel"]
    """Features of the candidates."""
    trunk: Float[Tensor, "batch frame trunk_channel"]
    mixture: Float[Tensor, "batch time"]
    """Mixture mean m of the candidates."""
    error: Float[Tensor, "batch time"]
    """Expected error s."""
    point: Float[Tensor, "batch time"]
    """Point estimate."""
    excluded: Bool[Tensor, "batch candidate"]
    """Candidates that no draw is made from; none where no candidate is usable."""

    def residual(self, signal: Float[Tensor, "batch *draw time"]) -> Float[Tensor, "batch *draw time"]:
        """Return the difference of a signal from the mixture mean in the gap, in units of the error."""
        shape = (len(signal), *(1 for _ in signal.shape[1:-1]), -1)
        mixture, error, missing = (
            x.reshape(shape) for x in (self.mixture, self.error, self.conditions.missing)
        )
        return (signal - mixture) / error * missing


class GapNetwork(nn.Module):
    """Estimates what is missing in a gap from its surroundings and from candidates for it."""

    def __init__(self, config: GapConfig) -> None:
        super().__init__()
        self.config = config
        network = config.network
        width, encoder_width = network.trunk_width, network.encoder_width
        self.frames = FrameTransform(network.n_fft)
        channels = self.frames.channels
        self.encoder = CandidateEncoder(config, self.frames)
        self.trunk_in = nn.Linear(
            self.encoder.context_channels + channels + network.heads * encoder_width, width
        )
        self.trunk_blocks = frame_blocks(width, network.trunk_blocks)
        self.mean_head = nn.Linear(width, channels)
        self.draw_in = nn.Linear(encoder_width + network.latents + channels, width)
        self.noisy_in = nn.Linear(channels + 4, width)
        self.draw_blocks = frame_blocks(width, network.draw_blocks)
        self.draw_head = nn.Linear(width, channels + 1)
        for layer in (self.mean_head, self.draw_head, self.noisy_in):
            zero_init(layer)
        self.float()  # PyTorch's default dtype may be another

    def encode(self, inputs: GapInputs) -> GapEncoding:
        """Return what follows from the inputs alone, with the point estimate."""
        conditions = normalise_inputs(inputs, self._samples(self.config.candidates.context_s))
        usable = conditions.usable
        excluded = ~usable & usable.any(dim=1, keepdim=True)
        context = self.encoder.context(conditions, inputs)
        candidates = self.encoder.encode(conditions, inputs, context)
        weights = self.encoder.weigh(candidates, excluded)
        pooled = torch.einsum("bkfh,bkfc->bfhc", weights.to(candidates.dtype), candidates).flatten(2)
        mixing = self.frames.interpolate(weights[..., 0])
        mixture = (mixing * conditions.candidates).sum(dim=1)
        of_mixture = self.frames.analyse(mixture * conditions.missing)
        trunk = self.trunk_blocks(self.trunk_in(torch.cat([context, pooled, of_mixture], dim=2)))
        error = self._expected_error(conditions, inputs, mixing, mixture)
        return GapEncoding(
            conditions=conditions,
            candidates=candidates,
            trunk=trunk,
            mixture=mixture,
            error=error,
            point=mixture + error * self.frames.synthesise(self.mean_head(trunk)),
            excluded=excluded,
        )

    def draw(
        self,
        encoding: GapEncoding,
        *,
        candidate: Int[Tensor, "batch draw"],
        latent: Float[Tensor, "batch draw frame latent"],
        noisy: Float[Tensor, "batch draw time"],
        sigma: Float[Tensor, " batch"],
    ) -> Float[Tensor, "batch draw time"]:
        """Return draws of the clean signal, given the noisy one.

        Args:
            encoding: the gaps.
            candidate: the candidate of each draw.
            latent: latent noise of each draw, standard normal.
            noisy: noisy residual of each draw, in units of the expected error; what it is outside the gap is
                ignored.
            sigma: noise level.
        """
        gap = torch.arange(len(candidate), device=candidate.device)[:, None]
        own, mixture = encoding.conditions.candidates[gap, candidate], encoding.mixture[:, None]
        features = encoding.candidates[gap, candidate]
        difference = self.frames.analyse(encoding.residual(own))
        x = self.draw_in(torch.cat([features, latent, difference], dim=3)) + encoding.trunk[:, None]
        x = x + self.noisy_in(self._encode_noisy(encoding, noisy, sigma))
        output = self.draw_head(self.draw_blocks(x.flatten(0, 1))).float().unflatten(0, candidate.shape)
        gate = torch.sigmoid(self.frames.interpolate(output[..., -1] + INITIAL_GATE))
        residual = encoding.error[:, None] * self.frames.synthesise(output[..., :-1])
        return mixture + (own - mixture) * (1 - gate) + residual

    def _encode_noisy(
        self,
        encoding: GapEncoding,
        noisy: Float[Tensor, "batch draw time"],
        sigma: Float[Tensor, " batch"],
    ) -> Float[Tensor, "batch draw frame noisy_channel"]:
        """Return the spectrogram of noisy residuals, scaled to unit variance, and their noise level."""
        scale = (1 + sigma**2).rsqrt()
        scaled = noisy * scale[:, None, None] * encoding.conditions.missing[:, None]
        spectrogram = self.frames.analyse(scaled)
        is_noise = sigma > self.config.diffusion.sigma_max / 2
        level = torch.stack([sigma.log() / 4, scale, sigma * scale, is_noise.float()], dim=1)
        level = level[:, None, None].expand(-1, *spectrogram.shape[1:3], -1)
        return torch.cat([spectrogram, level], dim=3)

    def _expected_error(
        self,
        conditions: GapConditions,
        inputs: GapInputs,
        mixing: Float[Tensor, "batch candidate time"],
        mixture: Float[Tensor, "batch time"],
    ) -> Float[Tensor, "batch time"]:
        """Return the expected error: the smoothed spread of the candidates, and that of the best of them."""
        squares = (conditions.candidates - mixture[:, None]) ** 2
        variance = (mixing * squares).sum(dim=1) * conditions.missing
        half = self._samples(SMOOTHING_S / 2)
        spread, share = (
            F.avg_pool1d(x[:, None], 2 * half + 1, 1, half)[:, 0] for x in (variance, conditions.missing)
        )
        nearest = least_distance(conditions, inputs).clamp(max=LARGEST_DISTANCE)
        return (spread / share.clamp(min=1e-3) + DISTANCE_SHARE * nearest**2 + MIN_ERROR**2).sqrt()

    def _samples(self, seconds: float) -> int:
        return round(seconds * self.config.candidates.fs_hz)
