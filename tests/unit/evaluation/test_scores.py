"""Gaps and forecasts: what is hidden stays hidden, the scores are those of the literature."""

import json

import numpy as np
import pytest
from helpers import write_recording
from scipy.stats import norm, pearsonr

from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.baselines import BASELINES, expected_peaks
from diffecg.evaluation.imputation.cases import GAPS_S, Context, contexts, digest, make_manifest
from diffecg.evaluation.imputation.scores import METRICS, band_figures, case_scores, crps, summary

FS_HZ, RR = 250.0, 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two annotated recordings of 90 s."""
    folder = tmp_path_factory.mktemp("recordings")
    for i, name in enumerate(("100", "103")):
        write_recording(folder / name, seed=i, duration_s=90.0)
    return folder


def periodic(forecast=False, gap=(2030, 2110)):
    """Return a context in a signal that repeats itself every RR samples, and the truth."""
    time = np.arange(4000)
    signal = np.exp(-(((time % RR - RR // 2) / 8.0) ** 2)) + 0.2 * np.sin(2 * np.pi * time / RR)
    peaks = np.arange(RR // 2, 4000, RR)
    hidden = slice(*gap)
    truth = signal[hidden].copy()
    shown = signal[: hidden.stop].copy() if forecast else signal.copy()
    shown[hidden] = np.nan
    peaks = peaks[(peaks < hidden.start) | ((peaks >= hidden.stop) & (not forecast))]
    return Context(shown, np.empty((0, len(shown))), FS_HZ, hidden, peaks, signal[: RR + 1], RR // 2), truth


@pytest.mark.parametrize("forecast", [False, True])
@pytest.mark.parametrize("gap", [(2030, 2110), (2060, 2600), (2100, 2101)])
def test_beats_are_copied_to_where_a_steady_rhythm_has_them(forecast, gap):
    context, truth = periodic(forecast, gap)
    assert np.abs(expected_peaks(context) % RR - RR // 2).max() < 1e-9
    for name in ("previous beat", "mean beat", "best matches"):
        assert np.abs(BASELINES[name](context)[0] - truth).max() < 1e-9, name


def test_lines_join_the_edges_and_forecasts_hold_the_last_value():
    context, _ = periodic(gap=(2010, 2050))
    line = BASELINES["straight line"](context)[0]
    assert np.allclose(np.diff(line, 2), 0)
    assert line[0] == pytest.approx(context.signal_mv[2009], abs=0.02)
    smooth = BASELINES["PCHIP"](context)[0]
    edges = sorted(context.signal_mv[[2009, 2050]])
    assert edges[0] - 1e-9 <= smooth.min() <= smooth.max() <= edges[1] + 1e-9
    ahead, _ = periodic(forecast=True)
    for name in ("straight line", "PCHIP"):
        assert np.all(BASELINES[name](ahead) == ahead.signal_mv[ahead.hidden.start - 1])


def test_the_manifest_is_fixed_by_its_seed(folder):
    cases = make_manifest(folder, ["100", "103"], each=2, seed=5)
    assert cases == make_manifest(folder, ["100", "103"], each=2, seed=5)
    assert cases[len(cases) // 2 :] == make_manifest(folder, ["103"], each=2, seed=5)
    assert digest(cases) != digest(make_manifest(folder, ["100", "103"], each=2, seed=6))
    groups = {case.group for case in cases}
    assert groups == {"next heartbeat", *(f"gap {gap:g} s" for gap in GAPS_S)}
    assert len(cases) == 2 * 2 * len(groups)


def test_what_is_hidden_is_in_nothing_that_a_method_is_given(folder):
    cases = make_manifest(folder, ["100"], each=3)
    for case, context, truth in contexts(folder, cases):
        assert np.isfinite(truth).all()
        assert len(truth) == case.length
        assert np.isnan(context.signal_mv[context.hidden]).all()
        assert np.isfinite(np.delete(context.signal_mv, np.r_[context.hidden])).all()
        assert not ((context.peaks >= context.hidden.start) & (context.peaks < context.hidden.stop)).any()
        if case.forecast:
            assert context.hidden.stop == len(context.signal_mv)
            assert (context.peaks < context.hidden.start).all()


def test_short_recordings_are_refused(tmp_path):
    write_recording(tmp_path / "100", duration_s=30.0)
    with pytest.raises(DiffecgError, match="too short"):
        make_manifest(tmp_path, ["100"])


def test_crps_is_that_of_a_normal_distribution():
    rng = np.random.default_rng(0)
    truth = np.array([0.7])
    draws = rng.normal(0.2, 1.5, (200_000, 1))
    z = (truth[0] - 0.2) / 1.5
    exact = 1.5 * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))  # Gneiting 2005, Eq. 5
    assert crps(truth, draws) == pytest.approx(exact, rel=0.01)


def test_crps_is_fair_whatever_the_number_of_draws():
    rng = np.random.default_rng(0)
    truth, draws = rng.normal(size=40_000), rng.normal(size=(3, 40_000))
    pairs = [np.abs(draws[i] - draws[j]).mean() for i in range(3) for j in range(3) if i != j]
    assert crps(truth, draws) == pytest.approx(np.abs(draws - truth).mean() - np.mean(pairs) / 2)
    assert crps(truth, draws) == pytest.approx(1 / np.sqrt(np.pi), abs=0.01)
    assert crps(truth, draws[:1]) == pytest.approx(np.abs(draws[0] - truth).mean())


def test_bands_of_an_honest_forecaster_hold_what_they_promise():
    rng = np.random.default_rng(0)
    truth, draws = rng.normal(size=2000), rng.normal(size=(400, 2000))
    for band in (0.5, 0.9):
        held, width = band_figures(truth, draws, band)
        assert held == pytest.approx(band, abs=0.03)
        assert width == pytest.approx(2 * norm.ppf((1 + band) / 2), rel=0.03)


def test_scores_of_a_case_by_their_formulas():
    rng = np.random.default_rng(0)
    truth, draws = rng.normal(size=50), rng.normal(size=(4, 50))
    found, mean = case_scores(truth, draws), draws.mean(axis=0)
    assert set(found) == set(METRICS)
    assert found["MAE, mean of draws"] == pytest.approx(np.abs(mean - truth).mean())
    assert found["RMSE, one draw"] == pytest.approx(np.mean((draws[0] - truth) ** 2))
    assert found["correlation, mean of draws"] == pytest.approx(pearsonr(mean, truth)[0])
    prd = 100 * np.linalg.norm(mean - truth) / np.linalg.norm(truth - truth.mean())
    assert found["PRD, mean of draws"] == pytest.approx(prd)
    flat = case_scores(truth, np.zeros((1, 50)))
    assert np.isnan(flat["correlation, mean of draws"])
    assert np.isnan(flat["90 % band holds"])


def test_intervals_are_over_recordings_and_undefined_is_none(folder):
    cases = make_manifest(folder, ["100", "103"], each=2)
    error = {"100": 0.1, "103": 0.3}
    scores = {
        "m": [
            {metric: error[c.recording] ** (2 if "RMSE" in metric else 1) for metric in METRICS}
            for c in cases
        ],
        "one": [case_scores(np.arange(5.0), np.zeros((1, 5))) for _ in cases],
    }
    rows = {(row.group, row.method, row.metric): row for row in summary(cases, scores)}
    row = rows["gap 1 s", "m", "MAE, mean of draws"]
    assert row.value == pytest.approx(0.2)
    assert row.interval == pytest.approx((0.1, 0.3))
    assert rows["gap 1 s", "m", "RMSE, one draw"].value == pytest.approx(np.sqrt((0.01 + 0.09) / 2))
    assert rows["gap 1 s", "one", "90 % band holds"].value is None


def test_evaluate_task_writes_a_report(run, folder, runs, tmp_path):
    out = tmp_path / "report"
    options = ["--data", folder, "--out", out, "--each", 1, "--recordings", "100", "--recordings", "103"]
    status, text, error = run("evaluate-task", runs["strip"], *options, "--steps", 2, "--draws", 3, "--json")
    assert status == 0, error
    stored = json.loads((out / "report.json").read_text())
    assert json.loads(text) == stored
    assert len(stored["manifest"]) == stored["about"]["cases"] == 10
    assert stored["calibration"].keys() == {"levels", "strip", "best matches"}
    assert {row["method"] for row in stored["rows"]} == {"strip", *BASELINES}
    assert (out / "report.html").read_text().count("data:image/png") == 6
    status, _, error = run("evaluate-task", *options)
    assert status == 1
    assert "--force" in error
    status, text, _ = run("evaluate-task", *options, "--force")
    assert status == 0
    assert "undefined" in text
    status, _, error = run("evaluate-task", runs["strip"], *options, "--force", "--draws", 1)
    assert status == 1
    assert "at least 2" in error


@pytest.mark.parametrize(("count", "band", "expected"), [(16, 0.5, 0.5), (99, 0.9, 0.9), (16, 0.9, 15 / 17)])
def test_bands_of_calibrated_draws_hold_their_share_however_few(count, band, expected):
    rng = np.random.default_rng(0)
    truth, draws = rng.standard_normal(40_000), rng.standard_normal((count, 40_000))
    held, width = band_figures(truth, draws, band)
    assert held == pytest.approx(expected, abs=0.01)
    assert width > 0
