"""Where what was drawn meets what was recorded: no step, nothing moved further in, no figure changed."""

import numpy as np
import pytest

import diffecg
from diffecg.evaluation.imputation.cases import contexts, make_manifest
from diffecg.formats.registry import read_recording
from diffecg.signal.blending import blend_seams
from diffecg.signal.runs import true_runs

FS_HZ = 100.0


def gapped(gaps, slope=0.01, offset=0.3):
    """A ramp with gaps, and a drawn one that lies beside it."""
    ramp = np.tile(slope * np.arange(200.0), (2, 1, 1))
    signal = ramp.copy()
    for first, last in gaps:
        signal[..., first:last] = np.nan
    return ramp, signal, ramp + offset


@pytest.mark.parametrize("gap", [(50, 150), (0, 100), (100, 200), (90, 92), (90, 91), (60, 67)])
def test_a_drawn_ramp_is_moved_to_the_recorded_one(gap):
    ramp, signal, drawn = gapped([gap])
    result = blend_seams(signal, drawn, FS_HZ)
    known = ~np.isnan(signal)
    assert np.array_equal(result[known], signal[known])
    error = (result - ramp)[0, 0]
    first, last = gap
    if first > 0:
        assert error[first] == pytest.approx(0, abs=1e-9)
    if last < 200:
        assert error[last - 1] == pytest.approx(0, abs=1e-9)
    inner = error[first + 5 if first > 0 else 0 : last - 5 if last < 200 else 200]
    assert inner == pytest.approx(np.full(len(inner), 0.3)), "50 ms further in nothing moves"
    assert np.abs(error).max() <= 0.3 + 1e-9


def test_gaps_and_leads_do_not_mix():
    _, one, drawn = gapped([(50, 80)])
    _, two, _ = gapped([(50, 80), (81, 120)])
    both = blend_seams(np.concatenate([one, two], axis=1), np.concatenate([drawn, drawn], axis=1), FS_HZ)
    assert np.array_equal(both[:, :1], blend_seams(one, drawn, FS_HZ))
    assert both[0, 1, 80] == one[0, 0, 80]
    assert np.isfinite(both).all()


@pytest.mark.parametrize("name", ["103", "114"])
def test_the_jump_at_a_seam_is_that_of_a_real_signal(mitdb, name):
    recording = read_recording(mitdb / name)
    signal = recording.signal_mv[0][:14_400]
    rng, holed = np.random.default_rng(0), signal.copy()
    for start in np.sort(rng.choice(np.arange(1000, 13_000, 700), 12, replace=False)):
        holed[start : start + rng.integers(40, 400)] = np.nan
    ends = np.flatnonzero(np.diff(np.isnan(holed).astype(int)))
    drawn = diffecg.load("mitbih-strip").impute(holed, recording.fs_hz, draws=2).draws_mv
    jumps, real = (np.abs(np.diff(x)[..., ends]) for x in (drawn, signal))
    assert np.median(jumps) <= 1.5 * np.median(np.abs(np.diff(signal)))
    assert np.sqrt(np.mean(jumps**2)) <= 1.5 * np.sqrt(np.mean(real**2))


@pytest.mark.long
def test_a_whole_recording_is_filled_as_well_as_its_windows(mitdb):
    """impute on a recording keeps, or exceeds, the figures that evaluate-task has for its cases."""
    model, draws = diffecg.load("mitbih-strip"), 8
    errors, held = {"window": [], "recording": []}, {"window": [], "recording": []}

    def count(kind, truth, drawn, hidden):
        errors[kind].append(np.sqrt(np.mean((drawn.signal_mv[..., hidden] - truth) ** 2)))
        held[kind].append(
            np.mean((drawn.lower_mv[..., hidden] <= truth) & (truth <= drawn.upper_mv[..., hidden]))
        )

    for name in ("103", "114", "207"):
        cases = [case for case in make_manifest(mitdb, [name], each=5) if not case.forecast]
        taken = np.zeros(650_000, bool)
        apart = []
        for case in cases:  # those that leave each other's surroundings alone
            around = slice(case.start - 3600, case.start + case.length + 3600)
            if not taken[around].any():
                taken[around] = True
                apart.append(case)
        recording = read_recording(mitdb / name)
        row = recording.lead_index(apart[0].lead)
        whole = recording.signal_mv[row].copy()
        for case in apart:
            whole[case.start : case.start + case.length] = np.nan
        drawn = model.impute(whole, recording.fs_hz, draws=draws)
        for case, context, truth in contexts(mitdb, apart):
            count("recording", truth, drawn, slice(case.start, case.start + case.length))
            count(
                "window", truth, model.impute(context.signal_mv, context.fs_hz, draws=draws), context.hidden
            )
        assert len(true_runs(np.isnan(whole))) == len(apart) >= 8
    # A recording holds more to look for matches in than the 10 s around a case.
    assert np.mean(errors["recording"]) <= 1.05 * np.mean(errors["window"])
    assert np.mean(held["recording"]) >= np.mean(held["window"]) - 0.05
