"""ONNX Runtime and PyTorch give the same samples."""

import numpy as np
import pytest

import diffecg
from diffecg.errors import DiffecgError


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("preset", ["beat", pytest.param("paper", marks=pytest.mark.long)])
def test_engines_give_the_same_samples(runs, preset, tmp_path):
    reference, onnx = (diffecg.load(runs[preset], engine=engine) for engine in ("torch", "onnx"))
    for count in (1, 5):
        expected, actual = (
            model.generate(None, count, seed=3, steps=3).signal_mv for model in (reference, onnx)
        )
        assert np.abs(expected - actual).max() < 1e-4 * np.abs(expected).max()
    signal = np.sin(np.arange(256) / 10) + expected[0, 0]
    signal[100:150] = np.nan
    expected, actual = (
        model.impute(signal, 360.0, draws=2, steps=2).signal_mv for model in (reference, onnx)
    )
    assert np.abs(expected - actual).max() < 1e-4
    (cached,) = (tmp_path / "cache").rglob("*.onnx")
    modified = cached.stat().st_mtime_ns
    diffecg.load(runs[preset], engine="onnx")
    assert cached.stat().st_mtime_ns == modified
    cached.write_bytes(b"nothing")
    with pytest.raises(DiffecgError, match="export it again"):
        diffecg.load(runs[preset], engine="onnx")


def test_engines_are_validated_and_benchmarked(run, runs):
    with pytest.raises(DiffecgError, match="choose torch"):
        diffecg.load(runs["beat"], engine="tensorrt")
    arguments = [
        "bench",
        runs["beat"],
        "--steps",
        2,
        "--rounds",
        1,
        "--seconds",
        0.01,
        "--batch-size",
        2,
        "--json",
    ]
    both = [run(*arguments, "--engine", engine)[1] for engine in ("torch", "onnx")]
    assert len({text[text.index('"evaluations"') : text.index('"windows_per_s"')] for text in both}) == 1
