"""Reading and writing of recordings in every format, and refusal of damaged files."""

from dataclasses import replace
from datetime import date, time

import edfio
import numpy as np
import pandas as pd
import pytest
import wfdb
from sample_recordings import ANNOTATIONS, make_recording, write_to

import diffecg
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.registry import SUFFIXES, read_recording, write_recording
from diffecg.formats.samples import ArraySource, Block
from diffecg.formats.scaling import in_millivolts

INTEGERS = ("", ".edf", ".bdf")
TABLES = (".csv", ".parquet", ".npz")


@pytest.mark.parametrize("fs_hz", [360.0, 128.0, 62.5])
@pytest.mark.parametrize("suffix", [*INTEGERS, *TABLES])
def test_a_written_recording_is_read_back(tmp_path, suffix, fs_hz):
    recording = make_recording(fs_hz)
    back = read_recording(write_to(tmp_path, recording, suffix))
    assert (back.fs_hz, back.channel_names) == (fs_hz, recording.channel_names)
    assert np.array_equal(back.missing, recording.missing)
    signal, expected = in_millivolts(back)[0], in_millivolts(recording)[0]
    if suffix in INTEGERS:
        assert np.array_equal(back.stored[~recording.missing], recording.stored[~recording.missing])
        assert np.allclose(signal, expected, atol=1e-5, equal_nan=True)
    else:
        assert np.array_equal(signal, expected, equal_nan=True)
    assert back.units == (("mV", "mV", "NU") if suffix == ".npz" else recording.units)
    assert [(note.symbol, note.text) for note in back.annotations] == [
        (n.symbol, n.text) for n in ANNOTATIONS
    ]
    tolerance_s = 1e-9 if suffix in (".edf", ".bdf") else 0.5 / fs_hz + 1e-9
    for note, expected_note in zip(back.annotations, ANNOTATIONS, strict=True):
        assert abs(note.time_s - expected_note.time_s) <= tolerance_s


@pytest.mark.parametrize("suffix", [*INTEGERS, ".csv", ".parquet"])
def test_the_start_is_kept(tmp_path, suffix):
    start = (date(2020, 2, 29), time(23, 59, 58))
    back = read_recording(write_to(tmp_path, make_recording(start=start), suffix))
    assert back.start == start
    assert back.fs_hz == 360


@pytest.mark.parametrize("suffix", [".EDF", ".Bdf", ".CSV", ".Parquet", ".NPZ", ".NPY"])
def test_suffixes_are_written_in_any_case(tmp_path, suffix):
    recording = Recording.from_arrays(np.arange(500.0).reshape(1, 500) / 64, 250.0, units=("mV",))
    path = diffecg.write_recording(tmp_path / f"r{suffix}", recording)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert np.allclose(read_recording(path, fs_hz=250).signal_mv, recording.signal_mv, atol=1e-3)


def test_npy_keeps_the_samples_only(tmp_path):
    recording = make_recording()
    path = write_to(tmp_path, recording, ".npy")
    with pytest.raises(DiffecgError, match="--fs"):
        read_recording(path)
    expected = recording.select([0, 1]).signal_mv
    assert np.array_equal(read_recording(path, fs_hz=360).signal_mv[:2], expected, equal_nan=True)


def test_other_libraries_read_what_is_written(tmp_path):
    recording = make_recording()
    observed = ~recording.missing
    physical = recording.to_units(Block(recording.stored, np.zeros_like(observed)))
    paths = {suffix: write_to(tmp_path, recording, suffix) for suffix in SUFFIXES}
    for edf in (edfio.read_edf(paths[".edf"]), edfio.read_bdf(paths[".bdf"])):
        assert [signal.label for signal in edf.signals] == list(recording.channel_names)
        for row, signal in enumerate(edf.signals):
            at = observed[row]
            assert np.array_equal(signal.digital[:3601][at], recording.stored[row, at])
            assert np.allclose(signal.data[:3601][at], physical[row, at], rtol=1e-5, atol=1e-3)
    assert np.allclose(wfdb.rdrecord(str(paths[""])).p_signal.T[observed], physical[observed])
    for table in (pd.read_csv(paths[".csv"]), pd.read_parquet(paths[".parquet"])):
        assert list(table) == ["time_s", "MLII (mV)", "V1 (uV)", "PLETH (NU)"]
        assert np.array_equal(table["MLII (mV)"], physical[0])
    with np.load(paths[".npz"]) as arrays:
        assert np.array_equal(arrays["signal_mv"][0], recording.lead_mv(0))


@pytest.mark.parametrize("suffix", INTEGERS)
def test_floats_are_digitised_at_the_finest_resolution_of_the_format(tmp_path, suffix):
    signal = np.random.default_rng(0).standard_normal((1, 1000)) * 3
    table = pd.DataFrame({"time_s": np.arange(1000) / 250, "II (mV)": signal[0]})
    table.to_csv(tmp_path / "a.b.csv", index=False)
    recording = read_recording(tmp_path / "a.b.csv")
    back = read_recording(write_to(tmp_path, recording, suffix))
    step = {"": 1e-5, ".bdf": 1e-5, ".edf": 1e-3}[suffix]
    assert np.abs(back.signal_mv - signal).max() <= 0.51 * step


def test_samples_out_of_range_and_unknown_suffixes_are_refused(tmp_path):
    recording = make_recording()
    recording = replace(recording, source=ArraySource(recording.stored * 1000, 360.0))
    with pytest.raises(DiffecgError, match="16 bits; choose bdf"):
        write_to(tmp_path, recording, ".edf")
    with pytest.raises(DiffecgError, match=r"\.xlsx.*\.parquet"):
        write_to(tmp_path, recording, ".xlsx")
    assert read_recording(write_to(tmp_path, recording, ".bdf")).stored.max() > 2**15


CLOCKS = {
    "seconds": lambda t: {"t": t},
    "milliseconds": lambda t: {"time (ms)": 1000 * t},
    "dates": lambda t: {"timestamp": pd.Timestamp("2024-05-06 07:08:09.5") + pd.to_timedelta(t, unit="s")},
    "rounded": lambda t: {"Time [s]": np.round(t, 2)},  # coarser than a sample: some times come twice
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_sampling_rate_follows_from_the_time_column(tmp_path, clock):
    t, signal = np.arange(5000) / 125, np.random.default_rng(0).standard_normal(5000)
    table = pd.DataFrame({**CLOCKS[clock](t), " V5_uV": signal, "RESP": signal, "comment": "x"})
    table.to_csv(tmp_path / "r.csv", index=False)
    recording = read_recording(tmp_path / "r.csv")
    assert recording.fs_hz == 125
    assert (recording.channel_names, recording.units) == (("V5", "RESP"), ("uV", "NU"))
    assert np.allclose(recording.lead_mv(0), signal / 1000)


@pytest.mark.parametrize("kept", [np.r_[0:300, 340:900, 901:2000], np.r_[0:900, 901:2000]])
def test_absent_rows_are_missing_samples(tmp_path, kept):
    t, signal = np.arange(2000) / 250, np.arange(2000.0)
    pd.DataFrame({"time": np.round(t, 3), "II (mV)": signal}).iloc[kept].to_csv(
        tmp_path / "r.csv", index=False
    )
    recording = read_recording(tmp_path / "r.csv")
    assert recording.fs_hz == 250
    assert np.array_equal(np.flatnonzero(recording.missing[0]), np.setdiff1d(np.arange(2000), kept))
    assert np.array_equal(recording.signal_mv[0, kept], signal[kept])


def truncate(path, size):
    path.write_bytes(path.read_bytes()[:size])


def overwrite(path, first, text):
    data = bytearray(path.read_bytes())
    data[first : first + len(text)] = text
    path.write_bytes(data)


DAMAGE = {
    "truncated": (".edf", lambda p: truncate(p, 3000), "cannot be read as EDF"),
    "header only": (".edf", lambda p: truncate(p, 100), "cannot be read as EDF"),
    "empty": (".edf", lambda p: truncate(p, 0), "cannot be read as EDF"),
    "invalid range": (".edf", lambda p: overwrite(p, 256 + 4 * 104, b"nonsense"), "cannot be read as EDF"),
    "no numbers": (
        ".csv",
        lambda p: p.write_text("hello\nworld\n"),
        "neither a time column|no column of numbers",
    ),
    "invalid text": (".csv", lambda p: p.write_bytes(b"\xff\xfe\x00\xd8"), "cannot be read as CSV"),
    "no rows": (
        ".csv",
        lambda p: p.write_text("time_s,II (mV)\n"),
        "neither a time column|no column of numbers",
    ),
    "no rate": (".csv", lambda p: p.write_text("II\n1\n2\n"), "--fs"),
    "uneven times": (".csv", lambda p: p.write_text("t,II\n0,1\n1,2\n1.1,3\n3,1\n9,1\n"), "evenly spaced"),
    "decreasing times": (".csv", lambda p: p.write_text("t,II\n0,1\n2,2\n1,3\n"), "row 2 to row 3"),
    "invalid time": (".csv", lambda p: p.write_text("time,II\n2020-01-01,1\nsoon,2\n"), "row 2: 'soon'"),
    "infinite sample": (".csv", lambda p: p.write_text("t,II\n0,1\n1,inf\n"), "infinite"),
    "truncated Parquet": (".parquet", lambda p: truncate(p, 50), "cannot be read as PARQUET"),
    "truncated NPZ": (".npz", lambda p: truncate(p, 50), "cannot be read as NPZ"),
    "pickle": (".npz", lambda p: np.savez(p, signal_mv=np.array([{}], object)), "cannot be read as NPZ"),
    "no signal": (".npz", lambda p: np.savez(p, x=np.zeros(3)), "no array signal_mv; its arrays are x"),
    "long axes": (".npz", lambda p: np.savez(p, signal_mv=np.zeros((200, 300)), fs_hz=99.0), "128 channels"),
    "no file": (".edf", lambda p: p.unlink(), "no file at"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, damage):
    suffix, change, message = DAMAGE[damage]
    path = write_to(tmp_path, make_recording(), suffix)
    change(path)
    with pytest.raises(DiffecgError, match=message) as caught:
        read_recording(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fs_hz", [-5.0, 1.0, float("nan"), 1e9])
def test_an_implausible_sampling_rate_is_refused(tmp_path, fs_hz):
    np.savez(tmp_path / "r.npz", signal_mv=np.zeros((1, 99)), fs_hz=fs_hz)
    with pytest.raises(DiffecgError, match="20 to 20000"):
        read_recording(tmp_path / "r.npz")
    with pytest.raises(DiffecgError, match="20 to 20000"):
        diffecg.as_recording(np.zeros(99), fs_hz)


def test_an_unknown_unit_is_refused(tmp_path):
    with pytest.raises(DiffecgError, match=r"'furlong'.*mV, uV"):
        read_recording(tmp_path / "r.csv", unit="furlong")


def test_paths_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "r.csv").mkdir()
    for path, reason in ((tmp_path / "r.csv", "is a folder"), (tmp_path / "no" / "r", "does not exist")):
        with pytest.raises(DiffecgError, match=reason):
            write_recording(path, make_recording())
    with pytest.raises(DiffecgError, match="sampling rate 360 Hz is not plausible"):
        read_recording(tmp_path / "r.csv", fs_hz="360")


@pytest.mark.parametrize("units", [["mV", "mV"], ["g", "bpm"]])
def test_a_rate_above_all_is_refused_also_without_an_ecg(tmp_path, units):
    waves = np.sin(np.arange(48.0)).reshape(2, 24)
    np.savez(tmp_path / "r.npz", signal_mv=waves, fs_hz=20_001, units=np.array(units))
    with pytest.raises(DiffecgError, match=r"20001(\.0)? Hz is not plausible"):
        diffecg.read_recording(tmp_path / "r.npz")
