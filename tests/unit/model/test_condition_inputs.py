"""Conditions from tensors are those that the models make of labels and seeds."""

import numpy as np
import pytest
import torch

import diffecg
from diffecg.model.condition_inputs import ConditionInputs

SEEDS = range(100, 140)


def embeddings(name, labels, numbers, complete=0.0):
    """Return the embeddings from tensors, and those of the denoiser, of windows with the seeds."""
    denoiser = diffecg.load(name).denoiser
    inputs = ConditionInputs(denoiser)
    given = inputs.examples(len(SEEDS))
    trained = denoiser.config.trained_labels
    for row, label in zip(given["labels"], labels, strict=True):
        row[[trained.index(one) for one in (label.split("+") if isinstance(label, str) else label or ())]] = 1
    for values, this in (("complete", complete), ("numbers", numbers)):
        if values in given:
            given[values] = torch.as_tensor(this, dtype=torch.float32).expand_as(given[values]).clone()
    if "chance" in given:
        given["chance"] = torch.tensor([np.random.default_rng(seed).random() for seed in SEEDS])
    known = given["numbers"].numpy() if "numbers" in given else np.empty((len(SEEDS), 0), np.float32)
    morphologies, drawn = denoiser.draw_conditions(labels, list(SEEDS), known)
    signal = torch.zeros(len(SEEDS), len(denoiser.config.window.leads), denoiser.config.window.length)
    rows = denoiser.encode_labels(labels, morphologies)
    with torch.no_grad():
        expected = denoiser.condition(signal, signal > 0, rows, torch.from_numpy(drawn)).label_embedding
        return inputs(**given), expected


@pytest.mark.parametrize("name", ["mitbih-beat", "mitbih-beat-fast"])
def test_morphologies_are_those_of_the_seeds(name):
    given, expected = embeddings(name, ["N", "S", "V", "F", None] * 8, np.nan)
    assert torch.allclose(given, expected, atol=1e-6)
    assert len(torch.unique(expected, dim=0)) > 10


@pytest.mark.parametrize("known", [0, 1, 3])
def test_drawn_conditions_are_those_of_the_seeds(known):
    numbers = np.full(5, np.nan)
    numbers[:known] = (0.6, 0.9, 0.7)[:known]
    given, expected = embeddings("mitbih-svdb-beat", ["N", "S", "V", "F", None] * 8, numbers)
    assert torch.allclose(given, expected, atol=1e-6)
    assert len(torch.unique(expected, dim=0)) > 10


def test_several_labels_may_be_all_or_some():
    ages = [63.0, 1.0, *[np.nan] * 6]
    labels = ["MI", "AFIB+V", None, "SR"] * 10
    given, expected = embeddings("ptbxl-beat", labels, ages)
    assert torch.allclose(given, expected, atol=1e-5)
    whole = [("MI",), ("AFIB", "V"), (), ("SR",)] * 10
    complete, expected_complete = embeddings("ptbxl-beat", whole, ages, complete=1.0)
    assert torch.allclose(complete, expected_complete, atol=1e-5)
    assert not torch.allclose(complete, given, atol=1e-2)
