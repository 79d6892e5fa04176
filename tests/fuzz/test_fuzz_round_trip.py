"""Recordings and windows are read back as they were written, in every format."""

import tempfile
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import numpy as np
import pandas as pd
from guards import time_limit
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import annotations

from diffecg.datasets.formats.registry import read_windows
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording, write_recording
from diffecg.formats.samples import ArraySource
from diffecg.formats.scaling import in_millivolts
from diffecg.signal.channels import make_channels


@st.composite
def recordings(draw):
    """Draw a recording of random integers."""
    shapes = st.tuples(st.integers(1, 3), st.integers(4, 40))
    stored = draw(arrays(np.int64, shapes, elements=st.integers(-900, 900)))
    count = len(stored)
    gain, baseline = draw(st.sampled_from([(200.0, 1024.0), (0.25, 0.0), (1000.0, -3.0)]))
    missing = np.zeros(stored.shape, bool)
    missing[0, 1 : draw(st.integers(1, 3))] = True
    fs_hz = draw(st.sampled_from([360.0, 128.0, 250.0]))
    notes = tuple(
        replace(note, time_s=note.time_s / fs_hz)
        for note in draw(annotations)
        if note.time_s < stored.shape[1]
    )
    return Recording(
        name="r",
        channels=make_channels(("MLII", "V1", "RESP")[:count], ("mV", "uV", "NU")[:count]),
        source=ArraySource(
            stored, fs_hz, gain=(gain,) * count, baseline=(baseline,) * count, missing=missing
        ),
        time=draw(
            st.sampled_from([FileTime(), FileTime(start_date=date(2020, 2, 29), start_time=time(23, 59, 58))])
        ),
        load_annotations=lambda: notes,
    )


@given(recording=recordings(), suffix=st.sampled_from(["", ".edf", ".bdf", ".csv", ".parquet", ".npz"]))
@time_limit()
def test_recordings_are_read_back(tmp_path, recording, suffix):
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:  # annotations of the last example must not stay
        back = read_recording(write_recording(Path(folder) / f"r{suffix}", recording))
        check_equal(back, recording, exact_times=suffix not in (".edf", ".bdf"))


def check_equal(back, recording, *, exact_times):
    """Compare a recording that was written and read with the original."""
    assert [replace(note, time_s=0.0) for note in back.annotations] == [
        replace(note, time_s=0.0) for note in recording.annotations
    ]
    pairs = zip(back.annotations, recording.annotations, strict=True)
    assert all(
        abs(note.time_s - expected.time_s) <= (1e-12 if exact_times else 1e-9) for note, expected in pairs
    )
    assert (back.channel_names, back.fs_hz) == (recording.channel_names, recording.fs_hz)
    assert back.start == recording.start
    assert np.array_equal(back.missing, recording.missing)
    signal, expected = in_millivolts(back)[0], in_millivolts(recording)[0]
    assert np.allclose(signal, expected, rtol=1e-4, atol=1e-4, equal_nan=True)


signals = arrays(
    np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-5, 5, width=32)
)


@given(signal=signals, label=st.sampled_from("NSVF"), suffix=st.sampled_from([".csv", ".parquet", ".npz"]))
@time_limit()
def test_windows_are_read_back(tmp_path, signal, label, suffix):
    table = pd.DataFrame(signal).rename(columns=str).assign(label=label, fs=250)
    path = tmp_path / f"w{suffix}"
    if suffix == ".npz":
        np.savez(path, X=signal, y=[label] * len(signal), fs=250)
    else:
        table.to_csv(path) if suffix == ".csv" else table.to_parquet(path)
    windows = read_windows(path)
    assert np.allclose(windows.signal_mv[:, 0], signal, atol=1e-6)
    assert windows.labels.tolist() == [label] * len(signal)
    assert windows.fs_hz == 250
