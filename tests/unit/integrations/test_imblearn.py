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


def test_it_works_in_a_pipeline(beats):
    X, y = beats
    sampler = DiffusionSampler(sampling_strategy={"S": 10})
    assert clone(sampler).get_params() == sampler.get_params()
    fitted = make_pipeline(sampler, LogisticRegression(max_iter=20, tol=1.0)).fit(X, y)
    assert set(fitted.predict(X)) <= {"N", "V", "S"}


def test_other_windows_and_labels_are_refused(beats):
    X, y = beats
    with pytest.raises(DiffecgError, match="rows of 200 samples"):
        DiffusionSampler().fit_resample(X[:, :200], y)
    with pytest.raises(DiffecgError, match="'Z'"):
        DiffusionSampler().fit_resample(X, np.where(y == "S", "Z", y))
