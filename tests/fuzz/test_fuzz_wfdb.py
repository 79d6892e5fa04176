"""WFDB records are read correctly or refused in one line, whatever their files contain."""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import wfdb
from guards import (
    check_annotations,
    check_known_case,
    check_recording,
    check_windows,
    refusal,
    time_limit,
)
from hypothesis import given
from hypothesis import strategies as st
from strategies import CARD, SAMPLES, annotations, damage, damage_bytes, damaged, edited, mostly, words

from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.files import CARD as FOLDER_CARD
from diffecg.formats.annotations import BEAT_SYMBOLS
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotation_writer import write_annotations
from diffecg.formats.wfdb_annotations import read_beats

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
    "no signals": "r 0 360 0\n",
    "segments": "r/2 2 360 48\ns1 24\ns2 24\n",
    "segments with a layout": "r/4 2 360 60\ns0 0\ns1 24\n~ 12\ns2 24\n",
}
SEGMENT = "{name} 2 360 24\n{file}.dat 16 200(3)/mV 12 0 0 66 0 MLII\n{file}.dat 16 100/uV 12 0 0 75 0 V1\n"


def write_segments(folder):
    """Write the records that serve as segments of others."""
    for name in ("s1", "s2"):
        (folder / f"{name}.hea").write_text(SEGMENT.format(name=name, file=name))
        (folder / f"{name}.dat").write_bytes(SAMPLES.T.astype("<i2").tobytes())
    (folder / "s0.hea").write_text("s0 2 360 0\n~ 0 200(3)/mV 12 0 0 0 0 MLII\n~ 0 100/uV 12 0 0 0 0 V1\n")


DATA = SAMPLES.T.astype("<i2").tobytes()


@given(
    header=edited(list(HEADERS.values())),
    header_damage=st.one_of(st.just([]), damage),
    data=st.one_of(st.just(DATA), damaged([DATA])),
)
@time_limit()
def test_wfdb_records_are_read_or_refused(tmp_path, header, header_damage, data):
    write_segments(tmp_path)
    (tmp_path / "r.hea").write_bytes(damage_bytes(header.encode(errors="replace"), header_damage))
    (tmp_path / "r.dat").write_bytes(data)
    check_recording(tmp_path / "r")


@cache
def annotation_files():
    """Return valid files: with texts, with channels, and with a symbol of its own definition."""
    with tempfile.TemporaryDirectory() as name:
        folder, sample = Path(name), np.array([0, 5, 700, 100_000])
        notes = ["", "(AFIB", "", "a note"]
        wfdb.wrann("a", "atr", sample, ["N", "+", "V", '"'], aux_note=notes, fs=360, write_dir=name)
        wfdb.wrann("b", "atr", sample, ["N", "L", "V", "A"], chan=np.arange(4), write_dir=name)
        own = pd.DataFrame({"label_store": [41], "symbol": ["G"], "description": ["mine"]})
        wfdb.wrann("c", "atr", sample, ["N", "G", "V", "A"], custom_labels=own, fs=250, write_dir=name)
        return [(folder / f"{recording}.atr").read_bytes() for recording in "abc"]


def write_record(folder):
    """Write a small record and return its path."""
    (folder / "r.hea").write_text(HEADERS["16"])
    (folder / "r.dat").write_bytes(DATA)
    return folder / "r"


def word(code, low, high=0):
    """Return a word of an annotation file: a code and ten bits."""
    return bytes([low, code << 2 | high])


annotation_words = st.one_of(
    st.builds(word, st.integers(0, 63), st.integers(0, 255), st.integers(0, 3)),
    st.builds(word, st.sampled_from([0, 1, 22, 59, 60, 61, 62, 63]), st.integers(0, 8)),
    st.sampled_from(
        [b"## time resolution: 360", b"## ", b"## annotation type definitions", b"41 G mine"]
    ).map(lambda text: word(22, 0) + word(63, len(text)) + text + b"\0" * (len(text) % 2)),
    st.just(word(22, 0) + word(63, 21) + b"## end of definitions\0"),
)


@given(
    data=st.one_of(
        damaged(annotation_files()),
        st.lists(annotation_words, max_size=8).map(lambda drawn: b"".join(drawn) + b"\0\0"),
    )
)
@time_limit()
def test_wfdb_annotations_are_read_or_refused(tmp_path, data):
    path = write_record(tmp_path)
    (tmp_path / "r.atr").write_bytes(data)
    check_annotations(read_recording(path))
    for length in (None, 24):
        _, beats = refusal(read_beats, path, length=length)
        if beats is not None:
            assert len(beats.sample) == len(beats.symbol)
            assert set(beats.symbol.tolist()) <= BEAT_SYMBOLS
            assert (
                length is None or not len(beats.sample) or 0 <= beats.sample.min() <= beats.sample.max() < 24
            )


@given(annotations=annotations)
@time_limit()
def test_wfdb_annotations_are_read_back(tmp_path, annotations):
    path = write_record(tmp_path)
    timed = tuple(replace(annotation, time_s=annotation.time_s / 360) for annotation in annotations)
    write_annotations(path, timed, 360.0, "atr")
    assert read_recording(path).annotations == timed
    beats = [annotation.sample(360.0) for annotation in timed if annotation.symbol in BEAT_SYMBOLS]
    assert read_beats(path).sample.tolist() == beats


@given(listing=st.one_of(st.text(max_size=40), st.binary(max_size=40)))
@time_limit()
def test_lists_of_recordings_are_read_or_refused(tmp_path, listing):
    (tmp_path / "RECORDS").write_bytes(
        listing if isinstance(listing, bytes) else listing.encode(errors="replace")
    )
    _, names = refusal(RecordingFolder(tmp_path).names)
    assert names is None or all(names)


@given(
    listing=mostly(st.sampled_from(["s1\ns2", "s1", ""]), st.text(max_size=20) | words),
    card=edited([CARD]),
)
@time_limit()
def test_folders_of_windows_are_read_or_refused(tmp_path, listing, card):
    write_segments(tmp_path)
    (tmp_path / "RECORDS").write_bytes(listing.encode(errors="replace"))
    (tmp_path / FOLDER_CARD).write_bytes(card.encode(errors="replace"))
    check_windows(tmp_path)


def read_header(text, data=DATA):
    """Return an act: read a record with a header."""

    def act(folder):
        write_segments(folder)
        (folder / "r.hea").write_text(text)
        (folder / "r.dat").write_bytes(data)
        return read_recording(folder / "r")

    return act


def read_words(*words):
    """Return an act: read the beats of an annotation file of some words."""

    def act(folder):
        path = write_record(folder)
        (folder / "r.atr").write_bytes(b"".join(words))
        return read_beats(path)

    return act


def read_long_name(folder):
    """Read a folder that lists a recording with too long a name."""
    (folder / "RECORDS").write_text("9" * 400)
    return read_windows(folder)


TRILLION = "1" + "0" * 12
NOTE = [word(22, 0), word(63, 6), b"## x\0\0"]
KNOWN_CASES = {
    "a note on which wfdb does not terminate": (read_words(*NOTE, *NOTE, word(1, 5), b"\0\0"), None),
    "no end of file": (read_words(word(1, 5), word(1, 5)), "unexpected end of file"),
    "an undefined code": (read_words(word(55, 5), b"\0\0"), "unknown code 55"),
    "a user-defined code": (read_words(word(45, 5), b"\0\0"), None),
    "12 bits in 3 bytes": (read_header("r 1 360 1000\nr.dat 212\n", b"abc"), "2 frames of 1000"),
    "a trillion samples": (read_header(f"r 1 360 {TRILLION}\nr.dat 16\n"), "48 frames of 1000000000000"),
    "a trillion signals": (
        read_header(f"r {TRILLION} 360 24\nr.dat 16\n"),
        "claims 1000000000000 lines and has 1",
    ),
    "a trillion segments": (
        read_header(f"r/{TRILLION} 2 360 24\ns1 24\n"),
        "claims 1000000000000 lines and has 1",
    ),
    "a record that is its own segment": (read_header("r/1 1 360 24\nr 24\n"), "has segments itself"),
    "a trillion samples between segments": (
        read_header(f"r/2 2 360 {TRILLION}\ns1 24\n~ {TRILLION}\n"),
        "its segments hold",
    ),
    "a large skew": (read_header("r 1 360 24\nr.dat 16:1000000000\n"), "skewed by more than its length"),
    "a gain near zero": (read_header("r 1 360 24\nr.dat 16 1e-300\n"), "implausible gain of 1e-300"),
    "a baseline of 400 digits": (
        read_header(f"r 1 360 24\nr.dat 16 200({'9' * 400})\n"),
        "damaged|cannot be read|implausible",
    ),
    "two formats in one file": (read_header("r 2 360 8\nr.dat 24\nr.dat 2\n"), "known formats are"),
    "a name of 400 characters": (read_long_name, "no recording at"),
    "a segment with a null byte": (read_header("r/1 1 360 24\n\0 24\n"), "no recording at"),
    "a file with a null byte": (read_header("r 1 360 24\n\0.dat 16\n"), "describes no signal"),
}


@pytest.mark.parametrize(("act", "message"), KNOWN_CASES.values(), ids=KNOWN_CASES)
def test_known_cases(tmp_path, act, message):
    check_known_case(act, tmp_path, message)
