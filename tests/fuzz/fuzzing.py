"""Tries what users may bring: properties and the tests of them, checks of what is read, and the cases.

A module adds its properties with ``fuzz``; ``short_run``, ``long_run`` and ``mended`` make its tests.
"""

import re
import signal
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from datetime import time as clock
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diffecg.datasets.reading import read_windows
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Annotation
from diffecg.formats.registry import read_recording
from diffecg.signal.resampling import FS_RANGE_HZ

SHORT = 60
"""Examples of each property in the quick run."""
LONG = 100_000
"""Examples of all properties together in the long run, at least."""
MOST_S, MOST_BYTES = 20, 2**28
"""Longest time that one file may take, and most memory that a property may need beside what is there."""

STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Property:
    """What is to hold for every case; ``check`` is given an empty folder and the case."""

    check: Callable[[Path, Any], None]
    cases: st.SearchStrategy[Any]
    long: int


PROPERTIES: dict[str, dict[str, Property]] = defaultdict(dict)
"""By module and name."""


def fuzz(cases, *, long):
    """Add the function to its module's properties: it holds for all cases; a long run tries so many."""

    def add(check):
        PROPERTIES[check.__module__][check.__name__] = Property(check, cases, long)
        return check

    return add


def explore(wanted, examples, **how):
    """Try cases of a property, and make sure that there were as many as was asked for."""
    tried = 0

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
        before = most_memory(forget=True)
        holds()
        grown = most_memory() - before
    assert tried >= examples
    assert grown < MOST_BYTES


def most_memory(*, forget=False):
    """Return the most memory that this process has had, in bytes, where Linux tells it; forget it first."""
    if not STATUS.is_file():
        return 0
    if forget:
        STATUS.with_name("clear_refs").write_text("5")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", STATUS.read_text())[1])


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


# ---- tests: a module gives these the names by which pytest finds them ----


def short_run(module):
    """Return the test of a module's properties, the same few cases of each every time."""
    properties = PROPERTIES[module]

    @pytest.mark.parametrize("name", properties)
    def hold(name):
        explore(properties[name], SHORT, derandomize=True)

    return hold


def long_run(module):
    """Return the test of a module's properties with many cases, others every time."""
    properties = PROPERTIES[module]

    @pytest.mark.long
    @pytest.mark.parametrize("name", properties)
    def hold(name):
        explore(properties[name], properties[name].long)

    return hold


def mended(found):
    """Return the test of what was found once: by name, an act in a folder and why it is refused, if it is."""

    @pytest.mark.parametrize("name", found)
    def is_mended(tmp_path, name):
        act, why = found[name]
        with within_time():
            said, _ = refused(act, tmp_path)
        assert (said is None) == (why is None), said
        assert why is None or re.search(why, said), said

    return is_mended


# ---- checks ----


def check_recording(path, **kwargs):
    """Read a recording; what is not refused is whole."""
    _, recording = refused(read_recording, path, **kwargs)
    if recording is None:
        return
    leads, samples = recording.stored.shape
    assert samples > 0
    assert recording.missing.shape == recording.stored.shape
    assert (
        leads
        == len(set(recording.leads))
        == len(recording.units)
        == len(recording.gain)
        == len(recording.baseline)
    )
    assert FS_RANGE_HZ[0] <= recording.fs_hz <= FS_RANGE_HZ[1]
    assert all(isinstance(text, str) for text in (*recording.leads, *recording.units, *recording.comments))
    assert np.isfinite(recording.values[~recording.missing]).all()
    assert np.isfinite(recording.signal_mv[recording.voltages][~recording.missing[recording.voltages]]).all()
    assert isinstance(recording.start[0], date | None)
    assert isinstance(recording.start[1], clock | None)
    check_annotations(recording)


def check_annotations(recording):
    """Read what is said of a recording."""
    _, notes = refused(recording.annotations)
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
    assert found.recordings is None or found.recordings.shape == found.labels.shape
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


# ---- what is valid, for several modules ----

SAMPLES = np.arange(48, dtype=np.int64).reshape(2, 24) % 7
CARD = '{"model": "beat", "seed": [1, 2]}'
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
