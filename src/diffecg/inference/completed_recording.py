"""A recording with reconstructed leads: given channels as they are stored, limb leads exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Float64

from diffecg.formats.recording import Recording
from diffecg.formats.samples import ArraySource, JoinedSource, SelectedSource
from diffecg.inference.lead_reconstruction import LeadReconstruction
from diffecg.inference.options import Write
from diffecg.signal.channels import make_channels
from diffecg.signal.limb_leads import LIMB_LEADS, STANDARD_LEADS, derive_leads
from diffecg.signal.resampling import fit_length, resample

STEPS_PER_MV, STORED_PER_MV = 1000.0, 2000.0
"""Where samples are stored as integers: reconstructed leads have whole uV, and are stored like those derived
from them in steps of 0.5 uV, in which halves are exact."""


def completed_recording(result: LeadReconstruction, write: Write) -> Recording:
    """Return the recording with the reconstructed leads as new channels.

    Channels of the recording keep their stored samples. New ones follow them; if the result has all 12 leads,
    those come first, in the usual order. Limb leads are derived from two that the output has, as it stores
    them, so that they hold Einthoven's and Goldberger's relations. Samples are missing where no given lead is
    observed, and in exact leads where one of the two they follow from is missing.

    Args:
        result: the reconstruction.
        write: ``draw``: the draw that represents the others; ``mean``: the posterior mean.
    """
    recording, plan = result.recording, result.plan
    is_integer = recording.source.is_integer
    signal_mv = output_leads_mv(result, write)
    missing = np.isnan(signal_mv)
    values = np.where(missing, 0, signal_mv)
    given = recording.select(list(plan.given.values()))
    added = ArraySource(
        np.rint(values * STORED_PER_MV).astype(np.int64) if is_integer else np.where(missing, np.nan, values),
        given.fs_hz,
        gain=[STORED_PER_MV if is_integer else 1.0] * len(plan.wanted),
        missing=missing,
    )
    channels = (*recording.channels, *make_channels(plan.wanted))
    rows = {lead: len(recording.channels) + row for row, lead in enumerate(plan.wanted)} | plan.given
    order = list(range(len(channels)))
    if all(lead in rows for lead in STANDARD_LEADS):
        first = [rows[lead] for lead in STANDARD_LEADS]
        order = [*first, *(row for row in order if row not in first)]
    return replace(
        recording,
        channels=tuple(channels[row] for row in order),
        source=SelectedSource(JoinedSource([recording.source, added]), order),
        layout=None,
    )


def output_leads_mv(result: LeadReconstruction, write: Write) -> Float64[np.ndarray, "lead time"]:
    """Return the wanted leads at the rate of the recording, in mV; NaN = missing."""
    plan = result.plan
    given = result.recording.select(list(plan.given.values()))
    given_mv = given.signal_mv
    chosen_mv = result.mean_mv if write == "mean" else result.representative_mv
    made_mv = _at_rate(np.asarray(chosen_mv, dtype=np.float64), result.fs_hz, given)
    made_mv[:, np.isnan(given_mv).all(axis=0)] = np.nan
    if given.source.is_integer:
        made_mv = np.rint(made_mv * STEPS_PER_MV) / STEPS_PER_MV
    leads = dict(zip(plan.given, given_mv, strict=True))
    for lead, row in zip(plan.wanted, made_mv, strict=True):
        if lead not in LIMB_LEADS or (lead in ("I", "II") and lead not in plan.exact):
            leads[lead] = row
    return derive_leads(np.stack(list(leads.values())), list(leads), plan.wanted)


def _at_rate(
    signal_mv: Float[np.ndarray, "lead time"], fs_hz: float, like: Recording
) -> Float64[np.ndarray, "lead new_time"]:
    """Return signals at the rate and with the length of a recording."""
    return fit_length(resample(signal_mv, fs_hz, like.fs_hz), like.samples).copy()
