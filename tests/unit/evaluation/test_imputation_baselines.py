"""Baselines of imputation: exact on signals for which the answer is known."""

import numpy as np
import pytest

from diffecg.evaluation.imputation.analogues import AnalogueSearch, LocalRegression, regress
from diffecg.evaluation.imputation.baselines import BASELINES, PTBXL_BASELINES, expected_r_peaks
from diffecg.evaluation.imputation.contexts import Context

FS_HZ, RR = 250.0, 200


def make_context(signal, gap, r_peaks=(), *, forecast=False, others=None):
    """Return the context of a gap in a signal."""
    visible = signal[: gap.stop].copy() if forecast else signal.copy()
    visible[gap] = np.nan
    peaks = np.asarray(r_peaks, int)
    return Context(
        signal_mv=visible,
        other_leads_mv=np.empty((0, len(visible))) if others is None else others,
        fs_hz=FS_HZ,
        gap=gap,
        annotated_r_peaks=peaks[(peaks < gap.start) | ((peaks >= gap.stop) & (not forecast))],
    )


def periodic(forecast=False, gap=(2030, 2110)):
    """Return a context in a signal that repeats itself every RR samples, and the truth."""
    time = np.arange(8000)
    signal = np.exp(-(((time % RR - RR // 2) / 8.0) ** 2)) + 0.2 * np.sin(2 * np.pi * time / RR)
    peaks = np.arange(RR // 2, 8000, RR)
    gap = slice(*gap)
    return make_context(signal, gap, peaks, forecast=forecast), signal[gap]


@pytest.mark.parametrize("forecast", [False, True])
@pytest.mark.parametrize("gap", [(2030, 2110), (2060, 2600), (2100, 2101)])
def test_a_periodic_signal_is_continued(forecast, gap):
    context, truth = periodic(forecast, gap)
    assert np.abs(expected_r_peaks(context) % RR - RR // 2).max() < 1e-9
    for name in {*BASELINES, *PTBXL_BASELINES} - {"linear", "PCHIP"}:
        prediction = (BASELINES | PTBXL_BASELINES)[name].predict(context)
        tolerance = 1e-9 if "previous" in name else 0.02
        assert np.abs(prediction.written_mv - truth).max() < tolerance, name
        assert np.abs(prediction.draws_mv[0] - truth).max() < tolerance, name


def test_copied_beats_are_at_the_level_of_the_gap():
    context, truth = periodic()
    drift = np.where(np.arange(len(context.signal_mv)) > 1500, 0.7, 0.0)
    moved = Context(
        signal_mv=context.signal_mv + drift,
        other_leads_mv=context.other_leads_mv,
        fs_hz=FS_HZ,
        gap=context.gap,
        annotated_r_peaks=context.r_peaks,
    )
    for name in ("previous beat", "mean beat"):
        assert np.abs(BASELINES[name].predict(moved).point_mv - truth - 0.7).max() < 0.02, name


def test_interpolation_joins_the_edges_and_forecasts_repeat_the_last_value():
    context, _ = periodic(gap=(2010, 2050))
    line = BASELINES["linear"].predict(context).point_mv
    assert np.allclose(np.diff(line, 2), 0)
    assert line[0] == pytest.approx(context.signal_mv[2009], abs=0.02)
    smooth = BASELINES["PCHIP"].predict(context).point_mv
    edges = sorted(context.signal_mv[[2009, 2050]])
    assert edges[0] - 1e-9 <= smooth.min() <= smooth.max() <= edges[1] + 1e-9
    ahead, _ = periodic(forecast=True)
    for name in ("linear", "PCHIP"):
        prediction = BASELINES[name].predict(ahead)
        assert np.all(prediction.written_mv == ahead.signal_mv[ahead.gap.start - 1])
        assert prediction.interval is None


def test_expected_beats_fit_a_whole_number_of_intervals_into_the_gap():
    signal = np.zeros(4000)
    context = make_context(signal, slice(1000, 1500), [300, 500, 700, 900, 1560, 1760])
    assert np.allclose(expected_r_peaks(context), [700, 900, 1120, 1340, 1560, 1760])


def test_a_regression_finds_a_linear_law():
    rng = np.random.default_rng(0)
    law, offset = rng.normal(size=(6, 9)), rng.normal(size=9)
    around, own = rng.normal(size=(80, 6)), rng.normal(size=6)
    segments = around @ law + offset
    weights = rng.uniform(0.5, 2, 80)
    predicted, residuals = regress(around, segments, weights, own, components=6, ridge=0.0)
    assert predicted == pytest.approx(own @ law + offset)
    assert np.abs(residuals).max() < 1e-9
    shrunk, _ = regress(around, segments, weights, own, components=6, ridge=1e9)
    assert shrunk == pytest.approx(weights @ segments / weights.sum(), abs=1e-5)


def test_a_regression_on_few_components_is_that_of_scikit_learn():
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(1)
    around, segments, own = rng.normal(size=(50, 20)), rng.normal(size=(50, 4)), rng.normal(size=20)
    found, residuals = regress(around, segments, np.ones(50), own, components=3, ridge=0.0)
    pca = PCA(3).fit(around)
    oracle = LinearRegression().fit(pca.transform(around), segments)
    assert found == pytest.approx(oracle.predict(pca.transform(own[None]))[0])
    assert residuals == pytest.approx(segments - oracle.predict(pca.transform(around)))


def test_local_regression_extrapolates_where_analogues_cannot():
    """Beats whose height in the gap is twice that before it: none has the height that is asked for."""
    rng = np.random.default_rng(0)
    time = np.arange(40_000)
    heights = rng.uniform(0.5, 1.0, 400)
    heights[200] = 1.4
    phase, beat = time % 100, time // 100
    bump = np.exp(-(((phase - 25) / 6.0) ** 2)) + 2 * np.exp(-(((phase - 60) / 6.0) ** 2))
    context = make_context(heights[beat] * bump, slice(20_045, 20_075))
    truth = (heights[beat] * bump)[context.gap]
    errors = {
        name: np.abs(method(context).point_mv - truth).max()
        for name, method in {
            "regression": LocalRegression(ridge=1e-6),
            "analogues": AnalogueSearch(count=16, reach_s=600.0),
        }.items()
    }
    assert errors["regression"] < 0.02
    assert errors["analogues"] > 0.3


def test_other_leads_tell_analogues_apart():
    """A second lead that shows whether a beat is in the gap decides which analogues are taken."""
    rng = np.random.default_rng(0)
    shown = rng.random(200) < 0.5
    shown[100] = True
    time = np.arange(20_000)
    pulse = np.exp(-(((time % 100 - 50) / 6.0) ** 2)) * shown[time // 100]
    lead = pulse + 0.01 * rng.normal(size=20_000)
    search = AnalogueSearch(count=8, reach_s=600.0)
    gap = slice(10_030, 10_070)
    alone = search(make_context(lead, gap)).point_mv
    helped = search(make_context(lead, gap, others=(0.5 * pulse)[None])).point_mv
    assert np.abs(helped - pulse[gap]).max() < 0.05
    assert np.abs(alone - pulse[gap]).max() > 0.15


def test_without_an_analogue_the_gap_is_interpolated():
    signal = np.linspace(0, 1, 400)
    context = make_context(signal, slice(20, 380))
    for name in ("16 analogues, 60 s", "local regression"):
        assert BASELINES[name].predict(context).point_mv == pytest.approx(signal[20:380])
