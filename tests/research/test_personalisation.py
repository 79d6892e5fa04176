"""The study of personalisation: beats, sets and scores with known answers, and a small version of it."""

import json

import numpy as np
import pytest
from helpers import write_recording

from diffecg.formats.registry import read_recording
from research.studies import personal_classifier
from research.studies.confusion import f1
from research.studies.personal_arms import (
    ADDED,
    GENERATED,
    MAPPED,
    OWN_LABELS,
    OWN_NORMAL,
    PREMATURE,
    WITHIN,
    Others,
    S,
    V,
    abnormal_sets,
    interpolate,
)
from research.studies.personal_beats import LABELS, Beats, read_subjects
from research.studies.personal_classifier import (
    Source,
    adapt_classifier,
    as_source,
    classify,
    fit_classifier,
    inputs_of,
)
from research.studies.personal_generation import (
    COMPONENTS,
    NUMBERS,
    NormalBeatCode,
    training_windows,
    virtual_subjects,
)
from research.studies.personal_tables import abnormal_f1, checked_macro_f1
from research.studies.personalisation import ARMS, HELD_OUT

DURATION_S = 330.0


@pytest.fixture(scope="module")
def mitdb(tmp_path_factory):
    """Recordings of more than five minutes with names of mitdb."""
    folder = tmp_path_factory.mktemp("databases") / "mitdb"
    folder.mkdir()
    for seed, name in enumerate(("101", "106", "109", "100")):
        write_recording(folder / name, seed=seed, duration_s=DURATION_S)
    return folder


@pytest.fixture
def short_training(monkeypatch):
    """The simulated beats are easy to tell apart."""
    monkeypatch.setattr(personal_classifier, "STEPS", 200)
    monkeypatch.setattr(personal_classifier, "ADAPTATION_STEPS", 60)


@pytest.fixture(scope="module")
def subjects(mitdb):
    return read_subjects(mitdb, ("101", "106"))


def test_beats_are_in_units_of_the_normal_beat(mitdb, subjects):
    for subject in subjects:
        assert np.sqrt(np.square(subject.normal).mean()) == pytest.approx(1)
        np.testing.assert_allclose(np.median(subject.own_normal.signal, axis=0), subject.normal, atol=1e-5)
        assert np.abs(np.median(subject.beats.signal, axis=1)).max() < 1e-5
        annotated = read_recording(mitdb / subject.name).beats()
        is_cut = (annotated.sample >= 128) & (annotated.sample < 300 * 360)
        assert len(subject.own_normal) == (np.isin(annotated.symbol, ["N", "L"]) & is_cut).sum()
        assert len(subject.early) + len(subject.late) == len(subject.beats) > 300
        assert set(subject.late.label.tolist()) == {0, 1, 2, 3}
        assert subject.beats.ratios.min() > 0


def test_recordings_without_normal_beats_are_left_out(tmp_path):
    write_recording(tmp_path / "short", duration_s=8.0)
    assert read_subjects(tmp_path, ["short"]) == []


def test_virtual_subjects_are_combinations_of_two_leads(mitdb, subjects):
    found = virtual_subjects(mitdb, ("101", "106"), seed=0)
    assert [one.name for one in found[:2]] == ["101/0", "101/1"]
    np.testing.assert_array_equal(found[0].beats.signal, subjects[0].beats.signal)
    # The second lead is the first times -0.5, so that all combinations are the first lead up to sign.
    assert {round(float(one.normal @ subjects[0].normal / 256), 2) for one in found[:16]} == {1.0, -1.0}
    code = NormalBeatCode.fit(np.stack([one.normal for one in found]))
    rebuilt = code.mean + code.scores(found[1].normal) @ code.basis
    np.testing.assert_allclose(rebuilt, found[1].normal, atol=0.02)
    windows = training_windows(found, code, seed=0)
    assert set(windows.unique_labels()) == {*LABELS}
    of_first = windows.index[windows.recordings == "101/0"]
    np.testing.assert_allclose(
        of_first[list(NUMBERS[-COMPONENTS:])].to_numpy(),
        np.tile(code.scores(found[0].normal), (len(of_first), 1)),
        rtol=1e-6,
    )


def test_sets_of_abnormal_beats(subjects):
    own, other = subjects
    sets = abnormal_sets(Others(subjects=[other]), lambda: pytest.fail("no model is needed"))
    rng = np.random.default_rng(0)
    assert len(sets[OWN_NORMAL](own, rng)) == 0
    premature = sets[PREMATURE](own, rng)
    assert premature.label.tolist() == [S] * ADDED
    normal = {row.tobytes() for row in own.own_normal.signal}
    assert all(row.tobytes() in normal for row in premature.signal)
    early = {row.tobytes() for row in other.of_label(S).ratios}
    assert all(row.tobytes() in early for row in premature.ratios)
    mapped = sets[MAPPED](own, rng)
    assert mapped.label.tolist() == [S] * ADDED + [V] * ADDED
    back = mapped.take(mapped.label == V).signal - own.normal + other.normal
    assert np.abs(back[:, None] - other.of_label(V).signal).max(axis=2).min(axis=1).max() < 1e-4
    labelled = sets[OWN_LABELS](own, rng)
    assert len(labelled) == (own.early.label > 0).sum()
    assert np.bincount(sets[WITHIN](own, rng).label, minlength=4)[1:].min() >= ADDED


def test_interpolations_lie_between_beats():
    signal = np.array([[0.0, 0.0], [1.0, 2.0]], dtype=np.float32)
    beats = Beats(signal=signal, ratios=np.ones((2, 2)), label=np.array([V, V]))
    found = interpolate(beats, seed=0)
    np.testing.assert_allclose(found.signal[:, 1], 2 * found.signal[:, 0], rtol=1e-5)
    assert len(found) == ADDED
    assert len(np.unique(found.signal[:, 0])) > ADDED / 2
    single = interpolate(beats.take(np.array([1])), seed=0)
    assert single.signal.tolist() == [[1.0, 2.0]] * ADDED
    assert len(interpolate(beats.take(np.arange(0)), seed=0)) == 0


@pytest.mark.usefixtures("short_training")
def test_adaptation_changes_a_copy(subjects):
    own, other = subjects
    source = as_source([other], is_relative=True)
    classifier = fit_classifier(source, seed=0)
    inputs = inputs_of(own.late, own.normal)
    before = classify(classifier, inputs)
    assert (classify(classifier, inputs_of(other.beats, other.normal)) == other.beats.label).mean() > 0.95
    wrong = Source(inputs=inputs, label=np.full(len(inputs), 3), share=1.0)
    assert set(classify(adapt_classifier(classifier, [wrong], seed=0), inputs)) == {3}
    np.testing.assert_array_equal(classify(classifier, inputs), before)


def test_scores_of_known_counts():
    counts = np.array([[[90, 5, 5, 0], [0, 10, 0, 0], [10, 0, 20, 0], [0, 0, 0, 5]]])
    assert abnormal_f1(counts)[0] == pytest.approx(2 * 35 / (2 * 35 + 10 + 10))
    assert checked_macro_f1(counts)[0] == pytest.approx(f1(counts)[0, :3].mean())
    assert abnormal_f1(np.zeros((4, 4), dtype=int)) == 0


@pytest.mark.usefixtures("short_training")
def test_the_study_adapts_to_each_subject(research, mitdb, tmp_path):
    databases = ["--mitdb", mitdb, "--svdb", mitdb]
    command = ["personalisation", *databases, "--out", tmp_path / "study", "--json"]
    command += ["--seeds", 2, "--samples", 256]
    status, out, error = research(*command)
    assert status == 0, error
    tables = json.loads(out)["tables"]
    rows = {row["adapted with"]: row for row in tables[f"{HELD_OUT}: scores"]}
    assert [*rows] == [*ARMS]
    assert float(rows[OWN_LABELS]["abnormal"].split()[0]) > 0.9
    differences = tables[f"{HELD_OUT}: differences"]
    assert any(row["adapted with"] == GENERATED and "p = " in row["macro"] for row in differences)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "study" / "cells").iterdir()}
    assert json.loads(research(*command)[1])["tables"] == tables
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_shares_that_are_no_shares_are_refused(research, mitdb, tmp_path):
    command = ["personalisation", "--mitdb", mitdb, "--svdb", mitdb, "--out", tmp_path / "study"]
    status, _, error = research(*command, "--abnormal", 1)
    assert status != 0
    assert "abnormal 1" in error
