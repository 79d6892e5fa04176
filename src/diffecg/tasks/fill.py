"""Filling the missing samples of a recording of any length, at any rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.data.records import check_rate
from diffecg.data.windows import resample
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.tasks.plan import plan_windows, rounds
from diffecg.tasks.synthesize import Advance, Progress, Sampling, counting, synthesize

PIECE_S = 1.0
"""What is filled at once by models that are given best matches: about a heartbeat, so that there are some."""
CORE = 0.6
"""What is filled at once by other models, as a share of their window."""


def fill(
    model: ConditionalDenoiser,
    signal_mv: NDArray[np.floating],
    fs_hz: float,
    label: str | None,
    seeds: Sequence[int],
    sampling: Sampling,
    progress: Progress | None = None,
) -> NDArray[np.floating]:
    """Return draws (draw lead time) of ``signal_mv`` (lead time) with its NaNs filled.

    Observed samples are returned bit for bit. Where the recording's rate is not the model's, the
    signal is resampled for the model and only what was filled is resampled back.

    Args:
        model: the denoiser.
        signal_mv: in mV, NaN = missing.
        fs_hz: its sampling rate, in Hz.
        label: class of the windows; None = unknown.
        seeds: one a draw.
        sampling: sampler, steps, batch size.
        progress: called with windows done and in all.

    Raises:
        DiffecgError: see :func:`check_signal`.
    """
    check_signal(signal_mv, fs_hz)
    window = model.config.window
    missing = np.isnan(signal_mv)
    draws = np.repeat(signal_mv[None], len(seeds), axis=0)
    if not missing.any():
        return draws
    if window.leads == ("*",):
        groups = [[lead] for lead in range(len(signal_mv)) if missing[lead].any()]
    elif len(window.leads) == len(signal_mv):
        groups = [list(range(len(signal_mv)))]
    else:
        raise DiffecgError(
            f"the model takes the leads {', '.join(window.leads)} together, "
            f"the signal has {len(signal_mv)} lead(s)"
        )
    jobs = [_Job(model, signal_mv[group], fs_hz) for group in groups]
    advance = counting(progress, sum(len(job.steps) for job in jobs) * len(seeds))
    for group, job in zip(groups, jobs, strict=True):
        filled = job.run(label, seeds, sampling, advance)
        draws[:, group] = np.where(missing[group], filled, draws[:, group])
    return draws


def check_signal(signal_mv: NDArray[np.floating], fs_hz: float) -> None:
    """Refuse what cannot be filled.

    Raises:
        DiffecgError: a rate out of range, infinite samples, a lead with nothing observed or with
            nothing but a flat line.
    """
    check_rate(fs_hz)
    if np.isinf(signal_mv).any():
        raise DiffecgError("the signal holds infinite samples; mark missing samples by NaN")
    for i, lead in enumerate(signal_mv):
        known = lead[~np.isnan(lead)]
        if known.size == lead.size:
            continue
        if not known.size:
            raise DiffecgError(
                f"nothing is observed in lead {i}: all of it is missing; to make a signal out of "
                "nothing use generate"
            )
        if known.size > 1 and np.ptp(known) == 0:
            raise DiffecgError(
                f"what is observed of lead {i} is a flat line at {known[0]:g} mV; there is nothing to go by"
            )


class _Job:
    """One lead (or leads that are modelled together) at the model's rate."""

    def __init__(self, model: ConditionalDenoiser, signal_mv: NDArray[np.floating], fs_hz: float) -> None:
        window = model.config.window
        self.model, self.length, self.fs_hz = model, window.length, fs_hz
        self.samples = signal_mv.shape[1]
        missing = np.isnan(signal_mv)
        # Recorders differ in their zero line: shift to the level that the network was trained at.
        self.shift = model.transform.mean_mv.cpu().numpy() - np.nanmedian(signal_mv, axis=1, keepdims=True)
        bridged = np.stack([_interpolate(row) for row in signal_mv])
        self.signal_mv = resample(bridged, fs_hz, window.fs_hz) + self.shift
        self.missing = _resample_mask(missing, fs_hz, window.fs_hz, self.signal_mv.shape[1])
        most = round(PIECE_S * window.fs_hz) if model.config.conditions.matches else int(CORE * self.length)
        most = min(max(most, 1), self.length)
        self.steps = plan_windows(np.any(self.missing, axis=0), self.length, most)

    def run(
        self,
        label: str | None,
        seeds: Sequence[int],
        sampling: Sampling,
        advance: Advance | None,
    ) -> NDArray[np.float64]:
        """Return draws (draw lead time) at the recording's own rate."""
        samples = self.signal_mv.shape[1]
        before = max(0, *(-step.start for step in self.steps))
        after = max(0, *(step.start + self.length - samples for step in self.steps))
        state = np.repeat(np.pad(self.signal_mv, ((0, 0), (before, after)))[None], len(seeds), axis=0)
        known = np.pad(~self.missing, ((0, 0), (before, after)))
        for turn in rounds(self.steps, self.length):
            steps = [self.steps[i] for i in turn]
            spans = [slice(before + step.start, before + step.start + self.length) for step in steps]
            windows = np.concatenate([state[:, :, span] for span in spans])
            observed = np.repeat(np.stack([known[:, span] for span in spans]), len(seeds), axis=0)
            drawn = synthesize(
                self.model,
                windows,
                observed,
                [label] * len(windows),
                [_step_seed(seed, i) for i in turn for seed in seeds],
                sampling,
                advance,
            )
            places = [slice(before + step.fill_from, before + step.fill_to) for step in steps]
            for place, span, window in zip(places, spans, np.split(drawn, len(steps)), strict=True):
                local = slice(place.start - span.start, place.stop - span.start)
                state[:, :, place] = np.where(known[:, place], state[:, :, place], window[:, :, local])
            for place in places:
                known[:, place] = True
        filled = state[:, :, before : before + samples] - self.shift
        return _fit_length(resample(filled, self.model.config.window.fs_hz, self.fs_hz), self.samples)


def _interpolate(row: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ``row`` (time) with straight lines over its gaps, so that resampling does not ring."""
    known = ~np.isnan(row)
    time = np.arange(len(row))
    bridged: NDArray[np.float64] = np.interp(time, time[known], row[known].astype(np.float64))
    return bridged


def _resample_mask(missing: NDArray[np.bool_], fs_hz: float, to_hz: float, length: int) -> NDArray[np.bool_]:
    """Return which samples (lead time) at another rate lie on or beside missing ones."""
    if fs_hz == to_hz:
        return missing
    ratio = fs_hz / to_hz
    before = np.clip(np.floor((np.arange(length) - 0.5) * ratio).astype(int), 0, None)
    after = np.ceil((np.arange(length) + 0.5) * ratio).astype(int) + 1
    counts = np.pad(np.cumsum(missing, axis=1), ((0, 0), (1, 0)))
    last = missing.shape[1]
    touched: NDArray[np.bool_] = counts[:, np.minimum(after, last)] > counts[:, np.minimum(before, last)]
    return touched


def _fit_length(signal: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return ``signal`` (… time) cut, or continued by its last value, to ``length`` samples."""
    short = max(length - signal.shape[-1], 0)
    padding = [(0, 0)] * (signal.ndim - 1) + [(0, short)]
    return np.pad(signal, padding, mode="edge")[..., :length]


def _step_seed(seed: int, step: int) -> int:
    """Return the seed of one window of a draw."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> np.uint64(1))
