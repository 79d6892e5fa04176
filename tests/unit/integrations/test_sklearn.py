"""DiffusionImputer behaves as the transformers of scikit-learn."""

import numpy as np
import pytest
import torch
from helpers import make_ecg
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import diffecg
from diffecg.errors import DiffecgError
from diffecg.integrations.sklearn import DiffusionImputer


@parametrize_with_checks(
    [DiffusionImputer(draws=1, steps=1), DiffusionImputer(draws=1, steps=1, random_state=None)]
)
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


@pytest.fixture
def settings(gaps):
    return {"model": str(gaps), "draws": 2, "steps": 1}


def test_missing_samples_are_imputed_and_others_kept(segments, settings):
    imputed = DiffusionImputer(**settings, random_state=3).fit_transform(segments)
    missing = np.isnan(segments)
    assert np.array_equal(imputed[~missing], segments[~missing])
    assert np.isfinite(imputed).all()
    assert np.isnan(segments).sum() == 180, "the input is not changed"


def test_a_window_depends_on_itself_only(segments, settings):
    imputer = DiffusionImputer(**settings).fit(segments)
    together = imputer.transform(segments)
    order = np.array([4, 2, 5, 0, 3, 1])
    assert np.array_equal(imputer.transform(segments[order]), together[order])
    for row in range(6):
        assert np.array_equal(imputer.transform(segments[row : row + 1])[0], together[row])
    shifted = segments.copy()
    shifted[0] += 3
    assert np.array_equal(imputer.transform(shifted)[1:], together[1:])


def test_equal_windows_get_independent_noise(segments, settings):
    gap, settings = slice(400, 460), {**settings, "draws": 1}  # of several, the segment may be the same
    imputed = DiffusionImputer(**settings).fit_transform(np.stack([segments[2]] * 3))[:, gap]
    distance = np.abs(imputed[:, None] - imputed[None]).max(axis=2)
    assert distance[np.triu_indices(3, 1)].min() > 1e-3


def test_different_states_share_nothing(segments, settings):
    gap, settings = slice(400, 460), {**settings, "draws": 1}
    states = (0, 1, np.random.RandomState(0), np.random.default_rng(0), None, None)
    imputed = [
        DiffusionImputer(**settings, random_state=state).fit_transform(segments)[0, gap] for state in states
    ]
    distance = np.abs(np.array(imputed)[:, None] - np.array(imputed)[None]).max(axis=2)
    assert distance[np.triu_indices(len(states), 1)].min() > 1e-3
    again = DiffusionImputer(**settings, random_state=0).fit_transform(segments)[0, gap]
    assert np.array_equal(again, imputed[0])
    generator = np.random.default_rng(0)
    imputer = DiffusionImputer(**settings, random_state=generator)
    assert np.array_equal(imputer.fit_transform(segments)[0, gap], imputed[3])
    assert np.array_equal(imputer.transform(segments)[0, gap], imputed[3]), "repeated without another fit"
    assert not np.array_equal(imputer.fit_transform(segments)[0, gap], imputed[3])
    with pytest.raises(DiffecgError, match="random_state 'x' is not an integer"):
        DiffusionImputer(random_state="x").fit(segments)


@pytest.mark.parametrize("swapped", [False, True])
def test_panels_keep_their_axes_and_leads_help_each_other(segments, gaps, swapped):
    panel = segments.reshape(3, 2, 900)
    given = panel.swapaxes(1, 2) if swapped else panel
    imputer = DiffusionImputer(model=str(gaps), draws=1)
    imputed = imputer.fit_transform(given)
    assert imputed.shape == given.shape
    missing = np.isnan(given)
    assert np.array_equal(imputed[~missing], given[~missing])
    assert np.isfinite(imputed).all()
    changed = panel.copy()
    changed[0, 1, 400:460] = 0.3
    other = imputer.transform(changed.swapaxes(1, 2) if swapped else changed)
    assert not np.array_equal(other[0], imputed[0]), "the other lead of the window is a condition"
    assert np.array_equal(other[1:], imputed[1:])


def test_masked_arrays_and_tensors_are_taken(segments, settings):
    expected = DiffusionImputer(**settings).fit_transform(segments)
    masked = np.ma.masked_array(np.nan_to_num(segments, nan=7.0), np.isnan(segments))
    for same in (masked, torch.from_numpy(segments), segments.astype(">f8")):
        assert np.array_equal(DiffusionImputer(**settings).fit_transform(same), expected)


def test_a_loaded_model_is_taken_and_cloned(segments, settings, runs):
    expected = DiffusionImputer(**settings).fit_transform(segments)
    loaded = diffecg.load_imputer(settings["model"])
    imputer = DiffusionImputer(**{**settings, "model": loaded}, device="cpu", engine="torch")
    assert "GapModel gaps" in repr(imputer)
    assert np.array_equal(clone(imputer).fit_transform(segments), expected)
    with pytest.raises(DiffecgError, match="device 'cuda' differs"):
        DiffusionImputer(model=diffecg.load(runs["beat"]), device="cuda").fit_transform(segments)


def test_it_works_in_a_pipeline(segments, gaps):
    imputer = DiffusionImputer(model=str(gaps), draws=1)
    pipeline = make_pipeline(imputer, LogisticRegression())
    assert pipeline.fit(segments, [0, 1, 0, 1, 0, 1]).predict(segments).shape == (6,)


def test_a_row_without_observed_samples_is_refused(segments):
    segments[1] = np.nan
    with pytest.raises(DiffecgError, match="window 1: nothing is observed in lead 0"):
        DiffusionImputer(draws=1, steps=1).fit_transform(segments)


@pytest.mark.parametrize("model", ["analogues", diffecg.AnalogueImputer()])
def test_analogues_impute_a_draw_or_the_mean(segments, model):
    expected = diffecg.AnalogueImputer().impute(segments[0], 100.0, draws=16)
    for write, values in (("draw", expected.signal_mv), ("mean", expected.mean_mv)):
        imputer = DiffusionImputer(model=model, draws=16, write=write)
        assert clone(imputer).fit_transform(segments)[0] == pytest.approx(values)
    with pytest.raises(DiffecgError, match="unknown write 'median'"):
        DiffusionImputer(model=model, write="median").fit_transform(segments)


def test_signals_of_other_kinds_are_imputed_in_their_unit(segments):
    imputed = DiffusionImputer(model="analogues", kinds="pressure").fit_transform(90 + 20 * segments)
    assert np.allclose(imputed, 90 + 20 * DiffusionImputer(model="analogues").fit_transform(segments))
    panels = np.stack([segments, 90 + 20 * segments], axis=1)
    both = DiffusionImputer(model="analogues", kinds=("ecg", "pressure")).fit_transform(panels)
    assert np.allclose(both[:, 1], 90 + 20 * both[:, 0])
    for kinds, named in ((("ecg", "ppg", "ecg"), "3 kind"), ("blood", "blood")):
        with pytest.raises(DiffecgError, match=named):
            DiffusionImputer(model="analogues", kinds=kinds).fit_transform(panels)
