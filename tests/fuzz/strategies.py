"""Hypothesis strategies: valid texts and files, edited and damaged at random."""

import re

import numpy as np
from hypothesis import strategies as st

from diffecg.formats.annotations import Annotation

SAMPLES = np.arange(48, dtype=np.int64).reshape(2, 24) % 7
"""Valid stored samples of two channels."""
CARD = '{"model": "beat", "seed": [1, 2]}'
"""A valid data card."""

positions = st.sampled_from(range(4096))
odd_numbers = st.sampled_from(
    ["", "0", "-1", "1", "2", "3", "0.5", "1e999", "-1e308", "1e-320", "nan", "inf", "1000000000"]
)
many_digits = st.sampled_from([12, 20, 400, 5000]).map(lambda digits: "9" * digits)
odd_exponents = st.integers(-(10**25), 10**25).map(lambda exponent: f"1e{exponent}")
odd_names = st.sampled_from(["x", ".", "e", "~", "r", "s1", "..", "../r", "/etc/passwd", "é", "µV", "true"])
punctuation = st.sampled_from("\n\r\t ,\"'#[{()%\0\u2028\x1c")
odd_times = st.sampled_from(["2020-01-01", "2020-01-01T00:00:00+01:00", "24:61:61", "31/02/2020", "null"])
words = st.one_of(
    odd_numbers,
    many_digits,
    odd_exponents,
    odd_names,
    punctuation,
    odd_times,
    st.text(max_size=8),
    st.integers().map(str),
    st.floats().map(str),
)


def edit_text(text, edits):
    """Replace, drop or insert words and punctuation of a text, or duplicate lines."""
    pieces = re.split(r"(\W)", text)
    for kind, position, word in edits:
        at = position % max(len(pieces), 1)
        if kind == "line":
            lines = "".join(pieces).splitlines(keepends=True) or [""]
            at = position % len(lines)
            pieces = lines[: at + 1] + lines[at:]
        else:
            new = {"replace": [word], "drop": [], "insert": [word, *pieces[at : at + 1]]}[kind]
            pieces[at : at + 1] = new
    return "".join(pieces)


def damage_bytes(data, damage):
    """Overwrite, insert, drop, flip, duplicate or cut off bytes."""
    for kind, position, new in damage:
        at = position % (len(data) + 1)
        flipped = bytes(byte ^ 1 << position % 8 for byte in data[at : at + 1])
        data = {
            "write": data[:at] + new + data[at + len(new) :],
            "insert": data[:at] + new + data[at:],
            "drop": data[:at] + data[at + len(new) + 1 :],
            "cut": data[:at],
            "flip": data[:at] + flipped + data[at + 1 :],
            "duplicate": data[: at + 8 * len(new)] + data[at:],
        }[kind]
    return data


edits = st.lists(
    st.tuples(st.sampled_from(["replace", "replace", "insert", "drop", "line"]), positions, words), max_size=4
)
damage = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "flip", "insert", "drop", "cut", "duplicate"]),
        positions,
        st.binary(min_size=1, max_size=8),
    ),
    max_size=4,
)


def mostly(usual, rare):
    """Draw from ``usual``, and one time in eight from ``rare``."""
    return st.integers(0, 7).flatmap(lambda number: rare if number == 7 else usual)


def edited(texts):
    """Draw one of some texts with edits, or any other text."""
    return mostly(st.builds(edit_text, st.sampled_from(texts), edits), st.text(max_size=60))


def damaged(files):
    """Draw the bytes of one of some files with damage, or any other bytes."""
    return mostly(st.builds(damage_bytes, st.sampled_from(files), damage), st.binary(max_size=80))


annotations = st.lists(
    st.builds(
        Annotation,
        time_s=st.integers(0, 2**31),
        symbol=st.sampled_from('NLVA+"~|/'),
        text=st.text("abc ()#0123é", max_size=12).map(str.strip),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda annotation: annotation.time_s,
).map(lambda drawn: tuple(sorted(drawn, key=lambda annotation: annotation.time_s)))
"""Annotations in the order of time, at whole numbers."""
