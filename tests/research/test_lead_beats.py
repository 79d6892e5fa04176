"""Single generated beats of twelve leads against real ones."""

import re

import numpy as np
import pytest

import diffecg
from diffecg.datasets.folder import write_folder
from diffecg.datasets.windows import Windows

STATEMENTS = ("NORM", "MI", "STTC", "CD", "HYP")


@pytest.fixture
def averages(tmp_path):
    """Noisy generated beats in the place of real ones, the average of four beats each."""
    model = diffecg.load("ptbxl-beat")
    labels = [("N", STATEMENTS[i % 5]) for i in range(150)]
    beats_mv = model.generate(labels, 150, seed=7, steps=3).signal_mv
    noise_mv = 0.05 * np.random.default_rng(0).standard_normal(beats_mv.shape)
    windows = Windows.from_arrays(
        (beats_mv + noise_mv).astype(np.float32),
        100.0,
        labels,
        channel_names=model.config.window.leads,
        r_peak=40,
        subjects=np.arange(150),
        partition=["train"] * 120 + ["validation"] * 30,
        averaged=4.0,
        age=60.0,
        **{name: np.nan for name in model.numbers if name not in ("age", "averaged")},
    )
    write_folder(windows, tmp_path / "beats12")
    return tmp_path / "beats12"


def test_what_the_basis_leaves_out_tells_beats_apart(research, averages, tmp_path):
    command = ("lead-beats", averages, "--cache", tmp_path / "cache", "--steps", 3)
    status, out, error = research(*command)
    assert status == 0, error
    values = {name: float(value) for name, value in re.findall(r"\| (real[^|]*) \| ([\d.]+) \|\n", out)}
    assert len(values) == 4
    assert values["real, and real ones reduced to the basis"] > 0.9
    assert values["real and other real ones"] < 0.75
    assert [line.split(" | ")[0] for line in out.splitlines()[-2:]] == ["| real", "| generated"]
    assert research(*command)[1] == out
