"""Imputation at any length and rate: all gaps, nothing else; invalid input is refused."""

import numpy as np
import pytest
from helpers import make_ecg
from hypothesis import given, settings
from hypothesis import strategies as st

import diffecg
from diffecg.errors import DiffecgError
from diffecg.inference.windowing import plan_windows, schedule_rounds
from diffecg.signal.masks import Interval, interval_mask
from diffecg.signal.runs import true_runs

FEW = {"draws": 2, "steps": 2}


@pytest.fixture(scope="module")
def beat(runs):
    return diffecg.load(runs["beat"])


masks = st.lists(st.tuples(st.booleans(), st.integers(1, 400)), min_size=1, max_size=12).map(
    lambda runs: np.concatenate([np.full(length, missing) for missing, length in runs])
)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(missing=masks, length=st.integers(10, 300), share=st.floats(0.05, 1))
def test_a_plan_imputes_every_gap_once_and_in_order(missing, length, share):
    missing[-1] &= not missing.all()
    most = min(max(int(length * share), 1), length - 1)
    steps = plan_windows(missing, ~missing, length=length, longest=most)
    taken = np.zeros(len(missing), dtype=int)
    for step in steps:
        taken[step.fill_from : step.fill_to] += 1
        assert step.start <= step.fill_from < step.fill_to <= step.start + length
        assert step.fill_to - step.fill_from <= most
    assert (taken[missing] == 1).all()
    assert (taken <= 1).all()
    order = [i for turn in schedule_rounds(steps, length) for i in turn]
    assert sorted(order) == list(range(len(steps)))
    place = {step: order.index(i) for i, step in enumerate(steps)}
    for i, later in enumerate(steps):
        for earlier in steps[:i]:
            sees = later.start < earlier.fill_to and earlier.fill_from < later.start + length
            assert place[earlier] < place[later] or not sees
    known = ~missing
    for i in order:
        seen = known[max(steps[i].start, 0) : steps[i].start + length]
        assert seen.any(), "a window without observed samples"
        known[steps[i].fill_from : steps[i].fill_to] = True
    assert known.all()


def test_a_long_gap_is_imputed_in_segments_from_left_to_right():
    missing = np.zeros(3000, dtype=bool)
    missing[1200:1550] = True
    steps = plan_windows(missing, ~missing, length=1000, longest=100)
    assert [(s.fill_from, s.fill_to) for s in steps] == [
        (1200, 1300),
        (1300, 1400),
        (1400, 1500),
        (1500, 1550),
    ]
    assert [s.start + 1000 for s in steps[:3]] == [1300, 1400, 1500]
    assert steps[3].start == 1500 - 475
    assert schedule_rounds(steps, 1000) == [[0], [1], [2], [3]]
    begins = plan_windows(missing[1200:], ~missing[1200:], length=1000, longest=100)
    assert [(s.start, s.fill_from, s.fill_to) for s in begins[:3]] == [
        (250, 250, 350),
        (150, 150, 250),
        (50, 50, 150),
    ]
    assert (begins[3].fill_from, begins[3].fill_to) == (0, 50)


def test_distant_gaps_are_sampled_together():
    missing = np.zeros(10_000, dtype=bool)
    missing[500::2000] = True
    assert [
        len(turn) for turn in schedule_rounds(plan_windows(missing, ~missing, length=1000, longest=600), 1000)
    ] == [5]


PATTERNS = {
    "both ends": [(0, 300), (6900, 7200)],
    "every second": [(start, start + 90) for start in range(100, 7000, 360)],
    "longer than the window": [(1000, 6000)],
    "all but two seconds": [(0, 3000), (3720, 7200)],
    "one sample": [(3600, 3601)],
}


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 249.97, 360.0])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_any_gap_at_any_rate_is_imputed(beat, pattern, fs_hz):
    signal = make_ecg(3, duration_s=20, fs_hz=fs_hz)[0].astype(np.float32)
    for first, last in PATTERNS[pattern]:
        signal[int(first * fs_hz / 360) : max(int(last * fs_hz / 360), int(first * fs_hz / 360) + 1)] = np.nan
    known = ~np.isnan(signal)
    filled = beat.impute(signal, fs_hz, **FEW)
    assert filled.signal_mv.shape == signal.shape
    assert np.isfinite(filled.draws_mv).all()
    assert np.array_equal(filled.signal_mv[known], signal[known])
    assert np.array_equal(filled.draws_mv[1][known], signal[known])


def test_draws_do_not_depend_on_the_batch_or_on_each_other(beat):
    signal = make_ecg(3, duration_s=30, fs_hz=100)[0]
    signal[400:600] = signal[1500:2900] = np.nan
    whole = beat.impute(signal, 100, draws=4, steps=2)
    assert np.allclose(
        whole.draws_mv, beat.impute(signal, 100, draws=4, steps=2, batch_size=1).draws_mv, atol=1e-4
    )
    third = beat.impute(signal, 100, draws=1, seed=[whole.seeds[2]], steps=2)
    assert np.allclose(whole.draws_mv[2], third.draws_mv[0], atol=1e-4)


def test_an_offset_of_the_recording_is_kept(beat):
    signal = make_ecg(3, duration_s=15, fs_hz=100)[0]
    signal[700:800] = np.nan
    here, there = beat.impute(signal, 100, **FEW), beat.impute(signal + 7.0, 100, **FEW)
    assert np.allclose(there.signal_mv, here.signal_mv + 7.0, atol=1e-3)


@pytest.mark.parametrize("samples", [2, 3, 5, 40])
def test_the_shortest_signals_are_imputed(beat, samples):
    signal = make_ecg(3)[0][:samples].copy()
    signal[-1] = np.nan
    assert np.isfinite(beat.impute(signal, 360, **FEW).signal_mv).all()


def test_a_complete_signal_is_returned_unchanged(beat):
    signal = make_ecg(3, duration_s=5, fs_hz=100)[0]
    assert np.array_equal(beat.impute(signal, 100, **FEW).signal_mv, signal)


def test_a_forecast_uses_the_past_only(beat):
    signal = make_ecg(3, duration_s=40, fs_hz=100)[0]
    ahead = beat.forecast(signal, 100, horizon_s=3.0, **FEW)
    assert ahead.signal_mv.shape == (300,)
    long_ago, just_now = signal.copy(), signal.copy()
    long_ago[:3700] = 9.0  # the model sees three windows, 2.1 s
    just_now[-50:] += 1.0
    assert np.array_equal(beat.forecast(long_ago, 100, horizon_s=3.0, **FEW).signal_mv, ahead.signal_mv)
    assert not np.allclose(beat.forecast(just_now, 100, horizon_s=3.0, **FEW).signal_mv, ahead.signal_mv)


def test_labels_may_differ_from_window_to_window(beat):
    mixed = beat.generate(["V", None, "N"], 3, seed=4, steps=2)
    assert mixed.labels.tolist() == ["V", "?", "N"]
    alone = beat.generate("N", 1, seed=6, steps=2)
    assert np.allclose(mixed.signal_mv[2], alone.signal_mv[0], atol=1e-4)


def test_progress_is_reported(beat):
    seen = []
    beat.generate("N", 5, batch_size=2, steps=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 5), (4, 5), (5, 5)]
    seen.clear()
    signal = make_ecg(3, duration_s=30, fs_hz=100)[0]
    signal[400:2600] = np.nan
    beat.impute(signal, 100, draws=3, steps=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]


ECG = make_ecg(0, duration_s=10, fs_hz=100)[0]
HOLED = np.where(np.arange(len(ECG)) < 500, ECG, np.nan)
REFUSED = {
    "unknown label": (lambda m: m.generate("X"), "'X'.*N, S, V, F"),
    "label of a class never learnt": (lambda m: m.generate("Q"), "'Q'"),
    "count": (lambda m: m.generate("N", 0), "count 0"),
    "unequal labels": (lambda m: m.generate(["N", "V"], 3), "2 labels"),
    "seed": (lambda m: m.generate("N", seed=-1), "seed -1"),
    "sampler": (lambda m: m.generate("N", sampler="euler"), "euler.*dpm2m"),
    "no steps": (lambda m: m.generate("N", steps=0), "steps 0"),
    "steps": (lambda m: m.generate("N", steps=-3), "steps -3"),
    "batch size": (lambda m: m.generate("N", batch_size=0), "batch_size 0"),
    "nothing observed": (lambda m: m.impute(ECG * np.nan, 100), "nothing is observed"),
    "flat": (lambda m: m.impute(HOLED * 0 + 0.5, 100), "flat line at 0.5"),
    "infinite": (lambda m: m.impute(np.where(ECG > 1, np.inf, HOLED), 100), "infinite"),
    "rate": (lambda m: m.impute(HOLED, 0.36), "0.36 Hz"),
    "rate that is none": (lambda m: m.impute(HOLED, float("nan")), "nan Hz"),
    "shape": (lambda m: m.impute(ECG.reshape(10, 10, -1), 100), "shape"),
    "empty": (lambda m: m.impute([], 100), "shape"),
    "draws": (lambda m: m.impute(HOLED, 100, draws=0), "draws 0"),
    "coverage": (lambda m: m.impute(HOLED, 100, coverage=90), "coverage 90"),
    "leads": (lambda m: m.impute(np.stack([HOLED, HOLED]), 360), "MLII together"),
    "horizon": (lambda m: m.forecast(ECG, 100, horizon_s=-1), "horizon -1"),
    "endless horizon": (lambda m: m.forecast(ECG, 100, horizon_s=1e9), "horizon 1e"),
    "device": (lambda m: diffecg.load("mitbih-beat", "tpu"), "tpu"),
    "words": (lambda m: m.impute(["a", "b"], 100), "array of numbers"),
    "ragged": (lambda m: m.impute([[1.0], [1.0, 2.0]], 100), "array of numbers"),
    "complex": (lambda m: m.impute(HOLED + 1j, 100), "array of numbers"),
    "rate in words": (lambda m: m.impute(HOLED, "100"), "sampling rate 100"),
    "forecast at no rate": (lambda m: m.forecast(ECG, 0), "sampling rate 0"),
    "half a window": (lambda m: m.generate("N", 2.5), "count 2.5"),
    "half a step": (lambda m: m.generate("N", steps=2.5), "steps 2.5"),
    "model": (lambda m: diffecg.load("mitbih-beet"), "mitbih-beet.*mitbih-beat"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_invalid_arguments_are_refused_in_one_line(beat, case):
    call, message = REFUSED[case]
    with pytest.raises(DiffecgError, match=message) as caught:
        call(beat)
    assert "\n" not in str(caught.value)


def test_gaps_become_masks():
    mask = interval_mask([Interval(start_s=1.0, stop_s=1.5), Interval(start_s=3.0, stop_s=4.0)], 400, 100)
    assert true_runs(mask) == [(100, 150), (300, 400)]
    assert true_runs(np.zeros(5, bool)) == []
    for start_s, stop_s in (
        (-1.0, 1.0),
        (2.0, 2.0),
        (3.0, 2.0),
        (3.0, 5.0),
        (1.0, 1.0001),
        (float("nan"), 1.0),
    ):
        with pytest.raises(DiffecgError, match="0 <= start < stop <= 4"):
            interval_mask([Interval(start_s=start_s, stop_s=stop_s)], 400, 100)
