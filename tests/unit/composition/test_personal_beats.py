"""Beats of one subject: the own normal ones, and supraventricular ones made of them."""

import numpy as np
import pytest
from helpers import write_recording

import diffecg
from diffecg.composition.personal_beats import draw_premature_intervals
from diffecg.composition.rr_statistics import load_statistics
from diffecg.errors import DiffecgError
from diffecg.signal.resampling import resample


@pytest.fixture(scope="module")
def recording():
    return diffecg.compose(diffecg.Rhythm("N*8 V N*5 S"), 90, seed=1)


def with_signal(recording, signal_mv, fs_hz=360):
    """Return a recording with the same annotations and another signal."""
    return diffecg.Recording.from_arrays(
        signal_mv, fs_hz, channel_names=recording.channel_names, annotations=recording.annotations
    )


def test_normal_beats_are_those_of_the_recording(recording):
    windows = diffecg.personal_beats(recording, count=0)
    beats = recording.beats()
    assert windows.counts().keys() == {"N"}
    assert not windows.index["synthetic"].any()
    assert windows.partitions is None
    normal = beats.sample[beats.symbol == "N"]
    assert set(windows.index["sample"]) <= set(normal.tolist())
    assert len(windows) > 0.8 * len(normal)
    start = int(windows.index["sample"][3]) - windows.r_peak
    np.testing.assert_allclose(
        windows.signal_mv[3, 0], recording.signal_mv[0, start : start + 256], atol=1e-6
    )


def test_premature_beats_are_own_beats_that_come_early(recording):
    windows = diffecg.personal_beats(recording, count=200, seed=3)
    normal, early = windows.with_label("N"), windows.with_label("S")
    assert len(early) == 200
    assert early.index["synthetic"].all()
    rows = {sample: row for row, sample in enumerate(normal.index["sample"])}
    sources = normal.take(np.array([rows[sample] for sample in early.index["sample"]]))
    np.testing.assert_array_equal(early.signal_mv, sources.signal_mv)
    pairs = {tuple(pair) for pair in load_statistics().pairs["S"]}
    ratios = early.index[["rr_before_ratio", "rr_after_ratio"]].to_numpy()
    assert {tuple(pair) for pair in ratios.tolist()} <= pairs
    mean_s = (sources.index["rr_before_s"] / sources.index["rr_before_ratio"]).to_numpy()
    np.testing.assert_allclose(early.rr_s, ratios * mean_s[:, None])
    assert np.median(early.index["rr_before_ratio"]) < 0.9 < np.median(normal.index["rr_before_ratio"])


def test_the_seed_chooses_the_beats(recording):
    one, same, other = (
        diffecg.personal_beats(recording, count=30, seed=seed).index["rr_before_s"] for seed in (1, 1, 2)
    )
    assert one.equals(same)
    assert not one.equals(other)


def test_the_first_minutes_of_a_lead_are_used(tmp_path):
    recording = diffecg.read_recording(write_recording(tmp_path / "r"))
    half = diffecg.personal_beats(recording, lead="V1", minutes=0.5, count=5)
    assert half.channel_names == ("V1",)
    assert half.index["sample"].max() < 30 * 360
    assert half.info["personal"] == {
        "recording": "r", "lead": "V1", "minutes": 0.5, "count": 5, "seed": 0
    }  # fmt: skip


@pytest.mark.parametrize("fs_hz", [128, 250, 360, 500])
def test_minutes_are_those_of_the_recording_at_any_rate(recording, fs_hz):
    signal_mv = resample(recording.signal_mv, recording.fs_hz, fs_hz)
    windows = diffecg.personal_beats(with_signal(recording, signal_mv, fs_hz), minutes=0.5, count=0)
    expected = diffecg.personal_beats(recording, minutes=0.5, count=0)
    assert len(windows) == len(expected) > 20
    assert 29 < windows.index["time_s"].max() < 30
    np.testing.assert_allclose(windows.index["time_s"], expected.index["time_s"], atol=1 / fs_hz)


def test_intervals_are_those_of_measured_beats():
    ratios = draw_premature_intervals(5000, np.random.default_rng(0))
    pairs = np.array(load_statistics().pairs["S"])
    np.testing.assert_allclose(ratios.mean(axis=0), pairs.mean(axis=0), atol=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"minutes": 0}, "minutes 0"),
        ({"count": -1}, "count"),
        ({"minutes": 0.05}, "in the first 0.05 minutes; at least 10"),
        ({"lead": "V9"}, "V9"),
    ],
)
def test_impossible_requests_are_refused(recording, arguments, message):
    with pytest.raises(DiffecgError, match=message):
        diffecg.personal_beats(recording, **arguments)


def test_recordings_without_annotations_are_refused():
    recording = diffecg.as_recording(np.random.default_rng(0).normal(size=3600), 360)
    with pytest.raises(DiffecgError, match=r"has no annotations.*_annotations\.csv"):
        diffecg.personal_beats(recording)


def test_beats_with_missing_samples_are_left_out(recording):
    signal_mv = recording.signal_mv.copy()
    signal_mv[:, 3600:7200] = np.nan
    windows = diffecg.personal_beats(with_signal(recording, signal_mv), count=10)
    assert np.isfinite(windows.signal_mv).all()
    in_gap = (windows.index["sample"] > 3600 - 128) & (windows.index["sample"] < 7200 + 128)
    assert not in_gap.any()
    signal_mv[:, 360:] = np.nan
    with pytest.raises(DiffecgError, match=r"at least 10 .*; of [0-9]+ normal beats .* has missing samples"):
        diffecg.personal_beats(with_signal(recording, signal_mv))
