"""The even grid behind times: rounding, jitter, packets, gaps."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.errors import DiffecgError
from diffecg.formats.tables.sample_grid import find_grid

PATH = Path("r.csv")


def grid(times, fs_hz=None):
    times = np.asarray(times, dtype=float)
    return find_grid(times - times[0], PATH, "t", fs_hz)


@given(
    fs_hz=st.sampled_from([50.0, 125.0, 128.0, 250.0, 360.0, 500.0, 1000.0]),
    digits=st.integers(3, 6),
    gaps=st.lists(st.tuples(st.integers(5, 290), st.integers(1, 200)), max_size=3),
    seed=st.integers(0, 1000),
)
def test_gaps_of_times_are_found_to_the_sample(fs_hz, digits, gaps, seed):
    samples = np.arange(300)
    for start, length in gaps:
        samples = samples + length * (np.arange(300) >= start)
    if not gaps and digits == 3 and fs_hz > 300:
        digits = 4
    if gaps and fs_hz > 300:
        digits = max(digits, 5)
    jitter = np.random.default_rng(seed).uniform(-0.2, 0.2, 300) * (digits > 4)
    found = grid(np.round((samples + jitter) / fs_hz, digits))
    assert np.array_equal(found.samples, samples)
    assert found.fs_hz == pytest.approx(fs_hz, rel=2e-3)


@given(
    fs_hz=st.sampled_from([100.0, 130.0, 250.0, 512.0]),
    size=st.integers(5, 80),
    lost=st.none() | st.integers(3, 15),
    late=st.floats(0, 0.005),
    seed=st.integers(0, 1000),
)
def test_packets_share_a_time(fs_hz, size, lost, late, seed):
    packets = [packet for packet in range(20) if packet != lost]
    samples = np.concatenate([packet * size + np.arange(size) for packet in packets])
    delays = np.random.default_rng(seed).uniform(0, late * size / fs_hz, 20)
    times = np.repeat([packet * size / fs_hz + delays[packet] for packet in packets], size)
    found = grid(times, fs_hz)
    assert np.array_equal(found.samples, samples)
    assert found.fs_hz == fs_hz
    assert f"one time for {size} rows" in found.assumption


@given(
    fs_hz=st.sampled_from([100.0, 128.0, 250.0, 500.0]), first=st.integers(0, 99), rows=st.integers(1, 1500)
)
def test_a_clock_of_whole_seconds(fs_hz, first, rows):
    samples = first + np.arange(rows + 3 * int(fs_hz))
    found = grid(np.floor(samples / fs_hz))
    assert found.fs_hz == fs_hz
    assert np.array_equal(found.samples, np.arange(len(samples)))
    assert found.start_s == pytest.approx(first / fs_hz, abs=1.5 / fs_hz)


def test_a_second_that_lacks_samples_is_a_gap():
    kept = np.r_[0:600, 640:2000]
    found = grid(np.floor(kept / 250))
    assert found.fs_hz == 250
    assert len(found.samples) == len(kept)
    assert np.array_equal(found.samples[710:], kept[710:])
    assert found.samples[-1] == 1999


@pytest.mark.parametrize(
    "times",
    [[0, 1, 1.1, 3, 9], [0, 0, 0, 0], [0, 1, 2, 3, 10_000], [0, 0.001, 0.002, 0.1, 0.15, 0.2, 0.25, 0.3]],
)
def test_uneven_times_are_refused_with_the_way_out(times):
    with pytest.raises(DiffecgError, match="--fs"):
        grid(times)


def test_a_rate_that_is_nearly_an_integer_is_that_of_the_times():
    exact = np.arange(1000) / 249.9
    assert find_grid(exact, PATH, "time").fs_hz == 249.9
    assert find_grid(np.round(np.arange(1000) / 360, 3), PATH, "time").fs_hz == 360
