"""The kernel around draws is fitted to the coverage of intervals."""

from __future__ import annotations

from pathlib import Path

import torch
from gap_cases import randomise, tiny_config, write_recording_set

from diffecg.datasets.recording_set import RecordingSet
from diffecg.model.gap.network import GapNetwork
from research.models.calibration import GRID, _coverage, fit_kernel_variance


def test_the_variance_with_the_best_coverage_is_chosen(tmp_path: Path) -> None:
    recordings = RecordingSet.open(write_recording_set(tmp_path / "set"))
    with torch.random.fork_rng():
        network = GapNetwork(tiny_config(validation_examples=48)).eval()
    randomise(network)
    variance, covered = fit_kernel_variance(network, [recordings])
    assert variance in GRID
    assert set(covered) == {0.5, 0.9}
    assert fit_kernel_variance(network, [recordings]) == (variance, covered)


def test_a_wider_kernel_covers_more() -> None:
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn(16, 2000, generator=generator, dtype=torch.float64).numpy()
    truth = 1.5 * torch.randn(2000, generator=generator, dtype=torch.float64).numpy()
    narrow, wide = (_coverage(draws, truth, 0 * truth + kernel, 0.9) for kernel in (0.1, 1.0))
    assert narrow < 0.78
    assert 0.78 < wide < 0.9
