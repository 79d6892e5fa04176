"""DiffusionSampler behaves as the samplers of imbalanced-learn."""

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

import diffecg
from diffecg.errors import DiffecgError
from diffecg.integrations.imblearn import DiffusionSampler


@pytest.fixture(scope="module")
def beats():
    labels = np.array(["N"] * 30 + ["V"] * 8 + ["S"] * 5)
    rng = np.random.default_rng(0)
    return rng.standard_normal((len(labels), 256)).astype(np.float32), labels


def test_classes_are_balanced_and_real_rows_kept(beats):
    X, y = beats
    resampled, labels = DiffusionSampler(random_state=7).fit_resample(X, y)
    assert np.array_equal(resampled[: len(X)], X)
    assert np.array_equal(labels[: len(y)], y)
    assert {label: int((labels == label).sum()) for label in "NVS"} == dict.fromkeys("NVS", 30)
    added = labels[len(y) :].tolist()
    same = diffecg.load("mitbih-beat").generate(added, len(added), seed=7).signal_mv[:, 0]
    assert np.abs(resampled[len(X) :] - same).max() < 1e-4


def test_pipeline_fits_on_the_resampled_rows(beats):
    X, y = beats
    sampler = DiffusionSampler(sampling_strategy={"S": 10})
    assert clone(sampler).get_params() == sampler.get_params()
    classifier = LogisticRegression(max_iter=500)
    probabilities = make_pipeline(sampler, clone(classifier)).fit(X, y).predict_proba(X)
    resampled = clone(classifier).fit(*clone(sampler).fit_resample(X, y))
    assert np.array_equal(probabilities, resampled.predict_proba(X))
    assert not np.allclose(probabilities, clone(classifier).fit(X, y).predict_proba(X))


def test_other_windows_and_labels_are_refused(beats):
    X, y = beats
    with pytest.raises(DiffecgError, match="rows of 200 samples"):
        DiffusionSampler().fit_resample(X[:, :200], y)
    with pytest.raises(DiffecgError, match="'Z'"):
        DiffusionSampler().fit_resample(X, np.where(y == "S", "Z", y))
