"""Windows with any labels, one or several each, are written, read and evaluated like those of AAMI."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import make_ecg
from sklearn.linear_model import LogisticRegression

from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.folder import write_folder
from diffecg.datasets.formats.registry import read_windows, write_windows
from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation import classifiers, html
from diffecg.evaluation.generation.report import EvaluateOptions, evaluate

RENAMED = {"N": "0", "S": "1", "V": "sinus"}
QUICK = ["--seeds", 2, "--max-windows", 40]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A linear classifier in place of the networks, and few windows in plots."""

    def fit(inputs, labels, seed, mode):
        return LogisticRegression(class_weight="balanced").fit(inputs, labels).predict

    for name in list(classifiers.CLASSIFIERS):
        monkeypatch.delitem(classifiers.CLASSIFIERS, name)
    monkeypatch.setitem(classifiers.CLASSIFIERS, "linear", classifiers.Classifier(Windows.flat, fit))
    monkeypatch.setattr(html, "MAX_SHOWN", 2)


def beats(seed, labels, count=180):
    """Return simulated beats; those of the second label are upside down, of the third half as high."""
    rng = np.random.default_rng(seed)
    signal, peaks, _ = make_ecg(seed, duration_s=20.0)
    kinds = np.arange(count) % len(labels)
    signals = np.stack([signal[p - 128 : p + 128] for p in rng.choice(peaks[2:-2], count)])[:, None]
    scale = np.array([1.0, -1.0, 0.5])[kinds][:, None, None]
    signals = scale * signals + 0.02 * rng.standard_normal(signals.shape)
    partition = np.array(["train", "validation", "test"])[np.arange(count) // 3 % 3]
    return Windows.from_arrays(
        signals.astype(np.float32), 360.0, np.array(labels)[kinds], r_peak=128, partition=partition
    )


def with_several(windows, **others):
    """Return the windows with their label, and those of ``others``, in a list each."""
    lists = [[label, *others.get(label, [])] for label in windows.labels.tolist()]
    return replace(windows, index=windows.index.drop(columns="label").assign(labels=lists))


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".parquet", ""])
def test_labels_of_any_text_survive_files(tmp_path, suffix):
    labels = np.array(["0", "01", "None", "NA", "sinus rhythm", "1.5", "?", "AFIB"])
    windows = Windows.from_arrays(
        np.random.default_rng(0).random((8, 1, 50)).astype(np.float32), 100.0, labels
    )
    write_windows(windows, tmp_path / f"w{suffix}")
    assert read_windows(tmp_path / f"w{suffix}").labels.tolist() == labels.tolist()


def test_numbers_of_classes_in_tables_are_labels(tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).random((3, 20))).assign(label=[0.0, np.nan, 1.0])
    table.to_csv(tmp_path / "a.csv", index=False)
    table.rename(columns=str).to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.parquet"):
        assert read_windows(tmp_path / name, fs_hz=100.0).labels.tolist() == ["0", "?", "1"]
    signal = np.zeros((3, 20)) + np.arange(3)[:, None]
    np.savez(tmp_path / "a.npz", X=signal, y=np.array([2, 0, 10]), fs=100)
    assert read_windows(tmp_path / "a.npz").unique_labels() == ["0", "2", "10"]


def test_the_names_of_labels_change_no_value():
    options = EvaluateOptions(sections=("fidelity", "utility"), seeds=2, max_windows=20, bootstraps=0)
    sets = [beats(seed, tuple(RENAMED)) for seed in (1, 2)]
    renamed = [replace(s, index=s.index.assign(label=s.index["label"].map(RENAMED))) for s in sets]
    expected, found = evaluate(*sets, options), evaluate(*renamed, options)
    assert found.about["real"]["windows"] == {"0": 20, "1": 20, "sinus": 20}
    assert [replace(row, label=RENAMED.get(row.label, row.label)) for row in expected.rows] == found.rows
    assert {row.label for row in found.rows} == {"0", "1", "sinus", "all"}


def test_a_command_evaluates_any_labels(run, tmp_path):
    made, real = (beats(seed, ("0", "1", "sinus")) for seed in (1, 2))
    write_windows(made, tmp_path / "made.csv")
    write_folder(real, tmp_path / "real")
    asked = [tmp_path / "made.csv", "--against", tmp_path / "real", *QUICK]
    status, out, err = run("evaluate", *asked, "--out", tmp_path / "report", "--json", "--only", "fidelity")
    assert status == 0, err
    assert {row["label"] for row in json.loads(out)["rows"]} == {"0", "1", "sinus", "all"}
    assert (tmp_path / "report" / "plots" / "medians.png").is_file()
    write_windows(beats(1, ("x", "y")), tmp_path / "other.npz")
    other = [tmp_path / "other.npz", "--against", tmp_path / "real", "--out", tmp_path / "none", *QUICK]
    status, _, err = run("evaluate", *other)
    assert status == 1
    assert "synthetic labels x, y and real labels 0, 1, sinus have none in common" in err


def test_each_of_several_labels_is_evaluated(tmp_path):
    options = EvaluateOptions(
        sections=("fidelity", "privacy", "utility"), seeds=2, max_windows=20, bootstraps=0
    )
    sets = [beats(seed, ("MI", "AFIB")) for seed in (1, 2)]
    report = evaluate(*(with_several(windows, MI=["LAD"]) for windows in sets), options)
    single = evaluate(*sets, replace(options, sections=("privacy",)))
    found = {(row.metric, row.label): row.value for row in report.rows}
    expected = {(row.metric, row.label): row.value for row in single.rows if "AUC" in row.metric}
    assert expected
    assert {key: found[key] for key in expected} == expected
    assert {row.label for row in report.rows if row.value is not None} == {"AFIB", "LAD", "MI", "all"}
    scores = {row.label: row for row in report.rows if row.metric.startswith("TSTR, linear, macro-F1")}
    assert {*scores} == {"AFIB", "LAD", "MI"}
    for row in scores.values():
        assert row.metric.endswith("against the rest")
        assert row.value > 0.9, row
    html.write_report(report, tmp_path / "report")


def test_sets_with_one_and_with_several_labels_are_one_set():
    one, several = beats(1, ("MI", "?")), with_several(beats(2, ("MI", "AFIB")), MI=["LAD"])
    both = concatenate([one, several])
    assert both.counts() == {"AFIB": 90, "LAD": 90, "MI": 180}
    assert len(both.with_label("MI")) == 180
