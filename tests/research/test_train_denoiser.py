"""Training of the denoising network: windows are what they claim, and a model folder is written."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_ecg, write_recording

from diffecg.inference.denoising import Denoiser
from research.models import noisy_windows, train_denoiser
from research.models.noisy_windows import FS_HZ, NOISE_COLUMNS, PTBXL_FS_HZ, WindowSource


@pytest.fixture
def ptbxl(tmp_path):
    """A folder like PTB-XL with one record in each fold; that of fold 2 is noisy."""
    rows = []
    for fold in range(1, 11):
        lead = make_ecg(fold, duration_s=10, fs_hz=100.0)[0]
        samples = np.stack([gain * 1000 * lead for gain in np.linspace(-1, 1.2, 12)], axis=1)
        (tmp_path / f"{fold}.dat").write_bytes(samples.round().astype("<i2").tobytes())
        noise = dict.fromkeys(NOISE_COLUMNS, "II" if fold == 2 else None)
        rows.append({"filename_lr": str(fold), "strat_fold": fold, **noise})
    pd.DataFrame(rows).to_csv(tmp_path / "ptbxl_database.csv", index=False)
    return tmp_path


@pytest.fixture
def noises(tmp_path):
    """A folder like nstdb."""
    for i, kind in enumerate(("bw", "ma", "em")):
        write_recording(tmp_path / kind, seed=10 + i, duration_s=400.0)
    return tmp_path


def test_windows_are_noisy_in_their_mask_only(ptbxl, noises, database):
    records = noisy_windows.read_ptbxl(ptbxl, [1, 2, 3])
    assert records.shape == (2, 12, 1000), "the noisy record is left out"
    source = WindowSource(
        ptbxl=records,
        signals=noisy_windows.read_signals(database, ["100"], FS_HZ),
        noises={fs_hz: noisy_windows.read_noise(noises, fs_hz, "train") for fs_hz in (PTBXL_FS_HZ, FS_HZ)},
        seed=0,
    )
    for windows in (source.short(20), source.long(20, 20.48)):
        added = windows.noisy - windows.clean
        # Windows of PTB-XL are resampled, which spreads the edges of the noise.
        edge = 20 if windows.clean.shape[1] < 4096 else 0
        for row, mask in zip(added, windows.is_noisy, strict=True):
            near = np.convolve(mask, np.ones(2 * edge + 1), "same") > 0
            assert np.abs(row[~near]).max(initial=0) < 0.02 * max(1, np.abs(row).max())
        assert np.isfinite(windows.noisy).all()


def test_partitions_of_the_noise_do_not_overlap(noises):
    whole = noisy_windows.read_signals(noises, ["bw"], FS_HZ)[0]
    parts = [
        noisy_windows.read_noise(noises, FS_HZ, name)["bw"][0] for name in ("train", "validation", "test")
    ]
    assert np.array_equal(np.concatenate(parts), whole)


def test_an_unknown_device_is_refused_before_anything_is_read(research, tmp_path):
    status, _, err = research("train-denoiser", tmp_path, tmp_path, tmp_path, "--device", "tpu")
    assert status == 1
    assert "cannot train on the device 'tpu'" in err


def test_a_folder_with_calibrated_intervals_and_a_card_is_written(
    research, ptbxl, noises, database, tmp_path, monkeypatch
):
    monkeypatch.setattr(train_denoiser, "DS1", ("101", "106"))
    monkeypatch.setattr(train_denoiser, "DEVELOPMENT", ("106",))
    monkeypatch.setattr(train_denoiser, "CALIBRATION_BATCHES", 2)
    monkeypatch.setattr(train_denoiser, "SHORT", 2)
    monkeypatch.setattr(train_denoiser, "LONG", 1)
    out = tmp_path / "denoiser"
    settings = ["--out", out, "--minutes", 0.01, "--checkpoint", tmp_path / "checkpoint.safetensors"]
    status, _, err = research("train-denoiser", database, noises, ptbxl, *settings)
    assert status == 0, err
    config = Denoiser(out).config
    assert list(config.ratios) == sorted(config.ratios)
    assert config.coverages[0] == config.ratios[0] == 0
    assert "Not a medical device" in (out / "README.md").read_text()
