"""The tasks take arrays as people have them, and return results with the same axes."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
import wfdb
from helpers import make_ecg

import diffecg
from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.models import imputation_method
from diffecg.inference.augment import augment
from diffecg.inference.denoising import bundled_denoiser

FEW = {"draws": 2}


@pytest.fixture(scope="module")
def gap_model(gaps):
    return diffecg.load_imputer(gaps)


@pytest.fixture
def leads():
    signal = make_ecg(3, duration_s=12, fs_hz=100)[0]
    both = np.stack([signal, -0.5 * signal])
    both[0, 300:400] = both[1, 500:580] = np.nan
    return both


def test_the_layout_of_wfdb_is_understood(gap_model, recording):
    record = wfdb.rdrecord(str(recording), sampto=3600)
    record.p_signal[1000:1100, 0] = np.nan
    imputed = gap_model.impute(record.p_signal, record.fs, **FEW)
    assert imputed.axes == "time lead"
    assert imputed.signal_mv.shape == imputed.observed.shape == (3600, 2)
    assert imputed.draws_mv.shape == (2, 3600, 2)
    other = gap_model.impute(record.p_signal.T, record.fs, **FEW)
    assert np.array_equal(imputed.draws_mv, other.draws_mv.swapaxes(1, 2))
    assert np.array_equal(imputed.lead(0).signal_mv, other.lead(0).signal_mv)
    assert np.array_equal(imputed.lead([1]).draws_mv.swapaxes(1, 2), other.lead([1]).draws_mv)
    assert np.array_equal(imputed.between(0, 7).lower_mv.T, other.between(0, 7).lower_mv)
    with pytest.raises(DiffecgError, match="none to select"):
        imputed.lead(0).lead(0)


def test_the_same_signal_in_any_container_gives_the_same_result(gap_model, leads):
    expected = gap_model.impute(leads, 100, **FEW).signal_mv
    filled = np.nan_to_num(leads, nan=9.0)
    for same in (
        leads.tolist(),
        np.ma.masked_array(filled, np.isnan(leads)),
        torch.from_numpy(leads),
        leads.astype(">f8"),
        np.asfortranarray(leads),
    ):
        assert np.array_equal(gap_model.impute(same, 100, **FEW).signal_mv, expected)
    frame = pd.DataFrame(leads.T, columns=["I", "II"])
    assert np.array_equal(gap_model.impute(frame, 100, **FEW).signal_mv, expected.T)
    half = gap_model.impute(leads.astype(np.float16), 100, **FEW)
    assert half.signal_mv.dtype == np.float32
    assert np.abs(half.signal_mv - expected).max() < 0.01


def test_integers_are_imputed_by_fractions(gap_model):
    values = np.rint(make_ecg(3, duration_s=12, fs_hz=100)[0] * 20).astype(int)
    masked = np.ma.masked_array(values, np.arange(len(values)) // 100 == 4)
    imputed = gap_model.impute(masked, 100, **FEW)
    assert np.array_equal(imputed.signal_mv[imputed.observed], values[imputed.observed])
    missing = imputed.signal_mv[~imputed.observed]
    assert len(missing) == 100
    assert (missing != np.rint(missing)).any()


@pytest.mark.parametrize("swapped", [False, True])
def test_windows_of_a_panel_have_nothing_to_do_with_each_other(gap_model, leads, swapped):
    panel = np.stack([leads, leads, 2 * leads, np.nan_to_num(leads)])
    given = panel.swapaxes(1, 2) if swapped else panel
    imputed = gap_model.impute(given, 100, **FEW)
    assert imputed.signal_mv.shape == given.shape
    draws_mv = imputed.draws_mv.swapaxes(2, 3) if swapped else imputed.draws_mv
    assert np.array_equal(draws_mv[:, 0], gap_model.impute(leads, 100, **FEW).draws_mv)
    changed = panel.copy()
    changed[0] += 5
    assert np.array_equal(gap_model.impute(changed, 100, **FEW).draws_mv[:, 1:], draws_mv[:, 1:])
    assert np.abs(draws_mv[:, 0] - draws_mv[:, 1]).max() > 1e-3, "equal windows share no noise"
    assert np.array_equal(draws_mv[0, 3], panel[3])


def test_a_recording_in_place_of_its_signal_is_refused(gap_model, leads):
    with pytest.raises(DiffecgError, match=r"a Recording is not an array of numbers.*give its signal_mv"):
        gap_model.impute(diffecg.as_recording(leads, 100), 100, **FEW)


def test_a_window_that_cannot_be_imputed_is_named(gap_model, leads):
    panel = np.stack([leads, leads])
    panel[1, 0] = np.nan
    with pytest.raises(DiffecgError, match="nothing is observed in window 1, lead 0"):
        gap_model.impute(panel, 100, **FEW)


def test_noise_of_leads_draws_and_seeds_is_independent(gap_model):
    """With a large gap in equal leads, all that differs between draws is the noise."""
    signal = make_ecg(3, duration_s=12, fs_hz=100)[0]
    signal[600:650] = np.nan
    same = np.stack([signal] * 3)
    first, second = (gap_model.impute(same, 100, draws=3, seed=seed).draws_mv for seed in (0, 1))
    imputed = np.concatenate([first, second])[:, :, 600:650].reshape(18, 50)
    distance = np.abs(imputed[:, None] - imputed[None]).max(axis=2)[np.triu_indices(18, 1)]
    assert distance.min() > 1e-3


def test_a_forecast_has_the_axes_of_the_signal(gap_model, leads):
    past = np.nan_to_num(leads)
    ahead = gap_model.forecast(past.T, 100, horizon_s=0.5, **FEW)
    assert ahead.signal_mv.shape == (50, 2)
    assert np.array_equal(
        ahead.draws_mv.swapaxes(1, 2), gap_model.forecast(past, 100, horizon_s=0.5, **FEW).draws_mv
    )
    assert gap_model.forecast(past[:, None], 100, horizon_s=0.5, **FEW).signal_mv.shape == (2, 1, 50)


def test_variations_take_both_orders_of_axes(runs):
    beat = diffecg.load(runs["beat"])
    windows = beat.generate("N", 3, steps=1).signal_mv
    expected = beat.vary(windows, "N", 3, steps=2).signal_mv
    for same in (windows[:, 0], windows.swapaxes(1, 2), torch.from_numpy(windows)):
        assert np.array_equal(beat.vary(same, "N", 3, steps=2).signal_mv, expected)
    alone = beat.vary(windows[0], "N", 1, steps=2).signal_mv
    assert np.array_equal(beat.vary(windows[0, 0], "N", 1, steps=2).signal_mv, alone)
    masked = np.ma.masked_array(windows, np.zeros(windows.shape, bool))
    masked[0, 0, 5] = np.ma.masked
    with pytest.raises(DiffecgError, match="must be finite"):
        beat.vary(masked, "N", 3, steps=2)


def test_any_state_of_numpy_seeds_the_draws(gap_model, leads):
    for make in (np.random.default_rng, np.random.RandomState):
        generator = make(1)
        one, two = (gap_model.impute(leads, 100, seed=generator, **FEW) for _ in range(2))
        assert not set(one.seeds) & set(two.seeds)
        assert np.array_equal(gap_model.impute(leads, 100, seed=make(1), **FEW).draws_mv, one.draws_mv)
    assert (
        gap_model.impute(leads, 100, seed=None, **FEW).seeds
        != gap_model.impute(leads, 100, seed=None, **FEW).seeds
    )
    with pytest.raises(DiffecgError, match="seed 'zero' is not an integer"):
        gap_model.impute(leads, 100, seed="zero")


def test_an_interval_states_the_coverage_of_its_draws(runs, leads):
    beat = diffecg.load(runs["beat"])
    few = beat.impute(leads[0], 100, draws=3, steps=1)
    assert few.coverage == 0.9
    assert few.attainable_coverage == 0.5
    assert few.interval_name == "50 % interval (90 % takes 19 draws)"
    assert beat.impute(leads[0], 100, draws=3, steps=1, coverage=0.4).attainable_coverage == 0.4


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (2, "unknown label '2' for the model beat; the labels of its training windows are N, S, V, F"),
        ([0, 1], "unknown label '0'"),
        (b"N", "unknown label b'N'"),
    ],
)
def test_labels_that_are_no_words_are_refused(runs, label, message):
    with pytest.raises(DiffecgError, match=message):
        diffecg.load(runs["beat"]).generate(label, 2)


def test_labels_and_seeds_may_be_arrays(runs):
    beat = diffecg.load(runs["beat"])
    windows = beat.generate(np.array(["N", "V"]), 2, np.array([5, 3]), steps=1)
    assert windows.labels.tolist() == ["N", "V"]
    assert list(windows.seeds) == [5, 3]
    again = beat.generate(pd.Series(["V"]), 1, seed=3, steps=1)
    assert np.allclose(again.signal_mv[0], windows.signal_mv[1], atol=1e-5)


def test_a_model_is_taken_wherever_its_name_is(runs, gaps, gap_model, windows):
    beat = diffecg.load(runs["beat"])
    assert diffecg.load(beat) is beat
    assert diffecg.load(beat, "cpu", engine="torch") is beat
    with pytest.raises(DiffecgError, match="device 'cuda' differs from that of the loaded model beat, cpu"):
        diffecg.load(beat, "cuda")
    with pytest.raises(DiffecgError, match="engine 'onnx' differs"):
        diffecg.load(beat, engine="onnx")
    assert diffecg.Forecaster(gaps, 100).imputer.name == "gaps"
    assert diffecg.Forecaster(gap_model, 100).imputer is gap_model
    assert imputation_method(gap_model, draws=2, seed=0).predict is not None
    real = diffecg.open_windows(windows["beat"])
    options = diffecg.inference.options.SamplerOptions(steps=1)
    by_name, by_model = (augment(real, model, sampler=options) for model in (runs["beat"], beat))
    assert np.array_equal(by_name.signal_mv, by_model.signal_mv)


def test_an_unavailable_device_is_refused_in_one_line(runs):
    with pytest.raises(DiffecgError, match="device 'mps' is not available"):
        diffecg.load(runs["beat"], "mps")
    with pytest.raises(DiffecgError, match="device 'tpu' is not available"):
        diffecg.load(runs["beat"]).to("tpu")


def test_models_are_copied_and_pickled(runs, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for engine in ("torch", "onnx"):
        model = diffecg.load(runs["beat"], engine=engine)
        expected = model.generate("N", steps=1).signal_mv
        for same in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            assert (same.name, same.engine) == ("beat", engine)
            assert np.array_equal(same.generate("N", steps=1).signal_mv, expected)


def test_models_and_the_package_describe_themselves():
    assert repr(diffecg.load("mitbih-beat")) == (
        "<Model mitbih-beat: beats of 0.711111 s at 360 Hz, lead MLII; labels N, S, V, F; "
        f"{sum(p.numel() for p in diffecg.load('mitbih-beat').denoiser.parameters()):,} weights on cpu>"
    )
    assert "GapModel mitbih-strip: any lead, 100 Hz" in repr(diffecg.load_imputer("mitbih-strip"))
    assert {"load", "Model", "Windows", "SyntheticWindows", "as_recording", "__version__"} <= set(
        dir(diffecg)
    )
    assert all(name in diffecg.__doc__ for name in diffecg.__all__ if not name.startswith("__"))


def test_the_default_dtype_of_torch_does_not_matter(gaps, leads):
    def results():
        gap_model, noisy = diffecg.load_imputer(gaps), np.arange(1200) // 100 == 8
        yield diffecg.load("mitbih-beat").generate("V", steps=2).signal_mv
        yield diffecg.load("mitbih-beat-fast").generate("V", steps=2).signal_mv
        yield gap_model.impute(leads, 100, draws=1).signal_mv
        bundled_denoiser.cache_clear()
        yield diffecg.denoise(leads, 100, noisy).signal_mv
        yield gap_model.forecast(leads[:1, :300], 100, draws=1).signal_mv
        yield diffecg.SyntheticWindows(count=1, steps=1)[0][0].numpy()

    expected = list(results())
    torch.set_default_dtype(torch.float64)
    try:
        found = list(results())
    finally:
        torch.set_default_dtype(torch.float32)
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)  # missing samples are NaN in both
