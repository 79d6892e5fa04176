"""ONNX Runtime alone gives what diffecg gives."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import diffecg
from diffecg.inference.denoising import bundled_denoiser
from diffecg.signal.simulation import simulate_ecg

PAGE = (Path(__file__).parents[2] / "docs" / "onnx.md").read_text()
BUNDLED = ("mitbih-beat", "mitbih-beat-fast", "ptbxl-beat")


def example(onnx, label, folder):
    """Run the example of the documentation without torch and diffecg; return its beats and what it prints."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(code.strip().splitlines()) <= 30
    script = folder / "example.py"
    script.write_text(f"import sys\nsys.modules.update(torch=None, diffecg=None)\n{code}")
    arguments = [sys.executable, "-I", script, onnx, label]
    shown = subprocess.run(arguments, cwd=folder, check=True, capture_output=True, text=True).stdout
    return np.load(folder / "beats.npy"), shown


def metadata(path):
    return onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map


def test_the_example_generates_the_beats_of_a_model(run, runs, tmp_path):
    out = tmp_path / "beat.onnx"
    status, text, error = run("export", runs["beat"], "--steps", 3, "--guidance", 1.5, "--out", out)
    assert (status, error) == (0, "")
    assert "inputs labels, chance, noise; outputs signal_mv" in text
    model = diffecg.load(runs["beat"])
    expected = model.generate("V", 8, seed=0, steps=3, guidance=1.5).signal_mv
    beats, shown = example(out, "V", tmp_path)
    assert np.abs(beats - expected).max() < 1e-4
    assert "360.0 Hz" in shown
    about = metadata(out)
    assert json.loads(about["labels"]) == list(model.labels)
    assert (json.loads(about["leads"]), about["steps"], about["sampler"]) == (["MLII"], "3", "ddpm")
    assert about["licence"] == "not stated"
    assert "arXiv:2306.01875" in about["citation"]
    assert run("export", runs["beat"], "--out", out)[0] == 1
    assert run("export", "nosuch", "--out", tmp_path / "new" / "x.onnx")[0] == 1
    assert not (tmp_path / "new").exists()
    assert "choose .onnx" in run("export", runs["beat"], "--out", tmp_path / "x.pt")[2]
    assert "load_imputer" in run("export", "mitbih-strip", "--out", tmp_path / "x.onnx")[2]
    assert "leave --sampler" in run("export", "ecg-denoiser", "--steps", 2, "--out", tmp_path / "x.onnx")[2]


@pytest.mark.long
@pytest.mark.parametrize("name", BUNDLED)
def test_the_example_generates_the_beats_of_the_bundled_models(run, name, tmp_path):
    out = tmp_path / "beat.onnx"
    assert run("export", name, "--out", out)[0] == 0
    label = "AFIB" if name == "ptbxl-beat" else "V"
    beats, _ = example(out, label, tmp_path)
    assert np.abs(beats - diffecg.load(name).generate(label, 8, seed=0).signal_mv).max() < 1e-4
    assert out.stat().st_size < 13e6
    assert metadata(out)["licence"] == ("cc-by-4.0" if name == "ptbxl-beat" else "odc-by")


@pytest.mark.long
def test_the_denoiser_gives_what_denoise_gives(run, tmp_path):
    out = tmp_path / "denoise.onnx"
    assert run("export", "ecg-denoiser", "--out", out)[0] == 0
    clean_mv = simulate_ecg(20, 200).signal_mv
    rng = np.random.default_rng(0)
    noisy = (np.arange(clean_mv.size) // 800) % 2 == 1
    signal_mv = clean_mv + noisy * rng.normal(0, 0.2, clean_mv.size)
    expected = bundled_denoiser()._estimate(signal_mv, noisy, 200.0)
    session = onnxruntime.InferenceSession(out)
    assert clean_mv.size % int(metadata(out)["length_multiple"]) == 0
    given = {"signal_mv": signal_mv[None].astype(np.float32), "noisy": noisy[None].astype(np.float32)}
    denoised_mv, half_width_mv = session.run(None, given)
    config = bundled_denoiser().config
    ratio = np.interp(0.9, config.coverages, config.ratios)
    assert np.abs(denoised_mv[0] - expected[0]).max() < 1e-4
    assert np.abs(half_width_mv[0] - ratio * expected[1]).max() < 1e-4
