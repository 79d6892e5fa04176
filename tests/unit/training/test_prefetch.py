"""Batches that another process draws: the same as those of this one, also when it is interrupted."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from diffecg.errors import DiffecgError
from diffecg.training.optimisation import flushed_denormals
from diffecg.training.prefetch import SeededBatches, batches_ahead

SEEN = range(32, 100, 16)


def draw(rng: np.random.Generator, seen: int) -> tuple[torch.Tensor, int, int]:
    return torch.from_numpy(rng.random(3)), seen, os.getpid()


@pytest.fixture
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("two_threads")
def test_a_process_draws_the_same_batches_with_one_of_the_threads():
    batches = SeededBatches(draw=draw, seed=5)
    with batches_ahead(batches, SEEN, use_process=False) as here:
        own = list(here)
        assert torch.get_num_threads() == 2
    with batches_ahead(batches, SEEN, use_process=True) as ahead:
        drawn = list(ahead)
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    assert [drawn_batch.noise_seed for drawn_batch in drawn] == [batch.noise_seed for batch in own]
    assert len({batch.noise_seed for batch in own}) == len(SEEN)
    for one, other, seen in zip(own, drawn, SEEN, strict=True):
        assert torch.equal(one.batch[0], other.batch[0])
        assert one.batch[1] == other.batch[1] == seen
    assert {batch.batch[2] for batch in own} == {os.getpid()}
    assert os.getpid() not in {batch.batch[2] for batch in drawn}


@pytest.mark.usefixtures("two_threads")
def test_an_error_of_the_process_is_that_of_the_run():
    def fail(rng: np.random.Generator, seen: int) -> None:
        raise DiffecgError("no gap with analogues was found")

    batches = SeededBatches(draw=fail, seed=0)
    with (
        batches_ahead(batches, SEEN, use_process=True) as ahead,
        pytest.raises(DiffecgError, match="no gap with analogues was found"),
    ):
        next(ahead)


def test_one_thread_draws_its_batches_itself():
    assert torch.get_num_threads() == 1
    with batches_ahead(SeededBatches(draw=draw, seed=5), SEEN, use_process=True) as here:
        assert next(here).batch[2] == os.getpid()


def test_batches_leave_the_global_random_numbers_alone():
    state = torch.random.get_rng_state()
    with batches_ahead(SeededBatches(draw=draw, seed=5), SEEN, use_process=True) as here:
        next(here)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_denormals_are_zero_only_within_the_block():
    tiny = torch.tensor([1e-30]) ** 1
    with flushed_denormals():
        assert (tiny * 1e-12).item() == 0
    assert (tiny * 1e-12).item() > 0
