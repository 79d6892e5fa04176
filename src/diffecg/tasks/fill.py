"""Filling the missing samples of a recording of any length, at any rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.config import WindowConfig
from diffecg.data.records import check_rate
from diffecg.data.wander import without_wander
from diffecg.data.windows import resample
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.tasks.plan import plan_windows, rounds
from diffecg.tasks.rates import bridged, fit_length, resample_mask
from diffecg.tasks.seams import joined
from diffecg.tasks.synthesize import Advance, Noisy, Progress, Sampling, counting, synthesize
from diffecg.transform.spectrum import Noise, find_noise

PIECE_S = 1.0
"""What is filled at once by models that are given best matches: about a heartbeat, so that there are some."""
REACH_S = 30.0
"""How far on either side of a window best matches are sought. In DS1 (42 gaps of 1 s) the CRPS of five
matches is 0.104 mV where 4.5 s beside the gap are searched, 0.078 where 10 s are, 0.070 where 40 s."""
CORE = 0.6
"""What is filled at once where there are none, as a share of the window."""


def fill(
    model: ConditionalDenoiser,
    signal_mv: NDArray[np.floating],
    fs_hz: float,
    label: str | None,
    seeds: Sequence[int],
    sampling: Sampling,
    progress: Progress | None = None,
    noisy_mv: NDArray[np.floating] | None = None,
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
        noisy_mv: what was recorded with noise where ``signal_mv`` is missing (lead time), in mV, to agree
            with; the same elsewhere; NaN = nothing was. None: nothing is known of what is missing.

    Raises:
        DiffecgError: see :func:`check_signal`.
    """
    window = model.config.window
    check_signal(signal_mv, fs_hz, alone=not window.companions)
    draws = np.repeat(signal_mv[None], len(seeds), axis=0)
    missing, jobs = np.isnan(signal_mv), []
    for group in _groups(window, missing):
        jobs.append((group, _Job(model, missing[group], fs_hz)))
        missing[group] = False
    advance = counting(progress, sum(len(job.steps) for _, job in jobs) * len(seeds))
    for group, job in jobs:
        noisy = None if noisy_mv is None else noisy_mv[group]
        filled = job.run(draws[:, group], noisy, label, seeds, sampling, advance)
        draws[:, group] = joined(draws[:, group], filled, fs_hz)
    return draws


def check_signal(signal_mv: NDArray[np.floating], fs_hz: float, *, alone: bool = True) -> None:
    """Refuse what cannot be filled.

    Args:
        signal_mv: (lead time), in mV, NaN = missing.
        fs_hz: its sampling rate, in Hz.
        alone: each lead must show something; else one of them must.

    Raises:
        DiffecgError: a rate out of range, infinite samples, a lead with nothing observed or with
            nothing but a flat line.
    """
    check_rate(fs_hz)
    if np.isinf(signal_mv).any():
        raise DiffecgError("the signal holds infinite samples; mark missing samples by NaN")
    something = not alone and not np.isnan(signal_mv).all()
    for i, lead in enumerate(signal_mv):
        known = lead[~np.isnan(lead)]
        if known.size == lead.size:
            continue
        if not known.size and not something:
            raise DiffecgError(
                f"nothing is observed in lead {i}: all of it is missing; to make a signal out of "
                "nothing use generate"
            )
        if known.size > 1 and np.ptp(known) == 0:
            raise DiffecgError(
                f"what is observed of lead {i} is a flat line at {known[0]:g} mV; there is nothing to go by"
            )


def _groups(window: WindowConfig, missing: NDArray[np.bool_]) -> list[list[int]]:
    """Return which leads (of missing (lead time)) are filled together, one group after the other.

    Raises:
        DiffecgError: the model takes certain leads, and these are not as many.
    """
    together, leads = len(window.leads), range(len(missing))
    if not window.any_leads:
        if together != len(missing):
            raise DiffecgError(
                f"the model takes the leads {', '.join(window.leads)} together, "
                f"the signal has {len(missing)} lead(s)"
            )
        return [list(leads)] if missing.any() else []
    groups, rest = [], missing.copy()
    for lead in leads:
        if rest[lead].any():
            # Those go together of which the others show most where one is missing.
            others = sorted(set(leads) - {lead}, key=lambda i: (rest[i] & rest[lead]).sum())
            groups.append([lead, *others[: together - 1]])
            rest[groups[-1]] = False
    return groups


class _Job:
    """One lead, or leads that are modelled together, at the model's rate.

    Leads that the model wants beyond those that there are count as missing and stay so.
    """

    def __init__(self, model: ConditionalDenoiser, missing: NDArray[np.bool_], fs_hz: float) -> None:
        window, leads = model.config.window, len(missing)
        self.model, self.length, self.fs_hz, self.to_hz = model, window.length, fs_hz, window.fs_hz
        self.samples = missing.shape[1]
        self.missing = resample_mask(missing, fs_hz, window.fs_hz)
        matched = model.config.conditions.matches and not self.missing.all(axis=1).any()
        most = round(PIECE_S * window.fs_hz) if matched else int(CORE * self.length)
        most = min(max(most, 1), self.length)
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
        for turn in rounds(self.steps, self.length):
            steps = [self.steps[i] for i in turn]
            starts = [self.inside.start + step.start for step in steps]
            spans = [slice(start, start + self.length) for start in starts]
            wide = [slice(span.start - self.reach, span.stop + self.reach) for span in spans]
            drawn = synthesize(
                self.model,
                np.concatenate([state[:, :, span] for span in wide]),
                np.repeat(np.stack([known[:, span] for span in wide]), len(seeds), axis=0),
                [label] * len(seeds) * len(steps),
                [_step_seed(seed, i) for i in turn for seed in seeds],
                sampling,
                advance,
                noisy=None if noisy is None else noisy.windows(spans),
                reach=self.reach,
            )
            for step, span, window in zip(steps, spans, np.split(drawn, len(steps)), strict=True):
                local = slice(step.fill_from - step.start, step.fill_to - step.start)
                place = slice(span.start + local.start, span.start + local.stop)
                old = state[:, :leads, place]
                state[:, :leads, place] = np.where(known[:leads, place], old, window[:, :leads, local])
                known[:leads, place] = True
        filled = state[:, :leads, self.inside] - shift
        return fit_length(resample(filled, self.to_hz, self.fs_hz), self.samples)

    def _resampled(self, signal_mv: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return a signal (... time) at the model's rate, straight lines where it is missing."""
        rows = [bridged(row) for row in signal_mv.reshape(-1, self.samples)]
        return resample(np.stack(rows), self.fs_hz, self.to_hz).reshape(*signal_mv.shape[:-1], -1)

    def _noisy(self, noisy_mv: NDArray[np.floating], shift: NDArray[np.floating]) -> Noisy:
        """Return what was recorded with noise (lead time), at the model's rate and level, for each draw."""
        recorded, given = (
            self._resampled(noisy_mv),
            ~resample_mask(np.isnan(noisy_mv), self.fs_hz, self.to_hz),
        )
        masks = ~self.missing, given & self.missing
        rows = [without_wander(row, self.to_hz, *mask) for row, *mask in zip(recorded, *masks, strict=True)]
        recorded = np.stack(rows)
        noise = find_noise(self.model.transform, recorded, *masks)
        return Noisy(
            np.pad(recorded + shift, ((0, 0), *self.pad)),
            np.pad(given, self.pad),
            Noise(*(np.pad(part, (self.pad[0], (0, 0))) for part in noise)),
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
