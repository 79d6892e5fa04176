"""The Gaussian model of beats of a basis, without observations: likelihood and relations of the leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64
from scipy.linalg import solve_triangular

from diffecg.transform.basis import BasisTransform


@dataclass(frozen=True, kw_only=True, eq=False)
class BeatPrior:
    """The Gaussian model of :meth:`diffecg.transform.basis.BasisTransform.posterior`."""

    mean_mv: Float64[np.ndarray, "lead time"]
    loadings_mv: Float64[np.ndarray, "component lead time"]
    """Principal components times their standard deviations."""
    noise_mv: Float64[np.ndarray, " lead"]
    """Standard deviation of the noise of each lead."""

    @classmethod
    def of(cls, transform: BasisTransform) -> BeatPrior:
        """Return the model of a transform."""
        loadings = transform.components * transform.deviation[:, None, None]
        return cls(
            mean_mv=transform.mean_mv.double().cpu().numpy(),
            loadings_mv=loadings.double().cpu().numpy(),
            noise_mv=transform.noise_mv[:, 0].double().cpu().numpy(),
        )

    def log_likelihood(
        self, beats_mv: Float[np.ndarray, "*batch given time"], rows: Sequence[int], noise_mv: float
    ) -> Float64[np.ndarray, "*batch"]:
        """Return the logarithm of the density of complete leads of beats, but for a constant.

        Args:
            beats_mv: some leads of beats, in mV.
            rows: which leads of the model they are.
            noise_mv: standard deviation of the noise, in mV, in place of the model's.
        """
        loadings = self.loadings_mv[:, rows].reshape(len(self.loadings_mv), -1)
        covariance = loadings.T @ loadings + noise_mv**2 * np.eye(loadings.shape[1])
        centred = (beats_mv - self.mean_mv[rows]).reshape(-1, loadings.shape[1])
        white = solve_triangular(np.linalg.cholesky(covariance), centred.T, lower=True)
        return -0.5 * np.square(white).sum(axis=0).reshape(beats_mv.shape[:-2])

    @property
    def lead_covariance(self) -> Float64[np.ndarray, "lead lead"]:
        """Second moments of simultaneous samples of the leads, averaged over a beat, in mV squared."""
        moments = np.einsum("klt,kmt->lm", self.loadings_mv, self.loadings_mv) + self.mean_mv @ self.mean_mv.T
        return moments / self.mean_mv.shape[1] + np.diag(self.noise_mv**2)
