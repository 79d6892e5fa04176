"""Formats that are named instead of read."""

from pathlib import Path

import pytest

from diffecg.errors import DiffecgError
from diffecg.formats.registry import FORMATS
from diffecg.formats.unreadable import _FORMATS, check_readable


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/r.ACQ", r"BIOPAC AcqKnowledge \(\.ACQ\).*bioread"),
        ("r.vhdr", "BrainVision.*MNE"),
        ("r.xlsx", "Excel.*save it as CSV"),
        ("scan.pdf", "picture holds no samples"),
        ("x.zip", "unpack"),
        ("r.h5", "HDF5.*npz"),
    ],
)
def test_a_known_format_that_is_not_read_is_named_with_a_way_out(name, message):
    with pytest.raises(DiffecgError, match=message):
        check_readable(Path(name))


def test_no_format_that_is_read_is_refused():
    for format in FORMATS:
        for suffix in format.suffixes:
            check_readable(Path(f"r{suffix}"))
    check_readable(Path("patient.1"))
    assert not set(_FORMATS) & {suffix for format in FORMATS for suffix in format.suffixes}
