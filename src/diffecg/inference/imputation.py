"""Imputation of recordings of any length, sampling rate and number of leads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from diffecg.config.schema import WindowConfig
from diffecg.errors import DiffecgError
from diffecg.inference.imputation_run import ImputationRequest, ImputationRun
from diffecg.inference.results import Imputation
from diffecg.inference.sampling import Progress, count_batches
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.blending import blend_seams
from diffecg.signal.intervals import prediction_interval
from diffecg.signal.resampling import check_rate


def impute_windows(
    model: ConditionalDenoiser,
    signal_mv: Float[np.ndarray, "window lead time"],
    fs_hz: float,
    request: ImputationRequest,
    *,
    noisy_mv: Float[np.ndarray, "window lead time"] | None = None,
    progress: Progress | None = None,
) -> Float[np.ndarray, "draw window lead time"]:
    """Return draws of signals with their missing samples (NaN) imputed, each window from itself.

    Observed samples are returned unchanged, bit for bit. Where the rate is not the model's, the signal is
    resampled for the model, and only imputed samples are resampled back.

    Args:
        model: the denoiser.
        signal_mv: signals, in mV; NaN = missing.
        fs_hz: their sampling rate, in Hz.
        request: label, seeds and sampler.
        noisy_mv: noisy recording of the missing samples to condition on, in mV; NaN = not recorded; observed
            samples as in ``signal_mv``. None: missing samples are imputed.
        progress: called with (windows of the model done, windows in total).

    Raises:
        DiffecgError: see :func:`check_signal` and :func:`group_leads`.
    """
    draws_mv = np.repeat(signal_mv[None], len(request.seeds), axis=0)
    runs = []
    for window, window_mv in enumerate(signal_mv):
        name = f"window {window}, " if len(signal_mv) > 1 else ""
        check_signal(window_mv, fs_hz, each_lead=not model.config.window.extra_leads, name=name)
        missing = np.isnan(window_mv)
        for rows in group_leads(model.config.window, missing):
            part = (window, rows[0])
            runs.append((window, rows, ImputationRun(model, missing[rows], fs_hz, part=part)))
            missing[rows] = False
    on_batch = count_batches(progress, sum(len(run.plan) for *_, run in runs) * len(request.seeds))
    for window, rows, run in runs:
        part_mv = draws_mv[:, window, rows]
        imputed_mv = run.sample(
            part_mv, None if noisy_mv is None else noisy_mv[window, rows], request, on_batch
        )
        draws_mv[:, window, rows] = blend_seams(part_mv, imputed_mv, fs_hz)
    return draws_mv


def summarise_draws(
    signal_mv: Float[np.ndarray, "window lead time"],
    draws_mv: Float[np.ndarray, "draw window lead time"],
    fs_hz: float,
    seeds: Sequence[int],
    coverage: float,
) -> Imputation:
    """Return mean and prediction interval of draws; observed samples as in ``signal_mv``.

    Args:
        signal_mv: the signal, in mV; NaN = missing.
        draws_mv: draws of it, in mV.
        fs_hz: sampling rate, in Hz.
        seeds: seed of each draw.
        coverage: nominal coverage of the interval.
    """
    missing = np.isnan(signal_mv)
    imputed_mv = draws_mv[:, missing].astype(np.float64)
    lower_mv, upper_mv = prediction_interval(imputed_mv, coverage)

    def complete(values_mv: Float[np.ndarray, " missing"]) -> Float[np.ndarray, "window lead time"]:
        completed = signal_mv.copy()
        completed[missing] = values_mv
        return completed

    return Imputation(
        signal_mv=complete(imputed_mv.mean(axis=0)),
        lower_mv=complete(lower_mv),
        upper_mv=complete(upper_mv),
        draws_mv=draws_mv,
        observed=~missing,
        fs_hz=float(fs_hz),
        seeds=tuple(seeds),
        coverage=coverage,
        info={},
        axes="window lead time",
    )


def check_signal(
    signal_mv: Float[np.ndarray, "lead time"], fs_hz: float, *, each_lead: bool = True, name: str = ""
) -> None:
    """Check that a signal can be imputed.

    Args:
        signal_mv: signal, in mV; NaN = missing.
        fs_hz: its sampling rate, in Hz.
        each_lead: each lead with missing samples must have observed samples; False: one of the leads must.
        name: what precedes the lead in messages, such as the window.

    Raises:
        DiffecgError: a rate out of range, infinite samples, or a lead in which nothing or only a flat line is
            observed.
    """
    check_rate(fs_hz)
    if np.isinf(signal_mv).any():
        raise DiffecgError("the signal has infinite samples; mark missing samples by NaN")
    others_suffice = not each_lead and not np.isnan(signal_mv).all()
    for i, lead_mv in enumerate(signal_mv):
        observed_mv = lead_mv[~np.isnan(lead_mv)]
        if observed_mv.size == lead_mv.size:
            continue
        if not observed_mv.size and not others_suffice:
            raise DiffecgError(
                f"nothing is observed in {name}lead {i}: all its samples are missing; a new signal is "
                "generated by diffecg generate"
            )
        if observed_mv.size > 1 and np.ptp(observed_mv) == 0:
            raise DiffecgError(
                f"{name}lead {i} is a flat line at {observed_mv[0]:g} mV where it is observed; it cannot be "
                "imputed"
            )


def group_leads(window: WindowConfig, missing: Bool[np.ndarray, "lead time"]) -> list[list[int]]:
    """Return the leads that are imputed together, in the order of imputation.

    A lead with missing samples is grouped with those that are observed most where it is missing; leads that
    were imputed before count as observed.

    Args:
        window: the model's window, with the number of leads it takes.
        missing: True where a sample is missing.

    Raises:
        DiffecgError: the model takes certain leads, and the signal has another number of leads.
    """
    size, leads = len(window.leads), range(len(missing))
    if not window.any_leads:
        if size != len(missing):
            raise DiffecgError(
                f"the model takes the leads {', '.join(window.leads)} together, "
                f"the signal has {len(missing)} lead(s)"
            )
        return [list(leads)] if missing.any() else []
    groups, remaining = [], missing.copy()
    for lead in leads:
        if remaining[lead].any():
            others = sorted(set(leads) - {lead}, key=lambda i: (remaining[i] & remaining[lead]).sum())
            groups.append([lead, *others[: size - 1]])
            remaining[groups[-1]] = False
    return groups
