"""``diffecg evaluate-task``: protocols, interruption, and the report."""

import json
from collections import Counter
from dataclasses import replace
from importlib.metadata import EntryPoint

import numpy as np
import pandas as pd
import pytest
from helpers import write_recording

from diffecg.errors import DiffecgError
from diffecg.evaluation import rivals
from diffecg.evaluation.imputation.baselines import BASELINES, PTBXL_BASELINES, REFERENCE
from diffecg.evaluation.imputation.benchmarks import recordings_benchmark
from diffecg.evaluation.imputation.contexts import Truth
from diffecg.evaluation.imputation.evaluation import evaluate_imputation, resumable_folder
from diffecg.evaluation.imputation.prediction import Method, Prediction
from diffecg.evaluation.imputation.ptbxl import draw_gaps, peak_f1, ptbxl_benchmark
from diffecg.evaluation.imputation.summary import ALL, ONE_LEAD, OTHER_LEADS
from diffecg.evaluation.rivals import IMPUTER_GROUP
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording as write_any
from diffecg.signal.simulation import simulate_ecg


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two annotated recordings of 80 s."""
    folder = tmp_path_factory.mktemp("recordings")
    for i, name in enumerate(("100", "103")):
        write_recording(folder / name, seed=i, duration_s=80.0)
    return folder


@pytest.fixture(scope="module")
def ptbxl(tmp_path_factory):
    """A folder like PTB-XL with two recordings of fold 10 and one of fold 9."""
    folder = tmp_path_factory.mktemp("ptbxl")
    names = [f"records100/00000/0000{i}_lr" for i in (9, 1, 2)]
    (folder / "records100" / "00000").mkdir(parents=True)
    for seed, name in enumerate(names):
        signal = simulate_ecg(10.0, 100.0, seed=seed).signal_mv
        recording = Recording.from_arrays(np.stack([signal, signal]), 100.0, channel_names=["I", "II"])
        write_any(folder / name, recording)
    table = pd.DataFrame({"filename_lr": names, "strat_fold": [10, 9, 10]})
    table.to_csv(folder / "ptbxl_database.csv")
    return folder


def perfect(folder):
    """Return a method that knows the truth, and from it makes two draws around it."""
    from diffecg.formats.registry import read_recording

    leads = {name: read_recording(folder / name).lead_mv(0) for name in ("100", "103")}

    def predict(context):
        for truth in leads.values():
            if np.array_equal(truth[: context.gap.start], context.signal_mv[: context.gap.start]):
                gap_mv = truth[context.gap]
                return replace(Prediction.from_draws(gap_mv + np.array([[-0.1], [0.1]])), written_mv=gap_mv)
        raise AssertionError("the context is not of these recordings")

    return Method(predict=predict)


def test_a_perfect_method_has_perfect_scores(folder):
    benchmark = recordings_benchmark(folder, ["100", "103"], per_group=1)
    report = evaluate_imputation(
        replace(benchmark, baselines={}, reference="perfect"), {"perfect": perfect(folder)}
    )
    rows = [row for row in report.rows if row.rhythm == ALL]
    assert Counter(row.leads for row in rows) == {ONE_LEAD: 7, OTHER_LEADS: 6}
    for row in rows:
        values = {name: estimate.value for name, estimate in row.metrics.items()}
        assert values["RMSE"] == pytest.approx(0, abs=1e-9)
        assert values["CRPS"] == pytest.approx(0, abs=1e-9)
        assert values["90 % interval coverage"] == 1
        assert values["90 % interval width"] == pytest.approx(0.2)
        assert values["R-peak F1"] in (1, None)
        assert row.cases == row.recordings == 2
    kinds = Counter((example.case.group, example.case.rhythm) for example in report.examples)
    assert set(kinds.values()) == {2}


def test_methods_with_other_leads_are_run_twice(folder):
    seen = Counter()

    def predict(context):
        seen[len(context.other_leads_mv)] += 1
        return Prediction.from_draws(np.zeros((1, context.length)))

    benchmark = replace(recordings_benchmark(folder, ["100"], per_group=1), baselines={}, reference="both")
    report = evaluate_imputation(benchmark, {"both": Method(predict=predict, uses_other_leads=True)})
    assert seen[1] == 6
    assert len(report.scores) == 7 + 6


@pytest.mark.parametrize(
    ("draws", "message"),
    [(np.zeros((2, 3)), "predicts 3 samples of a gap of 90"), (np.full((2, 90), np.nan), "not finite")],
)
def test_wrong_predictions_are_refused(folder, draws, message):
    benchmark = replace(recordings_benchmark(folder, ["100"], per_group=1), baselines={}, reference="m")
    with pytest.raises(DiffecgError, match=message):
        evaluate_imputation(benchmark, {"m": Method(predict=lambda context: Prediction.from_draws(draws))})


class Once:
    """Zeros for some cases; then the program is killed."""

    def __init__(self, cases):
        self.left = cases

    def __call__(self, context):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return Prediction.from_draws(np.zeros((1, context.length)))


def test_an_interrupted_run_continues(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("diffecg.evaluation.imputation.evaluation._BLOCK", 3)
    benchmark = replace(recordings_benchmark(folder, ["100"], per_group=1), baselines={}, reference="zeros")
    partial = tmp_path / "partial"
    with pytest.raises(KeyboardInterrupt):
        evaluate_imputation(benchmark, {"zeros": Method(predict=Once(5))}, folder=resumable_folder(partial))
    assert len(list(partial.glob("scores-*.csv"))) == 1
    rest = Once(4 + 14)  # the cases that are left, and the examples
    found = evaluate_imputation(benchmark, {"zeros": Method(predict=rest)}, folder=resumable_folder(partial))
    whole = evaluate_imputation(benchmark, {"zeros": Method(predict=Once(1000))})
    pd.testing.assert_frame_equal(found.scores, whole.scores)
    assert found.rows == whole.rows
    other = replace(benchmark, cases=benchmark.cases[:3], about={"seed": 1})
    with pytest.raises(DiffecgError, match="different settings"):
        evaluate_imputation(other, {"zeros": Method(predict=rest)}, folder=resumable_folder(partial))


@pytest.mark.long
def test_worker_processes_change_nothing(folder, monkeypatch):
    monkeypatch.setattr("diffecg.evaluation.imputation.evaluation._BLOCK", 4)
    benchmark = recordings_benchmark(folder, ["100", "103"], per_group=1)
    alone, together = (evaluate_imputation(benchmark, {}, jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(alone.scores, together.scores)


def test_evaluate_task_writes_a_report(run, folder, gaps, tmp_path):
    out = tmp_path / "report"
    options = ["--data", folder, "--out", out, "--cases", 1, "--recordings", "100"]
    status, text, error = run("evaluate-task", gaps, *options, "--draws", 3, "--json")
    assert status == 0, error
    stored = json.loads((out / "report.json").read_text())
    assert json.loads(text) == stored
    assert len(stored["manifest"]) == stored["about"]["cases"] == 7
    assert stored["calibration"].keys() >= {"levels", "gaps", REFERENCE}
    assert {row["method"] for row in stored["rows"]} == {"gaps", *BASELINES}
    assert len(pd.read_parquet(out / "scores.parquet")) == (7 + 6) * (1 + len(BASELINES))
    # The median and the worst case of each of seven groups, and the calibration.
    assert (out / "report.html").read_text().count("data:image/png") == 15
    assert not (tmp_path / "report.partial").exists()
    status, _, error = run("evaluate-task", *options)
    assert status == 1
    assert "--force" in error


def test_wrong_options_are_refused(run, folder, tmp_path):
    options = ["--data", folder, "--out", tmp_path / "report"]
    for wrong, message in (
        (["--draws", 1], "at least 2"),
        (["--jobs", 0], "--jobs 1"),
        (["--limit", 3], "--protocol ptbxl"),
        (["--cases", 1, "--reference", "nobody"], "16 analogues, 60 s"),
        (["--protocol", "ptbxl"], "ptbxl_database.csv is missing"),
        (["--protocol", "ptbxl", "--recordings", "100"], "--folds"),
    ):
        status, _, error = run("evaluate-task", *options, *wrong)
        assert status == 1, wrong
        assert message in error


def test_a_rival_imputer_competes_on_the_same_cases(run, folder, tmp_path, monkeypatch):
    point = EntryPoint("zeros", "test_imputation_report:zeros", IMPUTER_GROUP)
    monkeypatch.setattr(rivals, "entry_points", lambda group: [point] if group == IMPUTER_GROUP else [])
    options = ["--data", folder, "--out", tmp_path / "report", "--cases", 1, "--recordings", "100"]
    status, text, error = run("evaluate-task", *options, "--vs", "zeros=0.5", "--json")
    assert status == 0, error
    rows = [row for row in json.loads(text)["rows"] if row["method"] == "zeros"]
    assert rows
    assert all(row["metrics"]["90 % interval width"]["value"] == 0 for row in rows)
    status, _, error = run("evaluate-task", *options, "--vs", "ones", "--force")
    assert status == 1
    assert "unknown rival 'ones'" in error
    assert "zeros" in error


def zeros(text):
    """Return a method that imputes a constant, given as text."""
    return Method(predict=lambda context: Prediction.from_draws(np.full((2, context.length), float(text))))


def test_the_gaps_of_ptbxl_are_the_published_ones(ptbxl):
    cases = draw_gaps(ptbxl, [10])
    assert [case.start for case in cases[:20]] == [
        *(169, 700, 607, 440, 436),
        *(744, 164, 623, 251, 170),
        *(469, 783, 615, 633, 602),
        *(572, 408, 176, 604, 370),
    ]
    assert [case.start for case in cases[20:23]] == [488, 387, 241]
    assert Counter(case.length for case in cases) == {25: 10, 50: 10, 100: 10, 200: 10}
    assert {case.lead for case in cases} == {"II"}
    assert [case.start for case in draw_gaps(ptbxl, [9])[:3]] == [169, 700, 607]
    with pytest.raises(DiffecgError, match="no recording of the folds"):
        draw_gaps(ptbxl, [11])


def test_a_limit_takes_gaps_of_every_length(ptbxl):
    cases = ptbxl_benchmark(ptbxl, limit=3).cases
    assert Counter(case.length for case in cases) == {25: 3, 50: 3, 100: 3, 200: 3}
    assert len({case.recording for case in cases}) == 1
    assert {*cases} <= {*draw_gaps(ptbxl, [10])}
    assert len({case.recording for case in ptbxl_benchmark(ptbxl, limit=6).cases}) == 2
    assert len(ptbxl_benchmark(ptbxl, limit=1000).cases) == 40


def test_the_published_protocol_is_evaluated(run, ptbxl, tmp_path):
    options = ["--protocol", "ptbxl", "--data", ptbxl, "--out", tmp_path / "report", "--limit", 2]
    status, text, error = run("evaluate-task", *options)
    assert status == 0, error
    assert "U-Net (published)" in text
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    published = report["published"]["groups"]["gap 1 s"]
    assert published["conditional DDPM (published)"]["RMSE"] == 0.0846
    scores = pd.read_parquet(tmp_path / "report" / "scores.parquet")
    assert set(scores["method"]) == {*PTBXL_BASELINES}
    assert set(scores["leads"]) == {ONE_LEAD}
    # Figures are means over gaps: of roots, not the root of a mean.
    part = scores[(scores["method"] == "linear") & scores["case"].isin([0, 1])]
    row = next(row for row in report["rows"] if (row["method"], row["group"]) == ("linear", "gap 0.25 s"))
    assert row["metrics"]["RMSE"]["value"] == pytest.approx(np.sqrt(part["squared error"]).mean(), rel=1e-5)


def test_published_peaks_are_extrema_of_the_deviation():
    time = np.arange(1000)
    beats = -np.exp(-(((time % 100 - 50) / 2.0) ** 2))  # an inverted QRS counts, too
    truth = Truth(gap_mv=beats[320:480], around_mv=beats, gap=slice(320, 480), fs_hz=100.0)
    assert peak_f1(truth, beats) == 1.0
    assert peak_f1(truth, np.roll(beats, 10)) == 1.0
    assert peak_f1(truth, np.roll(beats, 11)) == 0.0
    one = beats.copy()
    one[400:480] = 0
    assert peak_f1(truth, one) == pytest.approx(2 / 3)
    between = Truth(gap_mv=beats[360:440], around_mv=beats, gap=slice(360, 440), fs_hz=100.0)
    assert np.isnan(peak_f1(between, beats))
