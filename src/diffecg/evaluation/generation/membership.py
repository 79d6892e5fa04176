"""Membership inference: nearest-neighbour distances and the attacks that use them.

Distances are root mean squares over the samples of a window, in mV.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import mannwhitneyu

from diffecg.inference.neighbours import kth_nearest, nearest

DENSITY_NEIGHBOURS = 5
"""The distance to this neighbour estimates the density of a set around a window."""
_EPSILON_MV = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class MembershipAttack:
    """Windows whose membership in the training set an attacker guesses, from a released set."""

    members: Float[np.ndarray, "member feature"]
    """Windows that the generator was trained on."""
    outsiders: Float[np.ndarray, "outsider feature"]
    """Windows that it was not trained on."""
    auxiliary: Float[np.ndarray, "auxiliary feature"]
    """Real windows that the attacker has besides; neither members nor outsiders."""

    def by_distance(self, released: Float[np.ndarray, "window feature"]) -> float:
        """Return the AUC of the score "near to a released window" (Chen et al. 2020, GAN-Leaks, Eq. 4)."""
        members, outsiders = (-nearest(x, released)[0] for x in (self.members, self.outsiders))
        return auc(members, outsiders)

    def by_density_ratio(self, released: Float[np.ndarray, "window feature"]) -> float:
        """Return the AUC of the score "denser in the released than in the auxiliary set".

        DOMIAS, van Breugel et al. (2023), arXiv 2302.12580, Eq. 2, with the distance to the k-th neighbour
        as the estimate of the density.
        """
        members, outsiders = (
            np.log(_kth_distance(x, self.auxiliary) + _EPSILON_MV)
            - np.log(_kth_distance(x, released) + _EPSILON_MV)
            for x in (self.members, self.outsiders)
        )
        return auc(members, outsiders)


def auc(positive: Float[np.ndarray, " positive"], negative: Float[np.ndarray, " negative"]) -> float:
    """Return the area under the ROC curve: the probability that a positive scores above a negative."""
    u: float = mannwhitneyu(positive.astype(np.float64), negative.astype(np.float64)).statistic
    return u / (len(positive) * len(negative))


def _kth_distance(
    windows: Float[np.ndarray, "window feature"], others: Float[np.ndarray, "other feature"]
) -> Float[np.ndarray, " window"]:
    return kth_nearest(windows, others, min(DENSITY_NEIGHBOURS, len(others)))[0]
