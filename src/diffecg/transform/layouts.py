"""The transform between millivolts and what the network sees."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffecg.config.schema import ConditionConfig, TransformConfig, WindowConfig
from diffecg.errors import DiffecgError
from diffecg.transform.analogues import Analogues
from diffecg.transform.normalisation import Normalizer, observed_normalizer
from diffecg.transform.stft import istft, pad_end, padded_length, stft

UNKNOWN = 1e6
"""Variance of what is not known."""


class Transform(nn.Module):
    """Standardised spectrogram (or raw signal) of a window, with its exact inverse.

    The statistics are buffers: they are stored with the weights of the model that they belong to.
    Over the data that :meth:`fit` saw, the result has mean square 1.
    """

    mean_mv: Tensor
    scale: Tensor

    def __init__(self, config: TransformConfig, window: WindowConfig) -> None:
        super().__init__()
        if config.layout != "signal" and not 1 <= config.hop <= config.n_fft // 2:
            raise DiffecgError(
                f"hop {config.hop} with n_fft {config.n_fft} loses signal between frames; "
                f"it must be 1 to {config.n_fft // 2}"
            )
        self.config = config
        self.leads = len(window.leads)
        self.length = window.length
        freq = 1 if config.layout == "signal" else config.n_fft // 2 + 1
        self.register_buffer("mean_mv", torch.zeros(self.leads, 1))
        self.register_buffer("scale", torch.ones(self.leads, freq, 1))

    @property
    def channels(self) -> int:
        """Channels of the network's input."""
        parts = {"signal": 1, "image": 2, "bins": 2 * (self.config.n_fft // 2 + 1)}
        return self.leads * parts[self.config.layout]

    @property
    def dims(self) -> int:
        """Axes of the grid: 1 (time or frame) or 2 (freq, frame)."""
        return 2 if self.config.layout == "image" else 1

    @property
    def _parts(self) -> int:
        """Real numbers in a coefficient."""
        return 1 if self.config.layout == "signal" else 2

    @property
    def grid(self) -> tuple[int, ...]:
        """Sizes of the axes of the grid."""
        with torch.no_grad():
            return tuple(self(torch.zeros(1, self.leads, self.length)).shape[2:])

    @torch.no_grad()
    def fit(self, signal_mv: Tensor) -> None:
        """Take the statistics from windows of training data (batch lead time), in mV."""
        self.mean_mv.copy_(signal_mv.mean(dim=(0, 2))[:, None])
        signal = self.normalizer(signal_mv, torch.ones_like(signal_mv, dtype=torch.bool)).apply(signal_mv)
        power = self.analyse(signal).abs().square().mean(dim=(0, 3))
        spread = power.sqrt().clamp(min=1e-4 * float(power.max()) ** 0.5)[..., None]
        scale = spread**self.config.whitening
        mean_square = (power[..., None] / scale.square()).mean() / self._parts
        self.scale.copy_(scale * mean_square.sqrt())

    def normalizer(self, signal_mv: Tensor, observed: Tensor) -> Normalizer:
        """Return what windows are measured by.

        Args:
            signal_mv: (batch lead time), in mV; anything where missing.
            observed: (batch lead time), True = known.
        """
        if self.config.per_window:
            return observed_normalizer(signal_mv, observed, self.mean_mv)
        level = self.mean_mv.expand(len(signal_mv), -1, -1)
        return Normalizer(level, torch.ones_like(level))

    def forward(self, signal: Tensor) -> Tensor:
        """Return the standardised grid (batch channel *grid) of gauged windows (batch lead time)."""
        return self._to_grid(self.analyse(signal) / self.scale)

    def inverse(self, grid: Tensor) -> Tensor:
        """Return the gauged windows (batch lead time) of a standardised grid (batch channel *grid)."""
        return self._synthesise(self._from_grid(grid) * self.scale)

    def consistent(self, grid: Tensor) -> Tensor:
        """Return the grid of the windows that a grid stands for, without their mean.

        Frames overlap, so that most grids are the transform of no window; :meth:`inverse` sees of a grid only
        what this linear projection leaves.
        """
        projected: Tensor = self(self.inverse(grid))
        return projected

    def encode(self, signal: Tensor, observed: Tensor) -> Tensor:
        """Return the conditions C1 and C2 as one grid (batch 2*channel *grid).

        C1 is the signal, zero where it is missing; C2 is the mask. Both take the transform.

        Args:
            signal: gauged windows (batch lead time); anything where missing.
            observed: (batch lead time), True = known.
        """
        known = torch.where(observed, signal, 0.0)
        c1 = self(known)
        unit = 1.0 if self.config.layout == "signal" else self.config.n_fft / 2
        c2 = self._to_grid(self.analyse(observed.to(signal.dtype)) / unit)
        return torch.cat([c1, c2], dim=1)

    def encode_rhythm(self, track: Tensor) -> Tensor:
        """Return what the network sees of the beats that it is told (batch channel *grid).

        The spectrogram of all beats as pulses, which tells their times within a frame, beside the number of
        beats of each label in a frame and the share of the frame in which beats are told.

        Args:
            track: (batch label+1 time), as :func:`diffecg.datasets.rhythm.rhythm_track` makes it.
        """
        pulses = self._to_grid(self.analyse(track[:, :-1].sum(dim=1, keepdim=True)))
        samples = 1 if self.config.layout == "signal" else self.config.n_fft
        return self._beside(pulses, torch.cat([track[:, :-1] * samples, track[:, -1:]], dim=1))

    def encode_matches(self, signal: Tensor, observed: Tensor, found: Analogues, unit: Tensor) -> Tensor:
        """Return the best matches for what is missing, as the network sees them (batch channel *grid).

        Their mean, with the signal where it is observed, and what each differs from it in units of the
        expected error, after the transform; beside the means over each frame of the expected error's
        logarithm and of the share that was found.

        Args:
            signal: gauged windows (batch lead time); anything where missing.
            observed: (batch lead time), True = known.
            found: the matches.
            unit: expected error (batch lead time), one where observed.
        """
        mean = torch.where(observed, signal, found.mean)
        differences = torch.where(found.weight > 0, (found.guesses - found.mean) / unit, 0.0).unbind(0)
        grids = [self(mean), *(self(one) for one in differences)]
        return self._beside(torch.cat(grids, dim=1), torch.cat([unit.log(), found.share], dim=1))

    def condition_channels(self, conditions: ConditionConfig) -> int:
        """Return the channels of :meth:`encode_rhythm` and :meth:`encode_matches`, where there are any."""
        labels, one_lead = len(conditions.rhythm), self.channels // self.leads
        of_rhythm = labels + 1 + one_lead if labels else 0
        of_matches = (
            self.channels * (1 + conditions.analogues) + 2 * self.leads if conditions.analogues else 0
        )
        return of_rhythm + of_matches

    def whole_frames(self, mask: Tensor) -> Tensor:
        """Return which frames (batch lead frame) see nothing but True of a mask (batch lead time)."""
        return self._pooled((~mask).to(torch.float32)) == 0

    def prior(self) -> Tensor:
        """Return the variance of the training data at each grid point, broadcast over (batch channel *grid).

        It follows from the scale, which is the spread of each frequency to the power of ``whitening``.
        """
        power = self.scale[None] ** (2 / self.config.whitening - 2 if self.config.whitening else 0)
        return self.spread_out(power / power.mean())

    def noise_covariance(
        self, power: Tensor, correlation: Tensor, noisy: Tensor, observed: Tensor, unit: Tensor
    ) -> Tensor:
        """Return the covariance of noise between frames (batch channel ... frame frame).

        Frames in which something is unknown have a very large one.

        Args:
            power: of the noise, in mV^2 (lead freq).
            correlation: of a frame with the next (lead freq).
            noisy: (batch lead time), True = recorded with that noise.
            observed: (batch lead time), True = known.
            unit: what the windows are measured in (batch lead time).
        """
        level = self._pooled(noisy / unit.square()).sqrt()[:, :, None]
        unknown = self._pooled((~observed & ~noisy).to(unit.dtype)) > 0
        place = torch.arange(level.shape[-1], device=level.device)
        apart = (place[:, None] - place).abs()
        at_once = power / self.scale[..., 0].square() / self._parts
        alike = correlation[..., None, None] ** apart * at_once[..., None, None]
        covariance = level[..., None] * level[..., None, :] * alike
        return self.spread_out(covariance + torch.diag_embed(UNKNOWN * unknown.to(unit.dtype))[:, :, None])

    def missing_share(self, observed: Tensor) -> Tensor:
        """Return how much of what each grid point sees is missing (batch channel *grid), 0 to 1."""
        return self.spread_out(self._pooled((~observed).to(torch.float32))[:, :, None])

    def spread_out(self, values: Tensor) -> Tensor:
        """Return values (batch lead freq ...), where freq may be 1, at all their grid points."""
        if self.config.layout == "signal":
            return values[:, :, 0]
        values = values.expand(-1, -1, self.config.n_fft // 2 + 1, *values.shape[3:])
        values = values.flatten(1, 2) if self.config.layout == "bins" else values
        return torch.cat([values, values], dim=1)

    def _beside(self, grid: Tensor, signals: Tensor) -> Tensor:
        """Return a grid (batch channel *grid) with each signal's means over frames as further channels."""
        frames = self._pooled(signals)
        if self.dims == 2:
            frames = frames[:, :, None].expand(-1, -1, grid.shape[2], -1)
        return torch.cat([grid, frames], dim=1)

    def _pooled(self, signal: Tensor) -> Tensor:
        """Return the mean over each frame (batch channel frame) of a signal (batch channel time)."""
        if self.config.layout == "signal":
            return signal
        n_fft, hop = self.config.n_fft, self.config.hop
        padded = pad_end(signal, padded_length(signal.shape[-1], hop, n_fft))
        padded = F.pad(padded, (n_fft // 2, n_fft // 2), mode="replicate")
        return F.avg_pool1d(padded, n_fft, hop)

    def analyse(self, signal: Tensor) -> Tensor:
        """Return the spectrogram (batch lead freq frame) of signals (batch lead time) of any length."""
        if self.config.layout == "signal":
            return signal[:, :, None]
        return stft(signal, self.config.n_fft, self.config.hop)

    def _synthesise(self, coefficients: Tensor) -> Tensor:
        if self.config.layout == "signal":
            return coefficients[:, :, 0]
        return istft(coefficients, self.config.n_fft, self.config.hop, self.length)

    def _to_grid(self, coefficients: Tensor) -> Tensor:
        if self.config.layout == "signal":
            return coefficients[:, :, 0]
        grid = torch.cat([coefficients.real, coefficients.imag], dim=1)
        return grid.flatten(1, 2) if self.config.layout == "bins" else grid

    def _from_grid(self, grid: Tensor) -> Tensor:
        if self.config.layout == "signal":
            return grid[:, :, None]
        if self.config.layout == "bins":
            grid = grid.reshape(len(grid), 2 * self.leads, -1, grid.shape[-1])
        real, imag = grid.chunk(2, dim=1)
        return torch.complex(real, imag)
