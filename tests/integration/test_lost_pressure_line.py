"""A recording of four signals in which the pressure line is lost for seconds: found, repaired, judged."""

import json

import numpy as np
import pandas as pd
import pytest

from diffecg.formats.registry import read_recording, write_recording

LOST = slice(30_000, 31_000)
"""Four seconds from 120 s on, at 250 Hz."""


@pytest.fixture
def recording(cinc2015):
    """ECG, PPG and pressure of a patient."""
    return read_recording(cinc2015 / "v221l")


@pytest.fixture
def damaged(recording, tmp_path):
    """The same recording while its pressure line is flushed, which the monitor shows as 350 mmHg."""
    abp = recording.find_channel("ABP")
    flushed = np.full(LOST.stop - LOST.start, 350.0)
    everything = np.ones(len(flushed), dtype=bool)
    write_recording(
        tmp_path / "bed7",
        recording.with_imputed(abp, flushed, everything, LOST.start, unit="mmHg"),
    )
    return tmp_path / "bed7"


def test_a_lost_pressure_line_is_found_repaired_and_judged(recording, damaged, run, tmp_path):
    status, shown, error = run("info", damaged)
    assert status == 0, error
    assert "ABP [pressure] in mmHg" in shown
    assert "of ABP lies outside -30 to 300 mmHg" in shown

    status, shown, error = run(
        *("impute", damaged, "--lead", "ABP", "--engine", "analogues", "--check", 8),
        *("--out", tmp_path / "repaired", "--json"),
    )
    assert status == 0, error
    assert "ABP: 8 observed interval(s) of 4 s hidden and imputed" in error
    result = json.loads(shown)
    (check,) = result["check"]
    assert (check["lead"], check["unit"], check["intervals"]) == ("ABP", "mmHg", 8)
    table = pd.read_csv(tmp_path / "repaired" / "check.csv")
    assert check["absolute_error"] == pytest.approx(table["absolute_error"].mean(), abs=1e-3)

    repaired = read_recording(tmp_path / "repaired" / "bed7")
    abp = recording.find_channel("ABP")
    written, true = repaired.signal[abp], recording.signal[abp]
    error = np.abs(written - true)
    assert error[: LOST.start].max() < 0.01
    assert error[LOST.stop :].max() < 0.01
    assert 20 < written[LOST].min() < written[LOST].max() < 250
    assert error[LOST].mean() < 3 * check["largest_error"], "as the hidden intervals promise"
    for row in range(len(recording.channel_names)):
        if row != abp:
            assert np.allclose(repaired.signal[row], recording.signal[row], atol=1e-3)


def test_the_model_of_the_recording_is_the_one_of_its_signals(damaged, cinc2015, run, tmp_path):
    status, shown, error = run("impute", damaged, "--lead", "ABP", "--out", tmp_path / "repaired", "--json")
    assert status == 0, error
    assert json.loads(shown)["model"] == "icu-strip"
    assert (tmp_path / "repaired" / "gap-001.png").is_file()
    status, shown, error = run("forecast", damaged, "--lead", "PLETH", "--out", tmp_path / "ahead", "--json")
    assert status == 0, error
    assert json.loads(shown)["model"] == "icu-strip"
    ecg = read_recording(damaged).select([0, 1])
    write_recording(tmp_path / "ecg", ecg)
    status, shown, error = run("forecast", tmp_path / "ecg", "--out", tmp_path / "ecg-ahead", "--json")
    assert status == 0, error
    assert json.loads(shown)["model"] == "mitbih-strip"


def test_a_check_that_is_impossible_is_not_passed_over(recording, run, tmp_path):
    arguments = ("impute", tmp_path / "short", "--lead", "ABP", "--gap", "4:8", "--engine", "analogues")
    write_recording(tmp_path / "short", recording.crop(100.0, 112.0))
    status, _, error = run(*arguments, "--check", 5, "--out", tmp_path / "repaired")
    assert status == 0, error
    assert "nothing is checked: no interval as long as the gaps is observed" in error
    assert not (tmp_path / "repaired" / "check.csv").exists()
    status, _, error = run(*arguments, "--check", -5, "--out", tmp_path / "other")
    assert status == 1
    assert "check" in error
    assert "-5" in error
    assert not (tmp_path / "other").exists()
