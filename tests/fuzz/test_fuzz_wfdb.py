"""WFDB recordings are read right or refused in one line, whatever their files hold."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import wfdb
from fuzzing import (
    CARD,
    SAMPLES,
    changed,
    check_annotations,
    check_recording,
    check_windows,
    damage,
    damaged,
    fuzz,
    harmed,
    long_run,
    mended,
    notes,
    refused,
    short_run,
    usually,
    words,
)
from hypothesis import strategies as st

from diffecg.datasets.reading import read_windows
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.files import CARD as FOLDER_CARD
from diffecg.formats.recording import BEAT_SYMBOLS
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats, write_annotations

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
    """Write the recordings of which others are made."""
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
        return [(folder / f"{recording}.atr").read_bytes() for recording in "abc"]


@cache
def plain_recording(folder):
    """Write a small recording and return it; without its cache it reads its annotations anew."""
    (folder / "r.hea").write_text(HEADERS["16"])
    (folder / "r.dat").write_bytes(DATA)
    return read_recording(folder / "r")


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
    recording = plain_recording(folder)
    (folder / "r.atr").write_bytes(data)
    recording.annotations.cache_clear()
    check_annotations(recording)
    for length in (None, 24):
        _, beats = refused(read_beats, folder / "r", length=length)
        if beats is not None:
            assert len(beats.sample) == len(beats.symbol)
            assert set(beats.symbol.tolist()) <= BEAT_SYMBOLS
            assert (
                length is None or not len(beats.sample) or 0 <= beats.sample.min() <= beats.sample.max() < 24
            )


@fuzz(notes, long=3_000)
def wfdb_annotations_come_back(folder, notes):
    recording = plain_recording(folder)
    write_annotations(folder / "r", notes, 360)
    recording.annotations.cache_clear()
    assert recording.annotations == notes
    assert read_beats(folder / "r").sample.tolist() == [n.sample for n in notes if n.symbol in BEAT_SYMBOLS]


@fuzz(st.one_of(st.text(max_size=40), st.binary(max_size=40)), long=1_000)
def lists_of_recordings(folder, listing):
    (folder / "RECORDS").write_bytes(
        listing if isinstance(listing, bytes) else listing.encode(errors="replace")
    )
    _, names = refused(RecordingFolder(folder).names)
    assert names is None or all(names)


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


# ---- what was found once ----


def header(text, data=DATA):
    def write(folder):
        write_segments(folder)
        (folder / "r.hea").write_text(text)
        (folder / "r.dat").write_bytes(data)
        return read_recording(folder / "r")

    return write


def annotated(*pairs):
    def write(folder):
        plain_recording(folder)
        (folder / "r.atr").write_bytes(b"".join(pairs))
        return read_beats(folder / "r")

    return write


def manifold(folder):
    (folder / "RECORDS").write_text("9" * 400)
    return read_windows(folder)


TRILLION = "1" + "0" * 12
NOTE = [pair(22, 0), pair(63, 6), b"## x\0\0"]
FOUND = {
    "a note that is read for ever": (annotated(*NOTE, *NOTE, pair(1, 5), b"\0\0"), None),
    "no end": (annotated(pair(1, 5), pair(1, 5)), "breaks off"),
    "a code of no annotation": (annotated(pair(55, 5), b"\0\0"), "unknown code 55"),
    "a code of one's own": (annotated(pair(45, 5), b"\0\0"), None),
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
    "a name too long": (manifold, "no recording at"),
}

test_what_users_bring_is_read_or_refused = short_run(__name__)
test_much_of_what_users_bring_is_read_or_refused = long_run(__name__)
test_what_was_found_is_mended = mended(FOUND)
