"""A small version of the study of pretraining, and what its comparisons rest on."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from diffecg.errors import DiffecgError
from diffecg.evaluation.generation import classifiers
from research.benchmarks.twelve_leads import study
from research.benchmarks.twelve_leads.networks import Recipe, fit_network
from research.benchmarks.twelve_leads.records import SUPERCLASSES, Records
from research.benchmarks.twelve_leads.study import NetworkCache
from research.studies import pretraining_arms, pretraining_beats, pretraining_records
from research.studies.confusion import TestSet
from research.studies.oversampling import repeat
from research.studies.pretraining_arms import ARMS, OTHER, REAL, SHUFFLED, SYNTHETIC, arms_of, choose_subjects
from research.studies.pretraining_beats import BeatTask
from research.studies.pretraining_records import RecordTask

RECIPE = Recipe(crop=64, batch=16, widths=(8, 8))


@pytest.fixture(autouse=True)
def few_windows(monkeypatch):
    """One window of a label is enough."""
    monkeypatch.setattr(pretraining_arms, "MIN_WINDOWS", 1)


@pytest.fixture
def record_task(tmp_path):
    """Records of 60 subjects, two of each; a superclass is an offset of a lead, swapped in synthetic ones."""
    rng = np.random.default_rng(0)
    number = np.arange(120) // 2 % len(SUPERCLASSES)
    signal_uv = rng.integers(-50, 50, (120, 8, 100)).astype(np.int16)
    signal_uv[np.arange(120), number] += 1000
    table = pd.DataFrame(
        {
            "labels": [[SUPERCLASSES[i]] for i in number],
            "subject": np.arange(120) // 2,
            "fold": np.arange(120) // 10 % 10 + 1,
        }
    )
    real = Records(signal_uv=signal_uv, table=table)
    composed = Records(signal_uv=np.roll(signal_uv, 1, axis=1), table=table[["labels"]])
    return RecordTask(
        ptbxl=real,
        compose=lambda: composed,
        fold=9,
        shares=(0.5, 1.0),
        steps=60,
        pretraining=0.5,
        fine_tuning=1.0,
        networks=NetworkCache(folder=tmp_path / "networks"),
        recipe=RECIPE,
    )


@pytest.fixture
def beat_task(beats):
    """Beats of four classes; synthetic ones are repeated real ones."""
    train, test = beats.take(beats.recordings < "d"), beats.take(beats.recordings == "d")
    return BeatTask(
        train=train,
        oversample=repeat,
        test=TestSet(test, ["N", "S", "V", "F"]),
        shares=(0.67, 1.0),
        steps=20,
        pretraining=0.25,
        fine_tuning=0.5,
    )


def test_subjects_of_a_larger_share_include_those_of_a_smaller(monkeypatch):
    monkeypatch.setattr(pretraining_arms, "MIN_WINDOWS", 3)
    subjects = np.repeat(np.arange(20), 2)
    targets = np.zeros((40, 2))
    targets[:, 0] = 1
    targets[:8, 1] = 1
    found = [choose_subjects(subjects, targets, share, 0, smallest=0.2).tolist() for share in (0.2, 0.5, 1)]
    assert [len(chosen) for chosen in found] == [4, 10, 20]
    assert set(found[0]) < set(found[1]) < set(found[2])
    assert len({0, 1, 2, 3} & set(found[0])) >= 2  # the only ones with the second label, two windows each
    assert found[0] != choose_subjects(subjects, targets, 0.2, 1, smallest=0.2).tolist()
    with pytest.raises(DiffecgError, match="no 1 of 20 training subjects have 3 windows of each label"):
        choose_subjects(subjects, targets, 0.2, 0, smallest=0.05)


def test_other_real_data_is_of_other_subjects_and_only_where_there_are_some(record_task, beat_task):
    assert OTHER in {source for arm in arms_of(0.5) for source in ARMS[arm]}
    assert OTHER not in {source for arm in arms_of(1.0) for source in ARMS[arm]}
    own, other = (record_task._data(source, 0.5, 3) for source in (REAL, OTHER))
    assert len(own[0]) + len(other[0]) == len(record_task.train) == 100
    assert not {row.tobytes() for row in own[0]} & {row.tobytes() for row in other[0]}
    few, rest = (beat_task._data(source, 0.67, 3)[0] for source in (REAL, OTHER))
    assert len(set(few.recordings)) == 2
    assert set(few.recordings) | set(rest.recordings) == {"a", "b", "c"}
    assert len(few) + len(rest) == len(beat_task.train)


def test_shuffling_changes_the_labels_alone(record_task, beat_task):
    (signals, targets), (same, shuffled) = (record_task._data(x, 1, 0) for x in (SYNTHETIC, SHUFFLED))
    assert np.array_equal(signals, same)
    assert np.array_equal(targets.sum(axis=0), shuffled.sum(axis=0))
    assert (targets != shuffled).any()
    (beats, labels), (same, shuffled) = (beat_task._data(x, 1, 0) for x in (SYNTHETIC, SHUFFLED))
    assert np.array_equal(beats.signal, same.signal)
    assert sorted(labels) == sorted(shuffled)
    assert (labels != shuffled).any()


def test_every_arm_takes_the_same_number_of_steps(record_task, beat_task, tmp_path, monkeypatch):
    taken = []

    def counted_beats(network, signals, targets, rows, **options):
        taken.append(len(rows) // classifiers.BATCH)

    def counted_records(signal_uv, targets, recipe, **options):
        taken.append(recipe.steps)
        return fit_network(signal_uv, targets, replace(recipe, steps=1), seed=0)

    monkeypatch.setattr(pretraining_beats, "train_network", counted_beats)
    for module in (study, pretraining_records):
        monkeypatch.setattr(module, "fit_network", counted_records)
    for arm, sources in ARMS.items():
        for task in (replace(record_task, networks=NetworkCache(folder=tmp_path / arm)), beat_task):
            taken.clear()
            task.compute(sources, 0.67, seed=0)
            assert len(taken) == len(sources)
            assert sum(taken) == task.steps


def test_pretraining_on_other_labels_is_worse_than_on_real_ones(record_task):
    """The synthetic records here have wrong labels, which fine-tuning has to undo."""
    real, wrong = (
        record_task.scores(record_task.compute(sources, 1.0, 0)) for sources in ((REAL,), (SYNTHETIC,))
    )
    tuned = record_task.scores(record_task.compute((SYNTHETIC, REAL), 1.0, 0))
    assert real[0] > 0.95
    assert wrong[0] < 0.6
    assert tuned[0] > 0.9


def test_bootstraps_surround_the_score_of_the_subjects(record_task, beat_task):
    for task in (record_task, beat_task):
        result = json.loads(json.dumps(task.compute((REAL,), 1.0, 0)))
        scores, bootstraps = task.scores(result), task.bootstraps(result)
        assert len(scores) == len(task.labels) + 1
        assert scores[0] == pytest.approx(scores[1:].mean())
        assert bootstraps.shape[1] == len(scores)
        low, high = np.nanquantile(bootstraps[:, 0], [0, 1])
        assert low - 1e-9 <= scores[0] <= high + 1e-9


def test_the_study_continues_with_more_seeds(research, small_ptbxl, windows, runs, tmp_path):
    out = tmp_path / "study"
    command = ["pretraining", "--data", windows["beat"], "--ptbxl", small_ptbxl, "--out", out]
    command += ["--cache", tmp_path / "cache", "--record-shares", 0.5, 1, "--beat-shares", 0.5, 1, "--json"]
    command += ["--record-steps", 4, "--beat-steps", 4, "--pool", 20, "--beat-model", runs["beat"]]
    status, text, error = research(*command, "--seeds", 2)
    assert status == 0, error
    tables = json.loads(text)["tables"]
    expected = {"Superclasses of PTB-XL", "Heartbeats"}
    assert {*tables} == {f"{name}: {kind}" for name in expected for kind in ("scores", "differences")}
    scores = tables["Superclasses of PTB-XL: scores"]
    assert [(row["share"], row["trained on"]) for row in scores] == [
        ("0%", pretraining_arms.ZERO_SHOT),
        *(("50%", arm) for arm in arms_of(0.5)),
        *(("100%", arm) for arm in arms_of(1.0)),
    ]
    assert len(tables["Heartbeats: differences"]) == 6 + 5
    cells = {file: file.stat().st_mtime_ns for file in (out / "cells").iterdir()}
    assert len(cells) == 2 * 2 * (1 + 5 + 4)
    assert (out / "learning-curves.png").stat().st_size > 10_000
    status, text, error = research(*command, "--seeds", 3)
    assert status == 0, error
    assert {file: file.stat().st_mtime_ns for file in cells} == cells
    assert len(list((out / "cells").iterdir())) == 3 * 20
    assert research(*command, "--seeds", 1)[0] == 1
