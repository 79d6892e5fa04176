"""A small version of the study of fine-tuning, and its choice of windows."""

import json

import numpy as np
import pytest

from diffecg.datasets.loading import open_windows
from research.studies import fine_tuning
from research.studies.fine_tuning import choose_windows


def test_few_windows_are_chosen_evenly_from_the_labels(beats):
    chosen = choose_windows(beats, ["N", "S", "V"], 20, seed=0)
    assert chosen.counts() == {"N": 7, "S": 7, "V": 6}
    assert chosen.counts() != choose_windows(beats, ["F", "N"], 20, seed=0).counts()
    validation = chosen.partition("validation").counts()
    assert validation == {"N": 1, "S": 1, "V": 1}
    assert len({window.tobytes() for window in chosen.signal}) == 20
    again, other = (choose_windows(beats, ["N", "S", "V"], 20, seed=seed) for seed in (0, 1))
    assert np.array_equal(chosen.signal, again.signal)
    assert not np.array_equal(chosen.signal, other.signal)


def test_the_study_has_a_row_for_each_size_and_kind_of_model(research, runs, windows, tmp_path, monkeypatch):
    monkeypatch.setattr(fine_tuning, "MIN_WINDOWS", 1)
    model = runs["beat"]
    command = ["fine-tuning", "--data", windows["beat"], "--parent-data", windows["beat"], "--model", model]
    few = ["--sizes", 20, "--seeds", 2, "--samples", 64, "--count", 60, "--fits", 1]
    few += ["--classifier", "boosted features + RR"]
    small = ["--settings", "training.batch=16", "--out", tmp_path / "study", "--json"]
    status, out, error = research(*command, *few, *small)
    assert status == 0, error
    rows = json.loads(out)["tables"]["Adaptation to another database"]
    assert [(row["windows"], row["model"]) for row in rows] == [
        ("0", "the model as it is"),
        ("20", "from zero"),
        ("20", "fine-tuned"),
        ("20", "the windows themselves"),
    ]
    assert "±" in rows[1]["TSTR, macro-F1"]
    runs_of_study = sorted((tmp_path / "study" / "runs").iterdir())
    assert len(runs_of_study) == 4
    configs = [json.loads((run / "config.json").read_text()) for run in runs_of_study]
    assert ["parent" in config for config in configs].count(True) == 2
    assert {json.dumps(config["network"]) for config in configs} == {json.dumps(configs[0]["network"])}
    assert open_windows(windows["beat"]).has_partition("test")
    assert float(rows[0]["TSTR, macro-F1"]) == pytest.approx(0.5, abs=0.5)
