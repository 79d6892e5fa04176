"""Imputation of recordings of any length, sampling rate and number of leads."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from diffecg.config.schema import WindowConfig
from diffecg.errors import DiffecgError
from diffecg.inference.checks import check_signal
from diffecg.inference.imputation_run import ImputationRequest, ImputationRun
from diffecg.inference.sampling import Progress, count_batches
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.blending import blend_seams


def impute_windows(
    model: ConditionalDenoiser,
    signal_mv: Float[np.ndarray, "window lead time"],
    fs_hz: float,
    request: ImputationRequest,
    *,
    wanted: Bool[np.ndarray, "window lead time"],
    progress: Progress | None = None,
) -> Float[np.ndarray, "draw window lead time"]:
    """Return draws of signals with the wanted of their missing samples (NaN) imputed, each from itself.

    Observed samples are returned unchanged, bit for bit. Where the rate is not the model's, the signal is
    resampled for the model, and only imputed samples are resampled back.

    Args:
        model: the denoiser.
        signal_mv: signals, in mV; NaN = missing.
        fs_hz: their sampling rate, in Hz.
        request: label, seeds and sampler.
        wanted: True where missing samples are imputed; others stay missing.
        progress: called with (windows of the model done, windows in total).

    Raises:
        DiffecgError: see :func:`check_signal` and :func:`group_leads`.
    """
    draws_mv = np.repeat(signal_mv[None], len(request.seeds), axis=0)
    runs = []
    for window, window_mv in enumerate(signal_mv):
        name = f"window {window}, " if len(signal_mv) > 1 else ""
        each_lead = not model.config.window.extra_leads
        check_signal(window_mv, wanted[window], fs_hz, each_lead=each_lead, name=name)
        missing, remaining = np.isnan(window_mv), wanted[window].copy()
        for rows in group_leads(model.config.window, remaining):
            part = (window, rows[0])
            run = ImputationRun(model, missing[rows], remaining[rows], fs_hz, part=part)
            runs.append((window, rows, run))
            missing[rows] &= ~remaining[rows]
            remaining[rows] = False
    on_batch = count_batches(progress, sum(len(run.plan) for *_, run in runs) * len(request.seeds))
    for window, rows, run in runs:
        part_mv = draws_mv[:, window, rows]
        imputed_mv = run.sample(part_mv, request, on_batch)
        completed_mv = blend_seams(part_mv, imputed_mv, fs_hz)
        draws_mv[:, window, rows] = np.where(wanted[window, rows], completed_mv, part_mv)
    return draws_mv


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
