"""Tables and arrays of ADC units are read with a gain and a baseline."""

import numpy as np
import pandas as pd
import pytest
from helpers import make_ecg, write_recording

import diffecg
from diffecg.errors import DiffecgError

FS_HZ = 250.0
MV = np.round(make_ecg(0, 20, FS_HZ)[0] * 200) / 200
ADC = np.rint(MV * 200).astype(int) + 1024
MIT_BIH = {"gain": 200, "baseline": 1024}


@pytest.fixture
def table(tmp_path):
    """A table of one lead in ADC units, with an empty cell, and a temperature."""
    path = tmp_path / "patch.csv"
    cells = [str(value) for value in ADC]
    cells[700] = ""
    rows = (f"{k / FS_HZ:.3f},{cell},36.5" for k, cell in enumerate(cells))
    path.write_text("\n".join(["time_s,ECG,Temperature (degC)", *rows]) + "\n")
    return path


def test_a_gain_and_a_baseline_make_millivolts(table):
    recording = diffecg.read_recording(table, **MIT_BIH)
    assert recording.units == ("mV", "degC")
    lead = recording.lead_mv(0)
    assert np.isnan(lead[700])
    assert np.abs(np.delete(lead - MV, 700)).max() < 1e-12
    assert (recording.signal[1] == 36.5).all()
    wandering = diffecg.read_recording(table, gain=200).lead_mv(0)
    assert np.nanmax(np.abs(wandering - lead - 5.12)) < 1e-12


@pytest.mark.parametrize("kind", ["npz", "npy", "parquet"])
def test_arrays_and_parquet_have_a_gain_too(tmp_path, kind):
    path = tmp_path / f"r.{kind}"
    if kind == "npz":
        np.savez(path, signal_mv=ADC, fs_hz=FS_HZ)
    elif kind == "npy":
        np.save(path, ADC)
    else:
        pd.DataFrame({"ECG": ADC}).to_parquet(path)
    recording = diffecg.read_recording(path, fs_hz=FS_HZ, **MIT_BIH)
    assert np.abs(recording.lead_mv(0) - MV).max() < 1e-12


@pytest.mark.parametrize("suffix", ["", ".edf", ".npz", ".parquet"])
def test_other_formats_are_written_in_millivolts(table, tmp_path, suffix):
    recording = diffecg.read_recording(table, **MIT_BIH)
    path = diffecg.write_recording(tmp_path / f"converted{suffix}", recording.select([0]))
    lead = diffecg.read_recording(path).lead_mv(0)
    assert np.nanmax(np.abs(np.delete(lead[: len(MV)] - MV, 700))) < 1e-3


def test_the_table_is_written_in_its_own_steps(table, run, tmp_path):
    out = tmp_path / "imputed"
    flags = ("--gain", 200, "--baseline", 1024)
    assert run("impute", table, *flags, "--engine", "analogues", "--out", out)[0] == 0
    before, after = table.read_text().splitlines(), (out / "patch.csv").read_text().splitlines()
    changed = [row for row, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert changed == [701]
    value = after[701].split(",")[1]
    assert value.isdecimal()
    assert abs(int(value) - ADC[700]) < 60


def test_tables_in_adc_units_are_prepared(run, tmp_path):
    for subject in range(5):
        signal, samples, symbols = make_ecg(subject, 60, FS_HZ)
        cells = np.rint(signal * 200).astype(int) + 1024
        folder = tmp_path / "own"
        folder.mkdir(exist_ok=True)
        pd.DataFrame({"ECG": cells}).to_csv(folder / f"{subject}.csv", index=False)
        beats = pd.DataFrame({"sample": samples, "symbol": symbols})
        beats.to_csv(folder / f"{subject}_annotations.csv", index=False)
    command = ("prepare", "own", "--from", tmp_path / "own", "--lead", "ECG", "--fs", FS_HZ)
    status, _, error = run(*command, "--gain", 200, "--baseline", 1024, "--out", tmp_path / "beats")
    assert status == 0, error
    windows = diffecg.open_windows(tmp_path / "beats")
    assert 0.5 < np.abs(windows.signal_mv).max() < 5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "the ADC units per mV and of 0 mV with --gain and --baseline"),
        ({"unit": "adu"}, "of ADC units, give --gain"),
        ({"baseline": 1024}, "baseline 1024 needs the ADC units per mV as well"),
        ({"gain": 200, "unit": "uV"}, "leave out --unit or --gain"),
        ({"gain": 0}, "gain 0 and baseline 0 are not possible"),
        ({"gain": float("nan")}, "gain nan"),
        ({"gain": 200, "unit": {"ECG": "mV"}}, "no channel that may be an ECG"),
    ],
)
def test_errors_say_what_is_missing(table, given, words):
    with pytest.raises(DiffecgError) as caught:
        diffecg.read_recording(table, **given)
    assert words in str(caught.value)


def test_files_that_state_their_gain_refuse_another(tmp_path):
    with pytest.raises(DiffecgError, match="states the gain of its samples itself"):
        diffecg.read_recording(write_recording(tmp_path / "100"), gain=200)
