"""Further files of the kinds that people have: devices, programs and mistakes."""

import json

import numpy as np
import pandas as pd
import pytest

from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording

ECG = np.round(np.sin(np.arange(200) / 5), 3)
SECONDS = np.arange(200) / 250
ADC = np.rint(ECG * 200 + 1024).astype(int)


def rows(*columns, separator=",", end="\n"):
    """Return the text of rows."""
    return "".join(separator.join(map(str, row)) + end for row in zip(*columns, strict=True))


def commas(values):
    """Return numbers with decimal commas."""
    return [f"{value:.3f}".replace(".", ",") for value in values]


OPENSIGNALS = "# OpenSignals Text File Format. Version 1\n# {}\n# EndOfHeader\n".format(
    json.dumps(
        {
            "20:16": {
                "sampling rate": 250,
                "date": "2017-1-17",
                "time": "12:20:21.523",
                "sensor": ["ECG"],
                "label": ["A1"],
                "column": ["nSeq", "A1"],
            }
        }
    )
)
FILES = {
    "PhysioNet's ATM": "'Elapsed time','MLII'\n'mm:ss.mmm','mV'\n"
    + rows([f"'0:{second:06.3f}'" for second in SECONDS], ECG),
    "rdsamp -pv": "   Elapsed time     MLII\n   hh:mm:ss.mmm     (mV)\n"
    + rows([f"  0:{second:06.3f}" for second in SECONDS], ECG, separator="  "),
    "NumPy's savetxt": "# time ecg\n" + rows(SECONDS, [f"{v:.18e}" for v in ECG], separator=" "),
    "pandas' index": ",time,ecg\n" + rows(range(200), SECONDS, ECG),
    "R's write.table": '"time" "ecg"\n' + rows(range(200), SECONDS, ECG, separator=" "),
    "separators at the end": "time,ecg\n" + rows(SECONDS, ECG, [""] * 200),
    "some separators at the end": "time,ecg\n" + rows(SECONDS, [f"{v}{',' if v > 0 else ''}" for v in ECG]),
    "Excel": "sep=;\r\nt;ecg\r\n" + rows(commas(SECONDS), commas(ECG), separator=";", end="\r\n"),
    "Excel without headings": "sep=;\r\n" + rows(commas(SECONDS), commas(ECG), separator=";", end="\r\n"),
    "no headings": rows([f"{second:.3f}" for second in SECONDS], ECG),
    "a rate column": "index,sampling_rate,patient,label,hr,ecg\n"
    + rows(range(200), [250] * 200, [7] * 200, ["N"] * 200, [72] * 200, ECG),
    "date and time": "Date;Time;ECG [mV]\n"
    + rows(["05.01.2023"] * 200, [f"10:00:{s:06.3f}" for s in SECONDS], commas(ECG), separator=";"),
    "double spaced": "time,ecg\n\n" + rows(SECONDS, ECG, end="\n\n"),
    "minus signs": "time,ecg\n" + rows(SECONDS, [str(v).replace("-", "\N{MINUS SIGN}") for v in ECG]),
    "comments among rows": "time,ecg\n"
    + rows(SECONDS[:50], ECG[:50])
    + "# electrode moved\n"
    + rows(SECONDS[50:], ECG[50:]),
    "milliseconds without a unit": "time,ecg\n" + rows(4 * np.arange(200), ECG),
    "a preamble": "Patient,X\nSampling rate,250\nUnit,mV\n\ntime,ecg\n" + rows(SECONDS, ECG),
    "a preamble of one column": "Device: X1\nFs: 250 Hz\n\n" + rows(ECG),
    "a text column": "time,ecg,comment\n" + rows(SECONDS, ECG, [f"note {i}" for i in range(200)]),
    "two rows of headings": "ECG,ECG\ns,I\n" + rows(SECONDS, ECG),
    "a clock of twelve hours": "Time,ecg\n" + rows([f"1/13/2023 12:00:{s:06.3f} PM" for s in SECONDS], ECG),
    "R, from midnight": "time,ecg\n"
    + rows(["2023-01-05", *(f"2023-01-05 00:00:{s:06.3f}" for s in SECONDS[1:])], ECG),
    "a counter and times without headings": rows(range(200), SECONDS, ECG),
    "an epoch": "Timestamp,ecg\n" + rows([1_672_912_800_000 + 4 * i for i in range(200)], ECG),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_ecg_is_read(tmp_path, kind):
    (tmp_path / "r.csv").write_text(FILES[kind], newline="")
    recording = read_recording(tmp_path / "r.csv")
    assert len(recording.channels) == 1
    assert (recording.fs_hz, recording.units) == (250, ("mV",))
    assert np.array_equal(recording.signal[0], ECG)
    assert recording.default_lead() == 0


REFUSED = {
    "a long row": (
        "time,ecg\n" + rows(SECONDS[:5], ECG[:5]) + "0.02,1,2\n" + rows(SECONDS[6:], ECG[6:]),
        "row 6: more cells than the 2 columns",
    ),
    "a very long row": ("time,ecg\n0,1\n0.004,1,2,3\n0.008,1\n0.012,1\n0.016,1\n", "line 3: more cells"),
    "decimal commas between commas": (
        "time,ecg\n" + rows(commas(SECONDS), commas(ECG)),
        r"row 2: 4 cells below 2 headings \(are its commas decimal marks",
    ),
    "leads below each other": (
        "time,lead,value\n" + rows([*SECONDS, *SECONDS], ["I"] * 200 + ["II"] * 200, [*ECG, *ECG]),
        "'lead' is I, II",
    ),
    "OpenSignals in steps": (OPENSIGNALS + rows(np.arange(200) % 16, ADC, separator="\t"), "ECG holds whole"),
    "a counter called time": ("time,ecg\n" + rows(range(200), ECG), "--fs"),
    "leads in rows": (rows(*[ECG[:2]] * 600), "600 columns"),
    "columns of one name": ("time,ecg,ecg\n" + rows(SECONDS, ECG, ECG), "same name, ecg"),
    "steps with decimals": (
        "time,ecg\n" + rows(SECONDS, ["" if row == 5 else f"{v}.0" for row, v in enumerate(ADC)]),
        "whole numbers from 824 to 1224",
    ),
    "microvolts with decimals": (
        "time,ecg\n" + rows(SECONDS, 1000.5 * ECG),
        r"ecg holds numbers from -1000\.\d* to 1000\.\d* and no unit.*--unit uV",
    ),
    "dates without marks": (
        "time,ecg\n"
        + rows([f"20230105235959{second:.3f}"[:14] + f"{second:.3f}"[1:] for second in SECONDS], ECG),
        "dates without marks",
    ),
    "an invalid time": ("time,ecg\n2020-01-01,1\nsoon,2\n", "row 2: 'soon'"),
    "nothing": ("", "no rows"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_other_files_are_refused_with_the_way_out(tmp_path, kind):
    text, message = REFUSED[kind]
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(DiffecgError, match=message):
        read_recording(tmp_path / "r.csv")


@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("mark", ["'", "\u2019", "\u00a0", "\u202f", ",", "."])
def test_thousands_of_all_countries(tmp_path, mark, decimal):
    if mark == decimal:
        return
    cells = [f"{1e7 * v:,.1f}".replace(",", "t").replace(".", decimal).replace("t", mark) for v in ECG]
    (tmp_path / "r.csv").write_text("time;ecg (nV)\n" + rows(4 * np.arange(200), cells, separator=";"))
    recording = read_recording(tmp_path / "r.csv")
    assert np.allclose(recording.signal[0], 1e7 * ECG, rtol=0, atol=0.051)


def test_frequencies_of_filters_are_no_sampling_rate(tmp_path):
    (tmp_path / "r.csv").write_text("Low pass: 40 Hz\nNotch filter,50 Hz\n\necg\n" + rows(ECG))
    with pytest.raises(DiffecgError, match="--fs"):
        read_recording(tmp_path / "r.csv")


def test_a_unit_above_the_table_is_that_of_all_leads(tmp_path):
    text = "Unit: uV\nSampling rate: 250 Hz\n\nI,II,resp,lead off\n"
    (tmp_path / "r.csv").write_text(text + rows(1000.5 * ECG, 500 * ECG, ECG, [0] * 200))
    recording = read_recording(tmp_path / "r.csv")
    assert (recording.channel_names, recording.units) == (("I", "II", "resp"), ("uV", "uV", "NU"))


def test_opensignals_with_a_unit(tmp_path):
    (tmp_path / "r.txt").write_text(OPENSIGNALS + rows(np.arange(200) % 16, ADC, separator="\t"))
    recording = read_recording(tmp_path / "r.txt", unit="uV")
    assert (recording.channel_names, recording.units, recording.fs_hz) == (("ECG",), ("uV",), 250)
    assert recording.time.text(0) == "2017-01-17T12:20:21.523"


def test_missing_samples_of_one_column_are_empty_lines(tmp_path):
    lines = [str(value) if row not in (20, 21) else "" for row, value in enumerate(ECG)]
    (tmp_path / "r.csv").write_text("ecg\n" + "\n".join(lines) + "\n\n\n")
    recording = read_recording(tmp_path / "r.csv", fs_hz=250)
    assert np.flatnonzero(recording.missing[0]).tolist() == [20, 21]
    assert np.array_equal(recording.signal[0, 22:], ECG[22:])


def test_a_lead_without_any_number_is_kept(tmp_path):
    (tmp_path / "r.csv").write_text("time,I,II\n" + rows(SECONDS, ECG, ["-"] * 200))
    recording = read_recording(tmp_path / "r.csv")
    assert recording.channel_names == ("I", "II")
    assert recording.missing[1].all()
    assert recording.warnings == ("200 cells of II hold no number ('-'): read as missing",)


def test_a_counter_of_samples_tells_gaps(tmp_path):
    kept = np.r_[0:50, 60:200]
    (tmp_path / "r.csv").write_text("sample #,ecg\n" + rows(kept, ECG[kept]))
    recording = read_recording(tmp_path / "r.csv", fs_hz=250)
    assert np.flatnonzero(recording.missing[0]).tolist() == list(range(50, 60))


def test_uneven_times_are_not_used_where_the_rate_is_given(tmp_path):
    times = SECONDS + np.random.default_rng(0).uniform(0, 0.02, 200)
    (tmp_path / "r.csv").write_text("time,ecg\n" + rows(times, ECG))
    with pytest.raises(DiffecgError, match="--fs"):
        read_recording(tmp_path / "r.csv")
    recording = read_recording(tmp_path / "r.csv", fs_hz=250)
    assert np.array_equal(recording.signal[0], ECG)
    assert any("uneven times" in text for text in recording.warnings)


@pytest.mark.parametrize("shape", [(200,), (1, 200), (200, 1), (200, 3), (3, 200)])
def test_arrays_of_both_orders(tmp_path, shape):
    signal = np.random.default_rng(0).normal(size=shape)
    np.save(tmp_path / "r.npy", signal)
    recording = read_recording(tmp_path / "r.npy", fs_hz=250)
    assert recording.samples == 200
    expected = np.atleast_2d(signal) if shape[0] != 200 or len(shape) == 1 else signal.T
    assert np.array_equal(recording.signal, expected)
    assert any("(time, channel)" in text for text in recording.assumptions) == (shape in [(200, 1), (200, 3)])


def test_arrays_of_steps_are_refused_unless_their_unit_is_given(tmp_path):
    np.savez(tmp_path / "r.npz", signal_mv=ADC, fs_hz=250.0)
    with pytest.raises(DiffecgError, match=r"whole numbers from 824 to 1224, .*--unit uV"):
        read_recording(tmp_path / "r.npz")
    assert read_recording(tmp_path / "r.npz", unit="uV").signal_mv.max() == 1.224


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_panels_are_refused(tmp_path, suffix):
    if suffix == ".npy":
        np.save(tmp_path / "r.npy", np.zeros((2, 3, 200)))
    else:
        np.savez(tmp_path / "r.npz", signal_mv=np.zeros((200, 300)), fs_hz=250.0)
    with pytest.raises(DiffecgError, match=r"axes|windows"):
        read_recording(tmp_path / f"r{suffix}", fs_hz=250)


def test_parquet_with_a_decimal_text_and_dates_beyond_pandas(tmp_path):
    times = [f"2896-02-28T10:00:00.{4 * row:03}" for row in range(200)]
    pd.DataFrame({"when": times, "II (µV)": commas(ECG)}).to_parquet(tmp_path / "r.parquet")
    recording = read_recording(tmp_path / "r.parquet")
    assert (recording.fs_hz, recording.units, recording.start[0].year) == (250, ("uV",), 2896)
    assert np.array_equal(recording.signal[0], ECG)
