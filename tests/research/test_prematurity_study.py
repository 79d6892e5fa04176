"""A small version of the study of prematurity, and what its comparisons rest on."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers import tiny

from diffecg.datasets.loading import open_windows
from diffecg.evaluation.generation import classifiers
from diffecg.training.trainer import train
from research.studies.confusion import TestSet
from research.studies.prematurity_arms import (
    COMPARISONS,
    OWN,
    PERMUTED,
    SCOPES,
    Sources,
    added_counts,
    arms_of,
)
from research.studies.rhythm_classifiers import NETWORK, RATIOS, RHYTHM_CLASSIFIERS, ratio_channels
from research.studies.rhythm_transfer import (
    RHYTHM,
    borrow_rhythm,
    permute_rhythm,
    premature_beats,
    rhythm,
    with_rhythm,
)


@pytest.fixture
def premature(beats):
    """Beats whose S come at 0.6 of a mean interval that differs between recordings."""
    rng = np.random.default_rng(1)
    mean_s = np.array([0.5, 0.8, 1.0, 1.2])[np.searchsorted(["a", "b", "c", "d"], beats.recordings)]
    early = beats.labels == "S"
    ratios = np.stack([np.where(early, 0.6, 1.0), np.where(early, 1.4, 1.0)], axis=1)
    ratios += 0.02 * rng.standard_normal(ratios.shape)
    return with_rhythm(beats, np.hstack([ratios * mean_s[:, None], ratios]))


def rows_of(values):
    return sorted(map(tuple, values.tolist()))


def test_permuted_intervals_are_those_of_the_label_in_another_order(premature):
    permuted = permute_rhythm(premature, 0)
    assert np.array_equal(permuted.signal, premature.signal)
    for label in premature.unique_labels():
        rows = premature.labels == label
        assert rows_of(rhythm(permuted)[rows]) == rows_of(rhythm(premature)[rows])
    assert (rhythm(permuted) != rhythm(premature)).any(axis=1).mean() > 0.8


def test_borrowed_intervals_are_those_of_donors_of_the_label(premature):
    bare = premature.drop_columns("rr_before_s", "rr_after_s", "rr_before_ratio", "rr_after_ratio")
    borrowed = borrow_rhythm(bare, premature, 0)
    for label in premature.unique_labels():
        donors = set(map(tuple, rhythm(premature.with_label(label)).tolist()))
        assert set(map(tuple, rhythm(borrowed.with_label(label)).tolist())) <= donors


def test_premature_beats_have_a_normal_shape_and_the_mean_interval_of_their_recording(premature):
    made = premature_beats(premature, 400, 0)
    assert set(made.labels) == {"S"}
    normal = premature.with_label("N")
    shapes = {
        beat.tobytes(): recording for beat, recording in zip(normal.signal, normal.recordings, strict=True)
    }
    assert [shapes[beat.tobytes()] for beat in made.signal] == made.recordings.tolist()
    values = rhythm(made)
    means = {"a": 0.5, "b": 0.8, "c": 1.0, "d": 1.2}
    assert values[:, 0] / values[:, 2] == pytest.approx([means[name] for name in made.recordings])
    assert values[:, 1] / values[:, 3] == pytest.approx([means[name] for name in made.recordings])
    assert values[:, 2].mean() == pytest.approx(0.6, abs=0.05)
    shares = np.unique(made.recordings, return_counts=True)[1] / 400
    assert shares == pytest.approx(0.25, abs=0.08)


def test_premature_beats_are_not_made_of_beats_with_unknown_intervals(premature):
    values = rhythm(premature)
    values[premature.recordings == "a"] = np.nan
    made = premature_beats(with_rhythm(premature, values), 50, 0)
    assert np.isfinite(rhythm(made)).all()
    assert "a" not in set(made.recordings)


def test_all_arms_add_as_many_beats_of_each_label(premature):
    sources = Sources(
        train=premature, joint=premature, plain=premature.drop_columns("rr_before_s"), other=premature
    )
    for scope, expected in {"S": {"S": 20}, "S and V": {"S": 20, "V": 10}}.items():
        counts = added_counts(premature, scope, 30)
        assert counts == expected
        for arm in arms_of(scope):
            assert sources.oversamplers()[arm](premature, counts, 3).counts() == expected
    own, permuted = (sources.oversamplers()[arm](premature, {"V": 40}, 3) for arm in (OWN, PERMUTED))
    assert np.array_equal(own.signal, permuted.signal)  # the arms differ in nothing but the intervals
    assert not np.array_equal(rhythm(own), rhythm(permuted))


@pytest.mark.parametrize("kind", [RATIOS, NETWORK])
def test_classifiers_use_relative_intervals(premature, kind, monkeypatch):
    """Shapes carry no label here, and intervals in s differ more between recordings than between labels."""
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 12_800)
    noise = np.random.default_rng(2).standard_normal(premature.signal.shape).astype(np.float32)
    beats = replace(premature, signal=0.01 * noise).take(np.isin(premature.labels, ["N", "S"]))
    known, test = beats.take(beats.recordings != "d"), beats.take(beats.recordings == "d")
    classifier = RHYTHM_CLASSIFIERS[kind]
    predict = classifier.fit(classifier.represent(known), known.labels, 0, "evenly")
    inputs = TestSet(test, ["N", "S"], RHYTHM_CLASSIFIERS).inputs(kind)
    assert (predict(inputs) == test.labels).mean() > 0.9


def test_an_unknown_interval_is_as_long_as_the_mean_for_a_network(premature):
    unknown = with_rhythm(premature, np.full((len(premature), 4), np.nan))
    average = with_rhythm(premature, np.ones((len(premature), 4)))
    assert np.array_equal(ratio_channels(unknown), ratio_channels(average))


@pytest.fixture(scope="module")
def joint_model(windows, tmp_path_factory):
    """The folder of a small model that draws RR intervals together with a beat."""
    config = tiny("beat")
    config = replace(config, conditions=replace(config.conditions, numbers=RHYTHM, drawn=True))
    folder = tmp_path_factory.mktemp("models") / "joint"
    train(config, open_windows(windows["beat"]), folder)
    return folder


def test_the_study_continues_with_more_seeds(research, windows, runs, joint_model, tmp_path, monkeypatch):
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 256)
    out, data = tmp_path / "study", windows["beat"]
    command = ["prematurity", "--data", data, "--other", data, "--out", out, "--target", 60, "--pool", 20]
    command += ["--joint-model", joint_model, "--plain-model", runs["beat"], "--json"]
    status, text, error = research(*command, "--seeds", 2)
    assert status == 0, error
    tables = json.loads(text)["tables"]
    scores, differences = (
        tables[f"{RATIOS[0].upper()}{RATIOS[1:]}: {name}"] for name in ("scores", "differences")
    )
    assert [(row["added to"], row["added"]) for row in scores] == [
        (scope, arm) for scope in SCOPES for arm in arms_of(scope)
    ]
    assert [(row["added"], row["against"]) for row in differences][:7] == list(COMPARISONS)
    assert len(differences) == 7 + 6 + 5 + 5
    assert len(tables) == 4
    assert (out / "f1-of-s.png").stat().st_size > 10_000
    cells = {file: file.stat().st_mtime_ns for file in (out / "cells").iterdir()}
    assert len(cells) == 2 * 2 * (2 + 6 + 5)
    assert research(*command, "--seeds", 3)[0] == 0
    assert {file: file.stat().st_mtime_ns for file in cells} == cells
    status, _, error = research(*command, "--classifiers", "forest")
    assert status != 0
    assert "classifier 'forest' is not one of" in error
