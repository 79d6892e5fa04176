"""Every preset builds, trains, saves, loads and performs all three tasks."""

import numpy as np
import pytest
import torch
from helpers import FS_HZ, make_ecg, tiny

import diffecg
from diffecg.config.presets import PRESETS
from diffecg.model.denoiser import ConditionalDenoiser


def ecg(model, seed, duration_s, fs_hz=FS_HZ):
    """Return an ECG of as many leads as the model has: (time), or (lead, time)."""
    signal, leads = make_ecg(seed, duration_s=duration_s, fs_hz=fs_hz)[0], len(model.config.window.leads)
    return signal if leads == 1 else np.linspace(0.5, 1.5, leads)[:, None] * signal


pytestmark = pytest.mark.parametrize("name", PRESETS)
STEPS = 4


def test_forward_has_the_shape_of_its_input_and_starts_at_zero(name):
    config = tiny(name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = ConditionalDenoiser(config).eval()
        signal = torch.randn(2, len(config.window.leads), config.window.length)
    observed = torch.zeros_like(signal, dtype=torch.bool)
    condition = model.condition(signal, observed, model.encode_labels([None, None]))
    xt = model.encode(signal)
    answer = model.predict(xt, torch.ones(2), condition)
    assert answer.shape == xt.shape
    assert answer.abs().max() == 0


def test_class_noise_level_and_conditions_all_matter(name, runs):
    model = diffecg.load(runs[name]).denoiser
    with torch.random.fork_rng():
        torch.manual_seed(0)
        signal = torch.randn(1, len(model.config.window.leads), model.config.window.length)
        for parameter in model.parameters():  # after a short training, conditions have hardly any effect
            parameter.data.add_(0.05 * torch.randn_like(parameter))
    xt = model.transform(signal)
    every, none = torch.ones_like(signal, dtype=torch.bool), torch.zeros_like(signal, dtype=torch.bool)

    def answer(sigma, observed, label=None):
        with torch.no_grad():
            condition = model.condition(signal, observed, model.encode_labels([label]))
            return model.predict(xt, torch.tensor([sigma]), condition)

    base = answer(1.0, none)
    assert not torch.allclose(base, answer(3.0, none))
    assert not torch.allclose(base, answer(1.0, every))
    if model.config.labels:
        assert not torch.allclose(base, answer(1.0, none, model.config.labels[0]))


def test_missing_samples_do_not_affect_the_conditions(name, runs):
    model = diffecg.load(runs[name]).denoiser
    window = model.config.window
    ecg = torch.from_numpy(make_ecg(0, duration_s=60)[0]).float()
    signal, other = ecg[: 2 * len(window.leads) * window.length].reshape(2, len(window.leads), -1)
    observed = torch.ones_like(signal, dtype=torch.bool)
    observed[..., 40:70] = False
    changed = torch.where(observed, signal, other)
    unknown = model.encode_labels([None])
    one, same, another = (model.condition(s[None], observed[None], unknown) for s in (signal, changed, other))
    assert torch.equal(one.features, same.features)
    assert not torch.equal(one.features, another.features)


def test_samples_depend_on_their_seed_alone(name, runs):
    model = diffecg.load(runs[name])
    label = model.labels[0] if model.labels else None
    whole = model.generate(label, 7, seed=3, steps=STEPS)
    assert whole.signal_mv.shape == (7, len(model.config.window.leads), model.config.window.length)
    assert whole.seeds == tuple(range(3, 10))
    for batch_size in (1, 3, 64):
        again = model.generate(label, 7, seed=3, steps=STEPS, batch_size=batch_size)
        assert np.abs(again.signal_mv - whole.signal_mv).max() < 1e-4
    part = model.generate(label, 2, seed=5, steps=STEPS)
    assert np.abs(part.signal_mv - whole.signal_mv[2:4]).max() < 1e-4
    assert np.abs(whole.signal_mv[0] - whole.signal_mv[1]).max() > 1e-2


def test_observed_samples_come_back_bit_for_bit(name, runs):
    model = diffecg.load(runs[name])
    signal = ecg(model, 5, duration_s=20)
    signal[..., 1000:1300] = np.nan
    filled = model.impute(signal, FS_HZ, draws=3, steps=STEPS)
    known = ~np.isnan(signal)
    assert np.array_equal(filled.observed, known)
    for values in (filled.signal_mv, filled.lower_mv, filled.upper_mv, *filled.draws_mv):
        assert values.dtype == signal.dtype
        assert np.array_equal(values[known], signal[known])
        assert np.isfinite(values).all()
    assert (filled.lower_mv <= filled.signal_mv).all()
    assert (filled.signal_mv <= filled.upper_mv).all()
    assert np.ptp(filled.draws_mv[..., ~known], axis=0).max() > 1e-3


def test_recording_of_one_window_is_imputed(name, runs):
    model = diffecg.load(runs[name])
    window = model.config.window
    signal = ecg(model, 1, duration_s=20, fs_hz=window.fs_hz)[..., : window.length]
    signal[..., window.length // 2 :] = np.nan
    filled = model.impute(signal, window.fs_hz, draws=2, steps=STEPS)
    assert np.isfinite(filled.signal_mv).all()


def test_forecast_returns_the_horizon(name, runs):
    model = diffecg.load(runs[name])
    past = ecg(model, 2, duration_s=30)
    ahead = model.forecast(past, FS_HZ, horizon_s=0.5, draws=2, steps=STEPS)
    assert ahead.signal_mv.shape == (*past.shape[:-1], 180)
    assert ahead.draws_mv.shape == (2, *ahead.signal_mv.shape)
    assert not ahead.observed.any()
    assert np.isfinite(ahead.draws_mv).all()
    assert ahead.info["task"] == "forecast"


def test_every_sampler_runs(name, runs):
    model = diffecg.load(runs[name])
    for sampler in ("ddpm", "ddim", "heun", "dpm2m"):
        made = model.generate(count=2, sampler=sampler, steps=3)
        assert np.isfinite(made.signal_mv).all()
        assert made.info["sampler"] == sampler
