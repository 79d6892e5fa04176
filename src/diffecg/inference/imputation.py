"""Filling the missing samples of a recording of any length, at any rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.config.schema import WindowConfig
from diffecg.errors import DiffecgError
from diffecg.inference.imputation_run import ImputationRun
from diffecg.inference.results import Preview
from diffecg.inference.sampling import Progress, Sampling, counting
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.blending import blend_seams
from diffecg.signal.resampling import check_rate


def impute_signal(
    model: ConditionalDenoiser,
    signal_mv: NDArray[np.floating],
    fs_hz: float,
    label: str | None,
    seeds: Sequence[int],
    sampling: Sampling,
    progress: Progress | None = None,
    noisy_mv: NDArray[np.floating] | None = None,
    watch: Callable[[Preview], None] | None = None,
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
        watch: is shown each stretch as it is being drawn.

    Raises:
        DiffecgError: see :func:`check_signal`.
    """
    window = model.config.window
    check_signal(signal_mv, fs_hz, alone=not window.companions)
    draws = np.repeat(signal_mv[None], len(seeds), axis=0)
    missing, jobs = np.isnan(signal_mv), []
    for group in _groups(window, missing):
        jobs.append((group, ImputationRun(model, missing[group], fs_hz, watch)))
        missing[group] = False
    advance = counting(progress, sum(len(job.steps) for _, job in jobs) * len(seeds))
    for group, job in jobs:
        noisy = None if noisy_mv is None else noisy_mv[group]
        filled = job.run(draws[:, group], noisy, label, seeds, sampling, advance)
        draws[:, group] = blend_seams(draws[:, group], filled, fs_hz)
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
