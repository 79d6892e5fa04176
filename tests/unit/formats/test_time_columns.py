"""Columns of times of tables by their headings, and times that are no increasing ones."""

import numpy as np
import pytest

from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.formats.tables.time_columns import is_time_name, unit_in_name


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("t", ""),
        ("ts", ""),
        ("t_s", "s"),
        ("t_ms", "ms"),
        ("ts_us", "us"),
        ("t (s)", "s"),
        ("time_s", "s"),
        ("timestamp [ms]", "ms"),
        ("device_time_ns", "ns"),
    ],
)
def test_headings_of_times_state_their_unit(name, unit):
    assert is_time_name(name)
    assert unit_in_name(name) == unit


@pytest.mark.parametrize("name", ["II", "V", "ECG_uV", "ts_mV", "tV", "T_amplitude", "st_II"])
def test_headings_of_signals_are_no_times(name):
    assert not is_time_name(name)


def test_a_last_row_that_is_cut_off_is_named(tmp_path):
    rows = [f"2026-03-01T08:00:{0.02 * k:06.3f},{np.sin(k):.3f}" for k in range(100)]
    path = tmp_path / "cut.csv"
    path.write_text("\n".join(["time,II (mV)", *rows, "2026-03-01T08:0"]))
    with pytest.raises(DiffecgError, match=r"row 101 of 'time', the last one; delete this row"):
        read_recording(path)
    path.write_text("\n".join(["time,II (mV)", *rows, rows[0], *rows]))
    with pytest.raises(DiffecgError, match=r"from row 100 to row 101 of 'time'; .*--fs"):
        read_recording(path)
