"""The search for analogues equals brute force, is exact for periodic signals and ignores missing samples."""

import numpy as np
import pytest
import torch

from diffecg.transform.analogues import Analogues, cross_correlation, find_analogues


def one_lead(signal, observed, **settings):
    """Return the analogues of single-lead signals (batch time)."""
    analogues = find_analogues(signal[:, None], observed[:, None], **settings)
    return Analogues(*(tensor.squeeze(-2) for tensor in analogues))


def test_cross_correlation_equals_its_definition():
    rng = np.random.default_rng(0)
    template, signal = rng.normal(size=(2, 3, 20))
    correlation = cross_correlation(
        torch.from_numpy(template)[:, None], torch.from_numpy(signal)[:, None], outside=0.5
    )[:, 0]
    for index, shift in enumerate(range(-19, 20)):
        for row in range(3):
            inside = [0 <= t + shift < 20 for t in range(20)]
            there = [signal[row, t + shift] if ok else 0.5 for t, ok in zip(range(20), inside, strict=True)]
            assert correlation[row, index] == pytest.approx(template[row] @ np.array(there))


@pytest.mark.parametrize("gaps", [[(200, 260)], [(0, 70)], [(430, 500)], [(100, 120), (300, 340)]])
def test_gaps_of_a_periodic_signal_are_restored(gaps):
    time = torch.arange(500, dtype=torch.float64)
    signal = torch.stack([torch.sin(2 * torch.pi * time / 50) ** 5, torch.cos(2 * torch.pi * time / 37) ** 3])
    observed = torch.ones(2, 500, dtype=torch.bool)
    for first, last in gaps:
        observed[:, first:last] = False
    damaged = torch.where(observed, signal, torch.full_like(signal, 99.0))
    analogues = one_lead(damaged, observed, count=2, context=25, min_separation=5)
    assert (analogues.mean - signal)[~observed].abs().max() < 1e-6
    assert analogues.variance.max() < 1e-6
    assert torch.equal(analogues.found_fraction, (~observed).to(signal.dtype))


def test_offsets_are_removed():
    time = np.arange(400)
    signal = np.sin(2 * np.pi * time / 40) + np.where(time < 200, 0, 3.0)
    observed = np.ones(400, bool)
    observed[300:320] = False
    analogues = one_lead(
        torch.from_numpy(signal)[None],
        torch.from_numpy(observed)[None],
        count=6,
        context=20,
        min_separation=5,
    )
    assert np.abs(analogues.mean[0].numpy() - signal)[~observed].max() < 1e-6


def test_no_analogue_without_context():
    signal = torch.ones(2, 100)
    observed = torch.zeros(2, 100, dtype=torch.bool)
    observed[1, 40:60] = True
    analogues = one_lead(signal, observed, count=3, context=20, min_separation=5)
    assert not analogues.found_fraction.any()
    assert not analogues.mean.any()
    assert not analogues.variance.any()


def test_search_equals_brute_force():
    rng = np.random.default_rng(1)
    signal = np.cumsum(rng.normal(size=300))
    observed = np.ones(300, bool)
    observed[140:160] = False
    analogues = one_lead(
        torch.from_numpy(signal)[None],
        torch.from_numpy(observed)[None],
        count=1,
        context=15,
        min_separation=5,
    )
    best, best_error = 0, np.inf
    around = np.r_[125:140, 160:175]
    for start in range(300 - 50 + 1):
        shift = start - 125
        if observed[start : start + 50].all():
            difference = signal[around + shift] - signal[around]
            if difference.var() < best_error:
                best, best_error = shift, difference.var()
                level = difference.mean()
    assert np.allclose(analogues.mean[0, 140:160], signal[140 + best : 160 + best] - level)


def test_other_leads_are_compared_through_the_gap():
    """Two shapes alternate at random; only the other lead shows which one is missing."""
    rng = np.random.default_rng(3)
    kinds = rng.integers(2, size=20)
    shape = np.hanning(30)
    beats = [
        np.pad(np.stack([shape * (2 * kind - 1), shape * (1 + kind)]), ((0, 0), (10, 10))) for kind in kinds
    ]
    signal = torch.from_numpy(np.concatenate(beats, axis=1))[None]
    observed = torch.ones_like(signal, dtype=torch.bool)
    for beat in range(5, 8):
        mask = observed.clone()
        mask[:, 1, beat * 50 + 5 : beat * 50 + 45] = False
        analogues = find_analogues(signal, mask, count=1, context=5, min_separation=5)
        assert (analogues.mean - signal)[~mask].abs().max() < 1e-6


def test_analogues_are_searched_in_the_margin():
    time = np.arange(600)
    signal = torch.from_numpy(np.where((time % 300) < 100, np.sin(time / 7.0), 0.1 * np.cos(time / 3.0)))[
        None, None
    ]
    observed = torch.ones_like(signal, dtype=torch.bool)
    observed[..., 330:370] = False
    observed[..., 20:25] = False
    settings = {"count": 1, "context": 20, "min_separation": 5}
    wide = find_analogues(signal, observed, **settings, search_margin=200)
    assert wide.mean.shape == (1, 1, 200)
    gaps_of_the_window = (~observed[..., 200:400]).to(wide.found_fraction.dtype)
    assert torch.equal(wide.found_fraction, gaps_of_the_window)
    narrow = find_analogues(signal[..., 200:400], observed[..., 200:400], **settings)
    truth = signal[..., 330:370]
    errors = [(analogues.mean[..., 130:170] - truth).abs().mean() for analogues in (wide, narrow)]
    assert errors[0] < 0.6 * errors[1]
