"""Writing of tables: what was read is kept, and only imputed samples differ."""

from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording
from diffecg.formats.registry import check_writable, output_suffix, read_recording, write_recording

CASES = Path(__file__).parents[2] / "data" / "cases" / "csv"
REPLACED = slice(600, 603)
NEW_MV = np.array([0.5, -0.25, 1.125])


def impute(recording, samples=REPLACED, values_mv=NEW_MV, row=0):
    """Return a recording with some samples of a lead replaced."""
    signal, imputed = np.zeros(recording.samples), np.zeros(recording.samples, bool)
    signal[samples], imputed[samples] = values_mv, True
    return recording.with_imputed(row, signal, imputed)


CELLS = {
    "apple_de": ['"500,000"', '"-250,000"', '"1125,000"'],
    "comma_decimal_one": ["0,5000", "-0,2500", "1,1250"],
    "latin1": ["500.0", "-250.0", "1125.0"],
    "polar": ["500", "-250", "1125"],
    "rdsamp_pv": ["0.500", "-0.250", "1.125"],
    "semicolon": ["0,5000", "-0,2500", "1,1250"],
    "tab": ["0.5000", "-0.2500", "1.1250"],
    "thousands": ["500", "-250", "1125"],
    "two": ["0.5", "-0.25", "1.125"],
    "wholesec": ["0.5", "-0.25", "1.125"],
}


@pytest.mark.parametrize("name", CELLS)
def test_only_the_cells_of_imputed_samples_differ(tmp_path, name):
    source = CASES / f"{name}.csv"
    recording = read_recording(source, fs_hz=250 if name == "comma_decimal_one" else None)
    assert check_writable(impute(recording), output_suffix(recording)) == []
    write_recording(tmp_path / "r.csv", impute(recording))
    before, after = (path.read_bytes().split(b"\n") for path in (source, tmp_path / "r.csv"))
    changed = [row for row, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert changed == list(range(changed[0], changed[0] + 3))
    for row, cell in zip(changed, CELLS[name], strict=True):
        assert cell.encode() in after[row]
        assert len(after[row]) - len(cell) == len(before[row]) - len(_cell(before[row], after[row], cell))
    back = read_recording(tmp_path / "r.csv", fs_hz=recording.fs_hz)
    assert np.allclose(back.lead_mv(0)[REPLACED], NEW_MV)
    assert np.array_equal(back.missing, recording.missing)


def _cell(before, after, cell):
    """Return the cell that another one replaced."""
    start = after.index(cell.encode())
    tail = after[start + len(cell) :]
    return before[start : len(before) - len(tail)]


def test_thousands_separators_are_written(tmp_path):
    recording = read_recording(CASES / "thousands.csv")
    write_recording(tmp_path / "r.csv", impute(recording, values_mv=[1.5, -1234.0, 0.002], row=1))
    lines = (tmp_path / "r.csv").read_text().splitlines()[601:604]
    assert [line.split(",", 2)[2] for line in lines] == ['"1,500"', '"-1,234,000"', '"2"']


ABSENT = {
    "ms": ("t [ms];ecg [mV];event\n0;1,25;a\n4;1,50;a\n16;2,00;a\n20;2,25;b\n24;3,00;b\n", ["8;", "12;"]),
    "clock": (
        "time,ecg (mV)\n23:59:59.992,1.25\n23:59:59.996,1.5\n"
        "00:00:00.008,2.0\n00:00:00.012,2.0\n00:00:00.016,2.0\n",
        ["00:00:00.000,", "00:00:00.004,"],
    ),
    "german": (
        "Zeit\tecg (mV)\n31.12.2023 23:59:59,992\t1,25\n31.12.2023 23:59:59,996\t1,5\n"
        "01.01.2024 00:00:00,008\t2,0\n01.01.2024 00:00:00,012\t2,0\n01.01.2024 00:00:00,016\t2,0\n",
        ["01.01.2024 00:00:00,000\t", "01.01.2024 00:00:00,004\t"],
    ),
    "zone": (
        "time,ecg (mV)\n2023-01-05 10:00:00.000+01:00,1.25\n2023-01-05 10:00:00.004+01:00,1.5\n"
        "2023-01-05 10:00:00.016+01:00,2\n2023-01-05 10:00:00.020+01:00,2\n2023-01-05 10:00:00.024+01:00,2\n",
        ["2023-01-05 10:00:00.008+01:00,", "2023-01-05 10:00:00.012+01:00,"],
    ),
    "half": (
        "Time,ecg (mV)\n1/5/2023 11:59:59.992 AM,1.25\n1/5/2023 11:59:59.996 AM,1.5\n"
        "1/5/2023 12:00:00.008 PM,2.5\n1/5/2023 12:00:00.012 PM,2.0\n1/5/2023 12:00:00.016 PM,2.0\n",
        ["1/5/2023 12:00:00.000 PM,", "1/5/2023 12:00:00.004 PM,"],
    ),
    "epoch": (
        "timestamp,n,ecg (mV)\n1672912800000000001,7,1.25\n1672912800004000001,8,1.5\n"
        "1672912800016000001,11,2\n1672912800020000001,12,2\n1672912800024000001,13,2\n",
        ["1672912800008000001,9,", "1672912800012000001,10,"],
    ),
}


@pytest.mark.parametrize("kind", ABSENT)
def test_absent_rows_are_inserted_with_the_times_of_their_neighbours(tmp_path, kind):
    text, beginnings = ABSENT[kind]
    (tmp_path / "a.csv").write_bytes(text.encode())
    recording = read_recording(tmp_path / "a.csv")
    assert np.flatnonzero(recording.missing[0]).tolist() == [2, 3]
    write_recording(tmp_path / "b.csv", impute(recording, slice(2, 4), [0.5, 0.75]))
    before, after = (
        (tmp_path / name).read_bytes().decode().splitlines(keepends=True) for name in ("a.csv", "b.csv")
    )
    assert after[:3] + after[5:] == before
    assert [line[: len(start)] for line, start in zip(after[3:5], beginnings, strict=True)] == beginnings
    back = read_recording(tmp_path / "b.csv")
    assert back.signal[0, 1:5].tolist() == [1.5, 0.5, 0.75, recording.signal[0, 4]]
    assert back.time == recording.time


@pytest.mark.parametrize("suffix", [".csv.gz", ".tsv", ".txt", ".csv.zip", ".txt.bz2", ".csv.xz"])
def test_suffix_and_compression_are_kept(tmp_path, suffix):
    from diffecg.formats.tables.text_files import open_bytes

    path = tmp_path / f"a.b{suffix}"
    with open_bytes(path, "wb") as stream:
        stream.write((CASES / "semicolon.csv").read_bytes())
    recording = read_recording(path)
    assert (recording.name, output_suffix(recording)) == ("a.b", suffix)
    write_recording(tmp_path / f"c{suffix}", impute(recording))
    back = read_recording(tmp_path / f"c{suffix}")
    assert np.array_equal(back.signal, impute(recording).signal)
    with open_bytes(tmp_path / f"c{suffix}", "rb") as stream:
        assert stream.read().startswith(b"time;II (mV)\n0,000;-0,0125\n")


def test_files_of_spaces_keep_their_columns(tmp_path):
    rows = [f"{i / 250:8.3f}{i / 10:10.2f}" for i in range(30)]
    (tmp_path / "a.txt").write_text("\n".join(rows) + "\n")
    recording = read_recording(tmp_path / "a.txt")
    write_recording(tmp_path / "b.txt", impute(recording, slice(5, 8), [-12.5, 0, 1]))
    after = (tmp_path / "b.txt").read_text().splitlines()
    assert after[5] == "   0.020    -12.50"
    assert after[:5] + after[8:] == rows[:5] + rows[8:]


def test_a_file_that_changed_is_not_mixed_with_old_samples(tmp_path):
    (tmp_path / "a.csv").write_bytes((CASES / "tab.csv").read_bytes())
    recording = read_recording(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("changed")
    with pytest.raises(DiffecgError, match="changed since it was read"):
        check_writable(impute(recording), ".csv")


def test_parquet_keeps_types_index_other_columns_and_metadata(tmp_path):
    kept = np.r_[0:20, 23:60]
    frame = pd.DataFrame(
        {
            "II [uV]": np.arange(57, dtype=np.int16),
            "label": ["a"] * 57,
            "V1_uV": np.linspace(0, 1, 57, dtype=np.float32),
        },
        index=pd.Index(pd.Timestamp("2023-01-05 10:00") + pd.to_timedelta(kept * 4, unit="ms"), name="when"),
    )
    frame.to_parquet(tmp_path / "a.parquet")
    recording = read_recording(tmp_path / "a.parquet")
    assert (recording.fs_hz, recording.start) == (250, (date(2023, 1, 5), time(10)))
    write_recording(tmp_path / "b.parquet", impute(recording, slice(20, 23), [0.1004, -0.1, 0.2]))
    back = pd.read_parquet(tmp_path / "b.parquet")
    assert back.index.equals(
        pd.Index(
            pd.Timestamp("2023-01-05 10:00") + pd.to_timedelta(np.arange(60) * 4, unit="ms"), name="when"
        )
    )
    assert back["II [uV]"].iloc[19:24].tolist() == [19, 100, -100, 200, 20]
    assert back["V1_uV"].isna().sum() == 3
    assert (back["label"] == "a").all()
    expected = frame.drop(columns="II [uV]")
    pd.testing.assert_frame_equal(back.loc[frame.index].drop(columns="II [uV]"), expected)
    schemas = [pq.read_schema(tmp_path / name) for name in ("a.parquet", "b.parquet")]
    assert [field.type for field in schemas[0]] == [field.type for field in schemas[1]]


def test_parquet_keeps_an_index_of_samples(tmp_path):
    kept = np.r_[0:20, 23:60]
    frame = pd.DataFrame({"II": np.linspace(0, 1, 57)}, index=kept)
    frame.to_parquet(tmp_path / "a.parquet")
    recording = read_recording(tmp_path / "a.parquet", fs_hz=250)
    assert np.flatnonzero(recording.missing[0]).tolist() == [20, 21, 22]
    write_recording(tmp_path / "b.parquet", impute(recording, slice(20, 23), [0.1, -0.1, 0.2]))
    back = pd.read_parquet(tmp_path / "b.parquet")
    assert back.index.tolist() == list(range(60))
    assert back["II"].iloc[20:23].tolist() == [0.1, -0.1, 0.2]
    pd.testing.assert_frame_equal(back.loc[kept], frame)


AXES = {
    "100 s": FileTime(origin=100, unit="s"),
    "clock": FileTime(start_time=time(23, 59, 59, 500_000)),
    "date": FileTime.from_datetime(datetime(2023, 1, 5, 10, 0, 0, 250_000)),
    "MIMIC": FileTime.from_datetime(datetime(2896, 2, 28, 23, 59, 59)),
}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".npz"])
@pytest.mark.parametrize("kind", AXES)
def test_times_of_other_formats_are_kept(tmp_path, suffix, kind):
    from dataclasses import replace

    signal = np.random.default_rng(0).normal(size=(2, 500))
    notes = [
        Annotation(time_s=0.1, symbol="N"),
        Annotation(time_s=0.2512, symbol='"', text="x,y", duration_s=0.5),
    ]
    recording = Recording.from_arrays(signal, 250, channel_names=["II", "V1"], annotations=notes)
    recording = replace(recording, time=AXES[kind])
    assert check_writable(recording, suffix) == []
    write_recording(tmp_path / f"r{suffix}", recording)
    back = read_recording(tmp_path / f"r{suffix}")
    assert np.array_equal(back.signal, signal)
    assert (back.start, back.time.origin_s) == (recording.start, recording.time.origin_s)
    assert list(back.annotations) == notes
    assert back.channel_names == ("II", "V1")


def test_what_a_table_cannot_hold_is_reported():
    recording = Recording.from_arrays(np.zeros((1, 500)), 250, comments=["pacemaker"])
    assert check_writable(recording, ".csv") == ["1 comments of the header are not kept"]
    assert any("names" in loss for loss in check_writable(recording, ".npy"))
