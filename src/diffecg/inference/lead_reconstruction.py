"""Reconstruction of leads that a recording lacks from those that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float64

from diffecg._version import __version__
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.checks import check_coverage
from diffecg.inference.lead_completion import LeadCompletion
from diffecg.inference.lead_plan import LeadPlan, plan_leads
from diffecg.inference.lead_sampling import LeadSampler
from diffecg.inference.model import Model
from diffecg.inference.options import DrawOptions
from diffecg.inference.sampling import Progress, count_batches
from diffecg.inference.seeds import draw_seeds
from diffecg.inference.summary import nearest_to_draws
from diffecg.signal.baseline import remove_baseline
from diffecg.signal.intervals import dressed_interval
from diffecg.signal.limb_leads import derive_leads, known_leads
from diffecg.signal.resampling import interpolate_gaps, resample, resample_mask
from diffecg.signal.rpeaks import r_peaks_by_velocity
from diffecg.transform.basis import BasisTransform

KERNEL_SHARE, KERNEL_MV = 0.3, 0.03
"""Standard deviation of the kernel around each draw: this share of the draws' standard deviation, and this
many mV for the noise of the recorded lead, added as variances. Chosen on PTB-XL fold 9, where 90 % intervals
then cover about 90 %."""
MIN_DURATION_S, MAX_DURATION_S = 3.0, 7200.0
"""Durations that are reconstructed; the draws of a longer recording do not fit in memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LeadReconstruction:
    """Draws of the leads that a recording lacks, at the rate of the model.

    Leads that follow exactly from two given limb leads are the same in every draw.
    """

    recording: Recording
    plan: LeadPlan
    mean_mv: Float64[np.ndarray, "lead time"]
    """Posterior mean of each wanted lead, in mV, without baseline wander."""
    lower_mv: Float64[np.ndarray, "lead time"]
    upper_mv: Float64[np.ndarray, "lead time"]
    """Bounds of the prediction interval, in mV."""
    draws_mv: Float[np.ndarray, "draw lead time"]
    kernel_mv: Float64[np.ndarray, "lead time"]
    """Standard deviation of the Gaussian kernel around each draw, in mV."""
    missing: Bool[np.ndarray, " time"]
    """True where no given lead is observed."""
    fs_hz: float
    """Sampling rate of these arrays: that of the model, in Hz."""
    seeds: tuple[int, ...]
    """Seed of each draw."""
    coverage: float
    """Nominal coverage of the prediction interval."""
    beats: int
    """Number of beats that were found in the given leads."""
    info: dict[str, Any]
    """Provenance: task, model, version."""

    @property
    def leads(self) -> tuple[str, ...]:
        """The wanted leads."""
        return self.plan.wanted

    @cached_property
    def determined(self) -> dict[str, float]:
        """Share of each lead's variance that the given leads determine.

        With the posterior mean m and variance v of its samples it is Var[m] / (Var[m] + E[v]): by the law of
        total variance, the share of the variance that the mean is expected to explain. Exact leads have 1.
        """
        seen = ~self.missing
        left = (self.draws_mv[..., seen].var(axis=0) + self.kernel_mv[:, seen] ** 2).mean(axis=1)
        explained = self.mean_mv[:, seen].var(axis=1)
        shares = explained / np.maximum(explained + left, 1e-12)
        return {
            lead: 1.0 if lead in self.plan.exact else float(share)
            for lead, share in zip(self.leads, shares, strict=True)
        }

    @property
    def representative_mv(self) -> Float[np.ndarray, "lead time"]:
        """The draw nearest to all others."""
        flat = self.draws_mv[..., ~self.missing].reshape(len(self.draws_mv), -1).astype(np.float64)
        return self.draws_mv[nearest_to_draws(flat, flat)]


def reconstruct_leads(
    model: Model,
    recording: Recording,
    leads: Sequence[str],
    options: DrawOptions,
    *,
    progress: Progress | None = None,
) -> LeadReconstruction:
    """Reconstruct leads that a recording lacks from those that it has, with draws.

    Args:
        model: a model of beats of several leads, in a basis over leads and time.
        recording: the recording.
        leads: the leads to reconstruct; ``standard``: all 12.
        options: number, coverage and seed of the draws.
        progress: called with (windows done, windows in total).

    Raises:
        DiffecgError: the model has one lead or another layout; see :func:`plan_leads`; the recording is too
            short or too long, or no beat is found.
    """
    window = model.config.window
    if not isinstance(model.denoiser.transform, BasisTransform) or len(window.leads) < 2:
        raise DiffecgError(
            f"{model.name} is not a model of beats of several leads with transform.layout=basis, which "
            "reconstructing leads takes; use ptbxl-beat"
        )
    coverage = check_coverage(options.coverage)
    plan = plan_leads(recording, leads, window.leads)
    given_mv, missing = _given(recording, plan, window.fs_hz)
    sampler, known_mv = _sampler(model, plan, given_mv, missing)
    if not len(sampler.peaks):
        raise DiffecgError(
            f"no beat was found in {', '.join(plan.given)} of recording {recording.name}; is it an ECG in mV?"
        )
    seeds = draw_seeds(options.seed, options.draws)
    on_batch = count_batches(progress, len(sampler.peaks) * len(seeds))
    mean_mv, covered = sampler.mean()
    draws_mv = sampler.draws(seeds, on_batch)
    kernel_mv = np.hypot(KERNEL_SHARE * draws_mv.std(axis=0, ddof=min(1, len(seeds) - 1)), KERNEL_MV)
    kernel_mv = np.where(covered, kernel_mv, sampler.linear_sd_mv()[:, None])
    completion = LeadCompletion(leads=window.leads, wanted=plan.wanted, known_mv=known_mv)
    mean_mv, draws_mv = completion.complete(mean_mv), completion.complete(draws_mv)
    kernel_mv = completion.complete_deviation(kernel_mv)
    bounds_mv = np.stack(
        [
            dressed_interval(draws_mv[:, row].astype(np.float64), kernel_mv[row], coverage)
            for row in range(len(plan.wanted))
        ]
    )
    return LeadReconstruction(
        recording=recording,
        plan=plan,
        mean_mv=mean_mv,
        lower_mv=bounds_mv[:, 0],
        upper_mv=bounds_mv[:, 1],
        draws_mv=draws_mv,
        kernel_mv=kernel_mv,
        missing=np.logical_and.reduce(missing),
        fs_hz=window.fs_hz,
        seeds=seeds,
        coverage=coverage,
        beats=len(sampler.peaks),
        info={
            "task": "lead reconstruction",
            "model": model.name,
            "weights_sha256": model.weights_sha256,
            "diffecg": __version__,
            "draws": len(seeds),
            "coverage": coverage,
        },
    )


def _given(
    recording: Recording, plan: LeadPlan, fs_hz: float
) -> tuple[Float64[np.ndarray, "given time"], Bool[np.ndarray, "given time"]]:
    """Return the given leads at another rate, in mV, without baseline wander, and where they are missing.

    Raises:
        DiffecgError: the recording is too short or too long.
    """
    part = recording.select(list(plan.given.values()))
    if not MIN_DURATION_S <= part.samples / part.fs_hz <= MAX_DURATION_S:
        raise DiffecgError(
            f"recording {recording.name} lasts {part.samples / part.fs_hz:g} s; leads are reconstructed in "
            f"{MIN_DURATION_S:g} s to {MAX_DURATION_S / 3600:g} h. In Python, read a part of it: "
            "diffecg.read_recording(path, start_s=…, stop_s=…)"
        )
    signal_mv = part.signal_mv
    filled_mv = np.stack([interpolate_gaps(lead) for lead in signal_mv])
    resampled_mv = resample(filled_mv, part.fs_hz, fs_hz)
    return remove_baseline(resampled_mv, fs_hz), resample_mask(np.isnan(signal_mv), part.fs_hz, fs_hz)


def _sampler(
    model: Model,
    plan: LeadPlan,
    given_mv: Float64[np.ndarray, "given time"],
    missing: Bool[np.ndarray, "given time"],
) -> tuple[LeadSampler, dict[str, Float64[np.ndarray, " time"]]]:
    """Return what samples the model's leads, and the leads that are known."""
    window, names = model.config.window, list(plan.given)
    known = known_leads(names)
    known_mv = dict(zip(known, derive_leads(given_mv, names, known), strict=True))
    absent = derive_leads(np.where(missing, np.nan, 0.0), names, known)
    signal_mv = np.zeros((len(window.leads), given_mv.shape[1]))
    observed = np.zeros(signal_mv.shape, dtype=bool)
    for row, lead in enumerate(window.leads):
        if lead in known_mv:
            signal_mv[row] = known_mv[lead]
            observed[row] = ~np.isnan(absent[known.index(lead)])
    peaks = r_peaks_by_velocity(np.where(missing, np.nan, given_mv), window.fs_hz)
    sampler = LeadSampler(
        denoiser=model.denoiser,
        signal_mv=signal_mv,
        observed=observed,
        peaks=peaks,
        options=model.sampling,
    )
    return sampler, known_mv
