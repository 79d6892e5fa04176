"""ONNX Runtime alone gives what diffecg gives."""

import json

import numpy as np
import onnxruntime
import pytest
from docs_blocks import ROOT, blocks, run_alone

import diffecg

(EXAMPLE, *_), *_ = blocks(ROOT / "docs" / "how-to" / "onnx.md", "python")
BUNDLED = ("mitbih-beat", "mitbih-beat-fast", "ptbxl-beat")


def example(onnx, label, folder):
    """Run the example of the documentation without torch and diffecg; return its beats and what it prints."""
    assert len(EXAMPLE.strip().splitlines()) <= 30
    shown = run_alone(EXAMPLE, folder, onnx, label)
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
