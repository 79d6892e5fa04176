"""Measures of several leads at once: correlations between leads, the electrical axis, Einthoven's law."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def lead_correlations(signal_mv: Float[np.ndarray, "window lead time"]) -> Float[np.ndarray, "lead lead"]:
    """Return the Pearson correlations between leads over time, averaged over windows.

    Pairs with a constant lead are left out of the average; NaN where no window is left.

    Args:
        signal_mv: windows, in mV.
    """
    centred = signal_mv - signal_mv.mean(axis=2, keepdims=True)
    varies = np.ptp(signal_mv, axis=2, keepdims=True) > 0
    norms = np.sqrt((centred**2).sum(axis=2, keepdims=True))
    scaled = np.divide(centred, norms, out=np.full_like(centred, np.nan), where=varies)
    correlations = scaled @ scaled.transpose(0, 2, 1)
    known = np.isfinite(correlations)
    counts = known.sum(axis=0)
    sums = np.where(known, correlations, 0).sum(axis=0)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def correlation_error(
    real_mv: Float[np.ndarray, "real lead time"], synthetic_mv: Float[np.ndarray, "synthetic lead time"]
) -> float:
    """Return the mean absolute difference between the correlations of pairs of leads in two sets.

    Args:
        real_mv: real windows, in mV.
        synthetic_mv: synthetic windows of the same leads, in mV.
    """
    difference = np.abs(lead_correlations(real_mv) - lead_correlations(synthetic_mv))
    pairs = np.triu_indices(len(difference), k=1)
    return float(np.nanmean(difference[pairs]))


def frontal_axis_deg(
    lead_i_mv: Float[np.ndarray, "beat qrs"], lead_ii_mv: Float[np.ndarray, "beat qrs"]
) -> Float[np.ndarray, " beat"]:
    """Return the electrical axis of QRS complexes in the frontal plane, in degrees from -180 to 180.

    The axis is the direction of the vector whose projections on leads I and aVF are the net areas of the
    complexes; aVF, II - I / 2, is an augmented lead, smaller by sqrt(3) / 2 than a bipolar one (Malmivuo and
    Plonsey 1995, Bioelectromagnetism, section 15.3). A positive axis points to the feet.

    Args:
        lead_i_mv: lead I during the complexes, from a level of zero, in mV.
        lead_ii_mv: lead II during them, in mV.
    """
    area_i, area_ii = lead_i_mv.sum(axis=1), lead_ii_mv.sum(axis=1)
    return np.degrees(np.arctan2((area_ii - area_i / 2) * 2 / np.sqrt(3), area_i))


def einthoven_residual(
    lead_i_mv: Float[np.ndarray, "*axes"],
    lead_ii_mv: Float[np.ndarray, "*axes"],
    lead_iii_mv: Float[np.ndarray, "*axes"],
) -> float:
    """Return the root mean square of II - I - III, in mV: zero by Einthoven's law.

    Args:
        lead_i_mv: lead I, in mV.
        lead_ii_mv: lead II, in mV.
        lead_iii_mv: lead III, in mV.
    """
    return float(np.sqrt(np.mean((lead_ii_mv - lead_i_mv - lead_iii_mv) ** 2)))
