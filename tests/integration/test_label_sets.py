"""Labels of the user's own, from the recordings to the report, as a user types the commands."""

import json

import numpy as np

import diffecg
from diffecg.evaluation.generation import html


def test_classes_are_prepared_trained_generated_and_evaluated(run, database, tmp_path, monkeypatch):
    monkeypatch.setattr(html, "MAX_SHOWN", 2)
    (tmp_path / "classes.csv").write_text("N,1\nL,1\nV,0\nA,0\n")
    beats, model, made = tmp_path / "beats", tmp_path / "run", tmp_path / "made.npz"
    asked = ["mitdb", "--from", database, "--label-map", tmp_path / "classes.csv", "--out", beats]
    assert run("prepare", *asked)[0] == 0
    assert diffecg.open_windows(beats).unique_labels() == ["0", "1", "?"]
    small = ["--set", "network.width=16", "--set", "network.hidden=16", "--set", "training.batch=16"]
    status, _, err = run("train", "--data", beats, "--out", model, "--samples", 64, "--threads", 1, *small)
    assert status == 0, err
    assert diffecg.load(model).labels == ("0", "1")
    status, out, _ = run("generate", model, "--label", 1, "--count", 60, "--steps", 2, "--out", made)
    assert status == 0
    assert "60 windows with label 1" in out
    with np.load(made) as file:
        assert set(file["labels"]) == {"1"}
    report = ["--against", beats, "--partition", "train", "--only", "fidelity", "--seeds", 2, "--json"]
    status, out, err = run("evaluate", made, *report, "--out", tmp_path / "report")
    assert status == 0, err
    about = json.loads(out)["about"]
    assert (about["label_map"], about["label_map_codes"]) == (
        "classes.csv",
        {"N": "1", "L": "1", "V": "0", "A": "0"},
    )
    rows = json.loads(out)["rows"]
    assert {row["label"] for row in rows} == {"1"}
    assert [row["note"] for row in rows if row["value"] is None] == []
    assert "labels 0, ?: no synthetic windows, so they are left out" in err
    status, out, err = run("augment", beats, "--model", model, "--to-ratio", 1, "--out", tmp_path / "more")
    assert status == 0, err
    counts = diffecg.open_windows(tmp_path / "more").partition("train").counts()
    assert counts["1"] == counts["0"]


def test_a_model_names_its_labels_where_a_class_is_a_number(run, database, tmp_path):
    status, _, err = run("generate", "mitbih-beat-fast", "--label", 1, "--out", tmp_path / "a.npz")
    assert status == 1
    assert "unknown label '1'" in err
    assert "N, S, V, F" in err
