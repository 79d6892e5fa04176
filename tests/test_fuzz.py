"""What users bring is read right or refused in one line, whatever it holds; nothing else happens."""

import io
import json
import re
import resource
import signal
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from datetime import time as clock
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from diffecg.config import PRESETS, load_json, preset, read_config, to_json, with_settings
from diffecg.data.read_table import ANNOTATIONS
from diffecg.data.read_wfdb import read_beats, record_names
from diffecg.data.records import BEAT_SYMBOLS, FS_RANGE_HZ, Annotation, Record, read_record
from diffecg.data.rhythm import from_text, to_text
from diffecg.errors import DiffecgError
from diffecg.exchange.read_windows import read_windows
from diffecg.exchange.records import write_record
from diffecg.exchange.wfdb_format import write_annotations
from diffecg.exchange.windows import CARD as FOLDER_CARD
from diffecg.rhythm.language import LABELS, MOST_BEATS, NAMES, parse_rhythm
from diffecg.rhythm.timing import Rhythm
from diffecg.tasks.masks import parse_times

SHORT = 60
"""Examples of each property in the quick run."""
LONG = 100_000
"""Examples of all properties together in the long run, at least."""
MOST_S, MOST_BYTES = 20, 2**28
"""Longest time that one file may take, and most memory that a property may need beside what is there."""


@dataclass(frozen=True)
class Property:
    """What is to hold for every case; ``check`` is given an empty folder and the case."""

    check: Callable[[Path, Any], None]
    cases: st.SearchStrategy[Any]
    long: int


PROPERTIES: dict[str, Property] = {}


def fuzz(cases, *, long):
    """Add the function to the properties: it holds for all cases, of which a long run tries so many."""

    def add(check):
        PROPERTIES[check.__name__] = Property(check, cases, long)
        return check

    return add


def explore(name, examples, **how):
    """Try cases of a property, and make sure that there were as many as was asked for."""
    wanted, tried = PROPERTIES[name], 0

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        **how,
    )
    @given(wanted.cases)
    def holds(case):
        nonlocal tried
        tried += 1
        with within_time():
            wanted.check(Path(folder), case)

    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        holds()
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert tried >= examples
    assert grown < MOST_BYTES


@contextmanager
def within_time():
    """Fail where it would take for ever."""

    class Late(BaseException):
        """Not an Exception, which a reader may take for a damaged file."""

    def stop(*_):
        raise Late

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, MOST_S)
    try:
        yield
    except Late:
        raise AssertionError(f"not done after {MOST_S} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def refused(read, *args, **kwargs):
    """Return why the reader refuses, in one line; None and what it read where it does not."""
    try:
        return None, read(*args, **kwargs)
    except DiffecgError as error:
        why = str(error)
    assert len(why.splitlines()) == 1
    return why, None


def check_recording(path, **kwargs):
    """Read a recording; what is not refused is whole."""
    _, record = refused(read_record, path, **kwargs)
    if record is None:
        return
    leads, samples = record.stored.shape
    assert samples > 0
    assert record.missing.shape == record.stored.shape
    assert leads == len(set(record.leads)) == len(record.units) == len(record.gain) == len(record.baseline)
    assert FS_RANGE_HZ[0] <= record.fs_hz <= FS_RANGE_HZ[1]
    assert all(isinstance(text, str) for text in (*record.leads, *record.units, *record.comments))
    assert np.isfinite(record.values[~record.missing]).all()
    assert np.isfinite(record.signal_mv[record.voltages][~record.missing[record.voltages]]).all()
    assert isinstance(record.start[0], date | None)
    assert isinstance(record.start[1], clock | None)
    check_annotations(record)


def check_annotations(record):
    """Read what is said of a recording."""
    _, notes = refused(record.annotations)
    for note in notes or ():
        assert (type(note.sample), type(note.symbol), type(note.text)) == (int, str, str)
        assert abs(note.sample) < 2**63


def check_windows(path, **kwargs):
    """Read windows; what is not refused is whole."""
    _, found = refused(read_windows, path, **kwargs)
    if found is None:
        return
    assert (found.signal_mv.ndim, found.signal_mv.dtype) == (3, np.float32)
    assert found.signal_mv.size
    assert found.labels.shape == (len(found.signal_mv),)
    assert found.records is None or found.records.shape == found.labels.shape
    assert 0 < found.fs_hz < np.inf
    assert isinstance(found.info, dict)


# ---- cases: what is valid, changed in some places ----

places = st.sampled_from(range(4096))
odd_numbers = st.sampled_from(
    ["", "0", "-1", "1", "2", "3", "0.5", "1e999", "-1e308", "1e-320", "nan", "inf", "1000000000"]
)
many_digits = st.sampled_from([12, 20, 400, 5000]).map(lambda digits: "9" * digits)
odd_exponents = st.integers(-(10**25), 10**25).map(lambda exponent: f"1e{exponent}")
odd_names = st.sampled_from(["x", ".", "e", "~", "r", "s1", "..", "../r", "/etc/passwd", "é", "µV", "true"])
marks = st.sampled_from("\n\r\t ,\"'#[{()%\0\u2028\x1c")
odd_times = st.sampled_from(["2020-01-01", "2020-01-01T00:00:00+01:00", "24:61:61", "31/02/2020", "null"])
words = st.one_of(
    odd_numbers,
    many_digits,
    odd_exponents,
    odd_names,
    marks,
    odd_times,
    st.text(max_size=8),
    st.integers().map(str),
    st.floats().map(str),
)


def edited(text, edits):
    """Return a text with some of its words, marks and lines replaced, dropped or doubled."""
    pieces = re.split(r"(\W)", text)
    for kind, place, word in edits:
        at = place % max(len(pieces), 1)
        if kind == "line":
            lines = "".join(pieces).splitlines(keepends=True) or [""]
            at = place % len(lines)
            pieces = lines[: at + 1] + lines[at:]
        else:
            new = {"replace": [word], "drop": [], "insert": [word, *pieces[at : at + 1]]}[kind]
            pieces[at : at + 1] = new
    return "".join(pieces)


def damaged(data, edits):
    """Return bytes some of which are overwritten, dropped, doubled or cut off."""
    for kind, place, new in edits:
        at = place % (len(data) + 1)
        data = {
            "write": data[:at] + new + data[at + len(new) :],
            "insert": data[:at] + new + data[at:],
            "drop": data[:at] + data[at + len(new) + 1 :],
            "cut": data[:at],
            "flip": data[:at] + bytes(byte ^ 1 << place % 8 for byte in data[at : at + 1]) + data[at + 1 :],
            "double": data[: at + 8 * len(new)] + data[at:],
        }[kind]
    return data


edits = st.lists(
    st.tuples(st.sampled_from(["replace", "replace", "insert", "drop", "line"]), places, words), max_size=4
)
damage = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "flip", "insert", "drop", "cut", "double"]),
        places,
        st.binary(min_size=1, max_size=8),
    ),
    max_size=4,
)


def usually(one, other):
    """Return cases of the one, and now and then of the other."""
    return st.integers(0, 7).flatmap(lambda dice: other if dice == 7 else one)


def changed(texts):
    """Return texts of these, edited, and any other text."""
    return usually(st.builds(edited, st.sampled_from(texts), edits), st.text(max_size=60))


def harmed(files):
    """Return the bytes of these files, damaged, and any other bytes."""
    return usually(st.builds(damaged, st.sampled_from(files), damage), st.binary(max_size=80))


# ---- WFDB ----

SAMPLES = np.arange(48, dtype=np.int64).reshape(2, 24) % 7
HEADERS = {
    "16": "r 2 360 24 12:34:56 01/02/2003\n"
    "r.dat 16 200(3)/mV 12 0 0 66 0 MLII\nr.dat 16 100/uV 12 0\n# a note\n",
    "212": "r 1 128.5/360(7) 24\nr.dat 212x1:0+0 200 11 1024 995\n",
    "unknown length": "r 2 250\nr.dat 80+3\nr.dat 80\n",
    "310": "r 1 100 23\nr.dat 310 200 10 0\n",
    "311": "r 1 100 24\nr.dat 311:2 200 10 0\n",
    "8": "r 1 100 24\nr.dat 8 200 10 0 5\n",
    "24": "r 2 100 8\nr.dat 24 1.5e3 24 0\nr.dat 24 200 24 0\n",
    "two files": "r 2 100 12\nr.dat 61 200\ns1.dat 16x2 200\n",
    "none": "r 0 360 0\n",
    "segments": "r/2 2 360 48\ns1 24\ns2 24\n",
    "a layout": "r/4 2 360 60\ns0 0\ns1 24\n~ 12\ns2 24\n",
}
SEGMENT = "{name} 2 360 24\n{file}.dat 16 200(3)/mV 12 0 0 66 0 MLII\n{file}.dat 16 100/uV 12 0 0 75 0 V1\n"


def write_segments(folder):
    """Write the records of which others are made."""
    for name in ("s1", "s2"):
        (folder / f"{name}.hea").write_text(SEGMENT.format(name=name, file=name))
        (folder / f"{name}.dat").write_bytes(SAMPLES.T.astype("<i2").tobytes())
    (folder / "s0.hea").write_text("s0 2 360 0\n~ 0 200(3)/mV 12 0 0 0 0 MLII\n~ 0 100/uV 12 0 0 0 0 V1\n")


DATA = SAMPLES.T.astype("<i2").tobytes()


@fuzz(
    st.tuples(
        changed(list(HEADERS.values())),
        st.one_of(st.just([]), damage),
        st.one_of(st.just(DATA), harmed([DATA])),
    ),
    long=8_000,
)
def wfdb_headers(folder, case):
    text, bytes_changed, data = case
    write_segments(folder)
    (folder / "r.hea").write_bytes(damaged(text.encode(errors="replace"), bytes_changed))
    (folder / "r.dat").write_bytes(data)
    check_recording(folder / "r")


@cache
def annotation_files():
    """Return valid annotations, as several programs write them."""
    with tempfile.TemporaryDirectory() as name:
        folder, sample = Path(name), np.array([0, 5, 700, 100_000])
        notes = ["", "(AFIB", "", "a note"]
        wfdb.wrann("a", "atr", sample, ["N", "+", "V", '"'], aux_note=notes, fs=360, write_dir=name)
        wfdb.wrann("b", "atr", sample, ["N", "L", "V", "A"], chan=np.arange(4), write_dir=name)
        own = pd.DataFrame({"label_store": [41], "symbol": ["G"], "description": ["mine"]})
        wfdb.wrann("c", "atr", sample, ["N", "G", "V", "A"], custom_labels=own, fs=250, write_dir=name)
        return [(folder / f"{record}.atr").read_bytes() for record in "abc"]


@cache
def plain_record(folder):
    """Write a small record and return it; without its cache it reads its annotations anew."""
    (folder / "r.hea").write_text(HEADERS["16"])
    (folder / "r.dat").write_bytes(DATA)
    return read_record(folder / "r")


def pair(store, low, high=0):
    """Return two bytes of an annotation file: a code and ten bits."""
    return bytes([low, store << 2 | high])


pairs = st.one_of(
    st.builds(pair, st.integers(0, 63), st.integers(0, 255), st.integers(0, 3)),
    st.builds(pair, st.sampled_from([0, 1, 22, 59, 60, 61, 62, 63]), st.integers(0, 8)),
    st.sampled_from(
        [b"## time resolution: 360", b"## ", b"## annotation type definitions", b"41 G mine"]
    ).map(lambda text: pair(22, 0) + pair(63, len(text)) + text + b"\0" * (len(text) % 2)),
    st.just(pair(22, 0) + pair(63, 21) + b"## end of definitions\0"),
)


@fuzz(
    st.one_of(
        harmed(annotation_files()),
        st.builds(lambda many, end: b"".join(many) + end, st.lists(pairs, max_size=8), st.just(b"\0\0")),
    ),
    long=10_000,
)
def wfdb_annotations(folder, data):
    record = plain_record(folder)
    (folder / "r.atr").write_bytes(data)
    record.annotations.cache_clear()
    check_annotations(record)
    for length in (None, 24):
        _, beats = refused(read_beats, folder / "r", length=length)
        if beats is not None:
            assert len(beats.sample) == len(beats.symbol)
            assert set(beats.symbol.tolist()) <= BEAT_SYMBOLS
            assert (
                length is None or not len(beats.sample) or 0 <= beats.sample.min() <= beats.sample.max() < 24
            )


notes = st.lists(
    st.builds(
        Annotation,
        st.integers(0, 2**31),
        st.sampled_from('NLVA+"~|/'),
        st.text("abc ()#0123é", max_size=12).map(str.strip),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda note: note.sample,
).map(lambda notes: tuple(sorted(notes, key=lambda note: note.sample)))


@fuzz(notes, long=3_000)
def wfdb_annotations_come_back(folder, notes):
    record = plain_record(folder)
    write_annotations(folder / "r", notes, 360)
    record.annotations.cache_clear()
    assert record.annotations() == notes
    assert read_beats(folder / "r").sample.tolist() == [n.sample for n in notes if n.symbol in BEAT_SYMBOLS]


@fuzz(st.one_of(st.text(max_size=40), st.binary(max_size=40)), long=1_000)
def lists_of_records(folder, listing):
    (folder / "RECORDS").write_bytes(
        listing if isinstance(listing, bytes) else listing.encode(errors="replace")
    )
    _, names = refused(record_names, folder)
    assert names is None or all(names)


# ---- EDF and BDF ----


@cache
def edf_files(suffix):
    """Return valid files, with and without annotations."""
    stored = SAMPLES[:, :20]
    leads, units, gain, zero = ("MLII", "RESP"), ("mV", "NU"), (200.0, 1.0), (0.0, 0.0)
    files = []
    for notes in ((), (Annotation(3, "N"), Annotation(5, '"', "a note"))):
        path, missing = Path("r.x"), np.zeros(stored.shape, bool)
        missing[1, 4:6] = bool(notes)
        record = Record(
            "r", 25.0, leads, units, stored, gain, zero, missing, path, annotations=lambda n=notes: n
        )
        with tempfile.TemporaryDirectory() as folder:
            files.append(write_record(Path(folder) / f"r{suffix}", record).read_bytes())
    return files


_FIXED = [0, 8, 88, 168, 176, 184, 192, 236, 244, 252]
_SIGNAL = [16, 80, 8, 8, 8, 8, 8, 80, 8, 32]


def with_fields(data, fields):
    """Return a file with some fields of its header overwritten."""
    signals = int(data[252:256])
    starts = _FIXED + [
        256 + signals * sum(_SIGNAL[:i]) + row * width
        for i, width in enumerate(_SIGNAL)
        for row in range(signals)
    ]
    for place, word in fields:
        at = starts[place % len(starts)]
        new = word.encode(errors="replace")[:8].ljust(8)
        data = data[:at] + new + data[at + 8 :]
    return data


fields = st.lists(st.tuples(places, words), max_size=3)


def edf(suffix):
    return st.builds(
        damaged,
        st.builds(with_fields, st.sampled_from(edf_files(suffix)), fields),
        st.one_of(st.just([]), damage),
    )


@fuzz(edf(".edf"), long=6_000)
def edf_recordings(folder, data):
    (folder / "r.edf").write_bytes(data)
    check_recording(folder / "r.edf")


@fuzz(edf(".bdf"), long=4_000)
def bdf_recordings(folder, data):
    (folder / "r.bdf").write_bytes(data)
    check_recording(folder / "r.bdf")


times = st.sampled_from(["+0", "+0.5", "-3", "+1e9", "+9" * 1, "+" + "9" * 400, "x", "", "+0.04"])
texts = st.one_of(
    st.sampled_from(["end of recording", "missing MLII", "N", "+ (AFIB", ""]), st.text(max_size=6)
)


@fuzz(
    st.lists(st.tuples(times, st.sampled_from(["", "\x151", "\x15" + "9" * 350]), texts), max_size=3),
    long=3_000,
)
def edf_annotations(folder, notes):
    data = edf_files(".edf")[1]
    place = data.index(b"+0\x14\x14")
    said = b"+0\x14\x14\0" + b"".join(f"{t}{d}\x14{x}\x14\0".encode(errors="replace") for t, d, x in notes)
    rest = len(data) - place
    (folder / "r.edf").write_bytes(data[:place] + said[:rest].ljust(rest, b"\0"))
    check_recording(folder / "r.edf")


# ---- tables and arrays ----

TABLES = [
    "time_s,II (mV),V1_uV\n0,1,2\n0.01,3,4\n0.02,5,6\n0.03,7,8\n",
    "timestamp,II\n2024-05-06 07:08:09.50,1\n2024-05-06 07:08:09.51,2\n2024-05-06 07:08:09.52,4\n",
    "time (ms),II,comment\n0,1,a\n10,2,b\n20,,c\n50,4,d\n60,4,d\n70,5,e\n",
    "II\n1\n2\n3\n",
    "label,fs_hz,record,0,1,2\nN,360,a,0.1,0.2,0.3\nV,360,b,0.4,0.5,0.6\n",
    "lead,label,fs,0,1\nII,N,100,1,2\nV1,N,100,3,4\n",
    "x,y\n0.1,N\n0.2,V\n",
]
NOTES = "sample,time_s,symbol,text\n1,0.01,N,\n2,0.02,+,(AFIB\n"
CARD = '{"model": "beat", "seed": [1, 2]}'
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
names = st.sampled_from(["signal_mv", "signal", "fs_hz", "leads", "units", "labels", "records", "card"])
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
    ["time_s", "t", "II", "II (mV)", "V1", "signal_mv", "x", "label", "fs_hz", "record", "lead", "0", ""]
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


# ---- what is valid comes back ----


@st.composite
def recordings(draw):
    """Return a recording of random samples."""
    stored = draw(
        arrays(np.int64, st.tuples(st.integers(1, 3), st.integers(4, 40)), elements=st.integers(-900, 900))
    )
    leads, rows = ("MLII", "V1", "RESP")[: len(stored)], len(stored)
    scale = draw(st.sampled_from([(200.0, 1024.0), (0.25, 0.0), (1000.0, -3.0)]))
    missing = np.zeros(stored.shape, bool)
    missing[0, 1 : draw(st.integers(1, 3))] = True
    start = draw(st.sampled_from([(None, None), (date(2020, 2, 29), clock(23, 59, 58))]))
    units = ("mV", "uV", "NU")[:rows]
    settings = (stored, (scale[0],) * rows, (scale[1],) * rows, missing, Path("nowhere/r.x"), start)
    fs_hz = draw(st.sampled_from([360.0, 128.0, 250.0]))
    said = tuple(note for note in draw(notes) if note.sample < stored.shape[1])
    return Record("r", fs_hz, leads, units, *settings, annotations=lambda: said)


@fuzz(st.tuples(recordings(), st.sampled_from(["", ".edf", ".bdf", ".csv", ".parquet", ".npz"])), long=2_000)
def recordings_come_back(folder, case):
    record, suffix = case
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        path = write_record(Path(inside) / f"r{suffix}", record)
        back = read_record(path)
        assert (back.leads, back.fs_hz) == (record.leads, record.fs_hz)
        assert back.start == (record.start if suffix != ".npz" else (None, None))
        assert np.array_equal(back.missing, record.missing)
        assert np.allclose(back.signal_mv, record.signal_mv, rtol=1e-4, atol=1e-4, equal_nan=True)
        assert back.annotations() == record.annotations()


windows_of_numbers = arrays(
    np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-5, 5, width=32)
)


@fuzz(
    st.tuples(windows_of_numbers, st.sampled_from("NSVF"), st.sampled_from([".csv", ".parquet", ".npz"])),
    long=2_000,
)
def windows_come_back(folder, case):
    signal, label, suffix = case
    table = pd.DataFrame(signal).rename(columns=str).assign(label=label, fs=250)
    path = folder / f"w{suffix}"
    if suffix == ".npz":
        np.savez(path, X=signal, y=[label] * len(signal), fs=250)
    else:
        table.to_csv(path) if suffix == ".csv" else table.to_parquet(path)
    found = read_windows(path)
    assert np.allclose(found.signal_mv[:, 0], signal, atol=1e-6)
    assert found.labels.tolist() == [label] * len(signal)
    assert found.fs_hz == 250


@fuzz(
    st.tuples(usually(st.sampled_from(["s1\ns2", "s1", ""]), st.text(max_size=20) | words), changed([CARD])),
    long=1_000,
)
def folders_of_windows(folder, case):
    listing, card = case
    write_segments(folder)
    (folder / "RECORDS").write_bytes(listing.encode(errors="replace"))
    (folder / FOLDER_CARD).write_bytes(card.encode(errors="replace"))
    check_windows(folder)


# ---- configuration ----

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["name", "labels", "window", "network", "kind", "training"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)
CONFIGS = [to_json(config) for config in PRESETS.values()]


@fuzz(
    st.one_of(
        changed(CONFIGS).map(lambda text: text.encode(errors="replace")),
        json_values.map(lambda value: json.dumps(value).encode()),
        harmed([text.encode() for text in CONFIGS]),
    ),
    long=6_000,
)
def configurations(folder, data):
    path = folder / "config.json"
    path.write_bytes(data)
    refused(load_json, path)
    _, config = refused(read_config, path)
    if config is not None:
        path.write_text(to_json(config))
        assert read_config(path) == config


def leaves(tree, prefix=""):
    """Return all settings by name."""
    found = {}
    for key, value in tree.items():
        found |= leaves(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


setting_names = st.one_of(
    st.sampled_from(
        [*leaves(json.loads(CONFIGS[0])), "network.attention", "window", "network", ".", "", "a.b.c"]
    ),
    words,
)
valid_settings = st.sampled_from(
    [f"{name}={json.dumps(value)}" for text in CONFIGS for name, value in leaves(json.loads(text)).items()]
)
setting_texts = st.builds(
    lambda name, mark, text: f"{name}{mark}{text}",
    setting_names,
    st.sampled_from(["=", "=", "=", "", "=="]),
    st.one_of(
        words, json_values.map(json.dumps), st.sampled_from(["unet", "dense", "[1,2]", "[" * 9999, "{}"])
    ),
)


@fuzz(
    st.tuples(st.sampled_from(sorted(PRESETS)), st.lists(setting_texts | valid_settings, max_size=2)),
    long=8_000,
)
def settings_of_the_command_line(folder, case):
    name, given_settings = case
    _, config = refused(with_settings, preset(name), given_settings)
    if config is not None:
        (folder / "config.json").write_text(to_json(config))
        assert read_config(folder / "config.json") == config


# ---- rhythms ----


@dataclass(frozen=True)
class Phrase:
    """A text of the language and, counted beside it, its beats; none are listed where they are too many."""

    text: str
    count: int
    beats: str


def repeated(phrase, times):
    count = phrase.count * times
    return Phrase(f"({phrase.text})*{times}", count, phrase.beats * times if count <= MOST_BEATS else "")


def together(phrases):
    count = sum(phrase.count for phrase in phrases)
    beats = "".join(phrase.beats for phrase in phrases) if count <= MOST_BEATS else ""
    return Phrase(" ".join(phrase.text for phrase in phrases), count, beats)


def salvo(beats):
    return Phrase(f"salvo of {beats}", beats, "V" * beats)


def atrial(phrase):
    return Phrase(f"atrial {phrase.text}", phrase.count, phrase.beats.replace("V", "S"))


named = st.sampled_from([Phrase(name, len(beats), beats) for name, beats in NAMES.items()])
salvos = st.integers(1, 9).map(salvo)
single = st.one_of(
    st.sampled_from([Phrase(label, 1, label) for label in LABELS]),
    named,
    salvos,
    st.one_of(named, salvos).map(atrial),
)
phrases = st.recursive(
    single,
    lambda inner: st.one_of(
        st.builds(repeated, inner, st.one_of(st.integers(1, 6), st.integers(1, 100_000))),
        st.lists(inner, min_size=1, max_size=4).map(together),
    ),
    max_leaves=10,
)


@fuzz(phrases, long=14_000)
def rhythms_have_their_beats(folder, phrase):
    why, beats = refused(parse_rhythm, phrase.text)
    if phrase.count > MOST_BEATS:
        assert "more than 100,000 beats" in why
    else:
        assert "".join(beats) == phrase.beats


rhythm_words = st.sampled_from([*LABELS, *NAMES, "atrial", "salvo", "of"]) | st.sampled_from(
    ["(", ")", "*", "*3", "*9999", "0", "5", "999999999", "X", "like:", "٣", "\n"]
)


@fuzz(
    st.one_of(
        st.lists(rhythm_words, max_size=12).map(" ".join),
        st.text("NSVF()* 0123456789\n", max_size=40),
        changed(["N*8 V N*12 S N*6", "(N*3 V)*10 N*20", "atrial salvo of 3 F", "like:208"]),
    ),
    long=14_000,
)
def texts_of_rhythms(folder, text):
    _, beats = refused(parse_rhythm, text)
    assert beats is None or (set(beats) <= set(LABELS) and 0 < len(beats) <= MOST_BEATS)
    refused(Rhythm(text).beats, 2.0)


@fuzz(
    st.one_of(
        st.lists(st.tuples(st.integers(0, 999), st.sampled_from(LABELS)), max_size=5),
        changed(["12:N 95:V", "0.5:N 1.3:V"]),
    ),
    long=4_000,
)
def texts_of_beats(folder, beats):
    if isinstance(beats, list):
        assert from_text(to_text(beats)) == beats
        assert parse_times(to_text(beats)) == beats
    else:
        refused(from_text, beats)
        refused(parse_times, beats)


# ---- what was found once ----


def header(text, data=DATA):
    def write(folder):
        (folder / "r.hea").write_text(text)
        (folder / "r.dat").write_bytes(data)
        return read_record(folder / "r")

    return write


def annotated(*pairs):
    def write(folder):
        plain_record(folder)
        (folder / "r.atr").write_bytes(b"".join(pairs))
        return read_beats(folder / "r")

    return write


def table(text, read=read_record):
    def write(folder):
        (folder / "r.csv").write_text(text)
        return read(folder / "r.csv", fs_hz=100)

    return write


def array(read=read_record, **arrays):
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


def edf_field(place, text):
    def write(folder):
        (folder / "r.edf").write_bytes(with_fields(edf_files(".edf")[0], [(place, text)]))
        return read_record(folder / "r.edf")

    return write


def edf_end(folder):
    edf_annotations(folder, [("+0", "", "end of recording")])
    return read_record(folder / "r.edf")


def manifold(folder):
    (folder / "RECORDS").write_text("9" * 400)
    return read_windows(folder)


TRILLION = "1" + "0" * 12
NOTE = [pair(22, 0), pair(63, 6), b"## x\0\0"]
FOUND = {
    "a note that is read for ever": (annotated(*NOTE, *NOTE, pair(1, 5), b"\0\0"), None),
    "no end": (annotated(pair(1, 5), pair(1, 5)), "breaks off"),
    "a code of no annotation": (annotated(pair(45, 5), b"\0\0"), "unknown code 45"),
    "12 bits in 3 bytes": (header("r 1 360 1000\nr.dat 212\n", b"abc"), "3 bytes of signal are too few"),
    "a trillion samples": (header(f"r 1 360 {TRILLION}\nr.dat 16\n"), "96 bytes of signal"),
    "a trillion signals": (header(f"r {TRILLION} 360 24\nr.dat 16\n"), "signals, but has 1"),
    "a trillion segments": (header(f"r/{TRILLION} 2 360 24\ns1 24\n"), "1 segments"),
    "itself as segment": (header("r/1 1 360 24\nr 24\n"), "a segment has none itself"),
    "a trillion samples between": (
        header(f"r/2 2 360 {TRILLION}\ns1 24\n~ {TRILLION}\n"),
        "its segments hold",
    ),
    "a late signal": (header("r 1 360 24\nr.dat 16:1000000000\n"), "too few for 24 samples"),
    "a gain of next to nothing": (header("r 1 360 24\nr.dat 16 1e-300\n"), "gain of 1e-300"),
    "an endless zero": (header(f"r 1 360 24\nr.dat 16 200({'9' * 400})\n"), "its zero at 999"),
    "formats that differ": (header("r 2 360 8\nr.dat 24\nr.dat 2\n"), "cannot be read"),
    "an end before the start": (edf_end, "holds no sample"),
    "a range too wide": (edf_field(2 * 10, "1e300"), "cannot be read|none of a signal"),
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
    "records of fewer windows": (array(read_windows, signal_mv=WAVES, records=["a"]), "1 records for 2"),
    "a card of no object": (array(read_windows, signal_mv=WAVES, card="[]"), "no JSON object"),
    "a card of brackets": (array(read_windows, signal_mv=WAVES, card="[" * 99_999), "no valid JSON"),
    "a flipped bit": (flipped(read_record), "cannot be read as NPZ"),
    "a flipped bit of windows": (flipped(read_windows), "damaged"),
    "a name too long": (manifold, "no record at"),
    "brackets": (lambda _: with_settings(preset("beat"), ["labels=" + "[" * 99_999]), "labels"),
    "digits": (lambda _: with_settings(preset("beat"), ["training.seed=" + "9" * 5000]), "training.seed"),
    "no beats": (lambda _: from_text("12:N:V x"), "not of the form"),
    "a bomb": (lambda _: parse_rhythm("((N*9999)*9999)*9999"), "more than 100,000 beats"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_is_mended(tmp_path, name):
    act, why = FOUND[name]
    write_segments(tmp_path)
    with within_time():
        said, _ = refused(act, tmp_path)
    assert (said is None) == (why is None), said
    assert why is None or re.search(why, said), said


# ---- both runs ----


@pytest.mark.parametrize("name", PROPERTIES)
def test_what_users_bring_is_read_or_refused(name):
    explore(name, SHORT, derandomize=True)


@pytest.mark.long
@pytest.mark.parametrize("name", PROPERTIES)
def test_much_of_what_users_bring_is_read_or_refused(name):
    explore(name, PROPERTIES[name].long)


def test_the_long_run_is_as_long_as_is_said():
    assert sum(wanted.long for wanted in PROPERTIES.values()) >= LONG
