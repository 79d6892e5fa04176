"""DiffusionSampler behaves as the samplers of imbalanced-learn."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

import diffecg
from diffecg.errors import DiffecgError
from diffecg.integrations.imblearn import DiffusionSampler

SETTINGS = {"model": "mitbih-beat-fast", "steps": 1}


class AnyWindows(diffecg.Model):
    """A stand-in for a model of the windows that the checks make: points in 2 to 20 dimensions."""

    device, engine = "cpu", "torch"

    def __init__(self, samples):
        self.name, self.samples = "any", samples

    @property
    def config(self):
        return SimpleNamespace(window=SimpleNamespace(leads=("*",), length=self.samples, fs_hz=100.0))

    def generate(self, labels, count, seed, **_):
        rows = [np.random.default_rng(one).standard_normal((1, self.samples)) for one in seed]
        return SimpleNamespace(signal_mv=np.stack(rows).astype(np.float32))


class AnySampler(DiffusionSampler):
    """A sampler of the windows that it is given."""

    def _fit_resample(self, X, y):
        sampler = DiffusionSampler(model=AnyWindows(X.shape[1]), random_state=self.random_state)
        sampler.sampling_strategy_ = self.sampling_strategy_
        return sampler._fit_resample(X, y)


@pytest.fixture(autouse=True)
def restored_global_state():
    state = np.random.get_state()  # noqa: NPY002  # some checks use the global generator
    yield
    np.random.set_state(state)  # noqa: NPY002


CHECKS = [
    pytest.param(estimator, check, id=check.func.__name__)
    for estimator, check in estimator_checks_generator(AnySampler())
    if check.func.__name__ != "check_samplers_pandas_sparse"  # windows are dense
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_checks_of_imbalanced_learn(estimator, check):
    check(estimator)


@parametrize_with_checks([DiffusionSampler()])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


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
    made = resampled[len(X) :]
    assert (np.ptp(made, axis=1) > 0.2).all()
    assert np.abs(made).max() < 10, "in mV"


def test_different_states_share_no_window(beats):
    X, y = beats
    made = [
        DiffusionSampler(**SETTINGS, random_state=state).fit_resample(X, y)[0][len(X) :]
        for state in (0, 1, np.random.RandomState(0), np.random.default_rng(0), None)
    ]
    rows = np.concatenate(made)
    assert len(np.unique(rows, axis=0)) == len(rows) == 5 * 47
    again = DiffusionSampler(**SETTINGS, random_state=0).fit_resample(X, y)[0]
    assert np.array_equal(again[len(X) :], made[0])
    generator = np.random.default_rng(0)
    for first in (made[3], None):
        windows = DiffusionSampler(**SETTINGS, random_state=generator).fit_resample(X, y)[0][len(X) :]
        assert first is None or np.array_equal(windows, first)
    assert not np.array_equal(windows, made[3]), "a generator is advanced"


def test_panels_and_models_are_taken(beats):
    X, y = beats
    rows = DiffusionSampler(**SETTINGS).fit_resample(X, y)[0]
    for panel, flatten in ((X[:, None], (slice(None), 0)), (X[..., None], (..., 0))):
        resampled, labels = DiffusionSampler(**SETTINGS).fit_resample(panel, y)
        assert np.array_equal(resampled[flatten], rows)
        assert len(labels) == len(resampled)
    loaded = diffecg.load("mitbih-beat-fast")
    sampler = clone(DiffusionSampler(model=loaded, steps=1, device="cpu", engine="torch"))
    assert np.array_equal(sampler.fit_resample(X, y)[0], rows)


def test_windows_are_never_rounded_to_integers(beats):
    X, y = beats
    counts = np.rint(X).astype(int)
    resampled, _ = DiffusionSampler(**SETTINGS).fit_resample(counts, y)
    assert resampled.dtype.kind == "f"
    with pytest.raises(DiffecgError, match=r"integers.*X.astype\(float\)"):
        DiffusionSampler(**SETTINGS).fit_resample(pd.DataFrame(counts), y)
    frame, _ = DiffusionSampler(**SETTINGS).fit_resample(pd.DataFrame(counts.astype(float)), y)
    assert np.allclose(frame, resampled)


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
    with pytest.raises(DiffecgError, match=r"windows of shape \(200,\) .* 1 lead\(s\) x 256 samples"):
        DiffusionSampler().fit_resample(X[:, :200], y)
    with pytest.raises(DiffecgError, match="'Z'"):
        DiffusionSampler().fit_resample(X, np.where(y == "S", "Z", y))
    with pytest.raises(DiffecgError, match=r"random_state 0\.5 is not an integer"):
        DiffusionSampler(random_state=0.5).fit_resample(X, y)
    masked = np.ma.masked_array(X, np.zeros(X.shape, bool))
    masked[0, 3] = np.ma.masked
    with pytest.raises(ValueError, match="NaN"):
        DiffusionSampler().fit_resample(masked, y)
