"""Evaluation of imputation: methods do not see the gap, and scores agree with their formulas."""

import json
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from helpers import write_recording
from scipy.stats import norm, pearsonr

from diffecg.errors import DiffecgError
from diffecg.evaluation import rivals
from diffecg.evaluation.imputation.baselines import BASELINES, expected_r_peaks
from diffecg.evaluation.imputation.cases import GAPS_S, Context, contexts, draw_cases, manifest_sha256
from diffecg.evaluation.imputation.scores import METRICS, case_scores, crps, interval_scores, summarise
from diffecg.evaluation.rivals import IMPUTER_GROUP

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
    gap = slice(*gap)
    truth = signal[gap].copy()
    visible = signal[: gap.stop].copy() if forecast else signal.copy()
    visible[gap] = np.nan
    context = Context(
        signal_mv=visible,
        other_leads_mv=np.empty((0, len(visible))),
        fs_hz=FS_HZ,
        gap=gap,
        r_peaks=peaks[(peaks < gap.start) | ((peaks >= gap.stop) & (not forecast))],
        mean_beat_mv=signal[: RR + 1],
        mean_beat_r_peak=RR // 2,
    )
    return context, truth


@pytest.mark.parametrize("forecast", [False, True])
@pytest.mark.parametrize("gap", [(2030, 2110), (2060, 2600), (2100, 2101)])
def test_beats_are_copied_to_the_expected_r_peaks(forecast, gap):
    context, truth = periodic(forecast, gap)
    assert np.abs(expected_r_peaks(context) % RR - RR // 2).max() < 1e-9
    for name in ("previous beat", "mean beat", "5 analogues"):
        assert np.abs(BASELINES[name](context)[0] - truth).max() < 1e-9, name


def test_interpolation_joins_the_edges_and_forecasts_repeat_the_last_value():
    context, _ = periodic(gap=(2010, 2050))
    line = BASELINES["linear"](context)[0]
    assert np.allclose(np.diff(line, 2), 0)
    assert line[0] == pytest.approx(context.signal_mv[2009], abs=0.02)
    smooth = BASELINES["PCHIP"](context)[0]
    edges = sorted(context.signal_mv[[2009, 2050]])
    assert edges[0] - 1e-9 <= smooth.min() <= smooth.max() <= edges[1] + 1e-9
    ahead, _ = periodic(forecast=True)
    for name in ("linear", "PCHIP"):
        assert np.all(BASELINES[name](ahead) == ahead.signal_mv[ahead.gap.start - 1])


def test_cases_are_fixed_by_their_seed(folder):
    cases = draw_cases(folder, ["100", "103"], per_group=2, seed=5)
    assert cases == draw_cases(folder, ["100", "103"], per_group=2, seed=5)
    assert cases[len(cases) // 2 :] == draw_cases(folder, ["103"], per_group=2, seed=5)
    assert manifest_sha256(cases) != manifest_sha256(draw_cases(folder, ["100", "103"], per_group=2, seed=6))
    groups = {case.group for case in cases}
    assert groups == {"next heartbeat", *(f"gap {gap:g} s" for gap in GAPS_S)}
    assert len(cases) == 2 * 2 * len(groups)


def test_the_context_does_not_contain_the_gap(folder):
    cases = draw_cases(folder, ["100"], per_group=3)
    for case, context, truth in contexts(folder, cases):
        assert np.isfinite(truth).all()
        assert len(truth) == case.length
        assert np.isnan(context.signal_mv[context.gap]).all()
        assert np.isfinite(np.delete(context.signal_mv, np.r_[context.gap])).all()
        assert not ((context.r_peaks >= context.gap.start) & (context.r_peaks < context.gap.stop)).any()
        if case.forecast:
            assert context.gap.stop == len(context.signal_mv)
            assert (context.r_peaks < context.gap.start).all()


def test_short_recordings_are_rejected(tmp_path):
    write_recording(tmp_path / "100", duration_s=30.0)
    with pytest.raises(DiffecgError, match="too short"):
        draw_cases(tmp_path, ["100"])


def test_crps_of_a_normal_distribution():
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


def test_intervals_of_a_calibrated_forecaster_have_their_nominal_coverage():
    rng = np.random.default_rng(0)
    truth, draws = rng.normal(size=2000), rng.normal(size=(400, 2000))
    for coverage in (0.5, 0.9):
        measured, width = interval_scores(truth, draws, coverage)
        assert measured == pytest.approx(coverage, abs=0.03)
        assert width == pytest.approx(2 * norm.ppf((1 + coverage) / 2), rel=0.03)


def test_scores_of_a_case_agree_with_their_formulas():
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
    assert np.isnan(flat["90 % interval coverage"])


def test_intervals_are_over_recordings_and_undefined_scores_are_none(folder):
    cases = draw_cases(folder, ["100", "103"], per_group=2)
    error = {"100": 0.1, "103": 0.3}
    scores = {
        "m": [
            {metric: error[c.recording] ** (2 if "RMSE" in metric else 1) for metric in METRICS}
            for c in cases
        ],
        "one": [case_scores(np.arange(5.0), np.zeros((1, 5))) for _ in cases],
    }
    rows = {(row.group, row.method, row.metric): row for row in summarise(cases, scores)}
    row = rows["gap 1 s", "m", "MAE, mean of draws"]
    assert row.value == pytest.approx(0.2)
    assert row.interval == pytest.approx((0.1, 0.3))
    assert rows["gap 1 s", "m", "RMSE, one draw"].value == pytest.approx(np.sqrt((0.01 + 0.09) / 2))
    assert rows["gap 1 s", "one", "90 % interval coverage"].value is None


def test_evaluate_task_writes_a_report(run, folder, runs, tmp_path):
    out = tmp_path / "report"
    options = ["--data", folder, "--out", out, "--cases", 1, "--recordings", "100", "--recordings", "103"]
    status, text, error = run("evaluate-task", runs["strip"], *options, "--steps", 2, "--draws", 3, "--json")
    assert status == 0, error
    stored = json.loads((out / "report.json").read_text())
    assert json.loads(text) == stored
    assert len(stored["manifest"]) == stored["about"]["cases"] == 10
    assert stored["calibration"].keys() == {"levels", "strip", "5 analogues"}
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


@pytest.mark.parametrize(
    ("count", "coverage", "expected"), [(16, 0.5, 0.5), (99, 0.9, 0.9), (16, 0.9, 15 / 17)]
)
def test_intervals_of_few_draws_are_calibrated(count, coverage, expected):
    rng = np.random.default_rng(0)
    truth, draws = rng.standard_normal(40_000), rng.standard_normal((count, 40_000))
    measured, width = interval_scores(truth, draws, coverage)
    assert measured == pytest.approx(expected, abs=0.01)
    assert width > 0


def test_a_rival_imputer_competes_on_the_same_cases(run, folder, tmp_path, monkeypatch):
    point = EntryPoint("zeros", "test_scores:zeros", IMPUTER_GROUP)
    monkeypatch.setattr(rivals, "entry_points", lambda group: [point] if group == IMPUTER_GROUP else [])
    options = ["--data", folder, "--out", tmp_path / "report", "--cases", 1, "--recordings", "100"]
    status, text, error = run("evaluate-task", *options, "--vs", "zeros", "--json")
    assert status == 0, error
    assert {row["method"] for row in json.loads(text)["rows"]} == {"zeros", *BASELINES}
    status, _, error = run("evaluate-task", *options, "--vs", "ones", "--force")
    assert status == 1
    assert "unknown rival 'ones'" in error
    assert "zeros" in error


def zeros(context):
    """Impute zeros; returns draws (draw, gap)."""
    return np.zeros((2, context.gap.stop - context.gap.start))
