"""Fidelity metrics against analytic answers and other libraries."""

import numpy as np
import pytest

from diffecg.errors import DiffecgError
from diffecg.evaluation.generation.distances import (
    frechet_distance,
    maximum_mean_discrepancy,
    neighbour_coverage,
    sliced_wasserstein,
)


def normal(count, features=8, mean=0.0, spread=1.0, seed=0):
    return mean + spread * np.random.default_rng(seed).standard_normal((count, features))


def test_sliced_wasserstein_of_a_shift_is_the_mean_projection():
    real = normal(200, features=3)
    shift = np.array([3.0, 0.0, 0.0])
    # the mean of |cos| over the sphere in three dimensions is one half
    assert sliced_wasserstein(real, real + shift, directions=4000) == pytest.approx(1.5, rel=0.03)
    assert sliced_wasserstein(real, real) == 0


def test_sliced_wasserstein_equals_pot():
    ot = pytest.importorskip("ot")
    real, synthetic = normal(150, seed=1), normal(90, mean=0.4, spread=1.3, seed=2)
    axes = np.random.default_rng(0).standard_normal((8, 500))
    axes /= np.linalg.norm(axes, axis=0)
    theirs = ot.sliced_wasserstein_distance(real, synthetic, projections=axes, p=1)
    assert sliced_wasserstein(real, synthetic) == pytest.approx(theirs, rel=1e-6)


def test_frechet_distance_of_gaussians_has_a_formula():
    real, synthetic = normal(200_000, 4, seed=1), normal(200_000, 4, mean=0.5, spread=2.0, seed=2)
    assert frechet_distance(real, synthetic) == pytest.approx(4 * (0.25 + 1.0), rel=0.02)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-8)


def test_mmd_is_zero_for_equals_and_grows():
    real = normal(400)
    same, near, far = (maximum_mean_discrepancy(real, normal(400, mean=m, seed=3)) for m in (0.0, 0.3, 1.0))
    assert abs(same) < 0.005
    assert same < near < far
    by_hand = maximum_mean_discrepancy(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]]))
    assert by_hand == pytest.approx(2 * np.exp(-1) - (1 + np.exp(-1)))


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1.0), (0.5, 0.5), (0.0, 2.0)])
def test_coverage_equals_prdc(mean, spread, capsys):
    prdc = pytest.importorskip("prdc")
    real, synthetic = normal(300, seed=1), normal(200, mean=mean, spread=spread, seed=2)
    theirs = prdc.compute_prdc(real, synthetic, nearest_k=5)
    capsys.readouterr()
    assert neighbour_coverage(real, synthetic)._asdict() == pytest.approx(theirs)


@pytest.mark.parametrize("metric", [sliced_wasserstein, frechet_distance, neighbour_coverage])
def test_sets_that_cannot_be_compared_are_refused(metric):
    with pytest.raises(DiffecgError, match="as many features"):
        metric(normal(10), normal(10, features=5))
    with pytest.raises(DiffecgError, match="too few"):
        metric(normal(10), normal(10)[:0])
    with pytest.raises(DiffecgError, match="finite"):
        metric(normal(10), normal(10) * np.nan)
