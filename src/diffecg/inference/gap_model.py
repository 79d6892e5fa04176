"""Imputation and forecasting by a model of gaps, which starts from the analogues that the search finds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from diffecg.config.gap import GapConfig
from diffecg.errors import DiffecgError
from diffecg.inference.analogue_pool import POOL, blend_into, interpolate_gap
from diffecg.inference.gap_imputer import FilledGap, GapImputer, LeadGap
from diffecg.inference.gap_search import SearchedGap, choose_by_seed, search_gaps
from diffecg.inference.model_rate import ModelRateSignal
from diffecg.inference.options import SamplerOptions
from diffecg.inference.seeds import derive_seed
from diffecg.inference.sharing import SharedModel
from diffecg.model.gap.inputs import GapInputs
from diffecg.model.gap.network import GapEncoding, GapNetwork
from diffecg.model.gap.sampling import STEP_LEVELS, sample, seeded_noise
from diffecg.signal.analogue_search import REACH_S
from diffecg.transform.gap_window import cut_gap_window, window_samples

BATCH = 16
"""Gaps computed together; affects speed and memory only."""


class GapModel(GapImputer, SharedModel):
    """A model of gaps: imputes and forecasts any lead of an ECG from the whole recording.

    The search finds 16 analogues of a gap within 30 minutes on either side; visible heartbeats are laid to
    the expected beat times. From these candidates, their surroundings and another lead that is observed
    through the gap, the network makes the point estimate, and each draw from a candidate and noise of its
    own. Draw k depends on its seed and on the signal only. What is written into a recording is the draw
    nearest to the others where another lead shows when the beats come; elsewhere, where draws differ in that,
    it is the candidate of a draw that is nearest to the draws, which has the shape of an ECG. A single draw
    is written. Leads that are missing together share the places of their analogues, so that their beats
    coincide. A gap without analogues is interpolated.

    Args:
        network: the network.
        name: name of the model.
        weights_sha256: SHA-256 of the weights file.
        sampling: number of steps and batch size; None: the model's own.
        card: text of the model card; empty: there is none.

    Raises:
        DiffecgError: a sampler, which these models do not have, or a number of steps out of range.
    """

    draws_are_segments = False
    past_s = REACH_S
    context_s = REACH_S

    def __init__(
        self,
        network: GapNetwork,
        name: str,
        weights_sha256: str = "",
        *,
        sampling: SamplerOptions | None = None,
        card: str = "",
    ) -> None:
        self.network = network.eval()
        self.name = name
        self.weights_sha256 = weights_sha256
        self.card = card
        sampling = SamplerOptions(batch_size=BATCH) if sampling is None else sampling
        if sampling.sampler is not None:
            raise DiffecgError(f"{name} has no sampler {sampling.sampler!r} to choose; leave it out")
        self.sampling = sampling
        """Steps and batch size that were given."""
        self.steps = self.config.diffusion.steps if sampling.steps is None else sampling.steps
        """Number of sampling steps."""
        if self.steps not in STEP_LEVELS:
            raise DiffecgError(f"steps {self.steps} must be 1 to {max(STEP_LEVELS)} for {name}")
        self.kinds = self.config.candidates.kinds
        self.companions = self.config.candidates.companions
        self.batch_size = min(sampling.batch_size, BATCH)

    def __repr__(self) -> str:
        """Return name, rate, size and device."""
        weights = sum(tensor.numel() for tensor in self.network.parameters())
        rate = self.config.candidates.fs_hz
        return f"<GapModel {self.name}: any lead, {rate:g} Hz; {weights:,} weights on {self.device}>"

    @property
    def config(self) -> GapConfig:
        """Settings of the model and its training."""
        return self.network.config

    @property
    def device(self) -> str:
        """Device that the model computes on, such as ``cpu``."""
        return str(self.network.frames.analysis.device)

    @property
    def trained_network(self) -> GapNetwork:
        """The network with its weights."""
        return self.network

    def with_sampling(self, sampling: SamplerOptions) -> GapModel:
        """Return the model with another number of steps and batch size as its own.

        Raises:
            DiffecgError: as for the constructor.
        """
        return GapModel(self.network, self.name, self.weights_sha256, sampling=sampling, card=self.card)

    def to(self, device: str) -> GapModel:
        """Move the model to a device (``cpu``, ``cuda``) and return it.

        Raises:
            DiffecgError: the device is not available.
        """
        try:
            self.network.to(device)
        except (RuntimeError, AssertionError, NotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise DiffecgError(f"device {str(device)!r} is not available ({reason}); use cpu") from None
        return self

    def _fill(
        self,
        signal: Float[np.ndarray, "lead time"],
        fs_hz: float,
        gaps: Sequence[LeadGap],
        seeds: Sequence[int],
        window: int,
        kinds: Sequence[str],
    ) -> Iterator[FilledGap]:
        """Yield the draws of each lead of each gap; gaps with windows of one length are computed together."""
        candidates = self.config.candidates
        resampled = ModelRateSignal(signal, fs_hz, candidates.fs_hz)
        searched = [
            one for gap in gaps for one in search_gaps(resampled, kinds, gap, candidates, self.context_s)
        ]
        for one in searched:
            if not one.is_found:
                yield _interpolated(signal, one, len(seeds))
        found = sorted((one for one in searched if one.is_found), key=self._window_length)
        for _, same in groupby(found, key=self._window_length):
            part = list(same)
            for first in range(0, len(part), self.batch_size):
                batch = part[first : first + self.batch_size]
                yield from self._fill_batch(resampled, kinds, batch, seeds, window)

    def _settings(self) -> dict[str, Any]:
        """Return name and weights of the model, and the settings of sampling and search."""
        return {
            "engine": "diffusion",
            "model": self.name,
            "weights_sha256": self.weights_sha256,
            "preset": self.config.name,
            "steps": self.steps,
            "analogues": self.config.candidates.analogues,
            "reach_s": self.context_s,
        }

    def _window(self, searched: SearchedGap) -> slice:
        return window_samples(searched.gap, self.config.candidates, self.network.frames.hop)

    def _window_length(self, searched: SearchedGap) -> int:
        window = self._window(searched)
        return window.stop - window.start

    @torch.no_grad()
    def _fill_batch(
        self,
        signal: ModelRateSignal,
        kinds: Sequence[str],
        batch: Sequence[SearchedGap],
        seeds: Sequence[int],
        window: int,
    ) -> list[FilledGap]:
        """Return the draws of gaps with windows of one length."""
        windows = [
            cut_gap_window(
                signal.signal, kinds, one.gap, one.analogues, self.config.candidates, self._window(one)
            )
            for one in batch
        ]
        encoding = self.network.encode(GapInputs.stack(windows).select(slice(None), self.device))
        chosen = np.stack(
            [
                choose_by_seed(excluded, one, seeds)
                for excluded, one in zip(encoding.excluded.cpu().numpy(), batch, strict=True)
            ]
        )
        draws = self._sample(encoding, batch, chosen, seeds, window)
        conditions = encoding.conditions
        rows = torch.arange(len(batch), device=encoding.point.device)[:, None]
        candidates = conditions.candidates[rows, torch.from_numpy(chosen).to(rows.device)]
        point, error = conditions.denormalise(encoding.point), encoding.error * conditions.scale
        denormalised = (conditions.denormalise(x) for x in (draws, candidates))
        arrays = [_numpy(x) for x in (*denormalised, point, error)]
        filled = []
        for number, one in enumerate(batch):
            start, gap = windows[number].start, one.gap.samples
            inside = slice(gap.start - start, gap.stop - start)
            of_gap = (array[number][..., inside] for array in arrays)
            filled.append(self._filled(signal, one, chosen[number], *of_gap))
        return filled

    def _sample(
        self,
        encoding: GapEncoding,
        batch: Sequence[SearchedGap],
        chosen: Int[np.ndarray, "batch draw"],
        seeds: Sequence[int],
        window: int,
    ) -> Float[Tensor, "batch draw time"]:
        """Return draws; the noise of each follows from its seed, the window, the lead and the gap."""
        time = encoding.mixture.shape[1]
        noise = seeded_noise(
            [
                [derive_seed(seed, window, one.gap.row, one.gap.samples.start) for seed in seeds]
                for one in batch
            ],
            torch.from_numpy(chosen),
            steps=self.steps,
            frames=encoding.trunk.shape[1],
            latents=self.config.network.latents,
            time=time,
        )
        return sample(self.network, encoding, noise.to(self.device))

    def _filled(
        self,
        signal: ModelRateSignal,
        searched: SearchedGap,
        chosen: Int[np.ndarray, " draw"],
        draws: Float64[np.ndarray, "draw model_gap"],
        candidates: Float64[np.ndarray, "draw model_gap"],
        point: Float64[np.ndarray, " model_gap"],
        error: Float64[np.ndarray, " model_gap"],
    ) -> FilledGap:
        """Return a gap at the rate of the recording, with the detail of each draw's own analogue."""
        gap, row = searched.gap.samples, searched.gap.row
        shifts = np.zeros(len(chosen), dtype=np.int64)
        is_analogue = chosen < len(searched.analogues)
        shifts[is_analogue] = searched.analogues[chosen[is_analogue]] - gap.start
        details = signal.details(row, searched.samples, shifts)
        model_rate = np.concatenate([draws, candidates, point[None]])
        restored = signal.restore(row, searched.samples, gap, model_rate)
        restored[:-1] += np.concatenate([details, details])
        restored = blend_into(signal.recorded[[row]], searched.samples, restored[:, None], signal.fs_hz)
        draws, candidates, point = restored[: len(chosen)], restored[len(chosen) : -1], restored[-1]
        spread = draws.std(axis=0, ddof=min(1, len(draws) - 1))
        if len(draws) == 1:
            places = np.linspace(0, len(error) - 1, draws.shape[2])
            spread = np.interp(places, np.arange(len(error)), error)[None]
        few = 2 * max(1 / len(draws) - 1 / POOL, 0.0)
        kernel = spread * np.sqrt(self.config.diffusion.kernel_variance + few)
        shows_beats = searched.gap.shows_beats
        segments = draws if shows_beats or len(draws) == 1 else candidates
        return _as_filled(searched, row, draws, segments, point, kernel, is_interpolated=False)


def _interpolated(signal: Float[np.ndarray, "lead time"], searched: SearchedGap, draws: int) -> FilledGap:
    """Return the interpolation of a gap without analogues."""
    row = searched.gap.row
    pool = interpolate_gap(signal, searched.samples, [row])
    lines = np.repeat(pool.segments, draws, axis=0)
    return _as_filled(searched, row, lines, lines, lines[0], pool.kernel(draws), is_interpolated=True)


def _as_filled(
    searched: SearchedGap,
    row: int,
    draws: Float64[np.ndarray, "draw 1 gap"],
    segments: Float64[np.ndarray, "draw 1 gap"],
    mean: Float64[np.ndarray, "1 gap"],
    kernel: Float64[np.ndarray, "1 gap"],
    *,
    is_interpolated: bool,
) -> FilledGap:
    """Return the result of one lead."""
    return FilledGap(
        samples=searched.samples,
        rows=[row],
        draws=draws,
        segments=segments,
        mean=mean,
        kernel=kernel,
        is_interpolated=is_interpolated,
    )


def _numpy(tensor: Tensor) -> Float64[np.ndarray, "..."]:
    return tensor.double().cpu().numpy()
