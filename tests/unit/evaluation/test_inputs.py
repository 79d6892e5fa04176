"""Windows of other programs are evaluated as they are meant, and the same command gives the same report."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.windows import ASSUMPTIONS
from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.comparison import match_labels
from diffecg.evaluation.generation.report import EvaluateOptions, evaluate

CASES = Path(__file__).parents[2] / "data" / "cases" / "ml"
QUICK = EvaluateOptions(sections=("fidelity",), seeds=2, bootstraps=0, max_windows=60)


def kaggle(folder, classes, name="beats.csv", samples=187, scale=1.0, seed=0):
    """Write a table without a header, with the class in the last column; return the samples."""
    rng = np.random.default_rng(seed)
    signal = (scale * rng.standard_normal((len(classes), samples))).astype(np.float32)
    table = pd.DataFrame(signal)
    table["class"] = np.asarray(classes, dtype=float)
    table.to_csv(folder / name, header=False, index=False)
    return signal


def unlabelled(windows):
    """Return the windows without labels."""
    return windows.drop_columns("label")


def test_heartbeats_of_kaggle_are_windows_with_labels():
    windows = read_windows(CASES / "kaggle_like.csv")
    rows = np.loadtxt(CASES / "kaggle_like.csv", delimiter=",")
    assert np.array_equal(windows.signal_mv[:, 0], rows[:, :187].astype(np.float32))
    assert windows.labels.tolist() == [{0: "N", 2: "V"}[label] for label in rows[:, 187]]
    assert windows.fs_hz == 125
    assert "0 N, 1 S, 2 V, 3 F, 4 Q" in windows.info[ASSUMPTIONS][0]
    assert "125 Hz is assumed" in windows.info[ASSUMPTIONS][1]
    stated = read_windows(CASES / "kaggle_like.csv", fs_hz=360)
    assert stated.fs_hz == 360
    assert len(stated.info[ASSUMPTIONS]) == 1


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9), st.integers(0, 2**32))
def test_classes_are_those_of_aami_in_their_order(tmp_path_factory, classes, seed):
    folder = tmp_path_factory.getbasetemp()
    signal = kaggle(folder, classes, "mitbih_train.csv", seed=seed)
    windows = read_windows(folder / "mitbih_train.csv")
    assert np.allclose(windows.signal_mv[:, 0], signal)
    assert windows.labels.tolist() == ["NSVFQ"[number] for number in classes]


def test_classes_that_may_mean_something_else_are_not_guessed(tmp_path):
    kaggle(tmp_path, [1, 1, 0], "ptbdb_abnormal.csv")
    windows = read_windows(tmp_path / "ptbdb_abnormal.csv")
    assert windows.labels.tolist() == ["?"] * 3
    assert "normal and abnormal" in windows.info[ASSUMPTIONS][0]
    kaggle(tmp_path, [5, 0], "six.csv")
    with pytest.raises(DiffecgError, match="class 5 in its last column"):
        read_windows(tmp_path / "six.csv")
    kaggle(tmp_path, [0, 1], "other.csv", samples=100)
    with pytest.raises(DiffecgError, match=r"name the columns in the first line, the class 'label'"):
        read_windows(tmp_path / "other.csv", fs_hz=100)


def test_a_table_without_header_and_classes_loses_no_window(tmp_path):
    signal = np.random.default_rng(0).standard_normal((4, 50))
    np.savetxt(tmp_path / "plain.csv", signal, delimiter=",")
    windows = read_windows(tmp_path / "plain.csv", fs_hz=100)
    assert np.allclose(windows.signal_mv[:, 0], signal)
    assert windows.info[ASSUMPTIONS] == [
        "plain.csv has no header: each row is read as a window of 50 samples"
    ]
    with pytest.raises(DiffecgError, match="--fs"):
        read_windows(tmp_path / "plain.csv")
    pd.DataFrame(signal).to_csv(tmp_path / "named.csv", index=False)  # pandas counts unnamed columns
    assert np.allclose(read_windows(tmp_path / "named.csv", fs_hz=100).signal_mv[:, 0], signal)


def test_a_cell_that_is_no_number_in_a_table_without_header_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("0.5,0.25,0\n0.5,lost,0\n")
    with pytest.raises(DiffecgError, match="a cell that is not a number"):
        read_windows(tmp_path / "a.csv", fs_hz=100)


def test_scaled_samples_are_reported(tmp_path):
    signal = np.random.default_rng(0).random((3, 187))
    np.savetxt(tmp_path / "scaled.csv", np.column_stack([signal, [0, 2, 4]]), delimiter=",")
    assert any("not in mV" in note for note in read_windows(tmp_path / "scaled.csv").info[ASSUMPTIONS])


def test_assumptions_are_notes_of_the_report(tmp_path):
    windows = read_windows(CASES / "kaggle_like.csv")
    kaggle(tmp_path, [0, 2] * 30, "made.csv")
    report = evaluate(read_windows(tmp_path / "made.csv"), windows, QUICK)
    assert any("made.csv states no sampling rate" in note for note in report.notes)
    assert any("kaggle_like.csv has no header" in note for note in report.notes)


def test_an_unlabelled_set_is_compared_with_all_windows():
    made, real = read_windows(CASES / "e_ok.npz"), read_windows(CASES / "e_real.npz")
    partition = np.resize(["train", "validation", "test"], len(real))
    real = replace(real, index=real.index.assign(partition=partition))
    every = evaluate(unlabelled(made), unlabelled(real), QUICK)
    for pair in ((unlabelled(made), real), (made, unlabelled(real))):
        report = evaluate(*pair, QUICK)
        assert report.rows == every.rows
        assert {row.label for row in report.rows} == {"?"}
        assert report.rows[0].value is not None
        assert any("have no labels, so all windows are compared together" in note for note in report.notes)
    assert not any("no labels" in note for note in every.notes)
    for pair in ((made, real), (unlabelled(made), unlabelled(real))):
        assert match_labels(*pair)[2] == []


def test_labels_that_differ_are_refused_with_the_way_out():
    made, real = read_windows(CASES / "e_ok.npz"), read_windows(CASES / "e_real.npz")
    with pytest.raises(DiffecgError, match=r"none in common; rename.*or leave them out"):
        evaluate(replace(made, index=made.index.assign(label="F")), real, QUICK)


EVALUATE = """
import json, sys
from diffecg.datasets.formats.registry import read_windows
from diffecg.evaluation.generation.report import EvaluateOptions, evaluate

options = EvaluateOptions(sections=("fidelity", "privacy"), seeds=2, bootstraps=0, max_windows=60)
print(json.dumps(evaluate(*map(read_windows, sys.argv[1:]), options).to_dict()))
"""


@pytest.mark.long
def test_a_report_is_the_same_in_every_process(tmp_path):
    """Python's hashes, and with them the order of sets, differ from process to process."""
    labels = np.resize(["S", "V", "N", "F"], 480)
    for name in ("e_ok", "e_real"):
        signal = np.tile(read_windows(CASES / f"{name}.npz").signal_mv, (4, 1, 1))
        signal += 0.01 * np.random.default_rng(0).standard_normal(signal.shape)
        partition = np.repeat(["train", "validation", "train", "validation"], 120)
        np.savez(tmp_path / name, signal_mv=signal, labels=labels, partition=partition, fs_hz=360)
    reports = [
        subprocess.run(
            [sys.executable, "-c", EVALUATE, tmp_path / "e_ok.npz", tmp_path / "e_real.npz"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert reports[0] == reports[1]
    sections = {row["section"] for row in json.loads(reports[0])["rows"] if row["baseline"]}
    assert sections == {"fidelity", "privacy"}
