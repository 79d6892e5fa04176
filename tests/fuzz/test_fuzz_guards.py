"""The guards and the size of the long run."""

import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import guards
import numpy as np
import pytest
from guards import MAX_BYTES, peak_memory, time_limit
from hypothesis import is_hypothesis_test, settings


def test_the_long_profile_tries_100_000_examples():
    modules = [import_module(path.stem) for path in Path(__file__).parent.glob("test_fuzz_*.py")]
    properties = [test for module in modules for test in vars(module).values() if is_hypothesis_test(test)]
    assert len(properties) * settings.get_profile("long").max_examples >= 100_000


def loop_forever():
    """Loop as a reader that takes every exception for a damaged file."""
    while True:
        with suppress(Exception):
            time.sleep(1)


def test_the_time_limit_interrupts_an_endless_loop(monkeypatch):
    monkeypatch.setattr(guards, "MAX_S", 0.1)
    with pytest.raises(AssertionError, match="not finished"):
        time_limit()(loop_forever)()


@pytest.fixture
def memory_limit():
    """No limit: the test below exceeds it."""


def test_peak_memory_is_measured_from_a_reset():
    for _ in range(2):
        before = peak_memory(reset=True)
        np.ones(MAX_BYTES // 8 * 2)
        assert before == 0 or peak_memory() - before > MAX_BYTES
