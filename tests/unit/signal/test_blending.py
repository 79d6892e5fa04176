"""Blending of imputed samples: no step at the seams, no change further in."""

import numpy as np
import pytest

import diffecg
from diffecg.evaluation.imputation.cases import draw_cases
from diffecg.evaluation.imputation.contexts import open_cases
from diffecg.formats.registry import read_recording
from diffecg.signal.blending import blend_seams
from diffecg.signal.runs import true_runs

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


@pytest.mark.long
def test_a_whole_recording_is_imputed_as_well_as_its_windows(mitdb):
    """Errors and interval coverage are those of evaluate-task's windows, or better."""
    model, draws = diffecg.load_imputer("mitbih-strip"), 8
    errors, coverage = {"window": [], "recording": []}, {"window": [], "recording": []}

    def score(kind, truth, imputation, hidden):
        errors[kind].append(np.sqrt(np.mean((imputation.signal_mv[..., hidden] - truth) ** 2)))
        coverage[kind].append(
            np.mean((imputation.lower_mv[..., hidden] <= truth) & (truth <= imputation.upper_mv[..., hidden]))
        )

    for name in ("103", "114", "207"):
        cases = [
            case
            for case in draw_cases(mitdb, [name], per_group=5)
            if not case.forecast and case.length <= 2 * 360
        ]
        taken = np.zeros(650_000, bool)
        apart = []
        for case in cases:  # cases that do not overlap each other's context
            around = slice(case.start - 3600, case.start + case.length + 3600)
            if not taken[around].any():
                taken[around] = True
                apart.append(case)
        recording = read_recording(mitdb / name)
        row = recording.channel_index(apart[0].lead)
        whole = recording.lead_mv(row).copy()
        for case in apart:
            whole[case.start : case.start + case.length] = np.nan
        imputation = model.impute(whole, recording.fs_hz, draws=draws)
        for opened in open_cases(mitdb, apart):
            case, context, truth = opened.case, opened.context, opened.truth.gap_mv
            score("recording", truth, imputation, slice(case.start, case.start + case.length))
            window_mv, gap = context.near(10.0)
            score("window", truth, model.impute(window_mv, context.fs_hz, draws=draws), gap)
        assert len(true_runs(np.isnan(whole))) == len(apart) >= 8
    # A recording has more analogues than the 10 s around a case.
    assert np.mean(errors["recording"]) <= 1.05 * np.mean(errors["window"])
    assert np.mean(coverage["recording"]) >= np.mean(coverage["window"]) - 0.05
