"""The progress of an evaluation: it grows while the report is computed, and reaches its end."""

import numpy as np
import pytest
from helpers import make_ecg

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.metrics import MIN_WINDOWS
from diffecg.evaluation.generation.report import EvaluateOptions, evaluate
from diffecg.evaluation.progress import Progress

LENGTH = 255


def windows(count, seed):
    """Return windows at random places of a made ECG."""
    signal = make_ecg(seed, duration_s=60.0, fs_hz=360.0)[0]
    starts = np.random.default_rng(seed).integers(0, len(signal) - LENGTH, count)
    return Windows.from_arrays(np.stack([signal[start : start + LENGTH] for start in starts])[:, None], 360.0)


def test_a_stage_counts_as_many_steps_as_it_is_given():
    seen = []
    progress = Progress(10, lambda done, total: seen.append((done, total)))
    stage = progress.stage(4, 8)
    stage.advance(3)
    stage.advance(3)
    stage.finish()
    progress.stage(6, 0).finish()
    assert seen == [(1, 10), (3, 10), (4, 10), (10, 10)]


@pytest.mark.parametrize("count", [MIN_WINDOWS - 1, 80])
def test_an_evaluation_reports_more_than_its_sections(count):
    seen = []
    evaluate(
        windows(count, 0),
        windows(200, 1),
        EvaluateOptions(sections=("fidelity", "physiology"), seeds=2),
        progress=lambda done, total: seen.append(done / total),
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert len(set(seen)) > 5 or count < MIN_WINDOWS
