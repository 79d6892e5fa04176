"""Tables and arrays are read correctly or refused in one line, whatever they contain."""

import io
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from guards import check_known_case, check_recording, check_windows, time_limit
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from strategies import CARD, SAMPLES, damaged, edited, words

from diffecg.datasets.formats.registry import read_windows
from diffecg.formats.annotation_table import ANNOTATIONS
from diffecg.formats.registry import read_recording

TABLES = [
    "time_s,II (mV),V1_uV\n0,1,2\n0.01,3,4\n0.02,5,6\n0.03,7,8\n",
    "timestamp,II\n2024-05-06 07:08:09.50,1\n2024-05-06 07:08:09.51,2\n2024-05-06 07:08:09.52,4\n",
    "time (ms),II,comment\n0,1,a\n10,2,b\n20,,c\n50,4,d\n60,4,d\n70,5,e\n",
    "II\n1\n2\n3\n",
    "label,fs_hz,recording,0,1,2\nN,360,a,0.1,0.2,0.3\nV,360,b,0.4,0.5,0.6\n",
    "lead,label,fs,0,1\nII,N,100,1,2\nV1,N,100,3,4\n",
    "x,y\n0.1,N\n0.2,V\n",
]
NOTES = "sample,time_s,symbol,text\n1,0.01,N,\n2,0.02,+,(AFIB\n"
table_text = st.one_of(
    edited(TABLES),
    st.text('0123456789.,\n"eE+-naif;: \t', max_size=80),
    st.lists(st.lists(words, max_size=4).map(",".join), max_size=6).map("\n".join),
)
rates = st.sampled_from([None, 100.0, 100.0])


@given(text=table_text, notes=st.one_of(st.just(NOTES), edited([NOTES])), fs_hz=rates)
@time_limit()
def test_csv_recordings_are_read_or_refused(tmp_path, text, notes, fs_hz):
    (tmp_path / "r.csv").write_bytes(text.encode(errors="replace"))
    (tmp_path / f"r{ANNOTATIONS}").write_bytes(notes.encode(errors="replace"))
    check_recording(tmp_path / "r.csv", fs_hz=fs_hz)


@given(text=table_text, card=st.one_of(st.just(CARD), edited([CARD])), fs_hz=rates)
@time_limit()
def test_csv_windows_are_read_or_refused(tmp_path, text, card, fs_hz):
    (tmp_path / "r.csv").write_bytes(text.encode(errors="replace"))
    (tmp_path / "r.card.json").write_bytes(card.encode(errors="replace"))
    check_windows(tmp_path / "r.csv", fs_hz=fs_hz)


def file_bytes(write, *args, **kwargs):
    """Return the bytes that a function writes to a file."""
    stream = io.BytesIO()
    write(stream, *args, **kwargs)
    return stream.getvalue()


def check_both(folder, suffix, data, fs_hz):
    """Read a file as a recording and as windows."""
    (folder / f"r{suffix}").write_bytes(data)
    check_recording(folder / f"r{suffix}", fs_hz=fs_hz)
    check_windows(folder / f"r{suffix}", fs_hz=fs_hz)


WAVES = SAMPLES / 7
ARRAYS = [
    file_bytes(np.savez, signal_mv=WAVES, fs_hz=100.0, leads=["II", "V1"], units=["mV", ""]),
    file_bytes(np.savez_compressed, signal_mv=WAVES, fs_hz=100.0, labels=["N", "V"], card=CARD),
]


@given(data=damaged(ARRAYS), fs_hz=rates)
@time_limit()
def test_npz_files_are_read_or_refused(tmp_path, data, fs_hz):
    check_both(tmp_path, ".npz", data, fs_hz)


@given(data=damaged([file_bytes(np.save, WAVES), file_bytes(np.save, SAMPLES[0])]), fs_hz=rates)
@time_limit()
def test_npy_files_are_read_or_refused(tmp_path, data, fs_hz):
    check_both(tmp_path, ".npy", data, fs_hz)
    with ZipFile(tmp_path / "r.npz", "w") as file:
        file.writestr("signal_mv.npy", data)
    check_recording(tmp_path / "r.npz", fs_hz=100)
    check_windows(tmp_path / "r.npz", fs_hz=100)


numeric = st.sampled_from(["f8", "f4", "f2", "g", "i8", "u1", "u8", "?", "c16", ">f8"])
not_numeric = st.sampled_from(["M8[s]", "m8[s]", "U3", "S3", "i4,f4", "U0"])
odd_arrays = (numeric | not_numeric).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)
lead_names = st.sampled_from([["II", "V1"], ["II", "II"], ["N"], ["a\nb", ""]]).map(np.array)
usual_arrays = st.sampled_from([WAVES, WAVES[:, None], np.float64(100), np.array([100, 100]), np.array(CARD)])
array_names = st.sampled_from(
    ["signal_mv", "signal", "fs_hz", "leads", "units", "labels", "recordings", "card"]
)
SMALLEST_NPZ = [{"signal_mv": WAVES, "fs_hz": np.float64(100)}, {}]


@given(
    smallest=st.sampled_from(SMALLEST_NPZ),
    others=st.dictionaries(array_names, lead_names | usual_arrays | odd_arrays, max_size=3),
    fs_hz=rates,
)
@time_limit()
def test_npz_files_of_any_arrays_are_read_or_refused(tmp_path, smallest, others, fs_hz):
    check_both(tmp_path, ".npz", file_bytes(np.savez, **(smallest | others)), fs_hz)


FRAMES = [
    pd.DataFrame({"time_s": np.arange(24) / 100, "II (mV)": WAVES[0], "V1_uV": WAVES[1]}),
    pd.DataFrame({"signal_mv": list(WAVES), "label": ["N", "V"], "fs_hz": 100.0}),
]
PARQUET = [file_bytes(lambda stream, table: table.to_parquet(stream), frame) for frame in FRAMES]


@given(data=damaged(PARQUET), fs_hz=rates)
@time_limit()
def test_parquet_files_are_read_or_refused(tmp_path, data, fs_hz):
    check_both(tmp_path, ".parquet", data, fs_hz)


COLUMNS = [
    pa.array([0.0, 0.01, 0.02]),
    pa.array([1, 2, 3]),
    pa.array([1, None, 3]),
    pa.array([1e300, float("nan"), float("inf")]),
    pa.array([[0.1, 0.2]] * 3),
    pa.array([[0.1, 0.2], [0.1], []]),
    pa.array([[[0.1, 0.2], [0.3, 0.4]]] * 3),
    pa.array([None, None, None]),
    pa.array(["N", "V", None]),
    pa.array(["N", "V", "N"]).dictionary_encode(),
    pa.array([b"\xff", b"", b"x"]),
    pa.array([True, False, True]),
    pa.array([{"a": 1}, {"a": 2}, None]),
    pa.array([0, 10_000_000, 20_000_001], pa.timestamp("ns")),
    pa.array([0, 1, 2], pa.timestamp("s", "Europe/Paris")),
    pa.array([0, 1, 2], pa.time64("us")),
    pa.array([0, 1, 2], pa.duration("ms")),
    pa.array([1, 2, 3], pa.decimal128(20)),
    pa.array([2**64 - 1, 0, 1], pa.uint64()),
    pa.array(np.float16([1, 2, 3])),
    pa.array([100, 100, 100]),
]
column_names = st.sampled_from(
    ["time_s", "t", "II", "II (mV)", "V1", "signal_mv", "x", "label", "fs_hz", "recording", "lead", "0", ""]
)
SMALLEST_TABLES = [
    [("time_s", COLUMNS[0]), ("II", COLUMNS[1])],
    [("signal_mv", COLUMNS[4]), ("label", COLUMNS[9])],
    [("0", COLUMNS[0]), ("1", COLUMNS[1])],
]
cards = st.sampled_from([None, b"{}", b"{}", b"[]", b"nonsense", b"\xff"])


@given(
    smallest=st.sampled_from(SMALLEST_TABLES),
    others=st.lists(st.tuples(column_names, st.sampled_from(COLUMNS)), max_size=2),
    card=cards,
    fs_hz=rates,
)
@time_limit()
def test_parquet_files_of_any_columns_are_read_or_refused(tmp_path, smallest, others, card, fs_hz):
    names, columns = zip(*smallest, *others, strict=True)
    table = pa.table(list(columns), names=list(names))
    table = table if card is None else table.replace_schema_metadata({b"diffecg": card})
    check_both(tmp_path, ".parquet", file_bytes(lambda stream: pq.write_table(table, stream)), fs_hz)


def read_csv_text(text, read=read_recording, fs_hz=100):
    """Return an act: read a CSV file."""

    def act(folder):
        (folder / "r.csv").write_text(text)
        return read(folder / "r.csv", fs_hz=fs_hz)

    return act


def read_arrays(read=read_recording, **arrays):
    """Return an act: read an NPZ file."""

    def act(folder):
        np.savez(folder / "r.npz", **({"fs_hz": 100.0} | arrays))
        return read(folder / "r.npz")

    return act


def read_flipped(read):
    """Return an act: read an archive with one damaged byte, for which zlib raises its own exception."""

    def act(folder):
        data = bytearray(ARRAYS[1])
        data[data.index(b"signal_mv.npy") + 40] ^= 255
        (folder / "r.npz").write_bytes(data)
        return read(folder / "r.npz")

    return act


KNOWN_CASES = {
    "an exponent that crashes pandas": (
        read_csv_text("II\n1e069560423041144269420\n1\n"),
        "infinite",
    ),
    "a sample of 1e307 V": (read_csv_text("II (V)\n1e307\n1\n"), r"above 1e\+30"),
    "an infinite time": (read_csv_text("t,II\n0,1\ninf,2\n", fs_hz=None), "row 2: 'inf'"),
    "an infinite time, with the rate": (read_csv_text("t,II\n0,1\ninf,2\n"), None),
    "times that round to zero": (read_csv_text("t,II\n0,1\n1e-320,2\n", fs_hz=None), "does not increase"),
    "two time zones": (
        read_csv_text("time,II\n2020-01-01T00:00+01:00,1\n2020-01-02T00:00+02:00,2\n", fs_hz=None),
        "not plausible",
    ),
    "windows in a column x": (read_csv_text("x,y\n0.1,N\n0.2,V\n", read_windows), None),
    "no windows": (read_csv_text("0,1\n", read_windows), "holds no window"),
    "samples beyond float32": (read_csv_text("0,1\n1e300,2\n", read_windows), None),
    "two leads of the same name": (
        read_arrays(signal_mv=WAVES, leads=["II", "II"]),
        "same name, II; rename one",
    ),
    "leads that are not strings": (read_arrays(signal_mv=WAVES, leads=3), "must be 2 strings"),
    "names of two lines": (
        read_arrays(signal_mv=WAVES, leads=["a\nb", "a\nb"]),
        "same name, a b; rename one",
    ),
    "two sampling rates": (read_arrays(signal_mv=WAVES, fs_hz=[1, 2]), "must be one number"),
    "durations as samples": (read_arrays(signal_mv=WAVES.astype("m8[s]")), "must hold numbers"),
    "an infinite rate": (read_arrays(read_windows, signal_mv=WAVES, fs_hz=np.inf), "none above zero"),
    "a complex rate": (read_arrays(read_windows, signal_mv=WAVES, fs_hz=1j), "cannot be read"),
    "fewer recordings than windows": (
        read_arrays(read_windows, signal_mv=WAVES, recordings=["a"]),
        "1 recordings for 2",
    ),
    "a card that is not an object": (
        read_arrays(read_windows, signal_mv=WAVES, card="[]"),
        "not a JSON object",
    ),
    "a card of nested brackets": (
        read_arrays(read_windows, signal_mv=WAVES, card="[" * 99_999),
        "not valid JSON",
    ),
    "a flipped bit": (read_flipped(read_recording), "cannot be read as NPZ"),
    "a flipped bit of windows": (read_flipped(read_windows), "damaged"),
}


@pytest.mark.parametrize(("act", "message"), KNOWN_CASES.values(), ids=KNOWN_CASES)
def test_known_cases(tmp_path, act, message):
    check_known_case(act, tmp_path, message)
