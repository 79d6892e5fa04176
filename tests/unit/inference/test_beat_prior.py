import numpy as np
import pytest
import torch
from lead_cases import lead_model
from scipy.stats import multivariate_normal

from diffecg.inference.beat_prior import BeatPrior


@pytest.fixture(scope="module")
def transform():
    return lead_model().denoiser.transform


def test_the_likelihood_is_that_of_the_marginal_gaussian(transform):
    prior, rows, noise = BeatPrior.of(transform), [0, 3], 0.2
    beats = prior.mean_mv[rows] + np.random.default_rng(0).normal(size=(2, 2, 120))
    loadings = prior.loadings_mv[:, rows].reshape(len(prior.loadings_mv), -1)
    covariance = loadings.T @ loadings + noise**2 * np.eye(240)
    exact = multivariate_normal(prior.mean_mv[rows].ravel(), covariance).logpdf(beats.reshape(2, -1))
    assert np.diff(prior.log_likelihood(beats, rows, noise)) == pytest.approx(np.diff(exact))


def test_the_relations_of_the_leads_are_those_of_the_training_data():
    transform = lead_model(components=8 * 120).denoiser.transform
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(8, 8))
    windows = np.float32(0.3 + np.einsum("lm,wmt->wlt", mixing, rng.normal(size=(2000, 8, 120))))
    transform.fit(torch.from_numpy(windows))
    prior = BeatPrior.of(transform)
    moments = np.einsum("wlt,wmt->lm", windows, windows) / windows[:, 0].size
    assert prior.lead_covariance - np.diag(prior.noise_mv**2) == pytest.approx(moments, rel=1e-2, abs=0.01)
