"""Models of gaps: what they return, seeds, leads, rates, loading, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gap_cases import MONITOR, randomise, tiny_config

import diffecg
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.inference.gap_imputer import LeadGap
from diffecg.inference.gap_model import GapModel
from diffecg.inference.gap_search import search_gaps
from diffecg.inference.model_rate import ModelRateSignal
from diffecg.inference.options import SamplerOptions
from diffecg.model.folder import save_model
from diffecg.model.gap.network import GapNetwork
from diffecg.signal.resampling import resample, resample_mask
from diffecg.signal.simulation import simulate_ecg


@pytest.fixture(scope="module")
def model() -> GapModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = GapNetwork(tiny_config())
    randomise(network)
    return GapModel(network, "tiny")


ECG = ("ecg",) * 3
"""Kinds of the leads of the tests."""


def leads(fs_hz: float = 250.0, duration_s: float = 40.0) -> np.ndarray:
    lead = simulate_ecg(duration_s, fs_hz).signal_mv
    noise = 0.02 * np.random.default_rng(0).standard_normal(len(lead))
    return np.stack([lead, -0.5 * lead + noise]).astype(np.float32)


def test_observed_samples_are_unchanged_and_missing_ones_are_imputed(model: GapModel) -> None:
    signal = leads()
    signal[0, 2500:2700] = np.nan
    signal[1, 5000:5040] = np.nan
    calls: list[tuple[int, int]] = []
    result = model.impute(signal, 250.0, draws=3, progress=lambda *call: calls.append(call))
    assert result.draws_mv.shape == (3, 2, 10_000)
    missing = np.isnan(signal)
    for array in (result.signal_mv, result.mean_mv, result.lower_mv, result.upper_mv, *result.draws_mv):
        np.testing.assert_array_equal(array[~missing], signal[~missing])
        assert np.isfinite(array[missing]).all()
    assert (result.kernel_mv[missing] > 0).all()
    assert calls == [(1, 2), (2, 2)]
    assert (result.info["engine"], result.info["model"], result.info["steps"]) == ("diffusion", "tiny", 1)
    assert result.info["interpolated_gaps"] == 0


def test_a_draw_follows_from_its_seed_not_from_what_is_computed_with_it(model: GapModel) -> None:
    signal = leads()
    signal[0, 2500:2700] = signal[0, 7000:7050] = np.nan
    result = model.impute(signal, 250.0, draws=4, seed=5)
    single = model.with_sampling(SamplerOptions(batch_size=1)).impute(
        signal, 250.0, draws=1, seed=[result.seeds[2]]
    )
    np.testing.assert_allclose(single.draws_mv[0], result.draws_mv[2], rtol=0, atol=1e-4)
    other = model.impute(signal, 250.0, draws=4, seed=6)
    assert np.abs(other.draws_mv - result.draws_mv)[:, 0, 2500:2700].max() > 1e-3
    gap_alone = leads()
    gap_alone[0, 2500:2700] = np.nan
    assert np.isfinite(model.impute(gap_alone, 250.0, draws=2).draws_mv).all()


def test_steps_are_chosen(model: GapModel) -> None:
    signal = leads()
    signal[0, 2500:2600] = np.nan
    results = [
        model.with_sampling(SamplerOptions(steps=steps)).impute(signal, 250.0, draws=2) for steps in (1, 3)
    ]
    assert results[1].info["steps"] == 3
    assert not np.array_equal(results[0].draws_mv, results[1].draws_mv)
    with pytest.raises(DiffecgError, match="steps 9 must be 1 to 4"):
        model.with_sampling(SamplerOptions(steps=9))
    with pytest.raises(DiffecgError, match="no sampler 'heun'"):
        model.with_sampling(SamplerOptions(sampler="heun"))


def test_forecasts_and_long_gaps(model: GapModel) -> None:
    past = leads()[0]
    forecast = model.forecast(past, 250.0, horizon_s=0.8, draws=2)
    assert forecast.draws_mv.shape == (2, 200)
    assert np.isfinite(forecast.draws_mv).all()
    assert forecast.info["task"] == "forecast"
    signal = leads()
    signal[0, 3000:5000] = np.nan
    assert np.isfinite(model.impute(signal, 250.0, draws=1).signal_mv).all()


def test_a_forecast_does_not_see_the_future_of_other_leads(model: GapModel) -> None:
    """Leads that all end at the same time are a forecast; a companion that goes on is used."""
    candidates = model.config.candidates
    both = leads()
    both[:, 9800:] = np.nan
    (first, second) = search_gaps(
        ModelRateSignal(both, 250.0, 100.0),
        ECG,
        LeadGap(samples=slice(9800, 10_000), rows=(0, 1)),
        candidates,
        60.0,
    )
    assert first.gap.is_forecast
    assert second.gap.is_forecast
    np.testing.assert_array_equal(first.analogues, second.analogues)
    one = leads()
    one[0, 9800:] = np.nan
    (alone,) = search_gaps(
        ModelRateSignal(one, 250.0, 100.0),
        ECG,
        LeadGap(samples=slice(9800, 10_000), rows=(0,)),
        candidates,
        60.0,
    )
    assert (alone.gap.companions, alone.gap.is_forecast) == ((1,), False)


def test_the_companion_is_the_observed_lead_that_correlates_best(model: GapModel) -> None:
    two = leads()
    rng = np.random.default_rng(1)
    signal = np.concatenate([two, rng.standard_normal((1, 10_000)).astype(np.float32)])
    signal[0, 2500:2700] = np.nan
    gap = LeadGap(samples=slice(2500, 2700), rows=(0,))
    (found,) = search_gaps(ModelRateSignal(signal, 250.0, 100.0), ECG, gap, model.config.candidates, 60.0)
    assert found.gap.companions == (1,)
    signal[1, 2600:2610] = np.nan
    (found,) = search_gaps(ModelRateSignal(signal, 250.0, 100.0), ECG, gap, model.config.candidates, 60.0)
    assert found.gap.companions == (2,)


def test_a_gap_without_analogues_is_interpolated(model: GapModel) -> None:
    signal = leads(duration_s=4.0)[0]
    signal[200:800] = np.nan
    result = model.impute(signal, 250.0, draws=3)
    assert result.info["interpolated_gaps"] == 1
    np.testing.assert_array_equal(result.draws_mv[0], result.draws_mv[2])


@pytest.mark.parametrize("fs_hz", [50.0, 100.0, 128.0, 250.0, 360.0, 1000.0])
def test_gaps_are_mapped_to_the_rate_of_the_model_and_back(fs_hz: float) -> None:
    samples = round(20 * fs_hz)
    lead = np.sin(2 * np.pi * 3 * np.arange(samples) / fs_hz)[None]
    gap = slice(round(7.3 * fs_hz), round(8.1 * fs_hz))
    missing = np.zeros((1, samples), dtype=bool)
    missing[0, gap] = True
    signal = ModelRateSignal(np.where(missing, np.nan, lead), fs_hz, 100.0)
    mapped = signal.gap(gap)
    expected = np.flatnonzero(resample_mask(missing, fs_hz, 100.0)[0])
    assert (mapped.start, mapped.stop) == (expected[0], expected[-1] + 1)
    at_model_rate = resample(lead, fs_hz, 100.0)[:, mapped]
    restored = signal.restore(0, gap, mapped, np.repeat(at_model_rate, 2, axis=0))
    np.testing.assert_allclose(restored, np.repeat(lead[:, gap], 2, axis=0), atol=0.03)


def test_details_come_from_the_draws_own_analogue() -> None:
    """A tone above what the model's rate holds is copied from the analogue, and a cycle has none."""
    time = np.arange(5000) / 500
    lead = np.sin(2 * np.pi * time)[None] + 0.1 * np.sin(2 * np.pi * 125 * time)
    lead[0, 2000:2200] = np.nan
    signal = ModelRateSignal(lead, 500.0, 100.0)
    details = signal.details(0, slice(2000, 2200), np.array([100, 0, 9000]))
    np.testing.assert_allclose(details[0], 0.1 * np.sin(2 * np.pi * 125 * time[2500:2700]), atol=0.01)
    assert not details[1:].any()


def test_models_of_gaps_are_loaded_as_imputers(model: GapModel, tmp_path: Path) -> None:
    folder = tmp_path / "gaps"
    folder.mkdir()
    save_model(folder, model.config, model.network.state_dict())
    loaded = diffecg.load_imputer(folder)
    assert isinstance(loaded, GapModel)
    signal = leads()
    signal[0, 2500:2700] = np.nan
    ours, theirs = (one.impute(signal, 250.0, draws=2).draws_mv for one in (model, loaded))
    np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(DiffecgError, match="load_imputer"):
        diffecg.load(folder)
    with pytest.raises(DiffecgError, match="torch only"):
        diffecg.load_imputer(folder, engine="onnx")
    with pytest.raises(DiffecgError, match="not conditioned on a label"):
        loaded.impute(signal, 250.0, label="N")


def test_the_command_imputes_the_given_lead_only(run, gaps, recording, tmp_path) -> None:
    few = ["--gap", "12:13", "--lead", "V1", "--draws", 1]
    assert run("impute", "--model", gaps, recording, *few, "--out", tmp_path / "fixed")[0] == 0
    before, after = read_recording(recording), read_recording(tmp_path / "fixed" / "100")
    changed = (before.stored != after.stored).any(axis=1)
    assert changed.tolist() == [lead == "V1" for lead in before.channel_names]


def test_a_model_of_gaps_does_not_generate(run, tmp_path) -> None:
    status, _, error = run("generate", "mitbih-strip", "--out", tmp_path / "strips.npz")
    assert (status, error.count("\n")) == (1, 1)
    assert "mitbih-strip imputes and forecasts" in error
    assert "beats are generated by mitbih-beat and mitbih-beat-fast" in error


def monitor_signals(duration_s: float = 60.0) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return an ECG, and a pressure and a PPG that follow it, at 125 Hz."""
    ecg = simulate_ecg(duration_s, 125.0).signal_mv
    pulse = np.convolve(np.abs(ecg), np.hanning(51), mode="same")
    signals = [ecg, 90 + 40 * np.roll(pulse, 20), 0.3 * np.roll(pulse, 30)]
    return np.stack(signals).astype(np.float32), ("ecg", "pressure", "ppg")


def test_signals_of_several_kinds_are_imputed_in_their_own_units() -> None:
    config = tiny_config(replace(MONITOR, fs_hz=125.0, longest_s=0.4))
    with torch.random.fork_rng():
        network = GapNetwork(config)
    randomise(network)
    signal, kinds = monitor_signals()
    truth = signal.copy()
    signal[1, 4000:4060] = np.nan
    signal[:, 6000:6040] = np.nan
    for imputer in (GapModel(network, "tiny"), diffecg.AnalogueImputer()):
        result = imputer.impute(signal, 125.0, kinds=kinds, draws=4)
        assert result.units == ("mV", "mmHg", "NU")
        assert np.isfinite(result.draws).all()
        with pytest.raises(DiffecgError, match="not all of which are voltages"):
            assert result.draws_mv is None
        np.testing.assert_array_equal(result.lead(0).mean_mv, result.mean[0])
        pressures = result.mean[1, 4000:4060]
        assert abs(pressures.mean() - truth[1, 4000:4060].mean()) < 40
    # The analogues are found by signals in other units, and are segments of the same signal.
    alone = diffecg.AnalogueImputer().impute(signal[[1]], 125.0, kinds=kinds[1:2], draws=4)
    error, error_alone = (
        np.abs(found[0, 4000:4060] - truth[1, 4000:4060]).mean() for found in (result.mean[[1]], alone.mean)
    )
    assert error < 0.5 * truth[1].std()
    assert error <= 1.5 * error_alone


def test_kinds_that_are_not_imputed_are_refused(model: GapModel) -> None:
    signal = leads()
    signal[0, 2500:2700] = np.nan
    with pytest.raises(DiffecgError, match="tiny does not impute ppg, only ecg"):
        model.impute(signal, 250.0, kinds=("ppg", "ecg"))
    with pytest.raises(DiffecgError, match=r"1 kind\(s\) are given for 2"):
        model.impute(signal, 250.0, kinds=("ecg",))
    with pytest.raises(DiffecgError, match="unknown signal kind"):
        model.impute(signal, 250.0, kinds=("ecg", "ecgs"))


def test_a_companion_is_of_its_kind() -> None:
    signal, kinds = monitor_signals()
    signal[1, 4000:4060] = np.nan
    gap, candidates = LeadGap(samples=slice(4000, 4060), rows=(1,)), replace(MONITOR, fs_hz=125.0)
    (found,) = search_gaps(ModelRateSignal(signal, 125.0, 125.0), kinds, gap, candidates, 60.0)
    assert (found.gap.companions, found.gap.beats) == ((0, 2, None), 0)
    signal[0, 4010] = np.nan
    (found,) = search_gaps(ModelRateSignal(signal, 125.0, 125.0), kinds, gap, candidates, 60.0)
    assert (found.gap.companions, found.gap.beats) == ((None, 2, None), 0)
