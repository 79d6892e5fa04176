"""Kinds of channels, the choice of ECG channels, and headings of tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.errors import DiffecgError
from diffecg.signal.channel_kinds import channel_kind, is_bookkeeping, is_counter
from diffecg.signal.channels import (
    MAX_ASSUMED_LEADS,
    default_row,
    ecg_rows,
    find_row,
    make_channels,
    millivolt_scale,
    state_units,
)
from diffecg.signal.column_names import split_column

KINDS = {
    "ecg": [("MLII", "mV"), ("ECG1", "mV"), ("II", "uV"), ("ECG", "NU"), ("EKG", "")],
    "eeg": [
        *(("EEG Fpz-Cz", "uV"), ("Pz-Oz", "uV"), ("C4-M1", "uV")),
        *(("O2-A1", "uV"), ("A12", "uV"), ("F7", "mV")),
    ],
    "eog": [("EOG horizontal", "uV"), ("LOC", "uV"), ("HEOG", "uV")],
    "emg": [("EMG submental", "uV"), ("Chin1-Chin2", "mV"), ("L Leg", "uV")],
    "ppg": [("PLETH", "NU"), ("PLETH", "mV"), ("SpO2", "%"), ("SaO2", "%"), ("BVP", ""), ("Pulse", "")],
    "pressure": [("ABP", "mmHg"), ("ART", "mmHg"), ("CVP", "mmHg"), ("PAP", "mmHg"), ("ICP", "mmHg")],
    "respiration": [("RESP", "NU"), ("Resp oro-nasal", ""), ("Airflow", "uV"), ("THOR RES", "mV")],
    "acceleration": [("ACC X", "g"), ("Accelerometer_Y", "m/s2"), ("acc_z", "")],
    "temperature": [("Temp rectal", "degC")],
    "marker": [
        *(("Status", ""), ("HR", "bpm"), ("pulse", "bpm")),
        *(("Event marker", ""), ("timestamp", "ms"), ("ECG_Rate", "")),
    ],
    "other": [("BCG", "mV"), ("EDA", "uS"), ("foo", "mmHg"), ("Snore", "uV"), ("Position", "")],
    "unknown": [("lead 1", "mV"), ("signal", ""), ("ch1", "uV"), ("Brustgurt", "mV"), ("lead 1", "adu")],
}  # fmt: skip

BOOKKEEPING = [
    "artifact",
    "leadoff",
    *(
        "index",
        "Index",
        "sample",
        "'sample #'",
        "sample number",
        "Sample No.",
        "timer",
        "time",
        "t",
        "Time [s]",
    ),
    *(
        "sampling_rate",
        "SamplingRate",
        "fs",
        "Fs (Hz)",
        "patient",
        "patient_id",
        "ID",
        "subject",
        "uid",
        "record",
    ),
    *(
        "label",
        "class",
        "marker",
        "event",
        "hr",
        "HR",
        "heart rate",
        "heartRate",
        "bpm",
        "ECG_R_Peaks",
        "quality",
    ),
    *(
        "frame",
        "packet",
        "seq",
        "row",
        "timestamp [ms]",
        "Phone timestamp",
        "ecgTimestamp",
        "ECG_Quality",
        "n",
    ),
]


@pytest.mark.parametrize(("kind", "channel"), [(kind, channel) for kind in KINDS for channel in KINDS[kind]])
def test_the_kind_of_a_channel_follows_from_its_name(kind, channel):
    assert channel_kind(*channel) == kind


@pytest.mark.parametrize("name", BOOKKEEPING)
def test_counters_clocks_rates_and_identifiers_are_no_signals(name):
    assert is_bookkeeping(name)
    assert channel_kind(name, "mV") == "marker"


@pytest.mark.parametrize(
    "name", ["MLII", "ECG", "patient 1 ECG", "record_100_MLII", "RESP", "lead 1", "ch2", "X", "II", "i"]
)
def test_signals_are_no_bookkeeping(name):
    assert not is_bookkeeping(name)


@given(
    st.integers(-1000, 1000),
    st.integers(-50, 50).filter(bool),
    st.integers(3, 40),
    st.sampled_from([np.int64, np.float64]),
)
def test_a_column_with_equal_whole_steps_is_a_counter(first, step, count, dtype):
    values = (first + step * np.arange(count)).astype(dtype)
    assert is_counter(values)
    values[-1] += 1
    assert not is_counter(values)


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.0], [0, 1], [0.0, 0.5, 1.0], [0.0, np.nan, 2.0], []])
def test_constant_short_and_fractional_columns_are_no_counters(values):
    assert not is_counter(np.array(values))


def rows(*names, unit="mV"):
    return ecg_rows(make_channels(names, [unit] * len(names)))


def test_ecg_channels_are_found_by_name():
    psg = make_channels(
        ["EEG Fpz-Cz", "EOG horizontal", "ECG II", "Resp", "EKG2"], ["uV", "uV", "uV", "", "mV"]
    )
    assert ecg_rows(psg) == ([2, 4], None)
    assert rows("foo", "V5", "MLII") == ([1, 2], None)
    assert default_row(psg, "psg") == 2
    assert default_row(make_channels(["V5", "ECG II", "I"]), "r") == 1
    assert default_row(make_channels(["V5", "V1"]), "r") == 0


def test_voltages_without_names_are_assumed_to_be_ecg_and_that_is_stated():
    assert rows("lead 1", "lead 2") == (
        [0, 1],
        "no channel is named as an ECG lead: lead 1, lead 2 assumed to be ECG",
    )
    found, assumption = ecg_rows(make_channels(["Brustgurt", "ACC X", "HR"], ["mV", "g", "bpm"]))
    assert found == [0]
    assert "Brustgurt assumed" in assumption


@pytest.mark.parametrize(
    "names",
    [
        ["EEG Fpz-Cz", "EEG Pz-Oz"],
        ["ch1", "EMG chin"],
        ["index", "counter"],
        ["PLETH"],
        [f"ch{i}" for i in range(MAX_ASSUMED_LEADS + 1)],
        [],
    ],
)
def test_nothing_is_assumed_beside_other_voltages(names):
    assert rows(*names) == ([], None)
    with pytest.raises(DiffecgError, match="--lead"):
        default_row(make_channels(names), "r")


def test_an_ecg_that_is_no_voltage_is_not_replaced_by_another_channel():
    channels = make_channels(["ECG", "signal"], ["NU", "mV"])
    assert ecg_rows(channels) == ([], None)
    with pytest.raises(DiffecgError, match=r"ECG \(NU, ecg\).*--unit"):
        default_row(channels, "r")


def test_a_channel_is_found_by_its_name_or_by_its_lead():
    channels = make_channels(["ECG II", "V", "EKG V5", "ABP", "ecg"])
    assert [find_row(channels, name, "r") for name in ("ECG II", "ecg ii", "II", "D2", "V5", "ABP", "v")] == [
        0,
        0,
        0,
        0,
        2,
        3,
        1,
    ]
    for name in ("V1", "lead 1", ""):
        with pytest.raises(DiffecgError, match="choose one of ECG II, V"):
            find_row(channels, name, "r")
    with pytest.raises(DiffecgError, match="no channel 'II'"):
        find_row(make_channels(["ECG II", "Lead II"]), "II", "r")


def test_units_that_the_file_does_not_state_are_assumed_for_what_may_be_an_ecg_only():
    channels = make_channels(["II", "signal", "RESP", "V5", "ABP"], ["", "", "", "uV", "mmHg"])
    stated, assumption = state_units(channels)
    assert [channel.unit for channel in stated] == ["mV", "mV", "NU", "uV", "mmHg"]
    assert assumption == "no unit stated for II, signal: mV assumed"
    steps = make_channels(["lead 1", "II"], ["adu", "raw"])
    stated, assumption = state_units(steps)
    assert stated == steps  # a step is no millivolt
    assert assumption == "lead 1, II in steps of unknown size (adu): state their unit with --unit, or --gain"
    assert [channel.unit for channel in state_units(steps, "uV")[0]] == ["uV", "uV"]
    stated, assumption = state_units(channels, "uV")
    assert [channel.unit for channel in stated] == ["uV", "uV", "NU", "uV", "mmHg"]
    assert assumption is None


def test_the_spelling_of_units_does_not_change_the_scale():
    channels = make_channels(["a", "b", "c", "d", "e"], ["µV", "microvolts", "MV", "volt", "nV"])
    assert millivolt_scale(channels) == [1e-3, 1e-3, 1.0, 1e3, 1e-6]
    with pytest.raises(DiffecgError, match="ABP is in 'mmHg'"):
        millivolt_scale(make_channels(["ABP"], ["mmHg"]))


COLUMNS = {
    "II (mV)": ("II", "mV"),
    "II [uV]": ("II", "uV"),
    " V5_uV": ("V5", "uV"),
    "ecg [uV]": ("ecg", "uV"),
    "II (μV)": ("II", "uV"),
    "II (\ufffdV)": ("II", "uV"),
    "II..mV.": ("II", "mV"),
    "ecg_mv": ("ecg", "mV"),
    "ecg in mV": ("ecg", "mV"),
    "ECG [in µV]": ("ECG", "uV"),
    "ecg, millivolts": ("ecg", "mV"),
    "ecg_volts": ("ecg", "V"),
    "ECG (V)": ("ECG", "V"),
    "ECG (lead II)": ("ECG (lead II)", ""),
    "ECG (lead II) [mV]": ("ECG (lead II)", "mV"),
    "II (uV) filtered": ("II filtered", "uV"),
    "ECG (V5)": ("ECG (V5)", ""),
    "ECG (filtered)": ("ECG (filtered)", ""),
    "ECG (raw)": ("ECG", "adu"),
    "ECG_V": ("ECG_V", ""),
    "V": ("V", ""),
    "ECG V": ("ECG V", ""),
    "EKG Gerät (mV)": ("EKG Gerät", "mV"),
    "'MLII'": ("MLII", ""),
    "mV": ("mV", "mV"),
    "RESP (L/min)": ("RESP", "L/min"),
    "PLETH (NU)": ("PLETH", "NU"),
    "SpO2 (%)": ("SpO2", "%"),
    "ABP (mmHg)": ("ABP", "mmHg"),
    "": ("", ""),
    "()": ("()", ""),
}  # fmt: skip


@pytest.mark.parametrize("heading", COLUMNS)
def test_name_and_unit_are_separated(heading):
    assert split_column(heading) == COLUMNS[heading]


NAMES = st.text(st.characters(categories=["L", "N"], include_characters=" _-#/"), min_size=1, max_size=12)


@given(NAMES.map(str.strip).filter(bool), st.sampled_from(["mV", "uV", "nV", "V", "mmHg", "NU", "%", "bpm"]))
def test_a_heading_that_states_a_known_unit_gives_name_and_unit_back(name, unit):
    assert split_column(f"{name} ({unit})") == (name, unit)


@given(st.text(max_size=20))
def test_any_heading_is_read(heading):
    name, unit = split_column(heading)
    assert not name or name in heading or len(name) < len(heading)
    assert unit == unit.strip()
