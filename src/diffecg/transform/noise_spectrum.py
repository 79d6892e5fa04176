"""The spectrum of noise: what a noisy stretch holds beyond the signal around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffecg.transform.layouts import Transform

LEAST = 1e-2
"""Least power that noise is taken to have, as a share of the signal's."""
MOST_CORRELATION = 0.99
"""NoiseSpectrum of one frame tells at most so much of that of the next."""


class NoiseSpectrum(NamedTuple):
    """NoiseSpectrum in the spectrogram, independent between frequencies."""

    power: NDArray[np.float32]
    """Mean square of each frequency (lead freq), in mV^2."""
    correlation: NDArray[np.float32]
    """Of a frame with the next (lead freq); that of frames further apart is its powers. Slow noise has one
    near 1 at the lowest frequency, by which it can be told from heartbeats."""


def estimate_noise_spectrum(
    transform: Transform,
    signal_mv: NDArray[np.floating],
    clean: NDArray[np.bool_],
    noisy: NDArray[np.bool_],
) -> NoiseSpectrum:
    """Return the noise of a recording's noisy true_runs.

    Signal and noise are independent, so that their covariances add: the noise's is that of the noisy
    true_runs less that of the clean ones.

    Args:
        transform: tells the frames.
        signal_mv: (lead time), at the model's rate.
        clean: (lead time), True = recorded well.
        noisy: (lead time), True = recorded with noise.
    """
    pairs = zip(signal_mv, clean, strict=True)
    centred = np.stack([lead - (np.median(lead[seen]) if seen.any() else 0) for lead, seen in pairs])
    frames = transform.analyse(torch.from_numpy(centred).float()[None])[0]
    chosen = [transform.whole_frames(torch.from_numpy(mask)[None])[0] for mask in (noisy, clean)]
    of_noisy, of_clean = ([_mean(frames, which, lag) for lag in (0, 1)] for which in chosen)
    power = torch.maximum(of_noisy[0] - of_clean[0], LEAST * of_clean[0])
    correlation = (of_noisy[1] - of_clean[1]) / power.clamp(min=1e-12)
    return NoiseSpectrum(power.numpy(), correlation.clamp(-MOST_CORRELATION, MOST_CORRELATION).numpy())


def _mean(frames: Tensor, chosen: Tensor, lag: int) -> Tensor:
    """Return the mean product (lead freq) of a spectrogram with itself ``lag`` frames on.

    Args:
        frames: the spectrogram (lead freq frame), complex.
        chosen: (lead frame), True = counts.
        lag: distance in frames.
    """
    last = frames.shape[2] - lag
    product = (frames[..., :last] * frames[..., lag:].conj()).real
    both = (chosen[:, :last] & chosen[:, lag:])[:, None].to(product.dtype)
    return (product * both).sum(dim=2) / both.sum(dim=2).clamp(min=1)
