r"""Anomaly scores: how much worse a model removes noise from a window than from reference windows.

A denoiser that has learned the distribution of its training windows removes noise best from windows that are
likely under it. The error of a window :math:`x_0` is that of the training objective, without label and
observed samples, averaged over :math:`L` noise levels and :math:`K` draws of noise, the same for all windows:

.. math::
    e(x_0) = \frac{1}{L K} \sum_{l=1}^{L} \sum_{k=1}^{K} \frac{\lambda(\sigma_l)}{n} \,
    \bigl\| d(x_0 + \sigma_l \, \epsilon_k, \sigma_l) - x_0 \bigr\|^2,
    \qquad \lambda(\sigma) = \frac{1}{c_\mathrm{out}(\sigma)^2}

Here :math:`n` is the number of grid points. Weighted over all noise levels, this error is a bound on the
negative log-likelihood (Kingma and Gao 2023); the score uses the levels at which it tells windows apart. It
is the share of :math:`R` reference windows with a smaller error,

.. math:: s(x_0) = \frac{1}{R} \sum_{r=1}^{R} \mathbb{1} \left[ e(x_r) < e(x_0) \right]

which is uniform on [0, 1] for windows like the reference, so that the windows above 0.99 are a hundredth of
those.

References:
    | Understanding Diffusion Objectives as the ELBO with Simple Data Augmentation (Kingma and Gao, 2023)
    | https://arxiv.org/abs/2303.00848

    | Denoising Diffusion Models for Out-of-Distribution Detection (Graham et al., 2023)
    | https://arxiv.org/abs/2211.07740
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64
from numpy.typing import ArrayLike

from diffecg.config.schema import Config
from diffecg.datasets.windows import Windows
from diffecg.diffusion.noise import SeededNoise
from diffecg.errors import DiffecgError
from diffecg.inference.checks import as_windows
from diffecg.inference.sampling import OnBatch
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.arrays import as_floats
from diffecg.training.initialisation import check_windows

SIGMAS = (2.0, 5.0, 10.0)
"""Default noise levels, chosen on held-out minutes of the training subjects of ``mitbih-beat``."""

DRAWS = 16
"""Default number of draws of noise. At high levels few draws make the same error in many windows."""


def denoising_errors(
    model: ConditionalDenoiser,
    signal_mv: Float32[np.ndarray, "window lead time"],
    *,
    sigmas: Sequence[float] = SIGMAS,
    draws: int = DRAWS,
    seed: int = 0,
    batch_size: int = 256,
    on_batch: OnBatch | None = None,
) -> Float64[np.ndarray, " window"]:
    """Return the weighted denoising error of each window, without its label.

    Args:
        model: the denoiser.
        signal_mv: windows of the model's leads, length and rate, in mV.
        sigmas: noise levels.
        draws: draws of noise at each level.
        seed: seed of the first draw; draw k has ``seed + k``.
        batch_size: windows computed together; affects speed and memory only.
        on_batch: called after each batch.
    """
    device = model.transform.mean_mv.device
    grid = (model.transform.channels, *model.transform.grid_shape)
    noise = SeededNoise(range(seed, seed + draws))(torch.empty(draws, *grid, device=device))
    errors = np.empty((len(signal_mv), len(sigmas) * draws))
    for first in range(0, len(signal_mv), batch_size):
        rows = slice(first, first + batch_size)
        signal = torch.from_numpy(signal_mv[rows]).to(device)
        with torch.no_grad():
            x0 = model.encode(signal)
            nothing = torch.zeros_like(signal, dtype=torch.bool)
            condition = model.condition(signal, nothing, model.encode_labels([None] * len(signal)))
            weight = torch.ones_like(x0)
            columns = [
                model.loss(x0, x0 + sigma * eps, x0.new_full((len(x0),), sigma), condition, weight)
                for sigma in sigmas
                for eps in noise
            ]
        errors[rows] = torch.stack(columns, dim=1).cpu().numpy()
        if on_batch is not None:
            on_batch(len(signal))
    mean: Float64[np.ndarray, " window"] = errors.mean(axis=1)
    return mean


def as_model_windows(windows: Windows | ArrayLike, config: Config) -> Float32[np.ndarray, "window lead time"]:
    """Return windows as an array, in mV.

    Args:
        windows: windows, or an array (window, lead, time); of one lead also (window, time).
        config: settings of the model.

    Raises:
        DiffecgError: there is none, or they have other leads, another length or rate, or values that are not
            finite.
    """
    if isinstance(windows, Windows):
        check_windows(config, windows)
        windows = windows.signal_mv
    signal = as_floats(windows)
    if not len(signal):
        raise DiffecgError("there is no window to score; give at least one")
    shape = len(config.window.leads), config.window.length
    return as_windows(signal, shape, len(signal))


def check_sigmas(sigmas: Sequence[float]) -> tuple[float, ...]:
    """Return noise levels.

    Raises:
        DiffecgError: there is none, or one is not positive and finite.
    """
    levels = tuple(float(sigma) for sigma in sigmas)
    if not levels or not all(0 < sigma < np.inf for sigma in levels):
        raise DiffecgError(f"noise levels {levels} must be one or more positive numbers, such as {SIGMAS}")
    return levels


def share_below(
    errors: Float[np.ndarray, " window"], reference: Float[np.ndarray, " reference"]
) -> Float64[np.ndarray, " window"]:
    """Return for each error the share of the reference errors that are smaller."""
    return np.searchsorted(np.sort(reference), errors, side="left") / len(reference)
