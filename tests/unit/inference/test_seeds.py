"""Seeds of parts: independent of each other, and of everything but the seed of the whole."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diffecg.diffusion.noise import SeededNoise
from diffecg.errors import DiffecgError
from diffecg.inference.seeds import MAX_SEED, derive_seed, draw_seeds, root_seed, spread_seeds

seeds = st.integers(0, MAX_SEED)
parts = st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=3)


@given(one=st.tuples(seeds, parts), other=st.tuples(seeds, parts))
def test_different_parts_have_different_seeds(one, other):
    (seed, part), (other_seed, other_part) = one, other
    assert (derive_seed(seed, *part) == derive_seed(other_seed, *other_part)) == (one == other)
    assert 0 <= derive_seed(seed, *part) <= MAX_SEED


def test_neighbouring_seeds_share_no_draw():
    drawn = [seed for root in range(100) for seed in draw_seeds(root, 100)]
    assert len(set(drawn)) == 10_000


def test_noise_of_derived_seeds_is_uncorrelated():
    like = np.zeros((300, 200), np.float32)
    noise = SeededNoise(draw_seeds(0, 300))(torch.from_numpy(like)).numpy()
    correlation = np.corrcoef(noise)[np.triu_indices(300, 1)]
    assert np.abs(correlation).max() < 0.4
    assert correlation.std() == pytest.approx(1 / np.sqrt(200), rel=0.02)


def test_generators_are_advanced_and_integers_are_not():
    for make in (np.random.default_rng, np.random.RandomState):
        generator = make(5)
        first, second = draw_seeds(generator, 2), draw_seeds(generator, 2)
        assert not set(first) & set(second)
        assert draw_seeds(make(5), 2) == first
    assert root_seed(np.int64(7)) == root_seed(7) == 7
    assert root_seed(None) != root_seed(None)


def test_given_seeds_are_taken_as_they_are():
    assert draw_seeds(np.array([4, 2]), 2) == draw_seeds((4, 2), 2) == (4, 2)
    with pytest.raises(DiffecgError, match="2 seeds for 3 draws"):
        draw_seeds([4, 2], 3)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "0", [0, -1]])
def test_invalid_seeds_are_refused(seed):
    with pytest.raises(DiffecgError, match="0 to"):
        draw_seeds(seed, 2)


@pytest.mark.parametrize("draws", [1, 3, 16, 100])
def test_spread_seeds_lie_one_in_each_part_of_the_range(draws):
    places = [seed * draws // 2**63 for seed in spread_seeds(5, draws)]
    assert sorted(places) == list(range(draws))
    assert draws == 1 or not set(spread_seeds(5, draws)) & set(spread_seeds(6, draws))
    assert spread_seeds([4, 2], 2) == (4, 2)
