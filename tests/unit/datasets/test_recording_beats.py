"""Beats of recordings without annotated beats: found, aligned, sorted and averaged."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import write_lead_database

from diffecg.config.presets import preset
from diffecg.datasets.databases import database as find_database
from diffecg.datasets.loading import open_windows
from diffecg.datasets.options import DetectedBeatsOptions
from diffecg.datasets.prepare_beats import prepare_beats
from diffecg.datasets.recording_beats import MAX_SINGLE, beats_of_recording
from diffecg.datasets.subjects import read_subjects
from diffecg.errors import DiffecgError
from diffecg.signal.baseline import remove_baseline
from diffecg.signal.rpeaks import r_peaks_of_leads, r_peaks_of_recording
from diffecg.signal.simulation import WAVES, simulate_ecg

WINDOW = preset("twelve-lead").window
FS_HZ = WINDOW.fs_hz
GAINS = np.array([0.6, 1.0, -0.4, 0.8, 1.2, 1.4, 1.1, 0.7])[:, None]


def leads_of(signal_mv, seed=0):
    """Return eight leads of one shape, with a little noise."""
    return GAINS * signal_mv + 0.005 * np.random.default_rng(seed).standard_normal((8, len(signal_mv)))


def beat_train(times_s, kinds, duration_s=10.0):
    """Return a lead with beats at given times."""
    time_s = np.arange(round(duration_s * FS_HZ)) / FS_HZ
    signal = np.zeros(len(time_s))
    for at_s, kind in zip(times_s, kinds, strict=True):
        for offset_s, width_s, amplitude_mv in WAVES[kind]:
            signal += amplitude_mv * np.exp(-0.5 * ((time_s - at_s - offset_s) / width_s) ** 2)
    return signal


def test_r_peaks_of_leads_are_those_of_the_simulation():
    ecg = simulate_ecg(60, FS_HZ, seed=3)
    peaks = r_peaks_of_leads(leads_of(ecg.signal_mv), FS_HZ)
    inside = ecg.sample[(ecg.sample > 20) & (ecg.sample < 5980)]
    assert np.abs(peaks[:, None] - inside).min(axis=0).max() <= 1
    assert len(peaks) == pytest.approx(len(ecg.sample), abs=1)
    lead = leads_of(ecg.signal_mv)[3]
    assert np.array_equal(r_peaks_of_leads(lead[None], FS_HZ), r_peaks_of_recording(lead, FS_HZ))


def test_one_silent_lead_does_not_matter():
    leads = leads_of(simulate_ecg(20, FS_HZ, seed=1).signal_mv)
    peaks = r_peaks_of_leads(leads, FS_HZ)
    leads[2] = np.nan
    assert np.array_equal(r_peaks_of_leads(leads, FS_HZ), peaks)


def test_baseline_is_removed_and_waves_stay_in_place():
    time_s = np.arange(3000) / FS_HZ
    wander, wave = 0.5 * np.sin(2 * np.pi * 0.1 * time_s), np.sin(2 * np.pi * 5 * time_s)
    clean = remove_baseline(wander + wave, FS_HZ)[500:-500]
    assert np.abs(clean - wave[500:-500]).max() < 0.02


def test_premature_and_wide_beats_are_told_from_dominant_ones():
    times = [0.9, 1.7, 2.5, 3.3, 4.1, 4.6, 5.7, 6.5, 6.95, 8.1, 8.9]
    kinds = ["N", "N", "N", "N", "N", "A", "N", "N", "V", "N", "N"]
    beats = beats_of_recording(leads_of(beat_train(times, kinds)), WINDOW)
    singles = dict(zip(beats.sample[1:].tolist(), beats.symbol[1:].tolist(), strict=True))
    assert [at for at, symbol in singles.items() if symbol == "S"] == pytest.approx([460], abs=1)
    assert [at for at, symbol in singles.items() if symbol == "V"] == pytest.approx([695], abs=3)
    assert beats.averaged.tolist() == [9, *[1] * (len(beats.averaged) - 1)]
    assert beats.symbol.tolist().count("N") == 1 + MAX_SINGLE
    assert beats.heart_rate == pytest.approx(75, abs=0.5)
    early = beats.rr_s[beats.symbol == "S"][0]
    assert early.tolist() == pytest.approx([0.5, 1.1], abs=0.02)


def test_average_has_less_noise_than_a_beat():
    times = np.arange(0.9, 9.5, 0.8)
    clean = beats_of_recording(GAINS * beat_train(times, ["N"] * len(times)), WINDOW)
    noise = 0.05 * np.random.default_rng(0).standard_normal((8, 1000))
    noisy = beats_of_recording(GAINS * beat_train(times, ["N"] * len(times)) + noise, WINDOW)
    error = np.square(noisy.signal_mv - clean.signal_mv[0]).mean(axis=(1, 2))
    assert error[0] < 2 * error[1:].mean() / noisy.averaged[0]


def test_recordings_without_beats_or_with_a_flat_lead_have_no_windows():
    assert beats_of_recording(np.zeros((8, 1000)), WINDOW) is None
    leads = leads_of(simulate_ecg(10, FS_HZ).signal_mv)
    assert beats_of_recording(leads[:, :150], WINDOW) is None
    leads[4] = 0.3
    assert beats_of_recording(leads, WINDOW) is None


def test_prepared_windows_state_labels_numbers_and_partitions(tmp_path):
    table = write_lead_database(tmp_path / "recordings")
    options = DetectedBeatsOptions(
        database=find_database("own"), split="subjects", window=WINDOW, subjects=table
    )
    windows = prepare_beats(tmp_path / "recordings", tmp_path / "beats", options)
    again = open_windows(tmp_path / "beats")
    assert np.array_equal(windows.signal, again.signal)
    index = again.index
    assert again.channel_names == WINDOW.leads
    assert again.r_peak == WINDOW.before
    for recording, rows in index.groupby("recording"):
        assert rows["averaged"].iloc[0] > 1
        assert (rows["averaged"].iloc[1:] == 1).all()
        assert rows["weight"].tolist() == [4.0] + [1.0] * (len(rows) - 1)
        assert {*rows["labels"].iloc[0]} == {*table.statements[recording], "N"}
        assert rows["age"].nunique() == 1
        assert rows["age"].iloc[0] == table.numbers[recording]["age"]
        assert rows["partition"].unique().tolist() == [table.partitions[recording]]
    found_v = set(index.loc[index["symbol"] == "V", "recording"])
    assert found_v
    assert found_v <= {f"r{i:02d}" for i in range(0, 30, 5)}
    assert again.info["counts"]["train"]["MI"] == sum(
        "MI" in row for row in again.partition("train").all_labels
    )


def test_command_prepares_a_table_of_labels_and_numbers(tmp_path, run):
    table = write_lead_database(tmp_path / "recordings")
    rows = [
        {
            "recording": name,
            "subject": name,
            "partition": table.partitions[name],
            "labels": "; ".join(table.statements[name]),
            "age": "" if i == 0 else table.numbers[name]["age"],
            "comment": "none",
        }
        for i, name in enumerate(table.subjects)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "subjects.csv", index=False)
    read = read_subjects(tmp_path / "subjects.csv")
    assert read.statements["r00"] == ("MI", "AFIB")
    assert set(read.numbers["r01"]) == {"age"}
    assert np.isnan(read.numbers["r00"]["age"])
    assert read.numbers["r01"]["age"] == 41
    status, out, _ = run(
        "prepare", "own", "--from", tmp_path / "recordings", "--subjects", tmp_path / "subjects.csv",
        "--preset", "twelve-lead", "--lead", "II,V1", "--out", tmp_path / "beats", "--json",
    )  # fmt: skip
    assert status == 0
    assert json.loads(out)["recordings"] == 30
    windows = open_windows(tmp_path / "beats")
    assert windows.channel_names == ("II", "V1")
    assert windows.index["age"].isna().any()
    assert "comment" not in windows.index
    assert "NORM" in repr(windows)


def test_missing_leads_are_named(tmp_path):
    table = write_lead_database(tmp_path / "recordings", count=11)
    window = preset("twelve-lead").window
    options = DetectedBeatsOptions(
        database=find_database("own"),
        split="subjects",
        window=type(window)(length=120, fs_hz=100.0, leads=("II", "V9"), before=40),
        subjects=table,
    )
    with pytest.raises(DiffecgError, match="V9"):
        prepare_beats(tmp_path / "recordings", tmp_path / "beats", options)
    assert not (tmp_path / "beats").exists()


@pytest.mark.skipif(not os.environ.get("DIFFECG_DATA"), reason="set DIFFECG_DATA to test on real recordings")
def test_real_ectopic_beats_are_found():
    """Of the V beats of record 119 in the middle of 10 s segments, most are labelled V here."""
    from diffecg.formats.registry import read_recording
    from diffecg.signal.resampling import resample

    recording = read_recording(Path(os.environ["DIFFECG_DATA"]) / "mitdb" / "119").crop(0, 600)
    signal = resample(recording.signal_mv, recording.fs_hz, FS_HZ)
    beats = recording.beats()
    times, symbols = beats.sample / recording.fs_hz * FS_HZ, beats.symbol
    right = wrong = 0
    for start in range(0, 60_000, 1000):
        found = beats_of_recording(signal[:, start : start + 1000], WINDOW)
        for sample, symbol in zip(found.sample[1:], found.symbol[1:], strict=True):
            nearest = np.abs(times - start - sample).argmin()
            same = (symbols[nearest] == "V") == (symbol == "V")
            right, wrong = right + same, wrong + (not same)
    assert right > 20 * wrong
