"""The study of detectors: targets, noise and scores with known answers, and a small version of it."""

import json
from functools import partial

import numpy as np
import pytest
from helpers import write_database, write_recording

from diffecg.composition.detector_set import DetectorSet, draw_rhythm
from diffecg.composition.language import BEAT_LABELS
from diffecg.composition.timing import Rhythm
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.signal.simulation import simulate_ecg
from research.rivals.r_peak_detectors import DETECTORS
from research.studies.detection_scores import (
    SCORES,
    beat_f1,
    count_detections,
    interval,
    predictive_value,
    sensitivity,
)
from research.studies.detector_network import (
    FRAMES,
    NO_BEAT,
    OTHER,
    STRIDE,
    BeatDetector,
    detect,
    frame_targets,
    train_detector,
)
from research.studies.detector_options import ARMS, CLEAN, HELD_OUT
from research.studies.detector_study import read_detector_set
from research.studies.detector_windows import BeatRecording, WindowSource, with_recorded_noise

FS_HZ = 100.0


def simulated(seed=0, duration_s=60.0, symbols=("N", "N", "V"), flutter=()):
    """Return a simulated recording with its beats, in which flutter is annotated."""
    signal_mv, samples, beats = simulate_ecg(duration_s, FS_HZ, seed=seed, symbols=symbols)
    annotations = [
        Annotation(time_s=sample / FS_HZ, symbol=symbol)
        for sample, symbol in zip(samples.tolist(), beats.tolist(), strict=True)
    ]
    annotations += [
        Annotation(time_s=time, symbol=symbol) for time, symbol in zip(flutter, "[]", strict=False)
    ]
    recording = Recording.from_arrays(signal_mv[None], FS_HZ, annotations=annotations)
    return BeatRecording.of(recording, f"r{seed}")


def noises(samples=6000):
    rng = np.random.default_rng(0)
    return {kind: [rng.standard_normal(samples).astype(np.float32)] for kind in ("bw", "ma", "em")}


def test_targets_mark_the_frames_of_beats():
    presence, types = frame_targets(np.array([40.0, 402.0, -400.0]), np.array([2, OTHER, 0]))
    assert presence.shape == types.shape == (FRAMES,)
    assert presence[10] == 1
    assert presence[100] == presence[101] == pytest.approx(np.exp(-0.125))
    assert presence[50] < 1e-6
    assert types[[9, 10, 11, 12, 100]].tolist() == [2, 2, 2, NO_BEAT, OTHER]
    nothing = frame_targets(np.empty(0), np.empty(0, dtype=np.int64))
    assert not nothing[0].any()
    assert set(nothing[1]) == {NO_BEAT}


def test_counts_of_known_detections():
    recording = simulated()
    perfect = count_detections(recording, recording.time_s + 0.1, recording.types)
    assert np.diag(perfect).sum() == perfect.sum() == len(recording.time_s)
    assert beat_f1(perfect) == SCORES["V"](perfect) == 1
    late = count_detections(recording, recording.time_s + 0.16, recording.types)
    assert beat_f1(late) == sensitivity(late) == predictive_value(late) == 0
    half = count_detections(recording, recording.time_s[::2], np.zeros(len(recording.time_s[::2]), int))
    assert sensitivity(half) == pytest.approx(len(recording.time_s[::2]) / len(recording.time_s))
    assert predictive_value(half) == 1
    assert SCORES["V"](half) == 0
    twice = count_detections(recording, np.repeat(recording.time_s, 2), np.repeat(recording.types, 2))
    assert sensitivity(twice) == 1
    assert predictive_value(twice) == 0.5
    assert SCORES["N"](twice) == pytest.approx(2 / 3)


def test_beats_of_unknown_type_are_detected_but_have_no_f1():
    recording = simulated(symbols=("N",))
    recording.types[::3] = OTHER
    counts = count_detections(recording, recording.time_s, np.zeros(len(recording.time_s), dtype=np.int64))
    assert beat_f1(counts) == SCORES["N"](counts) == 1


def test_nothing_counts_in_flutter():
    recording = simulated(flutter=(20.0, 30.0))
    inside = (recording.time_s > 20) & (recording.time_s < 30)
    extra = np.sort(np.append(recording.time_s, [20.31, 25.02]))
    found = count_detections(recording, extra, np.zeros(len(extra), dtype=np.int64))
    assert predictive_value(found) == 1
    assert recording.is_flutter(recording.time_s).tolist() == inside.tolist()
    batch = WindowSource([recording], noises()).draw(40, np.random.default_rng(0))
    assert 0.05 < np.isnan(batch.presence).mean() < 0.4


def test_intervals_over_recordings():
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 50, (3, 12, 6, 5))
    assert interval(counts, beat_f1, counts) == (0, 0)
    low, high = interval(counts, beat_f1)
    assert low < beat_f1(counts.sum(axis=1)).mean() < high
    worse = counts.copy()
    worse[:, :, :5, 4] += 30
    assert interval(worse, beat_f1, counts)[1] < 0


def test_noise_has_the_stated_ratio_and_depends_on_the_name():
    recording, noise = simulated(), noises()["em"][0]
    noisy = with_recorded_noise(recording, noise, -6.0)
    added = noisy.signal_mv - recording.signal_mv
    assert 10 * np.log10(recording.signal_mv.var() / added.var()) == pytest.approx(-6)
    assert np.array_equal(noisy.signal_mv, with_recorded_noise(recording, noise, -6.0).signal_mv)
    other = with_recorded_noise(simulated(seed=1), noise, -6.0).signal_mv - simulated(seed=1).signal_mv
    assert abs(np.corrcoef(other[0], added[0])[0, 1]) < 0.1


def test_windows_hold_the_beats_of_their_targets():
    """Of noise-free windows of narrow beats, the largest deviations are where targets are."""
    source = WindowSource([simulated(symbols=("N",))], noises())
    batch = source.draw(20, np.random.default_rng(1))
    frames = np.abs(batch.signal - np.median(batch.signal, axis=1, keepdims=True))
    height = frames.reshape(20, FRAMES, STRIDE).max(axis=2)
    at_beats = np.nanmean(np.where(batch.presence > 0.9, height, np.nan), axis=1)
    between = np.nanmean(np.where(batch.presence < 0.01, height, np.nan), axis=1)
    assert np.median(at_beats / between) > 3
    assert (batch.types >= 0).sum(axis=1).min() >= 2 * 18
    assert (batch.types >= 0).sum(axis=1).max() <= 3 * 34


def test_a_detector_learns_beats_and_their_types():
    source = WindowSource([simulated(seed) for seed in range(6)], noises())
    detector = train_detector(partial(source.draw, 8), len(BEAT_LABELS), steps=60, seed=0)
    assert isinstance(detector, BeatDetector)
    test = simulated(seed=9, duration_s=65.0)
    found = detect(detector, test.signal_mv[0], 0.3)
    counts = count_detections(test, found.time_s, found.types)
    assert beat_f1(counts) > 0.97
    assert SCORES["V"](counts) > 0.9
    again = train_detector(partial(source.draw, 8), len(BEAT_LABELS), steps=2, seed=3)
    other = train_detector(partial(source.draw, 8), len(BEAT_LABELS), steps=2, seed=3)
    assert all((a == b).all() for a, b in zip(again.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize("fs_hz", [128.0, 360.0])
def test_public_detectors_find_beats_at_each_rate(name, fs_hz):
    signal_mv, samples, _ = simulate_ecg(60.0, fs_hz)
    found = np.sort(DETECTORS[name](signal_mv, fs_hz)) / fs_hz
    distance = np.abs(found[:, None] - samples / fs_hz).min(axis=0)
    assert np.mean(distance < 0.15) > 0.9


def test_random_rhythms_are_valid_and_cover_arrhythmias():
    rng = np.random.default_rng(0)
    texts = {draw_rhythm(BEAT_LABELS, rng) for _ in range(60)}
    labels = {text: {label for _, label in Rhythm(text).beats(15.0, 1)} for text in texts}
    assert set().union(*labels.values()) == {*BEAT_LABELS}
    fibrillation = [text for text in texts if "fibrillation" in text]
    assert len(fibrillation) > 2
    assert "S" not in set().union(*(labels[text] for text in fibrillation))
    assert not any("F" in draw_rhythm(("N", "S", "V"), rng) for _ in range(100))


def test_sets_are_written_once_and_recordings_are_independent(tmp_path):
    wanted = DetectorSet(models=("mitbih-beat-fast", "ptbxl-beat"), count=4, duration_s=12.0, seed=5)
    recordings = read_detector_set(tmp_path / "set", wanted)
    assert [one.channel_names[0] for one in recordings[::2]] == ["MLII", "MLII"]
    assert [len(one.channel_names) for one in recordings] == [1, 2, 1, 2]
    composed = list(DetectorSet(models=wanted.models, count=2, duration_s=12.0, seed=5).compose())
    for written, original in zip(recordings, composed, strict=False):
        np.testing.assert_allclose(written.signal_mv, original.signal_mv, atol=2e-3)
        assert written.beats().sample.tolist() == original.beats().sample.tolist()
        assert written.beats().symbol.tolist() == original.beats().symbol.tolist()
    card = json.loads((tmp_path / "set" / "card.json").read_text())
    assert card["recordings"]["c0001"]["rhythm"]["text"]
    assert len({one["subject_seed"] for one in card["recordings"].values()}) == 4
    before = (tmp_path / "set" / "card.json").stat().st_mtime_ns
    read_detector_set(tmp_path / "set", wanted)
    assert (tmp_path / "set" / "card.json").stat().st_mtime_ns == before


@pytest.fixture
def databases(tmp_path):
    """Small databases with names of recordings of mitdb, svdb and nstdb."""
    write_database(tmp_path / "mitdb", ("101", "106", "109", "100", "103"))
    write_database(tmp_path / "svdb", ("800", "801"))
    (tmp_path / "nstdb").mkdir()
    for i, kind in enumerate(("bw", "ma", "em")):
        write_recording(tmp_path / "nstdb" / kind, seed=10 + i)
    return [word for name in ("mitdb", "svdb", "nstdb") for word in (f"--{name}", tmp_path / name)]


def test_the_study_compares_arms_and_public_detectors(research, runs, databases, tmp_path):
    command = ["detectors", *databases, "--out", tmp_path / "study", "--models", runs["beat"]]
    command += ["--seeds", 2, "--steps", 3, "--batch", 4, "--recordings", 2, "--minutes", 0.5]
    command += ["--noises", "em", "--snrs-db", 0, "--json"]
    status, out, error = research(*command)
    assert status == 0, error
    tables = json.loads(out)["tables"]
    for test in (HELD_OUT, "DS2", "svdb"):
        rows = tables[f"R peaks, {test}"]
        assert [row["detector"] for row in rows] == [*DETECTORS, *ARMS]
        assert max(float(row[CLEAN].split()[0]) for row in rows) > 90
        assert {"em, 0 dB", CLEAN} < set(rows[0])
        assert len(tables[f"Types of beats, {test}"]) == 2 * len(ARMS)
    differences = tables["Differences to real recordings, DS2"]
    assert [row["F1 of"] for row in differences] == 2 * [*SCORES]
    assert "p = " in differences[0]["composed"]
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "study" / "cells").iterdir()}
    assert json.loads(research(*command)[1])["tables"] == tables
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_choices_can_be_made_without_tests(research, runs, databases, tmp_path):
    command = ["detectors", *databases, "--out", tmp_path / "study", "--models", runs["beat"], "--seeds", 0]
    command += ["--steps", 2, "--batch", 4, "--recordings", 2, "--minutes", 0.5, "--snrs-db", 0, "--json"]
    status, out, error = research(*command)
    assert status == 0, error
    tables = json.loads(out)["tables"]
    assert not any("DS2" in title or "svdb" in title for title in tables)
    assert {row["arm"] for row in tables["Thresholds"]} == {*ARMS}
    status, _, error = research(*command[:-1], "--choice-seeds", 0)
    assert status != 0
    assert "choice-seeds 0" in error
