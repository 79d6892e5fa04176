"""Imputation of recordings of any length, sampling rate and number of leads."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

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
        DiffecgError: the signal has another number of leads than the model takes; see :func:`check_signal`.
    """
    window = model.config.window
    if len(window.leads) != signal_mv.shape[1]:
        raise DiffecgError(
            f"the model takes the leads {', '.join(window.leads)} together, the signal has "
            f"{signal_mv.shape[1]} lead(s); impute any leads by diffecg.load_imputer('mitbih-strip')"
        )
    draws_mv = np.repeat(signal_mv[None], len(request.seeds), axis=0)
    runs = []
    for number, window_mv in enumerate(signal_mv):
        name = f"window {number}, " if len(signal_mv) > 1 else ""
        check_signal(window_mv, wanted[number], fs_hz, name=name)
        if wanted[number].any():
            run = ImputationRun(model, np.isnan(window_mv), wanted[number], fs_hz, number=number)
            runs.append((number, run))
    on_batch = count_batches(progress, sum(len(run.plan) for _, run in runs) * len(request.seeds))
    for number, run in runs:
        part_mv = draws_mv[:, number]
        completed_mv = blend_seams(part_mv, run.sample(part_mv, request, on_batch), fs_hz)
        draws_mv[:, number] = np.where(wanted[number], completed_mv, part_mv)
    return draws_mv
