"""EDF and BDF files are read correctly or refused in one line, whatever they contain."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from guards import check_known_case, check_recording, time_limit
from hypothesis import given
from hypothesis import strategies as st
from strategies import SAMPLES, damage, damage_bytes, positions, words

from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording, write_recording
from diffecg.formats.samples import ArraySource
from diffecg.signal.channels import make_channels

NOTES = (Annotation(time_s=0.12, symbol="N"), Annotation(time_s=0.2, symbol='"', text="a note"))


@cache
def edf_files(suffix):
    """Return two valid files, without and with annotations and missing samples."""
    stored = SAMPLES[:, :20]
    files = []
    for annotations in ((), NOTES):
        missing = np.zeros(stored.shape, bool)
        missing[1, 4:6] = bool(annotations)
        recording = Recording(
            name="r",
            channels=make_channels(("MLII", "RESP"), ("mV", "NU")),
            source=ArraySource(stored, 25.0, gain=(200.0, 1.0), missing=missing),
            load_annotations=lambda annotations=annotations: annotations,
        )
        with tempfile.TemporaryDirectory() as folder:
            files.append(write_recording(Path(folder) / f"r{suffix}", recording).read_bytes())
    return files


GLOBAL_FIELDS = [0, 8, 88, 168, 176, 184, 192, 236, 244, 252]
"""First byte of each field of the header."""
SIGNAL_FIELD_WIDTHS = [16, 80, 8, 8, 8, 8, 8, 80, 8, 32]


def overwrite_fields(data, fields):
    """Overwrite fields of the header, given by number and text."""
    signals = int(data[252:256])
    starts = GLOBAL_FIELDS + [
        256 + signals * sum(SIGNAL_FIELD_WIDTHS[:i]) + row * width
        for i, width in enumerate(SIGNAL_FIELD_WIDTHS)
        for row in range(signals)
    ]
    for position, word in fields:
        at = starts[position % len(starts)]
        new = word.encode(errors="replace")[:8].ljust(8)
        data = data[:at] + new + data[at + 8 :]
    return data


def edf_bytes(suffix):
    """Draw a file with some fields of its header overwritten, and perhaps damaged."""
    fields = st.lists(st.tuples(positions, words), max_size=3)
    files = st.builds(overwrite_fields, st.sampled_from(edf_files(suffix)), fields)
    return st.builds(damage_bytes, files, st.one_of(st.just([]), damage))


@given(data=edf_bytes(".edf"))
@time_limit()
def test_edf_files_are_read_or_refused(tmp_path, data):
    (tmp_path / "r.edf").write_bytes(data)
    check_recording(tmp_path / "r.edf")


@given(data=edf_bytes(".bdf"))
@time_limit()
def test_bdf_files_are_read_or_refused(tmp_path, data):
    (tmp_path / "r.bdf").write_bytes(data)
    check_recording(tmp_path / "r.bdf")


onsets = st.sampled_from(["+0", "+0.5", "-3", "+1e9", "+9" * 1, "+" + "9" * 400, "x", "", "+0.04"])
durations = st.sampled_from(["", "\x151", "\x15" + "9" * 350])
texts = st.one_of(
    st.sampled_from(["end of recording", "missing MLII", "N", "+ (AFIB", ""]), st.text(max_size=6)
)


def write_edf_annotations(folder, notes):
    """Write a valid file with other annotations, given by onset, duration and text."""
    data = edf_files(".edf")[1]
    at = data.index(b"+0\x14\x14")
    lists = [f"{onset}{duration}\x14{text}\x14\0".encode(errors="replace") for onset, duration, text in notes]
    rest = len(data) - at
    new = (b"+0\x14\x14\0" + b"".join(lists))[:rest].ljust(rest, b"\0")
    (folder / "r.edf").write_bytes(data[:at] + new)
    return folder / "r.edf"


@given(notes=st.lists(st.tuples(onsets, durations, texts), max_size=3))
@time_limit()
def test_edf_annotations_are_read_or_refused(tmp_path, notes):
    check_recording(write_edf_annotations(tmp_path, notes))


def read_with_field(position, text):
    """Return an act: read a file with one field of the header overwritten."""

    def act(folder):
        (folder / "r.edf").write_bytes(overwrite_fields(edf_files(".edf")[0], [(position, text)]))
        return read_recording(folder / "r.edf")

    return act


def read_empty(folder):
    """Read a file whose end is annotated at its start."""
    return read_recording(write_edf_annotations(folder, [("+0", "", "end of recording")]))


KNOWN_CASES = {
    "the end at the start": (read_empty, None),  # a note, as it is not in the last data record
    "a range beyond float64": (read_with_field(2 * 10, "1e300"), None),
}


@pytest.mark.parametrize(("act", "message"), KNOWN_CASES.values(), ids=KNOWN_CASES)
def test_known_cases(tmp_path, act, message):
    check_known_case(act, tmp_path, message)
