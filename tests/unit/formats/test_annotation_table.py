"""Annotations in a table beside a recording."""

import numpy as np
import pytest

from diffecg.formats.annotation_table import read_annotation_table, write_annotation_table
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording


@pytest.mark.parametrize("text", ["00", "nan", "1e3", "", "(AFIB"])
def test_symbols_and_texts_are_read_as_written(tmp_path, text):
    """Also when every cell of a column looks like a number."""
    annotations = (Annotation(time_s=0.02, symbol="1", text=text),)
    recording = Recording.from_arrays(np.zeros((1, 8)), fs_hz=100.0, annotations=annotations)
    write_annotation_table(tmp_path / "r.csv", recording)
    assert read_annotation_table(tmp_path / "r_annotations.csv", 100.0) == annotations
