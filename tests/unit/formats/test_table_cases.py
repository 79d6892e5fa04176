"""Tables as people have them, with the values that are known by construction."""

from datetime import date, time
from pathlib import Path

import numpy as np
import pytest

from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording

CASES = Path(__file__).parents[2] / "data" / "cases" / "csv"
TRUTH = np.loadtxt(CASES / "two.csv", delimiter=",", skiprows=1)[:, 1]
"""Lead I in mV: 12 s at 250 Hz."""

NAMES_AND_UNITS = {
    "apple_de": [("Lead I", "uV")],
    "apple_en": [("Lead I", "uV")],
    "comma_decimal_one": [("ecg", "mV")],
    "comments": [("ECG", "mV")],
    "greekmu": [("II", "uV")],
    "index_named": [("ecg", "mV")],
    "latin1": [("II", "uV")],
    "lead_V": [("ECG_II", "mV"), ("ECG_V", "mV")],
    "lead_in_paren": [("ECG (lead II)", "mV")],
    "lead_na_text": [("I", "mV"), ("II", "mV")],
    "packets": [("ecg", "uV")],
    "polar": [("ecg", "uV")],
    "rdsamp_dash": [("MLII", "mV"), ("V5", "mV")],
    "rdsamp_pv": [("MLII", "mV"), ("V5", "mV")],
    "semicolon": [("II", "mV")],
    "tab": [("II", "mV")],
    "thousands": [("I", "uV"), ("II", "uV")],
    "time_hms": [("ecg", "mV")],
    "two": [("ECG (mV)", "mV"), ("ECG (uV)", "uV")],
    "twotime": [("ECG", "mV")],
    "uni": [("EKG Gerät", "mV")],
    "wholesec": [("ECG", "mV")],
}
NEED_RATE = ("comma_decimal_one", "index_named")


def read_case(name, **options):
    """Read a case, with its sampling rate if the file does not state it."""
    return read_recording(CASES / f"{name}.csv", fs_hz=250 if name in NEED_RATE else None, **options)


@pytest.mark.parametrize("name", NAMES_AND_UNITS)
def test_names_units_times_and_samples_are_those_of_the_file(name):
    recording = read_case(name)
    assert list(zip(recording.channel_names, recording.units, strict=True)) == NAMES_AND_UNITS[name]
    assert (recording.fs_hz, recording.samples) == (250, 3000)
    assert recording.default_lead() in (0, 1)
    step_mv = 1e-3 if recording.units[0] == "uV" or name.startswith(("rdsamp", "lead_na")) else 1e-4
    expected = np.abs(TRUTH) if name == "comma_decimal_one" else TRUTH  # that file has no signs
    assert np.abs(recording.lead_mv(0) - expected).max() <= step_mv


@pytest.mark.parametrize("name", NEED_RATE)
def test_a_rate_that_is_not_stated_is_asked_for(name):
    with pytest.raises(DiffecgError, match="--fs"):
        read_recording(CASES / f"{name}.csv")


@pytest.mark.parametrize(("name", "mark"), [("rdsamp_dash", "'-'"), ("lead_na_text", "'LEAD OFF'")])
def test_cells_that_are_no_numbers_are_missing_and_counted(name, mark):
    recording = read_case(name)
    missing = recording.missing[1]
    assert np.flatnonzero(missing).tolist() == list(range(500, 600))
    assert not recording.missing[0].any()
    assert [text for text in recording.warnings if "100 cells" in text and mark in text]


def test_thousands_separators():
    recording = read_case("thousands")
    assert recording.signal[1, 121:129].tolist() == [1055, 1786, 2497, 3086, 3263, 3046, 2546, 1737]
    assert not recording.missing.any()


STARTS = {
    "apple_de": (date(2023, 1, 2), time(10, 11, 12)),
    "polar": (date(2023, 1, 5), time(10)),
    "wholesec": (date(2023, 1, 5), time(10)),
    "twotime": (None, time(10)),
    "packets": (None, None),
}


@pytest.mark.parametrize("name", STARTS)
def test_starts(name):
    assert read_case(name).start == STARTS[name]


GUESSES = {
    "packets": "one time for 73 rows",
    "wholesec": "one time for 250 rows",
    "latin1": "Windows-1252",
    "apple_en": "250 Hz from the lines above",
    "lead_V": "mV assumed",
}


@pytest.mark.parametrize("name", GUESSES)
def test_guesses_are_reported(name):
    assert any(GUESSES[name] in text for text in read_case(name).assumptions)


def test_steps_of_a_converter_are_refused_with_the_way_out():
    with pytest.raises(DiffecgError, match=r"MLII holds whole numbers from 986 to 1247 .* --unit uV"):
        read_recording(CASES / "kaggle_mitbih.csv", fs_hz=360)
    recording = read_recording(CASES / "kaggle_mitbih.csv", fs_hz=360, unit="uV")
    assert recording.channel_names == ("MLII", "V5")
    assert recording.signal[:, :3].tolist() == [[1022, 1023, 1023], [1024, 1025, 1024]]


def test_windows_are_refused_by_name():
    with pytest.raises(DiffecgError, match=r"188 columns .* Kaggle's heartbeat files"):
        read_recording(CASES / "kaggle_heartbeat.csv", fs_hz=125)
