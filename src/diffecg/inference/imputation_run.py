"""Imputation of leads that are modelled together, window by window at the model's rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Float32

from diffecg.inference.options import SamplerOptions
from diffecg.inference.results import Preview
from diffecg.inference.sampling import OnBatch, OnStep, SamplingRequest, sample_windows
from diffecg.inference.seeds import derive_seed
from diffecg.inference.windowing import plan_windows, schedule_rounds
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.resampling import fit_length, interpolate_gaps, resample, resample_mask

MAX_WINDOWS = 512
"""Windows in memory at once."""
MAX_FILL = 0.6
"""Longest segment imputed at once, as a fraction of the window."""


@dataclass(frozen=True, kw_only=True)
class ImputationRequest:
    """Label, seeds and sampler of an imputation."""

    label: str | None
    """Label of the beats; None = unknown."""
    seeds: Sequence[int]
    """Seed of each draw."""
    sampler: SamplerOptions
    on_preview: Callable[[Preview], None] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class _State:
    """Arrays of a run, padded on both sides; windows are cut from them and pasted into them."""

    signal_mv: Float[np.ndarray, "draw lead padded"]
    known: Bool[np.ndarray, "lead padded"]
    """True where a sample is observed or already imputed."""
    offset_mv: Float[np.ndarray, "draw lead 1"]
    """Added to the leads, whose baseline differs from that of the training data."""


class ImputationRun:
    """Imputation of the leads of a signal, which are modelled together.

    Args:
        model: the denoiser.
        missing: True where a sample is missing, at the rate of the recording.
        wanted: True where a missing sample is to be imputed; others stay unknown.
        fs_hz: sampling rate of the recording, in Hz.
        number: number of the signal among several, which have noise of their own.
    """

    def __init__(
        self,
        model: ConditionalDenoiser,
        missing: Bool[np.ndarray, "lead time"],
        wanted: Bool[np.ndarray, "lead time"],
        fs_hz: float,
        *,
        number: int,
    ) -> None:
        window = model.config.window
        self.model, self.length, self.number = model, window.length, number
        self.fs_hz, self.model_fs_hz = fs_hz, window.fs_hz
        self.samples = missing.shape[1]
        self.missing = resample_mask(missing, fs_hz, window.fs_hz)
        longest = max(1, int(MAX_FILL * self.length))
        any_wanted = np.any(resample_mask(wanted, fs_hz, window.fs_hz), axis=0)
        any_observed = ~np.all(self.missing, axis=0)
        self.plan = plan_windows(any_wanted, any_observed, length=self.length, longest=longest)
        """The windows to sample, in order."""
        before = max(0, *(-step.start for step in self.plan))
        end = max(step.start + self.length for step in self.plan)
        after = max(0, end - self.missing.shape[1])
        self.inside = slice(before, before + self.missing.shape[1])
        """The recording within the padded arrays."""
        self.pad = ((0, 0), (before, after))

    def sample(
        self,
        draws_mv: Float[np.ndarray, "draw lead time"],
        request: ImputationRequest,
        on_batch: OnBatch | None,
    ) -> Float[np.ndarray, "draw lead time"]:
        """Return draws with missing samples imputed, at the rate of the recording.

        Args:
            draws_mv: the signal of each draw, in mV; NaN = missing.
            request: label, seeds and sampler.
            on_batch: called after each batch of windows.
        """
        state = self._initial_state(draws_mv)
        batch = max(1, MAX_WINDOWS // len(request.seeds))
        for steps in schedule_rounds(self.plan, self.length):
            windows = [
                window
                for first in range(0, len(steps), batch)
                for window in self._sample_steps(steps[first : first + batch], state, request, on_batch)
            ]
            for step, window in zip(steps, windows, strict=True):
                self._insert(step, window, state)
        imputed_mv = state.signal_mv[..., self.inside] - state.offset_mv
        return fit_length(resample(imputed_mv, self.model_fs_hz, self.fs_hz), self.samples)

    def _initial_state(self, draws_mv: Float[np.ndarray, "draw lead time"]) -> _State:
        mean_mv = self.model.transform.mean_mv.mean(dim=1, keepdim=True).cpu().numpy()
        offset_mv = mean_mv - _median(draws_mv)
        return _State(
            signal_mv=np.pad(self._resample(draws_mv) + offset_mv, ((0, 0), *self.pad)),
            known=np.pad(~self.missing, self.pad),
            offset_mv=offset_mv,
        )

    def _sample_steps(
        self, steps: Sequence[int], state: _State, request: ImputationRequest, on_batch: OnBatch | None
    ) -> list[Float32[np.ndarray, "draw lead window"]]:
        """Return the windows of some steps of the plan."""
        seeds = request.seeds
        starts = [self.inside.start + self.plan[i].start for i in steps]
        spans = [slice(start, start + self.length) for start in starts]
        sampling = SamplingRequest(
            signal_mv=np.concatenate([state.signal_mv[:, :, span] for span in spans]),
            observed=np.repeat(np.stack([state.known[:, span] for span in spans]), len(seeds), axis=0),
            labels=[request.label] * len(seeds) * len(steps),
            seeds=[derive_seed(seed, self.number, 0, i) for i in steps for seed in seeds],
        )
        on_step: OnStep | None = None
        if request.on_preview is not None:
            on_step = partial(self._preview, steps, state.offset_mv, request.on_preview)
        windows = sample_windows(self.model, sampling, request.sampler, on_batch=on_batch, on_step=on_step)
        return np.split(windows, len(steps))

    def _insert(self, step: int, window_mv: Float32[np.ndarray, "draw lead window"], state: _State) -> None:
        """Copy the imputed samples of a window into the state."""
        plan = self.plan[step]
        local = slice(plan.fill_from - plan.start, plan.fill_to - plan.start)
        padded = slice(self.inside.start + plan.fill_from, self.inside.start + plan.fill_to)
        known, signal_mv = state.known[:, padded], state.signal_mv[..., padded]
        signal_mv[...] = np.where(known, signal_mv, window_mv[..., local])
        known[...] = True

    def _preview(
        self,
        steps: Sequence[int],
        offset_mv: Float[np.ndarray, "draw lead 1"],
        on_preview: Callable[[Preview], None],
        rows: slice,
        sigma: float,
        windows_mv: Float32[np.ndarray, "batch lead window"],
    ) -> None:
        """Call ``on_preview`` with the imputed samples of each window of a batch."""
        for row, window_mv in enumerate(windows_mv, start=rows.start):
            step, draw = self.plan[steps[row // len(offset_mv)]], row % len(offset_mv)
            local = slice(step.fill_from - step.start, step.fill_to - step.start)
            on_preview(
                Preview(
                    draw=draw,
                    window=self.number,
                    start_s=step.fill_from / self.model_fs_hz,
                    fs_hz=self.model_fs_hz,
                    signal_mv=window_mv[:, local] - offset_mv[draw],
                    sigma=sigma,
                )
            )

    def _resample(self, signal_mv: Float[np.ndarray, "*rows time"]) -> Float[np.ndarray, "*rows resampled"]:
        """Return a signal at the model's rate, missing samples interpolated linearly."""
        rows = [interpolate_gaps(row) for row in signal_mv.reshape(-1, self.samples)]
        return resample(np.stack(rows), self.fs_hz, self.model_fs_hz).reshape(*signal_mv.shape[:-1], -1)


def _median(signal_mv: Float[np.ndarray, "draw lead time"]) -> Float[np.ndarray, "draw lead 1"]:
    """Return the median of the observed samples; zero where there are none."""
    missing = np.isnan(signal_mv)
    filled_mv = np.where(missing.all(axis=-1, keepdims=True), 0, signal_mv)
    return np.nanmedian(filled_mv, axis=-1, keepdims=True)
