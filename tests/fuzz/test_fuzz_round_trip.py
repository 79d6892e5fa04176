"""RecordingFolder and windows come back as they were written, in every format."""

import tempfile
from datetime import date
from datetime import time as clock
from pathlib import Path

import numpy as np
import pandas as pd
from fuzzing import fuzz, long_run, notes, short_run
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diffecg.datasets.reading import read_windows
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording, write_recording


@st.composite
def recordings(draw):
    """Return a recording of random samples."""
    stored = draw(
        arrays(np.int64, st.tuples(st.integers(1, 3), st.integers(4, 40)), elements=st.integers(-900, 900))
    )
    leads, rows = ("MLII", "V1", "RESP")[: len(stored)], len(stored)
    scale = draw(st.sampled_from([(200.0, 1024.0), (0.25, 0.0), (1000.0, -3.0)]))
    missing = np.zeros(stored.shape, bool)
    missing[0, 1 : draw(st.integers(1, 3))] = True
    start = draw(st.sampled_from([(None, None), (date(2020, 2, 29), clock(23, 59, 58))]))
    units = ("mV", "uV", "NU")[:rows]
    settings = (stored, (scale[0],) * rows, (scale[1],) * rows, missing, Path("nowhere/r.x"), start)
    fs_hz = draw(st.sampled_from([360.0, 128.0, 250.0]))
    said = tuple(note for note in draw(notes) if note.sample < stored.shape[1])
    return Recording("r", fs_hz, leads, units, *settings, annotations=lambda: said)


@fuzz(st.tuples(recordings(), st.sampled_from(["", ".edf", ".bdf", ".csv", ".parquet", ".npz"])), long=2_000)
def recordings_come_back(folder, case):
    recording, suffix = case
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        path = write_recording(Path(inside) / f"r{suffix}", recording)
        back = read_recording(path)
        assert (back.leads, back.fs_hz) == (recording.leads, recording.fs_hz)
        assert back.start == (recording.start if suffix != ".npz" else (None, None))
        assert np.array_equal(back.missing, recording.missing)
        assert np.allclose(back.signal_mv, recording.signal_mv, rtol=1e-4, atol=1e-4, equal_nan=True)
        assert back.annotations == recording.annotations


windows_of_numbers = arrays(
    np.float32, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-5, 5, width=32)
)


@fuzz(
    st.tuples(windows_of_numbers, st.sampled_from("NSVF"), st.sampled_from([".csv", ".parquet", ".npz"])),
    long=2_000,
)
def windows_come_back(folder, case):
    signal, label, suffix = case
    table = pd.DataFrame(signal).rename(columns=str).assign(label=label, fs=250)
    path = folder / f"w{suffix}"
    if suffix == ".npz":
        np.savez(path, X=signal, y=[label] * len(signal), fs=250)
    else:
        table.to_csv(path) if suffix == ".csv" else table.to_parquet(path)
    found = read_windows(path)
    assert np.allclose(found.signal_mv[:, 0], signal, atol=1e-6)
    assert found.labels.tolist() == [label] * len(signal)
    assert found.fs_hz == 250


test_what_users_bring_is_read_or_refused = short_run(__name__)
test_much_of_what_users_bring_is_read_or_refused = long_run(__name__)
