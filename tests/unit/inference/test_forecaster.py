"""Forecasts of a stream, and windows generated on access."""

import sys

import numpy as np
import pytest
import torch
from helpers import FS_HZ, make_ecg
from torch.utils.data import DataLoader

import diffecg
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.signal.rpeaks import detect_r_peaks


def test_a_stream_gets_one_forecast_per_heartbeat_in_constant_memory(runs):
    signal, beats, _ = make_ecg(0)
    model = diffecg.load(runs["strip"])
    forecaster = diffecg.Forecaster(model, FS_HZ, horizon_s=0.5, draws=2, steps=1, seed=5)
    step, at, sizes = round(0.1 * FS_HZ), [], []
    for start in range(0, len(signal), step):
        ahead = forecaster.push(signal[start : start + step])
        sizes.append(forecaster.past_mv.nbytes)
        if ahead is not None:
            at.append(start + step)
            assert ahead.draws_mv.shape == (2, 180)
            last = ahead
    due = beats[beats > 4 * FS_HZ]
    delay = [min(moment - beat for moment in at if moment > beat) / FS_HZ for beat in due[:-1]]
    assert np.median(delay) < 0.4
    assert 0.95 < len([moment for moment in at if moment > due[0]]) / len(due) < 1.1
    assert max(sizes) == sizes[-1] == forecaster.max_samples * 8
    assert sys.getsizeof(forecaster.__dict__) < 1000
    again = model.forecast(signal[: at[-1]], FS_HZ, horizon_s=0.5, draws=2, steps=1, seed=5)
    assert np.allclose(last.signal_mv, again.signal_mv, atol=1e-6)


def test_a_stream_without_beats_gets_no_forecast(runs):
    forecaster = diffecg.Forecaster(diffecg.load(runs["strip"]), 250)
    for piece in (np.full(1000, np.nan), np.zeros(1000)):
        assert forecaster.push(piece) is None
    with pytest.raises(DiffecgError, match=r"\(2, 9\)"):
        forecaster.push(np.zeros((2, 9)))
    with pytest.raises(DiffecgError, match="Hz"):
        diffecg.Forecaster(diffecg.load(runs["strip"]), 0)


@pytest.mark.parametrize("name", ["100", "106", "208"])
def test_r_peaks_are_detected_where_they_are_annotated(mitdb, name):
    recording = read_recording(mitdb / name)
    fs, minute = recording.fs_hz, slice(0, round(60 * recording.fs_hz))
    found = detect_r_peaks(recording.signal_mv[recording.default_lead()][minute], fs)
    annotated = np.array(
        [note.sample(recording.fs_hz) for note in recording.annotations if note.symbol in "NAVF"]
    )
    annotated = annotated[(annotated > fs) & (annotated < 59 * fs)]
    assert np.mean([np.abs(found - beat).min() < 0.1 * fs for beat in annotated]) > 0.97


def test_items_are_the_windows_of_their_seeds(runs):
    data = diffecg.SyntheticWindows(runs["beat"], count=10, labels=("V", "N"), seed=3, chunk=4, steps=2)
    signal, label = data[5]
    made = diffecg.load(runs["beat"]).generate("N", 1, seed=8, steps=2)
    assert label == made_class(data, "N")
    assert torch.allclose(signal, torch.from_numpy(made.signal_mv[0]), atol=1e-5)
    assert torch.equal(data[-1][0], data[9][0])
    with pytest.raises(IndexError):
        data[10]
    with pytest.raises(DiffecgError, match="N, S, V, F"):
        diffecg.SyntheticWindows(runs["beat"], count=1, labels=("Z",))


def made_class(data, label):
    return diffecg.load(data.name).labels.index(label)


def test_workers_generate_the_same_windows(runs):
    data = diffecg.SyntheticWindows(runs["beat"], count=8, chunk=4, steps=1)
    settings = {"batch_size": 4, "generator": torch.Generator()}
    alone = [signals for signals, _ in DataLoader(data, **settings)]
    loader = DataLoader(data, **settings, num_workers=1, multiprocessing_context="spawn")
    for ours, theirs in zip(alone, [signals for signals, _ in loader], strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
