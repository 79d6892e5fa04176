"""Best matches: found by brute force as by FFT, exact in what repeats itself, blind to what is hidden."""

import numpy as np
import pytest
import torch

from diffecg.transform.analogues import Analogues, _correlate, find_analogues


def one_lead(signal, observed, **settings):
    """Return the matches of signals (batch time), each on its own."""
    found = find_analogues(signal[:, None], observed[:, None], **settings)
    return Analogues(*(part.squeeze(-2) for part in found))


def test_correlations_by_their_definition():
    rng = np.random.default_rng(0)
    pattern, signal = rng.normal(size=(2, 3, 20))
    found = _correlate(torch.from_numpy(pattern), torch.from_numpy(signal), outside=0.5)
    for place, shift in enumerate(range(-19, 20)):
        for row in range(3):
            inside = [0 <= t + shift < 20 for t in range(20)]
            there = [signal[row, t + shift] if ok else 0.5 for t, ok in zip(range(20), inside, strict=True)]
            assert found[row, place] == pytest.approx(pattern[row] @ np.array(there))


@pytest.mark.parametrize("gaps", [[(200, 260)], [(0, 70)], [(430, 500)], [(100, 120), (300, 340)]])
def test_a_signal_that_repeats_itself_is_restored(gaps):
    time = torch.arange(500, dtype=torch.float64)
    signal = torch.stack([torch.sin(2 * torch.pi * time / 50) ** 5, torch.cos(2 * torch.pi * time / 37) ** 3])
    observed = torch.ones(2, 500, dtype=torch.bool)
    for first, last in gaps:
        observed[:, first:last] = False
    holed = torch.where(observed, signal, torch.full_like(signal, 99.0))
    found = one_lead(holed, observed, count=2, context=25, apart=5)
    assert (found.mean - signal)[~observed].abs().max() < 1e-6
    assert found.variance.max() < 1e-6
    assert torch.equal(found.share, (~observed).to(signal.dtype))


def test_levels_do_not_matter_and_the_nearest_level_is_taken():
    time = np.arange(400)
    signal = np.sin(2 * np.pi * time / 40) + np.where(time < 200, 0, 3.0)
    observed = np.ones(400, bool)
    observed[300:320] = False
    found = one_lead(
        torch.from_numpy(signal)[None], torch.from_numpy(observed)[None], count=6, context=20, apart=5
    )
    assert np.abs(found.mean[0].numpy() - signal)[~observed].max() < 1e-6


def test_without_anything_to_match_there_is_no_guess():
    signal = torch.ones(2, 100)
    observed = torch.zeros(2, 100, dtype=torch.bool)
    observed[1, 40:60] = True
    found = one_lead(signal, observed, count=3, context=20, apart=5)
    assert not found.share.any()
    assert not found.mean.any()
    assert not found.variance.any()


def test_matches_agree_with_a_search_by_hand():
    rng = np.random.default_rng(1)
    signal = np.cumsum(rng.normal(size=300))
    observed = np.ones(300, bool)
    observed[140:160] = False
    found = one_lead(
        torch.from_numpy(signal)[None], torch.from_numpy(observed)[None], count=1, context=15, apart=5
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
    assert np.allclose(found.mean[0, 140:160], signal[140 + best : 160 + best] - level)


def test_another_lead_shows_where_the_match_is():
    """Two shapes follow each other at random; only the other lead tells which is hidden."""
    rng = np.random.default_rng(3)
    kinds = rng.integers(2, size=20)
    shape = np.hanning(30)
    beats = [
        np.pad(np.stack([shape * (2 * kind - 1), shape * (1 + kind)]), ((0, 0), (10, 10))) for kind in kinds
    ]
    signal = torch.from_numpy(np.concatenate(beats, axis=1))[None]
    observed = torch.ones_like(signal, dtype=torch.bool)
    for beat in range(5, 8):
        hidden = observed.clone()
        hidden[:, 1, beat * 50 + 5 : beat * 50 + 45] = False
        found = find_analogues(signal, hidden, count=1, context=5, apart=5)
        assert (found.mean - signal)[~hidden].abs().max() < 1e-6


def test_matches_lie_beyond_the_window_too():
    time = np.arange(600)
    signal = torch.from_numpy(np.where((time % 300) < 100, np.sin(time / 7.0), 0.1 * np.cos(time / 3.0)))[
        None, None
    ]
    observed = torch.ones_like(signal, dtype=torch.bool)
    observed[..., 330:370] = False
    observed[..., 20:25] = False
    settings = {"count": 1, "context": 20, "apart": 5}
    wide = find_analogues(signal, observed, **settings, reach=200)
    assert wide.mean.shape == (1, 1, 200)
    assert torch.equal(wide.share[0, 0], (~observed[0, 0, 200:400]).to(wide.share.dtype)), (
        "only the window's gaps"
    )
    alone = find_analogues(signal[..., 200:400], observed[..., 200:400], **settings)
    truth = signal[..., 330:370]
    errors = [(found.mean[..., 130:170] - truth).abs().mean() for found in (wide, alone)]
    assert errors[0] < 0.6 * errors[1]
