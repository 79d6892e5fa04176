"""Conversion of recordings to and from objects of MNE, pandas and NeuroKit."""

from dataclasses import replace
from datetime import date, time

import mne
import neurokit2 as nk
import numpy as np
import pandas as pd
import pytest
from helpers import make_ecg

import diffecg
from diffecg.errors import DiffecgError
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording


def test_conversion_to_mne_and_back(recording):
    full = diffecg.read_recording(recording)
    signal = full.signal
    signal[1, 200:300] = np.nan
    read = replace(
        Recording.from_arrays(
            signal, full.fs_hz, channel_names=full.channel_names, annotations=full.annotations
        ),
        time=FileTime(start_date=date(2021, 3, 4), start_time=time(5, 6, 7)),
    )
    raw = diffecg.to_mne(read)
    assert isinstance(raw, mne.io.BaseRaw)
    assert raw.get_channel_types() == ["ecg", "ecg"]
    assert np.allclose(raw.get_data() * 1000, read.signal_mv, equal_nan=True)
    assert [note["description"] for note in raw.annotations].count("BAD_missing") == 1
    back = diffecg.as_recording(raw, name="back")
    assert (back.channel_names, back.fs_hz, back.start) == (read.channel_names, read.fs_hz, read.start)
    assert np.array_equal(back.missing, read.missing)
    assert np.allclose(back.signal_mv, read.signal_mv, equal_nan=True)
    for note, expected in zip(back.annotations, read.annotations, strict=True):
        assert (note.symbol, note.text) == (expected.symbol, expected.text)
        assert abs(note.time_s - expected.time_s) < 1e-6  # MNE rounds to microseconds


def test_mne_reads_a_written_edf_file(recording, tmp_path):
    read = diffecg.read_recording(recording)
    raw = mne.io.read_raw_edf(diffecg.write_recording(tmp_path / "r.edf", read), verbose="error")
    assert raw.info["sfreq"] == read.fs_hz
    assert np.allclose(raw.get_data()[:, : read.stored.shape[1]] * 1000, read.signal_mv, atol=1e-6)
    beats = [note for note in raw.annotations if note["description"] == "PhysioNet V"]
    assert len(beats) == sum(note.symbol == "V" for note in read.annotations)


def test_frames_of_neurokit_are_converted():
    signal, _, _ = make_ecg(0, fs_hz=250.0)
    frame, info = nk.ecg_process(signal, sampling_rate=250)
    recording = diffecg.as_recording(frame, 250)
    assert recording.channel_names == ("ECG",)
    assert np.array_equal(recording.signal_mv[0], frame["ECG_Raw"])
    assert [note.sample(recording.fs_hz) for note in recording.annotations] == info["ECG_R_Peaks"].tolist()
    assert np.array_equal(diffecg.to_frame(recording)["ECG"], frame["ECG_Raw"])


def test_frames_and_arrays_are_converted():
    frame = pd.DataFrame({"time": np.arange(100) / 50, "II (uV)": np.arange(100.0)})
    assert diffecg.as_recording(frame).fs_hz == 50
    assert diffecg.as_recording(frame).signal_mv[0, 7] == pytest.approx(0.007)
    assert diffecg.as_recording(np.zeros((2, 30)), 100, unit="uV").units == ("uV", "uV")
    with pytest.raises(DiffecgError, match="nor a sampling rate"):
        diffecg.as_recording(np.zeros(30))
    with pytest.raises(DiffecgError, match="cannot convert a str; give an MNE Raw"):
        diffecg.as_recording("mitdb/100")


def test_columns_whose_names_begin_as_those_of_neurokit_are_all_converted():
    frame = pd.DataFrame(
        {"time": np.arange(100) / 50, "ECG_I_uV": np.arange(100.0), "ECG_II": np.arange(100) / 8}
    )
    recording = diffecg.as_recording(frame)
    assert (recording.channel_names, recording.units) == (("ECG_I", "ECG_II"), ("uV", "mV"))
    assert recording.signal_mv[0, 7] == pytest.approx(0.007)


@pytest.mark.parametrize("index", [None, np.arange(100) / 50, pd.date_range("2023-01-05", None, 100, "20ms")])
@pytest.mark.parametrize("as_frame", [True, False])
def test_rows_that_were_dropped_are_missing(index, as_frame):
    signal = np.where((np.arange(100) >= 30) & (np.arange(100) < 40), np.nan, np.arange(100) / 8)
    series = pd.Series(signal, index=index, name="II").dropna()
    recording = diffecg.as_recording(series.to_frame() if as_frame else series, 50)
    assert recording.channel_names == ("II",)
    assert np.array_equal(recording.signal[0], signal, equal_nan=True)
    assert isinstance(index, pd.DatetimeIndex) == (recording.start == (date(2023, 1, 5), time(0)))


def test_frames_with_leads_in_rows_are_refused():
    with pytest.raises(DiffecgError, match=r"1000 columns of 2 rows; .*\.T"):
        diffecg.as_recording(pd.DataFrame(np.zeros((2, 1000)), index=["I", "II"]), 250)
