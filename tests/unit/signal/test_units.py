"""Spellings of units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.signal.units import MV_PER_UNIT, is_voltage_unit, normalise_unit, unit_ratio

SPELLINGS = {
    "V": ["V", "v", "Volt", "volts", "(V)", "MDC_DIM_VOLT", "В"],
    "mV": [
        *("mV", "mv", "MV", "Mv", "millivolt"),
        *("MilliVolts", "milli Volt", "mVolt", "[mV]", "MDC_DIM_MILLI_VOLT"),
    ],
    "uV": [
        *("uV", "uv", "UV", "\u00b5V", "\u03bcV"),
        *("\u039cV".lower(), "microvolts", "Microvolt", "µVolts", "muV"),
        *("(uV)", " [μV] ", '"uV"', "/µV", "MDC_DIM_MICRO_VOLT", "мкВ", "Mikrovolt", "µv", "uV."),
    ],
    "nV": ["nV", "NV", "nanovolts", "MDC_DIM_NANO_VOLT"],
    "mmHg": ["mmHg", "mmhg", "mm Hg", "MMHG", "MDC_DIM_MMHG"],
    "bpm": ["bpm", "BPM", "/min", "1/min", "beats/min"],
    "uS": ["µS", "μS"],
    "Ohm": ["Ω", "\u2126", "ohms"],
    "kOhm": ["kΩ"],
    "degC": ["°C", "degC", "celsius"],
    "m/s2": ["m/s²", "m/s2"],
    "NU": ["NU", "nu"],
    "adu": ["adu", "ADU", "AD units", "raw", "counts", "Steps", "LSB"],
}  # fmt: skip


@pytest.mark.parametrize(("unit", "text"), [(unit, text) for unit in SPELLINGS for text in SPELLINGS[unit]])
def test_every_spelling_of_a_unit_is_the_same_unit(unit, text):
    assert normalise_unit(text) == unit
    assert is_voltage_unit(text) == (unit in MV_PER_UNIT)


@pytest.mark.parametrize(
    "encodings", [("utf-8", "latin-1"), ("latin-1", "ascii"), ("latin-1", "utf-8"), ("cp437", "latin-1")]
)
@pytest.mark.parametrize("micro", ["\u00b5", "\u03bc"])
def test_a_micro_sign_in_the_wrong_encoding_is_still_micro(micro, encodings):
    written, read = encodings
    raw = f"{micro}V".encode(written, "ignore")
    if raw != b"V":
        assert normalise_unit(raw.decode(read, "replace")) == "uV"
    assert normalise_unit("μV".encode("shift-jis").decode("latin-1")) == "uV"
    assert normalise_unit("μV".encode("shift-jis").decode("cp1252")) == "uV"


@pytest.mark.parametrize(
    "text",
    ["", "furlong", "mV/mm", "uV/bit", "VA", "mVA", "dBuV", "kV", "Vs", "lead V", "V5", "min"],
)
def test_text_that_is_no_known_unit_is_never_taken_for_a_voltage(text):
    assert normalise_unit(f" {text} ") == text
    assert not is_voltage_unit(text)


@given(st.text(max_size=12))
def test_a_canonical_unit_stays_as_it_is(text):
    assert normalise_unit(normalise_unit(text)) == normalise_unit(text)


@given(
    st.sampled_from([(unit, text) for unit in MV_PER_UNIT for text in SPELLINGS[unit]]),
    st.sampled_from(["{}", "({})", "[{}]", " {} ", "'{}'", "( {} )"]),
)
def test_brackets_quotes_and_spaces_do_not_change_a_unit(pair, frame):
    assert normalise_unit(frame.format(pair[1])) == pair[0]


def test_the_units_of_voltage_are_powers_of_a_thousand_apart():
    assert [MV_PER_UNIT[unit] for unit in ("nV", "uV", "mV", "V")] == [1e-6, 1e-3, 1.0, 1e3]


def test_units_of_the_same_quantity_have_a_ratio():
    assert unit_ratio("mV", "uV") == 1000
    assert unit_ratio("nV", "V") == 1e-9
    assert unit_ratio("mmHg", "mmHg") == 1
    assert unit_ratio("mmHg", "mV") is None
