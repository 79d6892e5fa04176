"""Tables and arrays are read right or refused in one line, whatever they hold."""

import io
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from fuzzing import (
    CARD,
    SAMPLES,
    changed,
    check_recording,
    check_windows,
    fuzz,
    harmed,
    long_run,
    mended,
    short_run,
    words,
)
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from diffecg.datasets.reading import read_windows
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
    changed(TABLES),
    st.text('0123456789.,\n"eE+-naif;: \t', max_size=80),
    st.lists(st.lists(words, max_size=4).map(",".join), max_size=6).map("\n".join),
)
rates = st.sampled_from([None, 100.0, 100.0])


@fuzz(st.tuples(table_text, st.one_of(st.just(NOTES), changed([NOTES])), rates), long=6_000)
def csv_recordings(folder, case):
    text, notes, fs_hz = case
    (folder / "r.csv").write_bytes(text.encode(errors="replace"))
    (folder / f"r{ANNOTATIONS}").write_bytes(notes.encode(errors="replace"))
    check_recording(folder / "r.csv", fs_hz=fs_hz)


@fuzz(st.tuples(table_text, st.one_of(st.just(CARD), changed([CARD])), rates), long=6_000)
def csv_windows(folder, case):
    text, card, fs_hz = case
    (folder / "r.csv").write_bytes(text.encode(errors="replace"))
    (folder / "r.card.json").write_bytes(card.encode(errors="replace"))
    check_windows(folder / "r.csv", fs_hz=fs_hz)


def with_bytes(write, *args, **kwargs):
    """Return what a function writes to a file."""
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
    with_bytes(np.savez, signal_mv=WAVES, fs_hz=100.0, leads=["II", "V1"], units=["mV", ""]),
    with_bytes(np.savez_compressed, signal_mv=WAVES, fs_hz=100.0, labels=["N", "V"], card=CARD),
]


@fuzz(st.tuples(harmed(ARRAYS), rates), long=3_000)
def npz_files(folder, case):
    check_both(folder, ".npz", *case)


@fuzz(st.tuples(harmed([with_bytes(np.save, WAVES), with_bytes(np.save, SAMPLES[0])]), rates), long=3_000)
def npy_files(folder, case):
    data, fs_hz = case
    check_both(folder, ".npy", data, fs_hz)
    with ZipFile(folder / "r.npz", "w") as file:
        file.writestr("signal_mv.npy", data)
    check_recording(folder / "r.npz", fs_hz=100)
    check_windows(folder / "r.npz", fs_hz=100)


numeric = st.sampled_from(["f8", "f4", "f2", "g", "i8", "u1", "u8", "?", "c16", ">f8"])
others = st.sampled_from(["M8[s]", "m8[s]", "U3", "S3", "i4,f4", "U0"])
anything = (numeric | others).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)
texts_of_leads = st.sampled_from([["II", "V1"], ["II", "II"], ["N"], ["a\nb", ""]]).map(np.array)
usual = st.sampled_from([WAVES, WAVES[:, None], np.float64(100), np.array([100, 100]), np.array(CARD)])
names = st.sampled_from(["signal_mv", "signal", "fs_hz", "leads", "units", "labels", "recordings", "card"])
LEAST = [{"signal_mv": WAVES, "fs_hz": np.float64(100)}, {}]


@fuzz(
    st.tuples(
        st.sampled_from(LEAST), st.dictionaries(names, texts_of_leads | usual | anything, max_size=3), rates
    ),
    long=5_000,
)
def npz_arrays(folder, case):
    least, others, fs_hz = case
    check_both(folder, ".npz", with_bytes(np.savez, **(least | others)), fs_hz)


FRAMES = [
    pd.DataFrame({"time_s": np.arange(24) / 100, "II (mV)": WAVES[0], "V1_uV": WAVES[1]}),
    pd.DataFrame({"signal_mv": list(WAVES), "label": ["N", "V"], "fs_hz": 100.0}),
]
PARQUET = [with_bytes(lambda stream, table: table.to_parquet(stream), frame) for frame in FRAMES]


@fuzz(st.tuples(harmed(PARQUET), rates), long=3_000)
def parquet_files(folder, case):
    check_both(folder, ".parquet", *case)


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
FEW = [
    [("time_s", COLUMNS[0]), ("II", COLUMNS[1])],
    [("signal_mv", COLUMNS[4]), ("label", COLUMNS[9])],
    [("0", COLUMNS[0]), ("1", COLUMNS[1])],
]
cards = st.sampled_from([None, b"{}", b"{}", b"[]", b"nonsense", b"\xff"])


@fuzz(
    st.tuples(
        st.sampled_from(FEW),
        st.lists(st.tuples(column_names, st.sampled_from(COLUMNS)), max_size=2),
        cards,
        rates,
    ),
    long=4_000,
)
def parquet_tables(folder, case):
    few, others, card, fs_hz = case
    names, columns = zip(*few, *others, strict=True)
    table = pa.table(list(columns), names=list(names))
    table = table if card is None else table.replace_schema_metadata({b"diffecg": card})
    check_both(folder, ".parquet", with_bytes(lambda stream: pq.write_table(table, stream)), fs_hz)


# ---- what was found once ----


def table(text, read=read_recording):
    def write(folder):
        (folder / "r.csv").write_text(text)
        return read(folder / "r.csv", fs_hz=100)

    return write


def array(read=read_recording, **arrays):
    def write(folder):
        np.savez(folder / "r.npz", **({"fs_hz": 100.0} | arrays))
        return read(folder / "r.npz")

    return write


def flipped(read):
    """Read an archive one bit of which is another: zlib has an error of its own."""

    def write(folder):
        data = bytearray(ARRAYS[1])
        data[data.index(b"signal_mv.npy") + 40] ^= 255
        (folder / "r.npz").write_bytes(data)
        return read(folder / "r.npz")

    return write


FOUND = {
    "an exponent that crashes pandas": (table("II\n1e069560423041144269420\n1\n"), "no column of numbers"),
    "a number beyond all": (table("II (V)\n1e307\n1\n"), r"beyond 1e\+30"),
    "a time beyond all": (table("t,II\n0,1\ninf,2\n"), "row 2: 'inf'"),
    "a time that is none": (table("t,II\n0,1\n1e-320,2\n"), "does not rise"),
    "time zones": (table("time,II\n2020-01-01T00:00+01:00,1\n2020-01-02T00:00+02:00,2\n"), "no times"),
    "windows in a column x": (table("x,y\n0.1,N\n0.2,V\n", read_windows), None),
    "no window": (table("0,1\n", read_windows), "holds no window"),
    "numbers beyond float32": (table("0,1\n1e300,2\n", read_windows), None),
    "two leads of one name": (array(signal_mv=WAVES, leads=["II", "II"]), "names a lead twice: II, II"),
    "leads that are none": (array(signal_mv=WAVES, leads=3), "must be 2 texts"),
    "a name of two lines": (array(signal_mv=WAVES, leads=["a\nb", "a\nb"]), "twice: a b, a b"),
    "rates of a recording": (array(signal_mv=WAVES, fs_hz=[1, 2]), "is not one number"),
    "times for numbers": (array(signal_mv=WAVES.astype("m8[s]")), "no array of numbers"),
    "an endless rate": (array(read_windows, signal_mv=WAVES, fs_hz=np.inf), "none above zero"),
    "a complex rate": (array(read_windows, signal_mv=WAVES, fs_hz=1j), "cannot be read"),
    "recordings of fewer windows": (
        array(read_windows, signal_mv=WAVES, recordings=["a"]),
        "1 recordings for 2",
    ),
    "a card of no object": (array(read_windows, signal_mv=WAVES, card="[]"), "no JSON object"),
    "a card of brackets": (array(read_windows, signal_mv=WAVES, card="[" * 99_999), "no valid JSON"),
    "a flipped bit": (flipped(read_recording), "cannot be read as NPZ"),
    "a flipped bit of windows": (flipped(read_windows), "damaged"),
}

test_what_users_bring_is_read_or_refused = short_run(__name__)
test_much_of_what_users_bring_is_read_or_refused = long_run(__name__)
test_what_was_found_is_mended = mended(FOUND)
