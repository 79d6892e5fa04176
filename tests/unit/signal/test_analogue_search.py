"""Search for analogues: the definition by brute force, exact repetitions, other leads, forecasts, NaN."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffecg.signal import analogue_search
from diffecg.signal.analogue_search import search_analogues, search_shared_analogues

FS_HZ = 100.0


def hide(signal, row, gap):
    """Return the signal with one lead missing in the gap."""
    hidden = signal.copy()
    hidden[row, gap] = np.nan
    return hidden


def brute_force(signal, gap, row, context, reach):
    """Return the distance of every possible analogue by the definition, by its first sample."""
    signal = hide(signal, row, gap)
    near = np.arange(max(gap.start - context, 0), min(gap.stop + context, signal.shape[1]))
    inside = np.arange(gap.start, gap.stop)
    compared = {row: near[np.isfinite(signal[row, near])]}
    for other in range(len(signal)):
        if other != row and np.isfinite(signal[other, near]).all():
            compared[other] = near
    distances = {}
    for shift in range(max(-near[0], -reach), min(signal.shape[1] - near[-1], reach + 1)):
        if not np.isfinite(signal[row, np.concatenate([compared[row], inside]) + shift]).all():
            continue
        squares, count = 0.0, 0
        for lead, samples in compared.items():
            difference = signal[lead, samples + shift] - signal[lead, samples]
            if np.isfinite(difference).all():
                squares += np.square(difference - difference.mean()).sum()
                count += len(samples)
        distances[gap.start + shift] = np.sqrt(squares / count)
    return distances


@st.composite
def cases(draw):
    """Return a signal of up to three leads with gaps, a gap of one lead, and the reach, in samples."""
    leads, length = draw(st.integers(1, 3)), draw(st.integers(60, 300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    signal = np.cumsum(rng.standard_normal((leads, length)), axis=1) + draw(st.sampled_from([0.0, 300.0]))
    for _ in range(draw(st.integers(0, 3))):
        first = draw(st.integers(0, length - 1))
        signal[draw(st.integers(0, leads - 1)), first : first + draw(st.integers(1, 20))] = np.nan
    start = draw(st.integers(1, length - 2))
    stop = draw(st.sampled_from([min(start + draw(st.integers(1, 25)), length - 1), length]))
    return (
        signal,
        draw(st.integers(0, leads - 1)),
        slice(start, min(stop, start + 40)),
        draw(st.integers(5, 300)),
    )


@settings(max_examples=60, deadline=None)
@given(case=cases(), block=st.sampled_from([32, 1 << 16]))
def test_the_search_finds_what_the_definition_says(case, block):
    signal, row, gap, reach = case
    near = np.r_[max(gap.start - 10, 0) : gap.start, gap.stop : min(gap.stop + 10, signal.shape[1])]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analogue_search, "_BLOCK", block)
        found = search_analogues(
            signal,
            gap,
            row=row,
            fs_hz=FS_HZ,
            count=5,
            context_s=0.1,
            min_separation_s=0.05,
            reach_s=reach / FS_HZ,
        )
    if not np.isfinite(signal[row, near]).any():
        assert not len(found.start)
        return
    possible = brute_force(signal, gap, row, 10, reach)
    assert np.diff(np.sort(found.start)).min(initial=99) >= 5
    assert np.all(np.diff(found.distance) >= 0)
    for start, distance, segment in zip(found.start, found.distance, found.segments, strict=True):
        assert distance == pytest.approx(possible[int(start)], abs=1e-9)
        shape = signal[row, start : start + gap.stop - gap.start]
        assert segment - segment.mean() == pytest.approx(shape - shape.mean())
    # Greedy: each is the nearest of those that are far enough from all better ones.
    for rank in range(5):
        apart = {s: d for s, d in possible.items() if np.all(np.abs(found.start[:rank] - s) >= 5)}
        assert bool(apart) == (rank < len(found.start))
        if apart:
            assert found.distance[rank] == pytest.approx(min(apart.values()), abs=1e-4)


def test_a_periodic_signal_is_found_exactly_at_another_level():
    time = np.arange(3000)
    beat = np.exp(-0.5 * ((time % 80 - 30) / 2.0) ** 2)
    signal = (beat + 1e-3 * time)[None]  # a level that drifts by 0.08 mV a beat
    gap = slice(1500, 1560)
    found = search_analogues(signal, gap, row=0, fs_hz=FS_HZ, count=8)
    assert np.all((found.start - gap.start) % 80 == 0)
    assert found.distance == pytest.approx(np.zeros(8), abs=1e-9)
    assert found.segments == pytest.approx(np.tile(signal[0, gap], (8, 1)))


def test_analogues_lie_within_reach_and_apart():
    signal = np.random.default_rng(0).standard_normal((1, 4000))
    gap = slice(2000, 2050)
    found = search_analogues(signal, gap, row=0, fs_hz=FS_HZ, count=500, min_separation_s=0.2, reach_s=5)
    assert len(found.start) > 20
    assert np.abs(found.start - gap.start).max() <= 500
    assert np.diff(np.sort(found.start)).min() >= 20


def test_an_ecg_is_better_known_where_another_lead_is_observed():
    """Beats of two shapes after the same surroundings: only the other lead shows which one comes."""
    rng = np.random.default_rng(1)
    kinds = rng.integers(0, 2, 60)
    shape = np.exp(-0.5 * ((np.arange(100) - 50) / 4.0) ** 2)
    lead = np.concatenate([shape * (2 * kind - 1) for kind in kinds]) + 0.01 * rng.standard_normal(6000)
    signal = np.stack([lead, 0.5 * lead])
    gap = slice(3020, 3080)
    alone = search_analogues(hide(hide(signal, 0, gap), 1, gap), gap, row=0, fs_hz=FS_HZ, count=8)
    helped = search_analogues(hide(signal, 0, gap), gap, row=0, fs_hz=FS_HZ, count=8)
    errors = [np.sqrt(np.square(found.segments - lead[gap]).mean()) for found in (alone, helped)]
    assert errors[1] < 0.05 < errors[0]


def test_a_forecast_is_made_from_the_past_alone():
    rng = np.random.default_rng(2)
    past = np.cumsum(rng.standard_normal((1, 900)), axis=1)
    with_horizon = np.concatenate([past, np.full((1, 60), np.nan)], axis=1)
    found = search_analogues(with_horizon, slice(900, 960), row=0, fs_hz=FS_HZ, count=4)
    assert found.start.max() <= 900 - 60
    template = past[0, 870:900]
    for start, distance in zip(found.start, found.distance, strict=True):
        difference = past[0, start - 30 : start] - template
        assert distance == pytest.approx(difference.std())


def test_what_the_gap_itself_holds_is_ignored():
    signal = np.random.default_rng(3).standard_normal((2, 1000))
    gap = slice(400, 460)
    searches = [
        search_analogues(given, gap, row=1, fs_hz=FS_HZ, count=6) for given in (signal, hide(signal, 1, gap))
    ]
    assert np.array_equal(searches[0].start, searches[1].start)
    assert not np.any((searches[0].start < 460) & (searches[0].start + 60 > 400))


@pytest.mark.parametrize("length", [1, 40, 90])
def test_a_signal_without_an_analogue_has_none(length):
    signal = np.random.default_rng(4).standard_normal((1, 100))
    found = search_analogues(signal, slice(5, 5 + length), row=0, fs_hz=FS_HZ, count=2)
    assert found.segments.shape[1] == length
    assert len(found.start) == len(found.segments) == (2 if length == 1 else 0)
    nothing = search_analogues(np.full((1, 100), np.nan), slice(5, 9), row=0, fs_hz=FS_HZ, count=6)
    assert nothing.start.shape == nothing.distance.shape == (0,)


def test_leads_that_are_missing_together_share_their_analogues():
    rng = np.random.default_rng(5)
    signal = np.cumsum(rng.standard_normal((3, 2000)), axis=1)
    gap = slice(1000, 1040)
    hidden = hide(hide(signal, 0, gap), 2, slice(1010, 1040))
    found = search_shared_analogues(hidden, gap, rows=[0, 2], fs_hz=FS_HZ, count=5)
    assert found.segments.shape == (5, 2, 40)
    for start, segments in zip(found.start, found.segments, strict=True):
        there = signal[[0, 2], start : start + 40]
        assert np.ptp(segments - there, axis=1) == pytest.approx(np.zeros(2), abs=1e-9)


def test_round_off_of_a_high_level_does_not_choose():
    """A device may add 300 mV to a signal of 1 mV."""
    signal = 1e-3 * np.cumsum(np.random.default_rng(6).standard_normal((1, 5000)), axis=1)
    gap = slice(2500, 2560)
    low, high = (search_analogues(signal + level, gap, row=0, fs_hz=FS_HZ, count=6) for level in (0.0, 300.0))
    assert np.array_equal(low.start, high.start)
    assert high.distance == pytest.approx(low.distance, rel=1e-6)
