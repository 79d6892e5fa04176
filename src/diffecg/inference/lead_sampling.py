"""Missing leads of the beats of a recording: their mean, and draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64, Int
from torch import Tensor

from diffecg.config.schema import WindowConfig
from diffecg.inference.beat_prior import BeatPrior
from diffecg.inference.beat_windows import BeatWindows, OverlapAdd, cut_windows
from diffecg.inference.options import SamplerOptions
from diffecg.inference.sampling import OnBatch, SamplingRequest, SDEditStart, sample_windows
from diffecg.inference.seeds import derive_seed
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.transform.basis import BasisTransform

MAX_SHIFT_S = 0.04
"""Largest distance between an R peak of the given leads and that of all leads, in s."""
SHIFT_NOISE_MV, SHIFT_TEMPERATURE = 0.1, 0.3
"""Noise and exponent of the likelihood of a shift. The exponent is that of one beat, because the errors of
the prior are alike in all beats of a recording."""
MEAN_SIGMA, DRAW_SIGMA = 0.5, 1.0
"""Noise levels at which the network corrects the linear mean, and from which it resamples linear draws. These
were chosen on PTB-XL fold 9, as were noise and exponent above."""
LINEAR = 1
"""Part of a draw's seed that the linear draw depends on; the sampler has the seed itself."""
MAX_WINDOWS = 256
"""Windows in memory at once, for each draw."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeadSampler:
    """The leads of a model's windows in a recording, some of which are given.

    The windows of the training data are centred at the R peaks of all leads, those of the given leads may lie
    some samples beside. How many is not known: all windows of a recording are shifted alike, and each shift
    has the probability that the linear prior gives it from the given leads.
    """

    denoiser: ConditionalDenoiser
    signal_mv: Float[np.ndarray, "lead time"]
    """Leads of the model's windows at its rate, in mV, without baseline wander; values that are not observed
    are ignored."""
    observed: Bool[np.ndarray, "lead time"]
    """True where a sample is observed."""
    peaks: Int[np.ndarray, " beat"]
    """R peaks of the given leads."""
    options: SamplerOptions = field(default_factory=SamplerOptions)
    """Sampler, steps and batch size of the draws."""
    max_shift_s: float = MAX_SHIFT_S
    """Largest shift of the windows, in s; 0: the R peaks are those of all leads."""

    @property
    def window(self) -> WindowConfig:
        """The windows of the model."""
        return self.denoiser.config.window

    @cached_property
    def prior(self) -> BeatPrior:
        """The linear prior of beats."""
        return BeatPrior.of(self._basis)

    @cached_property
    def shifts(self) -> Int[np.ndarray, " shift"]:
        """Shifts of the windows, in samples."""
        reach = round(self.max_shift_s * self.window.fs_hz)
        return np.arange(-reach, reach + 1)

    @cached_property
    def shift_weights(self) -> Float64[np.ndarray, " shift"]:
        """Probability of each shift."""
        given = np.flatnonzero(self.observed.any(axis=1)).tolist()
        fits = []
        for shift in self.shifts:
            beats = self._beats(shift)
            whole = beats.observed[:, given].all(axis=(1, 2))
            fits.append(
                self.prior.log_likelihood(beats.signal_mv[whole][:, given], given, SHIFT_NOISE_MV).mean()
                if whole.any()
                else 0.0
            )
        weights = np.exp(SHIFT_TEMPERATURE * (np.array(fits) - max(fits)))
        return weights / weights.sum()

    def mean(self) -> tuple[Float64[np.ndarray, "lead time"], Bool[np.ndarray, " time"]]:
        """Return the mean of the leads, in mV, and where windows cover the recording."""
        canvases = [
            OverlapAdd(self.signal_mv.shape[:1], self.signal_mv.shape[1], self.window) for _ in self.shifts
        ]
        for canvas, shift in zip(canvases, self.shifts, strict=True):
            beats = self._beats(shift)
            canvas.add(self._refined(beats), beats.starts)
        linear = self.linear_mv
        means = np.stack([canvas.mean(linear) for canvas in canvases])
        return np.tensordot(self.shift_weights, means, axes=1), canvases[len(canvases) // 2].covered

    @cached_property
    def linear_mv(self) -> Float64[np.ndarray, "lead time"]:
        """Leads that are regressed on the given ones sample by sample, in mV, by the linear prior."""
        result = np.zeros(self.signal_mv.shape)
        covariance = self.prior.lead_covariance
        for mask in np.unique(self.observed, axis=1).T:
            columns = (self.observed == mask[:, None]).all(axis=0)
            gain = np.linalg.solve(covariance[np.ix_(mask, mask)], covariance[mask])
            result[:, columns] = gain.T @ self.signal_mv[np.ix_(mask, columns)]
        return result

    def linear_sd_mv(self) -> Float64[np.ndarray, " lead"]:
        """Return the standard deviation of what :attr:`linear_mv` leaves, in mV."""
        covariance, given = self.prior.lead_covariance, self.observed.any(axis=1)
        gain = np.linalg.solve(covariance[np.ix_(given, given)], covariance[given])
        return np.sqrt(np.maximum(np.diag(covariance - covariance[given].T @ gain), 0))

    def draws(
        self, seeds: Sequence[int], on_batch: OnBatch | None = None
    ) -> Float32[np.ndarray, "draw lead time"]:
        """Return draws of the leads, in mV.

        Each starts from a draw of the linear posterior, to which the network adds noise and removes it again
        (SDEdit): from pure noise, draws of the network have a less exact mean and are too narrow.

        A draw is one sample of the whole recording and has one seed, hence the same noise in all beats: one
        heart with one morphology, which changes from beat to beat only as the given leads do. Draws share no
        noise, and none depends on the others.

        Args:
            seeds: seed of each draw.
            on_batch: called with the number of windows of each finished batch.
        """
        result = np.empty((len(seeds), *self.signal_mv.shape), dtype=np.float32)
        generators = [np.random.default_rng(seed) for seed in seeds]
        chosen = [int(rng.choice(self.shifts, p=self.shift_weights)) for rng in generators]
        for shift in set(chosen):
            rows = [row for row, one in enumerate(chosen) if one == shift]
            result[rows] = self._draws_at(shift, [seeds[row] for row in rows], on_batch)
        return result

    def _draws_at(
        self, shift: int, seeds: Sequence[int], on_batch: OnBatch | None
    ) -> Float64[np.ndarray, "draw lead time"]:
        """Return draws whose windows are shifted alike."""
        beats, leads = self._beats(shift), self.signal_mv.shape[0]
        canvas = OverlapAdd((len(seeds), leads), self.signal_mv.shape[1], self.window)
        for first in range(0, len(beats.starts), MAX_WINDOWS):
            part = BeatWindows(*(values[first : first + MAX_WINDOWS] for values in beats))
            count = len(part.starts)
            linear = np.stack([self._linear_draw(part, seed) for seed in seeds], axis=1)
            request = SamplingRequest(
                signal_mv=np.repeat(part.signal_mv, len(seeds), axis=0),
                observed=np.repeat(part.observed, len(seeds), axis=0),
                labels=[None] * count * len(seeds),
                seeds=list(seeds) * count,
                start=SDEditStart(signal_mv=linear.reshape(-1, *linear.shape[2:]), sigma=DRAW_SIGMA),
            )
            windows = sample_windows(self.denoiser, request, self.options, on_batch=on_batch)
            canvas.add(windows.reshape(linear.shape), part.starts)
        return canvas.mean(self.linear_mv)

    def _beats(self, shift: int) -> BeatWindows:
        return cut_windows(self.signal_mv, self.observed, self.peaks + shift, self.window)

    @property
    def _basis(self) -> BasisTransform:
        transform = self.denoiser.transform
        assert isinstance(transform, BasisTransform)
        return transform

    @torch.no_grad()
    def _refined(self, beats: BeatWindows) -> Float64[np.ndarray, "window lead time"]:
        """Return the mean of windows: the linear one, corrected by one evaluation of the network."""
        signal, observed = self._tensors(beats)
        linear, _ = self._basis.posterior(signal - self._basis.mean_mv, observed)
        condition = self.denoiser.condition(
            signal, observed, self.denoiser.encode_labels([None] * len(signal))
        )
        estimate = self.denoiser(linear, torch.full((len(signal),), MEAN_SIGMA).to(signal), condition)
        windows: Float64[np.ndarray, "window lead time"] = (
            self.denoiser.decode(estimate).cpu().double().numpy()
        )
        return windows

    @torch.no_grad()
    def _linear_draw(self, beats: BeatWindows, seed: int) -> Float32[np.ndarray, "window lead time"]:
        """Return a draw of windows from the linear posterior, with the same noise in all windows.

        A draw of the prior is corrected by the posterior mean of what is observed of the difference (Wilson
        et al. 2020, arXiv 2002.09309, Eq. 6).
        """
        basis, rng = self._basis, np.random.default_rng(derive_seed(seed, LINEAR))
        signal, observed = self._tensors(beats)
        z = torch.from_numpy(rng.standard_normal((1, basis.channels), dtype=np.float32)).to(signal)
        noise = torch.from_numpy(rng.standard_normal(basis.shape, dtype=np.float32)).to(signal)
        grid = z * basis.deviation / basis.scale
        noisy = basis.inverse(grid) + noise * basis.noise_mv
        correction, _ = basis.posterior(signal - basis.mean_mv - noisy, observed)
        draw: Float32[np.ndarray, "window lead time"] = self.denoiser.decode(grid + correction).cpu().numpy()
        return draw

    def _tensors(
        self, beats: BeatWindows
    ) -> tuple[Float[Tensor, "window lead time"], Bool[Tensor, "window lead time"]]:
        device = self._basis.mean_mv.device
        signal = torch.from_numpy(beats.signal_mv.astype(np.float32)).to(device)
        return signal, torch.from_numpy(beats.observed).to(device)
