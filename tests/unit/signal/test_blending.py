"""Blending of imputed samples: no step at the seams, no change further in."""

import numpy as np
import pytest

import diffecg
from diffecg.formats.registry import read_recording
from diffecg.signal.blending import blend_seams

FS_HZ = 100.0


def ramp_with_gaps(gaps, slope=0.01, offset=0.3):
    """Return a ramp, the ramp with gaps, and an imputed ramp at an offset."""
    ramp = np.tile(slope * np.arange(200.0), (2, 1, 1))
    signal = ramp.copy()
    for first, last in gaps:
        signal[..., first:last] = np.nan
    return ramp, signal, ramp + offset


@pytest.mark.parametrize("gap", [(50, 150), (0, 100), (100, 200), (90, 92), (90, 91), (60, 67)])
def test_an_imputed_ramp_is_shifted_to_the_observed_one(gap):
    ramp, signal, imputed = ramp_with_gaps([gap])
    result = blend_seams(signal, imputed, FS_HZ)
    observed = ~np.isnan(signal)
    assert np.array_equal(result[observed], signal[observed])
    error = (result - ramp)[0, 0]
    first, last = gap
    if first > 0:
        assert error[first] == pytest.approx(0, abs=1e-9)
    if last < 200:
        assert error[last - 1] == pytest.approx(0, abs=1e-9)
    inner = error[first + 5 if first > 0 else 0 : last - 5 if last < 200 else 200]
    assert inner == pytest.approx(np.full(len(inner), 0.3)), "shifted beyond 50 ms"
    assert np.abs(error).max() <= 0.3 + 1e-9


def test_gaps_and_leads_are_blended_independently():
    _, one, imputed = ramp_with_gaps([(50, 80)])
    _, two, _ = ramp_with_gaps([(50, 80), (81, 120)])
    both = blend_seams(np.concatenate([one, two], axis=1), np.concatenate([imputed, imputed], axis=1), FS_HZ)
    assert np.array_equal(both[:, :1], blend_seams(one, imputed, FS_HZ))
    assert both[0, 1, 80] == one[0, 0, 80]
    assert np.isfinite(both).all()


@pytest.mark.parametrize("name", ["103", "114"])
def test_the_step_at_a_seam_is_like_that_of_a_real_signal(mitdb, name):
    recording = read_recording(mitdb / name)
    signal = recording.lead_mv(0)[:14_400]
    rng, gapped = np.random.default_rng(0), signal.copy()
    for start in np.sort(rng.choice(np.arange(1000, 13_000, 700), 12, replace=False)):
        gapped[start : start + rng.integers(40, 400)] = np.nan
    ends = np.flatnonzero(np.diff(np.isnan(gapped).astype(int)))
    draws_mv = diffecg.load_imputer("mitbih-strip").impute(gapped, recording.fs_hz, draws=2).draws_mv
    steps, real = (np.abs(np.diff(x)[..., ends]) for x in (draws_mv, signal))
    assert np.median(steps) <= 1.5 * np.median(np.abs(np.diff(signal)))
    assert np.sqrt(np.mean(steps**2)) <= 1.5 * np.sqrt(np.mean(real**2))
