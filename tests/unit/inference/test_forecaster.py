"""Forecasts of a stream, and windows generated on access."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import FS_HZ, make_ecg, tiny
from torch.utils.data import DataLoader

import diffecg
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.rpeaks import detect_r_peaks


def test_a_stream_gets_one_forecast_per_heartbeat_in_constant_memory(gaps):
    signal, beats, _ = make_ecg(0)
    model = diffecg.load_imputer(gaps)
    model.past_s = 20.0  # less than the stream lasts
    forecaster = diffecg.Forecaster(model, FS_HZ, horizon_s=0.5, draws=2, seed=5)
    step, at, sizes = round(0.1 * FS_HZ), [], []
    for start in range(0, len(signal), step):
        ahead = forecaster.push(signal[start : start + step])
        sizes.append(forecaster.past.nbytes)
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
    again = model.forecast(signal[: at[-1]], FS_HZ, horizon_s=0.5, draws=2, seed=last.seeds)
    assert np.allclose(last.signal_mv, again.signal_mv, atol=1e-6)


def test_a_stream_without_beats_gets_no_forecast(gaps):
    forecaster = diffecg.Forecaster(diffecg.load_imputer(gaps), 250)
    for piece in (np.full(1000, np.nan), np.zeros(1000)):
        assert forecaster.push(piece) is None
    with pytest.raises(DiffecgError, match=r"\(2, 9\)"):
        forecaster.push(np.zeros((2, 9)))
    with pytest.raises(DiffecgError, match="Hz"):
        diffecg.Forecaster(diffecg.load_imputer(gaps), 0)


def arterial_pressure(seconds, fs_hz):
    """Pulses of 120 over 80 mmHg, 75 per minute."""
    phase = np.arange(round(seconds * fs_hz)) / fs_hz * 1.25 % 1
    return 80 + 40 * np.exp(-(((phase - 0.2) / 0.1) ** 2)) + 8 * np.exp(-(((phase - 0.55) / 0.1) ** 2))


def test_a_stream_of_pressure_is_forecast_in_mmhg():
    signal = arterial_pressure(40, 125)
    forecaster = diffecg.Forecaster("analogues", 125, kind="pressure", horizon_s=0.8, draws=2)
    found = [forecaster.push(signal[start : start + 25]) for start in range(0, len(signal) - 100, 25)]
    forecasts = {25 * (i + 1): forecast for i, forecast in enumerate(found) if forecast is not None}
    assert len(forecasts) == pytest.approx(36 * 1.25, abs=3)
    at, last = max(forecasts.items())
    assert last.units == ("mmHg",)
    assert np.abs(last.signal - signal[at : at + 100]).max() < 1


@pytest.mark.parametrize(
    "wrong", [{"horizon_s": -1}, {"horizon_s": float("nan")}, {"draws": 0}, {"coverage": 90}], ids=str
)
def test_impossible_forecasts_are_refused_before_the_first_heartbeat(wrong):
    (name,) = wrong
    with pytest.raises(DiffecgError, match=name.removesuffix("_s")):
        diffecg.Forecaster("analogues", FS_HZ, **wrong)


def test_a_kind_without_events_has_no_stream_of_forecasts():
    with pytest.raises(DiffecgError, match=r"no events are detected in eeg.*choose ecg, "):
        diffecg.Forecaster("analogues", 125, kind="eeg")
    with pytest.raises(DiffecgError, match="pulse"):
        diffecg.Forecaster("analogues", 125, kind="pulse")


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
    made = diffecg.load(runs["beat"]).generate("N", 1, seed=data.item_seed(5), steps=2)
    assert label == made_class(data, "N")
    assert torch.allclose(signal, torch.from_numpy(made.signal_mv[0]), atol=1e-5)
    assert torch.equal(data[-1][0], data[9][0])
    with pytest.raises(IndexError):
        data[10]
    with pytest.raises(DiffecgError, match="N, S, V, F"):
        diffecg.SyntheticWindows(runs["beat"], count=1, labels=("Z",))


def made_class(data, label):
    return diffecg.load(data.source).labels.index(label)


def test_forecasts_of_a_stream_do_not_depend_on_its_pieces(gaps):
    signal = make_ecg(0, duration_s=9)[0]
    model = diffecg.load_imputer(gaps)
    seeds = []
    for step in (36, 90):
        forecaster = diffecg.Forecaster(model, FS_HZ, horizon_s=0.1, draws=1)
        pieces = (forecaster.push(signal[i : i + step].tolist()) for i in range(0, len(signal), step))
        seeds.append([ahead.seeds for ahead in pieces if ahead is not None])
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == len(seeds[0]) > 3, "each forecast has noise of its own"


def test_different_seeds_share_no_window(runs):
    model = diffecg.load(runs["beat"])
    made = [
        diffecg.SyntheticWindows(model, count=20, labels=("N",), seed=seed, chunk=20, steps=1)
        for seed in (0, 1, np.random.default_rng(0), np.random.RandomState(0), None)
    ]
    seeds = [data.item_seed(i) for data in made for i in range(20)]
    assert len(set(seeds)) == 100
    first, second = (torch.stack([data[i][0] for i in range(20)]).flatten(1) for data in made[:2])
    assert torch.cdist(first, second).min() > 1e-2
    assert torch.equal(
        diffecg.SyntheticWindows(model, count=20, labels=("N",), chunk=20, steps=1)[3][0], made[0][3][0]
    )


def test_a_slice_is_a_dataset_of_the_same_items(runs):
    data = diffecg.SyntheticWindows(runs["beat"], count=10, labels=("V", "N"), chunk=4, steps=1)
    part = data[2:9:3]
    assert len(part) == 3
    for (signal, label), number in zip(part, (2, 5, 8), strict=True):
        assert label == data[number][1]
        assert torch.allclose(signal, data[number][0], atol=1e-6)
    assert part.item_seed(-1) == data.item_seed(8)
    assert len(data[5:5]) == 0
    (batch, labels), *_ = DataLoader(data[:3], batch_size=3, generator=torch.Generator())
    assert (len(batch), labels.tolist()) == (3, [2, 0, 2])


def test_a_model_without_labels_makes_unlabelled_items():
    with torch.random.fork_rng():
        model = Model(ConditionalDenoiser(replace(tiny("beat"), labels=())), "unlabelled")
    signal, label = diffecg.SyntheticWindows(model, count=2, steps=1)[1]
    assert (tuple(signal.shape), label) == ((1, 256), -1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sampler": "eulr"}, "unknown sampler 'eulr'; choose"),
        ({"steps": 0}, "steps 0"),
        ({"batch_size": 0}, "batch_size 0"),
        ({"count": 0}, "count 0"),
        ({"labels": "NV"}, "not a sequence of labels"),
        ({"labels": ()}, "not a sequence of labels"),
        ({"labels": ("Z",)}, "unknown label 'Z'"),
        ({"seed": -1}, "seed -1"),
        ({"device": "tpu"}, "device 'tpu'"),
        ({"engine": "jax"}, "engine 'jax'"),
    ],
)
def test_a_misspelt_setting_fails_at_once(runs, settings, message):
    with pytest.raises(DiffecgError, match=message):
        diffecg.SyntheticWindows(runs["beat"], **{"count": 2, **settings})


def test_workers_generate_the_same_windows(runs):
    data = diffecg.SyntheticWindows(runs["beat"], count=8, chunk=4, steps=1)
    settings = {"batch_size": 4, "generator": torch.Generator()}
    alone = [signals for signals, _ in DataLoader(data, **settings)]
    loader = DataLoader(data, **settings, num_workers=1, multiprocessing_context="spawn")
    for ours, theirs in zip(alone, [signals for signals, _ in loader], strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)
