"""Denoising: clean samples are unchanged, noise is removed, intervals cover, memory is bounded."""

import math

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg
from unit.model.test_denoising_network import all_pass

import diffecg
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.inference.denoising import Denoiser
from diffecg.inference.denoising_blocks import BLOCK_S, CONTEXT_S, NoisyLead, level_and_scale
from diffecg.model.denoiser_folder import DenoiserConfig, save_denoiser

FS_HZ = 250.0


@pytest.fixture(scope="module")
def passing(tmp_path_factory):
    """A denoiser that passes everything, with a half width of one scale."""
    folder = tmp_path_factory.mktemp("denoiser") / "passing"
    folder.mkdir()
    save_denoiser(folder, DenoiserConfig(), all_pass())
    return Denoiser(folder)


@pytest.fixture(scope="module")
def ecg():
    """A minute of one lead, and the mask of its noisy interval."""
    signal = make_ecg(2, duration_s=60, fs_hz=FS_HZ)[0]
    return signal, (np.arange(len(signal)) >= 20 * FS_HZ) & (np.arange(len(signal)) < 35 * FS_HZ)


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 360.0, 1000.0])
def test_blocks_and_rates_add_no_error(passing, fs_hz):
    """Two minutes are several blocks; components below half of either rate come back as they were."""
    time = np.arange(round(120 * fs_hz)) / fs_hz
    signal = np.sin(2 * np.pi * 5 * time) + 0.3 * np.sin(2 * np.pi * 17 * time + 1)
    found = passing.denoise(signal, fs_hz)
    assert found.noisy.all()
    inner = slice(round(fs_hz), -round(fs_hz))
    assert np.abs(found.signal_mv - signal)[inner].max() < 0.02


def test_samples_outside_the_mask_are_the_same_bits(ecg):
    signal, noisy = ecg[0].astype(np.float32), ecg[1]
    found = diffecg.denoise(signal, FS_HZ, noisy)
    assert found.signal_mv.dtype == np.float32
    for values in (found.signal_mv, found.lower_mv, found.upper_mv):
        assert np.array_equal(values[~noisy], signal[~noisy])
    assert np.array_equal(found.noisy, noisy)


def test_missing_samples_stay_missing(ecg):
    signal, noisy = ecg[0].copy(), ecg[1]
    signal[6000:6500] = np.nan
    signal[:500] = np.nan
    found = diffecg.denoise(signal, FS_HZ, noisy)
    assert np.array_equal(np.isnan(found.signal_mv), np.isnan(signal))
    assert np.array_equal(found.noisy, noisy & ~np.isnan(signal))


def test_axes_masks_and_panels_agree_with_single_leads(ecg):
    signal, noisy = ecg
    leads = np.stack([signal, -0.5 * signal])
    one = diffecg.denoise(leads[1], FS_HZ, noisy).signal_mv
    both = diffecg.denoise(leads.T, FS_HZ, noisy)
    assert both.axes == "time lead"
    assert np.array_equal(both.signal_mv[:, 1], one)
    each = diffecg.denoise(leads[:, None], FS_HZ, np.stack([np.zeros_like(noisy), noisy])[:, None])
    assert np.array_equal(each.signal_mv[0, 0], signal)
    assert np.array_equal(each.signal_mv[1, 0], one)


def test_a_clean_signal_is_nearly_unchanged(ecg):
    signal, noisy = ecg
    error = (diffecg.denoise(signal, FS_HZ, noisy).signal_mv - signal)[noisy]
    assert np.sqrt(np.mean(error**2)) < 0.15 * signal[noisy].std()


@pytest.mark.parametrize("frequency_hz", [0.15, 0.3])
def test_a_sine_of_wander_is_removed(ecg, frequency_hz):
    signal, noisy = ecg
    wander = np.sin(2 * np.pi * frequency_hz * np.arange(len(signal)) / FS_HZ)
    found = diffecg.denoise(signal + wander * noisy, FS_HZ, noisy)
    error = (found.signal_mv - signal)[noisy]
    assert np.sqrt(np.mean(error**2)) < 0.35 * wander[noisy].std()


def test_intervals_grow_with_coverage_and_noise(ecg):
    signal, noisy = ecg
    noise = np.random.default_rng(0).standard_normal(len(signal)) * noisy

    def width(level_mv, coverage):
        found = diffecg.denoise(signal + level_mv * noise, FS_HZ, noisy, coverage=coverage)
        assert (found.lower_mv <= found.signal_mv).all()
        return (found.upper_mv - found.lower_mv)[noisy].mean()

    assert width(0.1, 0.5) < 0.7 * width(0.1, 0.9)
    assert width(0.05, 0.9) < width(0.3, 0.9)


def test_coverages_between_those_of_the_calibration_are_interpolated(tmp_path, ecg):
    config = DenoiserConfig(coverages=(0.0, 0.5, 1.0), ratios=(0.0, 1.0, 3.0))
    save_denoiser(tmp_path, config, all_pass())
    signal, noisy = ecg
    found = Denoiser(tmp_path).denoise(signal, FS_HZ, noisy, coverage=0.75)
    clean_at_200_hz = level_and_scale(signal, noisy, FS_HZ)[1]
    width = (found.upper_mv - found.lower_mv)[noisy][1000:1100]
    assert width == pytest.approx(2 * 2.0 * clean_at_200_hz.item(), rel=0.2)


def test_level_and_scale_are_those_of_the_clean_samples():
    signal = np.array([[1.0, 3.0, 1.0, 3.0, 90.0, 90.0]])
    level, scale = level_and_scale(signal, signal > 50, 4.0)
    assert (level.item(), scale.item()) == (2.0, 2.0)
    level, _ = level_and_scale(signal, signal < 50, 4.0)  # half a second is too little
    assert level.item() == 3.0


def test_hours_are_read_in_short_blocks():
    read = []

    def read_samples(start, stop):
        read.append(stop - start)
        return np.zeros(stop - start)

    def estimate(signal, noisy, fs_hz):
        return np.stack([signal, np.ones(len(signal))])

    hours_s, blocks = 7200, []
    end = hours_s * 10
    lead = NoisyLead(read=read_samples, samples=end, fs_hz=10.0, runs=[(100, end)])
    signal, half_width = lead.estimate((100, end), estimate, lambda: blocks.append(1))
    assert (signal == 0).all()
    assert half_width == pytest.approx(1)
    assert max(read) <= (1.5 * BLOCK_S + 2 * CONTEXT_S) * 10
    assert len(blocks) == len(read) == pytest.approx(hours_s / BLOCK_S, abs=1)


@pytest.mark.parametrize("noisy", [np.zeros(3, bool), np.zeros(1500), [[True] * 1500] * 2])
def test_an_invalid_mask_is_refused(noisy):
    with pytest.raises(DiffecgError, match="True or False"):
        diffecg.denoise(make_ecg(4, duration_s=15, fs_hz=100)[0], 100, noisy)


def test_invalid_arguments_are_refused(ecg):
    signal, noisy = ecg
    with pytest.raises(DiffecgError, match="coverage 1 must be"):
        diffecg.denoise(signal, FS_HZ, noisy, coverage=1)
    with pytest.raises(DiffecgError, match="infinite"):
        diffecg.denoise(np.where(noisy, np.inf, signal), FS_HZ, noisy)
    with pytest.raises(DiffecgError, match="sampling rate"):
        diffecg.denoise(signal, 2.0, noisy)


def test_short_and_flat_signals_are_denoised():
    assert diffecg.denoise(np.ones(1), 360).signal_mv.shape == (1,)
    flat = diffecg.denoise(np.full(500, 0.7), 360).signal_mv
    assert flat == pytest.approx(0.7, abs=0.01)


def test_the_command_changes_the_noisy_interval_only(run, recording, tmp_path):
    status, out, err = run("denoise", recording, "--interval", "12:13", "--out", tmp_path / "clean")
    assert status == 0, err
    assert "1 noisy interval(s), 1.00 s of MLII, 90 % interval" in out
    before, after = (wfdb.rdrecord(str(p), physical=False) for p in (recording, tmp_path / "clean" / "100"))
    changed = np.flatnonzero((before.d_signal != after.d_signal).any(axis=1))
    assert 12 * 360 <= changed.min() < changed.max() < 13 * 360
    assert pd.read_csv(tmp_path / "clean" / "intervals.csv")["start_s"].tolist() == [12.0]
    with np.load(tmp_path / "clean" / "bounds.npz") as bounds:
        assert bounds["sample"].tolist() == list(range(12 * 360, 13 * 360))
        assert (bounds["lower_mv"] <= bounds["upper_mv"]).all()
    assert (tmp_path / "clean" / "interval-001.png").stat().st_size > 1000
    status, _, err = run("denoise", recording, "--out", tmp_path / "found")
    assert status == 1
    assert "--interval start:stop" in err


@pytest.mark.parametrize("name", ["bw", "em"])
def test_recorded_noise_on_a_real_recording(mitdb, name):
    """Heavy noise is halved at least; ``python -m research denoising`` makes the whole table."""
    signal = read_recording(mitdb / "103").signal_mv[0][:10_800].copy()
    noise = read_recording(mitdb.parent / "nstdb" / name).signal_mv[0][-7160:-5000]
    where = np.zeros(len(signal), bool)
    where[4000:6160] = True
    noisy = signal.copy()
    noisy[where] += 2 * signal.std() * (noise - noise.mean()) / noise.std()
    found = diffecg.denoise(noisy, 360, where)
    left, was = (math.sqrt(np.mean((x - signal)[where] ** 2)) for x in (found.signal_mv, noisy))
    assert left < 0.5 * was
    inside = (found.lower_mv <= signal) & (signal <= found.upper_mv)
    assert inside[where].mean() > 0.7
