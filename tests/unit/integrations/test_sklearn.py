"""DiffusionImputer behaves as the transformers of scikit-learn."""

import numpy as np
import pytest
from helpers import make_ecg
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import diffecg
from diffecg.errors import DiffecgError
from diffecg.integrations.sklearn import DiffusionImputer


@parametrize_with_checks([DiffusionImputer(draws=1)])
def test_checks_of_scikit_learn(estimator, check):
    state = np.random.get_state()  # noqa: NPY002  # some checks use the global generator
    check(estimator)
    np.random.set_state(state)  # noqa: NPY002


@pytest.fixture
def segments():
    signal, _, _ = make_ecg(0, fs_hz=100.0)
    rows = signal[: 6 * 900].reshape(6, 900).copy()
    rows[[0, 2, 5], 400:460] = np.nan
    return rows


def test_missing_samples_are_imputed_and_others_kept(segments, runs):
    model = str(runs["strip"])
    imputer = DiffusionImputer(model=model, draws=2, random_state=3)
    imputed = imputer.fit_transform(segments)
    missing = np.isnan(segments)
    assert np.array_equal(imputed[~missing], segments[~missing])
    assert np.isfinite(imputed).all()
    alone = diffecg.load(model).impute(segments[2], 100.0, draws=2, seed=3)
    assert np.allclose(imputed[2], alone.signal_mv, atol=1e-5)


def test_it_works_in_a_pipeline(segments, runs):
    pipeline = make_pipeline(DiffusionImputer(model=str(runs["strip"]), draws=1), LogisticRegression())
    assert pipeline.fit(segments, [0, 1, 0, 1, 0, 1]).predict(segments).shape == (6,)


def test_a_row_without_observed_samples_is_refused(segments):
    segments[1] = np.nan
    with pytest.raises(DiffecgError, match="nothing is observed in lead"):
        DiffusionImputer(draws=1).fit_transform(segments)
