"""WFDB records: storage formats, and annotations beside those of wfdb."""

import numpy as np
import pytest
import wfdb

from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording, write_recording
from diffecg.formats.samples import ArraySource
from diffecg.signal.channels import make_channels


def stored_recording(stored, missing):
    """Return a recording of integers at 1 uV a step."""
    leads = [f"lead {i + 1}" for i in range(len(stored))]
    return Recording(
        name="r",
        channels=make_channels(leads),
        source=ArraySource(
            stored, 360.0, gain=(1000.0,) * len(leads), baseline=(0.0,) * len(leads), missing=missing
        ),
    )


@pytest.mark.parametrize(("factor", "fmt"), [(1, "16"), (2, "32")])
def test_the_smallest_format_keeps_extreme_and_missing_samples(tmp_path, factor, fmt):
    stored = factor * np.array([[0, 32767, -32767, 5]])
    missing = np.array([[True, False, False, False]])
    write_recording(tmp_path / "r16", stored_recording(stored, missing))
    record = wfdb.rdrecord(str(tmp_path / "r16"), physical=False)
    assert record.fmt == [fmt]
    assert np.array_equal(record.d_signal[1:, 0], stored[0, 1:])
    assert np.array_equal(np.isnan(read_recording(tmp_path / "r16").lead_mv(0)), missing[0])
    assert np.array_equal(np.isnan(wfdb.rdrecord(str(tmp_path / "r16")).p_signal[:, 0]), missing[0])


def test_a_recording_without_observed_samples_is_read_back(tmp_path):
    write_recording(tmp_path / "r", stored_recording(np.zeros((2, 50), int), np.ones((2, 50), bool)))
    assert np.isnan(read_recording(tmp_path / "r").signal_mv).all()


def test_samples_beyond_32_bits_are_refused(tmp_path):
    stored = 10**6 * np.array([[0, 32767, -32767, 5]])
    with pytest.raises(DiffecgError, match="32 bits"):
        write_recording(tmp_path / "r", stored_recording(stored, np.zeros((1, 4), bool)))


def check_annotations(path):
    """Compare sample, symbol and text of all annotations with those that wfdb reads."""
    expected = wfdb.rdann(str(path), "atr")
    texts = [text.rstrip("\0") for text in expected.aux_note]
    ours = [(note.sample(expected.fs), note.symbol, note.text) for note in read_recording(path).annotations]
    assert ours == list(zip(expected.sample.tolist(), expected.symbol, texts, strict=True))
    assert len(ours) > 100


@pytest.mark.parametrize("name", ["mitdb/100", "mitdb/207", "svdb/800", "svdb/860"])
def test_annotations_are_those_that_wfdb_reads(mitdb, name):
    check_annotations(mitdb.parent / name)


@pytest.mark.long
@pytest.mark.parametrize("database", ["mitdb", "svdb"])
def test_all_annotations_are_those_that_wfdb_reads(mitdb, database):
    for name in RecordingFolder(mitdb.parent / database).names():
        check_annotations(mitdb.parent / database / name)
