"""EDF and BDF recordings are read right or refused in one line, whatever they hold."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from fuzzing import (
    SAMPLES,
    check_recording,
    damage,
    damaged,
    fuzz,
    long_run,
    mended,
    places,
    short_run,
    words,
)
from hypothesis import strategies as st

from diffecg.formats.recording import Annotation, Recording
from diffecg.formats.registry import read_recording, write_recording


@cache
def edf_files(suffix):
    """Return valid files, with and without annotations."""
    stored = SAMPLES[:, :20]
    leads, units, gain, zero = ("MLII", "RESP"), ("mV", "NU"), (200.0, 1.0), (0.0, 0.0)
    files = []
    for notes in ((), (Annotation(3, "N"), Annotation(5, '"', "a note"))):
        path, missing = Path("r.x"), np.zeros(stored.shape, bool)
        missing[1, 4:6] = bool(notes)
        recording = Recording(
            "r", 25.0, leads, units, stored, gain, zero, missing, path, annotations=lambda n=notes: n
        )
        with tempfile.TemporaryDirectory() as folder:
            files.append(write_recording(Path(folder) / f"r{suffix}", recording).read_bytes())
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


# ---- what was found once ----


def edf_field(place, text):
    def write(folder):
        (folder / "r.edf").write_bytes(with_fields(edf_files(".edf")[0], [(place, text)]))
        return read_recording(folder / "r.edf")

    return write


def edf_end(folder):
    edf_annotations(folder, [("+0", "", "end of recording")])
    return read_recording(folder / "r.edf")


FOUND = {
    "an end before the start": (edf_end, "holds no sample"),
    "a range too wide": (edf_field(2 * 10, "1e300"), "cannot be read|none of a signal"),
}

test_what_users_bring_is_read_or_refused = short_run(__name__)
test_much_of_what_users_bring_is_read_or_refused = long_run(__name__)
test_what_was_found_is_mended = mended(FOUND)
