"""Classifier-free guidance: its limits, its formula, and invalid scales."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import tiny

import diffecg
from diffecg.bulk.generate import BulkGenerateOptions, generate
from diffecg.datasets.formats.registry import read_windows
from diffecg.errors import DiffecgError
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser


@pytest.fixture(scope="module")
def model():
    return diffecg.load("mitbih-beat-fast")


@pytest.mark.parametrize("sampler", ["ddpm", "heun"])
def test_scale_one_is_the_conditional_model_and_zero_the_unconditional_one(model, sampler):
    settings = {"count": 5, "seed": 3, "sampler": sampler, "steps": 4, "batch_size": 2}
    plain, unconditional = (model.generate(label, **settings) for label in ("V", None))
    one, none, more = (model.generate("V", **settings, guidance=scale) for scale in (1.0, 0.0, 2.0))
    assert np.array_equal(one.signal_mv, plain.signal_mv)
    assert np.array_equal(none.signal_mv, unconditional.signal_mv)
    assert not np.array_equal(more.signal_mv, plain.signal_mv)
    assert "guidance" not in one.info
    assert more.info["guidance"] == 2.0


def test_scale_one_costs_one_evaluation_a_step(model, monkeypatch):
    calls = []
    forward = ConditionalDenoiser.forward
    monkeypatch.setattr(
        ConditionalDenoiser,
        "forward",
        lambda self, *inputs, **more: calls.append(1) or forward(self, *inputs, **more),
    )
    model.generate("V", 1, steps=4)
    assert len(calls) == 4
    model.generate("V", 1, steps=4, guidance=1.5)
    assert len(calls) == 4 + 8


@pytest.mark.parametrize("scale", [0.5, 1.5, 3.0])
def test_one_step_is_linear_in_the_scale(model, scale):
    # A window is an affine function of the estimate, and so of the scale.
    settings = {"count": 4, "steps": 1, "sampler": "ddim"}
    conditional, unconditional = (model.generate(label, **settings).signal_mv for label in ("V", None))
    guided = model.generate("V", **settings, guidance=scale).signal_mv
    expected = unconditional + scale * (conditional - unconditional)
    assert guided == pytest.approx(expected, abs=1e-5)
    assert np.abs(conditional - unconditional).max() > 0.1


def test_labels_and_numbers_are_guided_together(runs):
    model = diffecg.load(runs["twelve-lead"])
    settings = {"count": 3, "steps": 2}
    unconditional = model.generate(None, **settings)
    for given in ({"label": "MI"}, {"conditions": {"age": 80}}):
        none = model.generate(**given, **settings, guidance=0)
        assert np.array_equal(none.signal_mv, unconditional.signal_mv)
    chunks = model.stream("MI", **settings, conditions={"age": 80}, guidance=2.0, chunk=2)
    whole = model.generate("MI", **settings, conditions={"age": 80}, guidance=2.0)
    streamed = np.concatenate([chunk.signal_mv for chunk in chunks])
    assert streamed == pytest.approx(whole.signal_mv, abs=1e-5)


@pytest.mark.parametrize("scale", [-0.1, float("nan"), float("inf")])
def test_scales_out_of_range_are_refused(model, scale):
    with pytest.raises(DiffecgError, match="must be finite and at least 0; 1 is none"):
        model.generate("V", guidance=scale)


def test_a_model_without_labels_is_not_guided():
    with torch.random.fork_rng():
        model = Model(ConditionalDenoiser(replace(tiny("beat"), labels=())), "plain")
    with pytest.raises(DiffecgError, match="needs a label, and the model plain has none"):
        model.generate(guidance=2)
    assert len(model.generate(guidance=1, steps=1)) == 1


def test_commands_take_the_scale(runs, run, tmp_path):
    out = tmp_path / "v.npz"
    given = ["--label", "V", "--count", 3, "--steps", 2, "--guidance", 1.5]
    status, _, error = run("generate", runs["beat"], *given, "--out", out)
    assert status == 0, error
    model = diffecg.load(runs["beat"])
    expected = model.generate("V", 3, steps=2, guidance=1.5)
    written = read_windows(out)
    assert np.array_equal(written.signal_mv, expected.signal_mv)
    assert written.info["guidance"] == 1.5
    status, _, error = run("generate", runs["beat"], "--guidance", -1, "--out", tmp_path / "w.npz")
    assert status == 1
    assert error.count("\n") == 1
    assert not (tmp_path / "w.npz").exists()


def test_sets_in_shards_take_the_scale(tmp_path):
    options = BulkGenerateOptions(model="mitbih-beat-fast", labels=("V",), count=4, guidance=2.0)
    generate(options, str(tmp_path / "set"))
    made = read_windows(tmp_path / "set").signal_mv
    assert made == pytest.approx(
        diffecg.load("mitbih-beat-fast").generate("V", 4, guidance=2.0).signal_mv, abs=1e-5
    )
    with pytest.raises(DiffecgError, match="guidance -1"):
        generate(replace(options, guidance=-1.0), str(tmp_path / "other"))
