"""One lead, or leads that are modelled together, filled at the model's rate, window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from diffecg.inference.results import Preview
from diffecg.inference.sampling import Advance, NoisyObservation, Sampling, sample_windows
from diffecg.inference.windowing import plan_windows, schedule_rounds
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.baseline import remove_baseline_wander
from diffecg.signal.resampling import fit_length, interpolate_gaps, resample, resample_mask
from diffecg.transform.noise_spectrum import NoiseSpectrum, estimate_noise_spectrum

PIECE_S = 1.0
"""What is filled at once by models that are given best matches: about a heartbeat, so that there are some."""
REACH_S = 30.0
"""How far on either side of a window best matches are sought. In DS1 (42 gaps of 1 s) the CRPS of five
matches is 0.104 mV where 4.5 s beside the gap are searched, 0.078 where 10 s are, 0.070 where 40 s."""
MOST_WINDOWS = 512
"""Windows that are in memory together, with all that lies within reach."""
CORE = 0.6
"""What is filled at once where there are none, as a share of the window."""


class ImputationRun:
    """One lead, or leads that are modelled together, at the model's rate.

    Leads that the model wants beyond those that there are count as missing and stay so.
    """

    def __init__(
        self,
        model: ConditionalDenoiser,
        missing: NDArray[np.bool_],
        fs_hz: float,
        watch: Callable[[Preview], None] | None = None,
    ) -> None:
        self.watch = watch
        window, leads = model.config.window, len(missing)
        self.model, self.length, self.fs_hz, self.to_hz = model, window.length, fs_hz, window.fs_hz
        self.samples = missing.shape[1]
        self.missing = resample_mask(missing, fs_hz, window.fs_hz)
        matched = model.config.conditions.analogues and not self.missing.all(axis=1).any()
        most = round(PIECE_S * window.fs_hz) if matched else int(CORE * self.length)
        most = max(1, min(most, self.length - 1))  # a window must see something
        some, seen = np.any(self.missing, axis=0), ~np.all(self.missing, axis=0)
        self.steps = plan_windows(some, seen, length=self.length, most=most)
        self.reach = round(REACH_S * window.fs_hz) if matched else 0
        before = self.reach + max(0, *(-step.start for step in self.steps))
        end = max(step.start + self.length for step in self.steps)
        after = self.reach + max(0, end - self.missing.shape[1])
        self.inside = slice(before, before + self.missing.shape[1])
        self.pad = ((0, len(window.leads) - leads), (before, after))

    def run(
        self,
        draws_mv: NDArray[np.floating],
        noisy_mv: NDArray[np.floating] | None,
        label: str | None,
        seeds: Sequence[int],
        sampling: Sampling,
        advance: Advance | None,
    ) -> NDArray[np.float64]:
        """Return draws (draw lead time) of the recording at its own rate with what is missing filled.

        Args:
            draws_mv: the same with NaN where missing.
            noisy_mv: see :func:`fill`.
            label: class of the windows.
            seeds: one a draw.
            sampling: sampler, steps, batch size.
            advance: called after each batch of windows.
        """
        leads = len(self.missing)
        # Recorders differ in their zero line: shift to the level that the network was trained at.
        shift = self.model.transform.mean_mv.cpu().numpy()[:leads] - _level(draws_mv)
        state = np.pad(self._resampled(draws_mv) + shift, ((0, 0), *self.pad))
        known = np.pad(~self.missing, self.pad)
        noisy = None if noisy_mv is None else self._noisy(noisy_mv, shift)
        for turn in schedule_rounds(self.steps, self.length):
            together = max(1, MOST_WINDOWS // len(seeds))
            drawn = [
                window
                for first in range(0, len(turn), together)
                for window in self._draw(
                    turn[first : first + together],
                    state,
                    known,
                    shift,
                    noisy,
                    label,
                    seeds,
                    sampling,
                    advance,
                )
            ]
            for i, window in zip(turn, drawn, strict=True):
                step = self.steps[i]
                local = slice(step.fill_from - step.start, step.fill_to - step.start)
                place = slice(self.inside.start + step.fill_from, self.inside.start + step.fill_to)
                old = state[:, :leads, place]
                state[:, :leads, place] = np.where(known[:leads, place], old, window[:, :leads, local])
                known[:leads, place] = True
        filled = state[:, :leads, self.inside] - shift
        return fit_length(resample(filled, self.to_hz, self.fs_hz), self.samples)

    def _draw(
        self,
        turn: Sequence[int],
        state: NDArray[np.float64],
        known: NDArray[np.bool_],
        shift: NDArray[np.floating],
        noisy: NoisyObservation | None,
        label: str | None,
        seeds: Sequence[int],
        sampling: Sampling,
        advance: Advance | None,
    ) -> list[NDArray[np.float32]]:
        """Return the windows (draw lead time) of some steps."""
        if self.watch is not None:
            sampling = replace(sampling, watch=partial(self._show, turn, len(seeds), shift))
        starts = [self.inside.start + self.steps[i].start for i in turn]
        spans = [slice(start, start + self.length) for start in starts]
        wide = [slice(span.start - self.reach, span.stop + self.reach) for span in spans]
        drawn = sample_windows(
            self.model,
            np.concatenate([state[:, :, span] for span in wide]),
            np.repeat(np.stack([known[:, span] for span in wide]), len(seeds), axis=0),
            [label] * len(seeds) * len(turn),
            [_step_seed(seed, i) for i in turn for seed in seeds],
            sampling,
            advance,
            noisy=None if noisy is None else noisy.windows(spans),
            reach=self.reach,
        )
        return np.split(drawn, len(turn))

    def _show(
        self,
        turn: Sequence[int],
        draws: int,
        shift: NDArray[np.floating],
        rows: slice,
        sigma: float,
        windows: NDArray[np.float32],
    ) -> None:
        """Tell the watcher where in the recording some windows lie, and what is being drawn there."""
        for place, window in enumerate(windows, start=rows.start):
            step, draw = self.steps[turn[place // draws]], place % draws
            local = slice(step.fill_from - step.start, step.fill_to - step.start)
            drawn = window[: len(self.missing), local] - shift[draw]
            if self.watch is not None:
                self.watch(
                    Preview(
                        draw=draw,
                        start_s=step.fill_from / self.to_hz,
                        fs_hz=self.to_hz,
                        signal_mv=drawn,
                        sigma=sigma,
                    )
                )

    def _resampled(self, signal_mv: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return a signal (... time) at the model's rate, straight lines where it is missing."""
        rows = [interpolate_gaps(row) for row in signal_mv.reshape(-1, self.samples)]
        return resample(np.stack(rows), self.fs_hz, self.to_hz).reshape(*signal_mv.shape[:-1], -1)

    def _noisy(self, noisy_mv: NDArray[np.floating], shift: NDArray[np.floating]) -> NoisyObservation:
        """Return what was recorded with noise (lead time), at the model's rate and level, for each draw."""
        recorded = self._resampled(noisy_mv)
        given = ~resample_mask(np.isnan(noisy_mv), self.fs_hz, self.to_hz)
        masks = ~self.missing, given & self.missing
        rows = [
            remove_baseline_wander(row, self.to_hz, *mask)
            for row, *mask in zip(recorded, *masks, strict=True)
        ]
        recorded = np.stack(rows)
        noise = estimate_noise_spectrum(self.model.transform, recorded, *masks)
        return NoisyObservation(
            np.pad(recorded + shift, ((0, 0), *self.pad)),
            np.pad(given, self.pad),
            NoiseSpectrum(*(np.pad(part, (self.pad[0], (0, 0))) for part in noise)),
        )


def _level(signal_mv: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the median of what is known of each row (... 1); zero where nothing is."""
    unknown = np.isnan(signal_mv)
    level: NDArray[np.floating] = np.nanmedian(
        np.where(unknown.all(axis=-1, keepdims=True), 0, signal_mv), axis=-1, keepdims=True
    )
    return level


def _step_seed(seed: int, step: int) -> int:
    """Return the seed of one window of a draw."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> np.uint64(1))
