"""Training and sampling of rival generators."""

import numpy as np
import pytest
import torch

from research.rivals.training import train_rival
from research.studies.beat_generators import RIVALS

LABELS = ["N", "S", "V", "F"]

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers


@pytest.mark.parametrize("name", RIVALS)
def test_a_rival_resumes_its_training_and_samples_by_seed(name, beats, tmp_path):
    def untrained():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return RIVALS[name](1, 64, 4)

    first = train_rival(untrained(), beats, tmp_path / "rival", 0.2)
    again = train_rival(untrained(), beats, tmp_path / "rival", 0.2)
    assert again.steps == first.steps > 0
    labels = ["N", "F"] * 3
    samples = first.sample(labels, seed=1)
    assert samples.signal_mv.shape == (6, 1, 64)
    assert np.isfinite(samples.signal_mv).all()
    assert np.array_equal(again.sample(labels, seed=1).signal_mv, samples.signal_mv)
    assert not np.array_equal(first.sample(labels, seed=2).signal_mv, samples.signal_mv)
    longer = train_rival(untrained(), beats, tmp_path / "rival", first.cpu_s + 0.1)
    assert longer.steps > first.steps
    assert longer.cpu_s >= first.cpu_s + 0.1


def test_a_rival_learns_the_condition(beats):
    classes = torch.tensor([LABELS.index(label) for label in beats.labels])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rival = RIVALS["conditional VAE"](1, 64, 4)
        for _ in range(150):
            rival.train_step(torch.from_numpy(beats.signal_mv), classes)
        with torch.no_grad():
            samples = rival.eval().sample(torch.arange(4).repeat(20))
    amplitudes = samples[:, 0, 32].view(20, 4).mean(dim=0)
    assert torch.allclose(amplitudes, torch.tensor([-1.5, -0.5, 0.5, 1.5]), atol=0.3)
