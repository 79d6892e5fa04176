"""Denoising: exact for Gaussian data, noise spectra are recovered, clean samples are unchanged."""

import math

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg

import diffecg
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.signal.baseline import remove_baseline_wander

FEW = {"draws": 2, "steps": 4}
FS_HZ = 100.0


@pytest.fixture(scope="module")
def strip(runs):
    return diffecg.load(runs["strip"])


def test_baseline_wander_is_removed_and_beats_are_kept():
    clean = make_ecg(2, duration_s=60, fs_hz=FS_HZ)[0]
    time, where = np.arange(len(clean)) / FS_HZ, np.zeros(len(clean), bool)
    where[2000:3500] = True
    wander = 0.8 * np.sin(2 * np.pi * 0.2 * time) + 0.5
    steady = remove_baseline_wander(clean + wander * where, FS_HZ, ~where, where)
    assert np.array_equal(steady[~where], clean[~where])
    error = (steady - clean)[where]
    assert np.sqrt(np.mean(error**2)) < 0.15 * np.sqrt(np.mean(wander[where] ** 2))
    kept = remove_baseline_wander(clean, FS_HZ, ~where, where)
    assert np.abs(kept - clean).max() < 0.05
    none = np.zeros_like(where)
    assert np.array_equal(remove_baseline_wander(clean, FS_HZ, ~none, none), clean)
    assert np.array_equal(remove_baseline_wander(clean, FS_HZ, none, ~none), clean), "nothing to go by"


@pytest.mark.parametrize("fs_hz", [100.0, 360.0])
def test_clean_samples_are_unchanged_and_noise_free_samples_are_followed(strip, fs_hz):
    signal = make_ecg(3, duration_s=20, fs_hz=fs_hz)[0].astype(np.float32)
    where = np.zeros(len(signal), bool)
    where[int(8 * fs_hz) : int(10 * fs_hz)] = True
    drawn = strip.denoise(signal, fs_hz, where, draws=4, steps=20)
    assert drawn.info["task"] == "denoise"
    assert np.array_equal(drawn.observed, ~where)
    assert np.array_equal(drawn.signal_mv[~where], signal[~where])
    filled = strip.impute(np.where(where, np.nan, signal), fs_hz, draws=4, steps=20)
    believed, guessed = (np.std((result.mean_mv - signal)[where]) for result in (drawn, filled))
    assert believed < 0.5 * guessed


def test_masks_per_lead_and_missing_samples(strip):
    signal = np.stack([make_ecg(seed, duration_s=15, fs_hz=100)[0] for seed in (4, 5)])
    where = np.zeros(1500, bool)
    where[700:800] = True
    both = strip.denoise(signal, 100, where, **FEW)
    assert (~both.observed).sum() == 200
    one = strip.denoise(signal, 100, np.stack([where, ~where & where]), **FEW)
    assert np.array_equal(one.signal_mv[1], signal[1])
    signal[0, 750:900] = np.nan
    filled = strip.denoise(signal, 100, where, **FEW)
    assert np.isfinite(filled.signal_mv).all()


@pytest.mark.parametrize("noisy", [np.zeros(3, bool), np.zeros(1500), [[True] * 1500] * 2])
def test_an_invalid_mask_is_refused(strip, noisy):
    with pytest.raises(DiffecgError, match="True or False"):
        strip.denoise(make_ecg(4, duration_s=15, fs_hz=100)[0], 100, noisy, **FEW)


def test_a_lead_that_is_noisy_throughout_is_refused(strip):
    with pytest.raises(DiffecgError, match="nothing is observed"):
        strip.denoise(make_ecg(4, duration_s=15, fs_hz=100)[0], 100, np.ones(1500, bool), **FEW)


def test_the_command_changes_the_noisy_interval_only(run, runs, recording, tmp_path):
    few = ["--draws", 2, "--steps", 2]
    status, out, err = run(
        "denoise", runs["strip"], recording, "--interval", "12:13", "--out", tmp_path / "clean", *few
    )
    assert status == 0, err
    assert "1 noisy interval(s), 1.00 s of MLII" in out
    before, after = (wfdb.rdrecord(str(p), physical=False) for p in (recording, tmp_path / "clean" / "100"))
    changed = np.flatnonzero((before.d_signal != after.d_signal).any(axis=1))
    assert 12 * 360 <= changed.min() < changed.max() < 13 * 360
    assert pd.read_csv(tmp_path / "clean" / "gaps.csv")["start_s"].tolist() == [12.0]
    status, _, err = run("denoise", runs["strip"], recording, "--out", tmp_path / "found", *few)
    assert status == 1
    assert "--interval start:stop" in err


@pytest.mark.parametrize("name", ["bw", "em"])
def test_real_noise_on_a_real_recording(mitdb, name):
    """Heavy noise is halved at least; ``python -m research denoising`` makes the whole table."""
    signal = read_recording(mitdb / "103").signal_mv[0][:10_800].copy()
    noise = read_recording(mitdb.parent / "nstdb" / name).signal_mv[0][5000:7160]
    where = np.zeros(len(signal), bool)
    where[4000:6160] = True
    noisy = signal.copy()
    noisy[where] += 2 * signal.std() * (noise - noise.mean()) / noise.std()
    drawn = diffecg.load("mitbih-strip").denoise(noisy, 360, where, draws=2)
    left, was = (math.sqrt(np.mean((x - signal)[where] ** 2)) for x in (drawn.signal_mv, noisy))
    assert left < 0.5 * was
