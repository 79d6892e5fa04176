"""Names of ECG leads as devices and databases write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.signal.lead_names import lead_name

STANDARD = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]

LEADS = {
    "I": [
        *("I", "i", "Lead I", "lead_I", "ECG I"),
        *("DI", "D1", "Ableitung I", "ECG LA-RA", "Lead I (Einthoven)", "ECG I (mV)"),
    ],
    "II": [
        *("II", "ii", "Lead II", "ECG II", "EKG II"),
        *("ECG_II", "ecg (lead II)", "D2", "DII", "II-REF", "ECG LL-RA"),
        *("MDC_ECG_LEAD_II", "MDC_ECG_ELEC_POTL_II", "ECGII"),
        *("leadII", "Shimmer_ECG_LL-RA_24BIT_CAL", "ECG II-Ref"),
        *("ECG II (mV)", "'II'", "Ch1: II", "record_100_II"),
    ],
    "III": ["III", "ECG LL-LA", "D3"],
    "MLII": ["MLII", "ML II"[:2] + "II", "ML2", "mlii", "record_100_MLII"],
    "MLIII": ["MLIII"],
    "aVR": ["aVR", "AVR", "avr", "Lead aVR", "MDC_ECG_LEAD_AVR", "ECG aVR"],
    "-aVR": ["-aVR"],
    "V": ["V", "ECG_V", "ECG V"],
    "V1": ["V1", "v1", "mod.V1", "V1-REF"],
    "V4R": ["V4R", "v4r"],
    "V5": ["V5", "ECG V5", "Lead V5"],
    "VX": ["vx"],
    "MCL1": ["MCL1"],
    "CM5": ["CM5"],
    "AS": ["A-S"],
    "ES": ["E-S", "ECG E-S"],
    "ECG": [
        *("ECG", "EKG", "ecg", "ECG1", "ECG2"),
        *("EKG1", "ECG 1", "EKG-REF", "EKG1-EKG2", "ECG1-ECG2", "EEG EKG1-REF"),
        *("ECG L", "ECGR", "POL EKG", "ECG_Raw"),
        *("ECG_Clean", "EKG Gerät", "patient 1 ECG", "ECG RA-LL", "V1-V2"),
        *("ECG Lead 1", "ecg_signal", "Electrocardiogram", "ECG_Vx-RL"),
    ],
}  # fmt: skip
"""Names in mitdb, svdb, edb, qtdb, ltstdb, PTB-XL, CinC 2015, sleep and telemetry recordings, by lead."""

NO_ECG = [
    *("EEG Fpz-Cz", "EEG Pz-Oz", "Fpz-Cz", "C4-M1", "C3-A2", "O2-A1", "I1", "Iz", "A1", "EEG C1", "C1", "T3"),
    *("EOG horizontal", "EOG LOC", "EMG submental", "Chin1-Chin2", "E1-M2", "LLEG"),
    *(
        "PLETH",
        "ABP",
        "ART",
        "RESP",
        "SpO2",
        "SaO2",
        "Resp oro-nasal",
        "Temp rectal",
        "Event marker",
        "ACC X",
        "X",
        "Z",
    ),
    *(
        "lead 1",
        "lead 2",
        "ch1",
        "Channel 2",
        "signal",
        "value",
        "voltage",
        "Voltage V",
        "0",
        "",
        " ",
        "col0",
        "1",
    ),
    *(
        "ECG_Rate",
        "ECG_Quality",
        "ECG_R_Peaks",
        "ECG timestamp",
        "ecg_id",
        "ECG HR",
        "ecgRate",
        "ecg lead off",
    ),
    *(
        "ECG impedance",
        "Battery V",
        "Phase I",
        "Sample I",
        "heart rate",
        "label",
        "class",
        "Resp I",
        "BCG",
        "Vagus",
    ),
]


@pytest.mark.parametrize(("lead", "name"), [(lead, name) for lead in LEADS for name in LEADS[lead]])
def test_the_lead_of_a_channel_is_recognised(lead, name):
    assert lead_name(name) == lead


@pytest.mark.parametrize("name", NO_ECG)
def test_other_signals_and_anonymous_channels_are_no_leads(name):
    assert lead_name(name) is None


@given(
    st.sampled_from(STANDARD),
    st.sampled_from(["{}", "ECG {}", "Lead {}", "EKG_{}", "MDC_ECG_LEAD_{}", "{} (mV)", "{}-REF"]),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_prefixes_and_case_do_not_change_a_lead(lead, pattern, case):
    assert lead_name(case(pattern.format(lead))) == lead


@given(st.text(max_size=20))
def test_any_text_is_read_and_a_canonical_name_is_its_own_lead(text):
    lead = lead_name(text)
    assert lead is None or lead_name(lead) == lead
