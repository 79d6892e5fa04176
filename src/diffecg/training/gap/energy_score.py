r"""The energy score of draws over blocks of samples.

For draws :math:`y_1, \dots, y_M` of a truth :math:`x`, the fair energy score is

.. math:: \frac{1}{M} \sum_i \lVert x - y_i \rVert
    - \frac{1}{2 M (M - 1)} \sum_{i \ne j} \lVert y_i - y_j \rVert

Its expectation is least if the draws are independent and distributed as the truth, for any number of them.
With blocks of one sample it is the continuous ranked probability score (CRPS); longer blocks also score how
the samples of a block depend on each other.

References:
    | Strictly Proper Scoring Rules, Prediction, and Estimation (Gneiting and Raftery, 2007), Section 4.3
    | https://doi.org/10.1198/016214506000001437
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

SMOOTHING = 1e-6
"""Added to squared norms, whose root has no derivative at zero."""


def energy_score(
    truth: Float[Tensor, "batch time"],
    draws: Float[Tensor, "batch draw time"],
    missing: Bool[Tensor, "batch time"],
    block: int,
) -> Float[Tensor, " batch"]:
    """Return the fair energy score over blocks, averaged over the missing samples.

    The norm of a block is the root mean square over its samples, with zero at those that are not missing.

    Args:
        truth: the true signal.
        draws: at least two draws of it.
        missing: samples that are scored.
        block: samples in a block; ``time`` is a multiple of it.
    """
    first, second = torch.triu_indices(draws.shape[1], draws.shape[1], 1, device=draws.device)
    share = missing.float().reshape(len(missing), -1, block).mean(dim=2)

    def mean_norm(difference: Float[Tensor, "batch pair time"]) -> Float[Tensor, " batch"]:
        squares = F.avg_pool1d((difference * missing[:, None]) ** 2, block, block)
        norms = (squares + SMOOTHING).sqrt() * (share > 0)[:, None]
        return (norms.sum(dim=2) / share.sum(dim=1, keepdim=True)).mean(dim=1)

    to_truth, to_each_other = truth[:, None] - draws, draws[:, first] - draws[:, second]
    return mean_norm(to_truth) - 0.5 * mean_norm(to_each_other)
