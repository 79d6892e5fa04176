"""Annotations in a table beside a recording."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.errors import DiffecgError
from diffecg.formats.annotation_table import read_annotation_table, write_annotation_table
from diffecg.formats.annotations import Annotation
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording


@pytest.mark.parametrize("text", ["00", "nan", "1e3", "", "(AFIB"])
def test_symbols_and_texts_are_read_as_written(tmp_path, text):
    """Also when every cell of a column looks like a number."""
    annotations = (Annotation(time_s=0.02, symbol="1", text=text),)
    recording = Recording.from_arrays(np.zeros((1, 8)), fs_hz=100.0, annotations=annotations)
    write_annotation_table(tmp_path / "r.csv", recording)
    assert read_annotation_table(tmp_path / "r_annotations.csv", 100.0) == annotations


TABLES = {
    "samples alone": ("sample,symbol\n25,N\n", FileTime(), Annotation(time_s=0.25, symbol="N")),
    "times alone": ("time_s,symbol\n0.254,N\n", FileTime(), Annotation(time_s=0.254, symbol="N")),
    "times of the file": (
        "time_s,symbol\n100.25,N\n",
        FileTime(origin=Decimal(100)),
        Annotation(time_s=0.25, symbol="N"),
    ),
    "notes": (
        "time_s,text,duration_s\n0.5,lead off,2\n",
        FileTime(),
        Annotation(time_s=0.5, symbol='"', text="lead off", duration_s=2.0),
    ),
    "both": ("sample,time_s,symbol\n25,0.254,N\n", FileTime(), Annotation(time_s=0.254, symbol="N")),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_of_other_programs(tmp_path, kind):
    text, axis, expected = TABLES[kind]
    (tmp_path / "r_annotations.csv").write_text(text)
    assert read_annotation_table(tmp_path / "r_annotations.csv", 100.0, 10.0, axis) == (expected,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("symbol\nN\n", "sample or time_s"),
        ("sample,time_s,symbol\n25,0.5,N\n", "disagree at 100 Hz"),
        ("sample,symbol\n2.5,N\n", "not a whole number"),
        ("time_s,symbol\nsoon,N\n", "sample or time_s"),
    ],
)
def test_other_tables_are_refused(tmp_path, text, message):
    (tmp_path / "r_annotations.csv").write_text(text)
    with pytest.raises(DiffecgError, match=message):
        read_annotation_table(tmp_path / "r_annotations.csv", 100.0)


@given(
    st.lists(
        st.builds(
            Annotation,
            time_s=st.floats(0, 1e6),
            symbol=st.sampled_from(["N", "V", '"', "+", "/"]),
            text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
            duration_s=st.floats(0, 100),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_annotations_are_read_back(tmp_path, notes):
    recording = Recording.from_arrays(np.zeros((1, 8)), fs_hz=360.0, annotations=notes)
    write_annotation_table(tmp_path / "r.csv", recording)
    assert list(read_annotation_table(tmp_path / "r_annotations.csv", 360.0)) == notes
