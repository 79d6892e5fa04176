"""Warnings about channels that are implausible for their kind."""

import re

import numpy as np
import pytest

from diffecg.formats.description import describe
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.signal.channels import make_channels
from diffecg.signal.kind_plausibility import kind_warnings

FS_HZ = 125.0
TIME_S = np.arange(60 * 125) / FS_HZ
PULSE = np.sin(2 * np.pi * 1.2 * TIME_S) + 0.3 * np.sin(2 * np.pi * 2.4 * TIME_S)
BREATHING = np.sin(2 * np.pi * 0.25 * TIME_S)

PLAUSIBLE = [
    ("ABP", "mmHg", 90 + 30 * PULSE),
    ("ABP", "kPa", 12 + 4 * PULSE),
    ("PLETH", "NU", 0.5 + 0.3 * PULSE),
    ("PLETH", "mV", 500 * PULSE),
    ("SpO2", "%", np.full(len(TIME_S), 97.0)),
    ("RESP", "NU", 0.1 * BREATHING),
    ("EEG Fpz-Cz", "uV", 30 * PULSE),
    ("EMG chin", "mV", 0.02 * PULSE),
    ("Temp", "degC", np.full(len(TIME_S), 37.0)),
]


@pytest.mark.parametrize(("name", "unit", "signal"), PLAUSIBLE, ids=[name for name, *_ in PLAUSIBLE])
def test_a_plausible_channel_causes_no_warning(name, unit, signal):
    (channel,) = make_channels([name], [unit])
    assert kind_warnings(signal, FS_HZ, channel) == []
    signal = signal.copy()
    signal[1000:2000] = np.nan
    assert kind_warnings(signal, FS_HZ, channel) == []
    assert kind_warnings(np.full(500, np.nan), FS_HZ, channel) == []


def flushed():
    signal = 90 + 30 * PULSE
    signal[2000:2500] = -167
    return signal


IMPLAUSIBLE = [
    ("ABP", "mmHg", flushed(), r"6\.7% of ABP lies outside -30 to 300 mmHg, in -167 to .* disconnected"),
    ("ABP", "kPa", 90 + 30 * PULSE, "ABP lies outside .* wrong unit"),
    ("ABP", "mV", 90 + 30 * PULSE, "ABP is in mV; pressure is expected in mmHg"),
    ("acc_x", "NU", 90 + 30 * PULSE, "acc_x has no unit; acceleration is expected in g"),
    ("ABP", "mmHg", np.full(len(TIME_S), -1.0), "ABP is flat"),
    ("PLETH", "NU", BREATHING, "PLETH has .* pulses per minute; 30 to 220"),
    ("RESP", "NU", np.linspace(0, 1, len(TIME_S)) ** 2, "RESP has [0-3] breaths per minute; 4 to 60"),
]


@pytest.mark.parametrize(("name", "unit", "signal", "warning"), IMPLAUSIBLE)
def test_an_implausible_channel_causes_a_warning(name, unit, signal, warning):
    (channel,) = make_channels([name], [unit])
    (found,) = kind_warnings(signal, FS_HZ, channel)
    assert re.search(warning, found), found


def test_a_summary_has_the_warnings_of_every_channel(run, tmp_path):
    signal = np.stack([PULSE, flushed(), 0.5 + 0.3 * PULSE])
    recording = Recording.from_arrays(
        signal, FS_HZ, channel_names=("II", "ABP", "PLETH"), units=("mV", "mmHg", "NU")
    )
    channels = describe(recording)["channels"]
    assert [len(channel["warnings"]) > 0 for channel in channels] == [True, True, False]
    assert "flush" in channels[1]["warnings"][0]


def test_lost_pressure_lines_of_real_recordings_are_reported(cinc2015):
    found = {}
    for path in sorted(cinc2015.glob("*.hea")):
        channels = describe(read_recording(path.with_suffix("")))["channels"]
        texts = [text for channel in channels[2:] for text in channel.get("warnings", ())]
        found |= {path.stem: " ".join(texts)} if texts else {}
    assert found.keys() == {"a123l", "v115l"}
    assert re.search(r"2\.0% of ABP lies outside .*, in -167\.2 to 512\.1 mmHg: a flush", found["a123l"])
    assert "ABP is flat: its standard deviation in 10 s is 0 mmHg" in found["v115l"]
