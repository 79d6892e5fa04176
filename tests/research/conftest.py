import numpy as np
import pytest
from ptbxl_cases import write_ptbxl

from diffecg.datasets.windows import Windows
from research.__main__ import main

LABELS = ["N", "S", "V", "F"]


@pytest.fixture
def beats():
    """Beats of four classes that differ in amplitude, with RR intervals, of four recordings."""
    rng = np.random.default_rng(0)
    labels = np.repeat(LABELS, [40, 10, 20, 6])
    amplitude = np.array([LABELS.index(label) for label in labels]) - 1.5
    bump = np.exp(-0.5 * ((np.arange(64) - 32) / 4) ** 2)
    signal_mv = amplitude[:, None, None] * bump + 0.05 * rng.standard_normal((len(labels), 1, 64))
    recordings = rng.choice(["a", "b", "c", "d"], len(labels))
    before_s, after_s = rng.uniform(0.5, 1.0, (len(labels), 2)).T
    return Windows.from_arrays(
        signal_mv.astype(np.float32),
        90.0,
        labels,
        r_peak=32,
        recording=recordings,
        rr_before_s=before_s,
        rr_after_s=after_s,
    )


@pytest.fixture(scope="session")
def small_ptbxl(tmp_path_factory):
    """The folder of eighty records as PTB-XL is released."""
    return write_ptbxl(tmp_path_factory.mktemp("ptbxl"))


@pytest.fixture
def research(capsys):
    """Run ``python -m research`` in this process; return (status, stdout, stderr)."""

    def call(*arguments):
        status = 0
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code or 0
        out, err = capsys.readouterr()
        return status, out, err

    return call
