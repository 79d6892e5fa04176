"""Formats that are recognised by their content, and those that are named instead of read."""

from pathlib import Path

import numpy as np
import pytest

from diffecg.errors import DiffecgError
from diffecg.formats.recognition import _FORMATS, check_readable, suffix_by_content
from diffecg.formats.registry import FORMATS, read_recording


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


@pytest.mark.parametrize(
    ("name", "content", "suffix"),
    [
        ("1.2.840.113", b"\0" * 128 + b"DICM" + b"\0" * 100, ".dcm"),
        ("holter", b"ISHNE1.0" + b"\0" * 600, ".ecg"),
        ("night.rec", b"0       " + b" " * 248, ".edf"),
        ("a.m", b"MATLAB 5.0 MAT-file, Platform", ".mat"),
        ("100", b"\0" * 300, None),
        ("text", b"hello", None),
        ("empty", b"", None),
    ],
)
def test_a_file_without_a_suffix_of_its_own_is_recognised_by_its_content(tmp_path, name, content, suffix):
    path = tmp_path / name
    path.write_bytes(content)
    assert suffix_by_content(path) == suffix


def test_what_is_no_file_is_not_recognised(tmp_path):
    assert suffix_by_content(tmp_path) is None
    assert suffix_by_content(tmp_path / "100") is None
    assert suffix_by_content(tmp_path / ("x" * 300)) is None


def test_what_is_no_recording_is_told_apart(tmp_path):
    (tmp_path / "patch.raw").write_bytes(np.zeros(100, "<i2").tobytes())
    with pytest.raises(DiffecgError, match=r"patch\.raw is of no format that is read; .* patch\.hea"):
        read_recording(tmp_path / "patch.raw")
    with pytest.raises(DiffecgError, match=r"is a folder; name one of its recordings"):
        read_recording(tmp_path)
    with pytest.raises(DiffecgError, match=r"neither none nor none\.hea is in"):
        read_recording(tmp_path / "none")


def test_samples_without_a_header_are_described_by_one(tmp_path):
    counts = np.array([2048, 2848, 1248, 2048], "<i2")
    counts.tofile(tmp_path / "patch.raw")
    (tmp_path / "patch.hea").write_text("patch 1 250\npatch.raw 16 800(2048)/mV 12 0 0 0 0 II\n")
    recording = read_recording(tmp_path / "patch")
    np.testing.assert_allclose(recording.signal_mv, [[0, 1, -1, 0]])
    assert (recording.fs_hz, recording.channel_names) == (250, ("II",))
