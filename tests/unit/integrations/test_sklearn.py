"""DiffusionImputer does what scikit-learn's transformers do."""

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
def test_scikit_learns_own_checks(estimator, check):
    state = np.random.get_state()  # noqa: NPY002  # some checks draw from it themselves
    check(estimator)
    np.random.set_state(state)  # noqa: NPY002


@pytest.fixture
def stretches():
    signal, _, _ = make_ecg(0, fs_hz=100.0)
    rows = signal[: 6 * 900].reshape(6, 900).copy()
    rows[[0, 2, 5], 400:460] = np.nan
    return rows


def test_what_is_missing_is_drawn_and_nothing_else(stretches, runs):
    model = str(runs["strip"])
    imputer = DiffusionImputer(model=model, draws=2, random_state=3)
    filled = imputer.fit_transform(stretches)
    missing = np.isnan(stretches)
    assert np.array_equal(filled[~missing], stretches[~missing])
    assert np.isfinite(filled).all()
    alone = diffecg.load(model).impute(stretches[2], 100.0, draws=2, seed=3)
    assert np.allclose(filled[2], alone.signal_mv, atol=1e-5)


def test_it_stands_in_a_pipeline(stretches, runs):
    pipeline = make_pipeline(DiffusionImputer(model=str(runs["strip"]), draws=1), LogisticRegression())
    assert pipeline.fit(stretches, [0, 1, 0, 1, 0, 1]).predict(stretches).shape == (6,)


def test_a_row_that_shows_nothing_is_refused(stretches):
    stretches[1] = np.nan
    with pytest.raises(DiffecgError, match="nothing is observed in lead"):
        DiffusionImputer(draws=1).fit_transform(stretches)
