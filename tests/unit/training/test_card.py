"""The card that training writes, and what the Hugging Face hub reads of it."""

from dataclasses import replace

import pytest
from gap_cases import tiny_config
from helpers import tiny
from huggingface_hub import ModelCard, ModelCardData
from huggingface_hub.repocard_data import EvalResult

from diffecg.config.schema import ParentModel
from diffecg.datasets.databases import DATABASES
from diffecg.training.card import model_card
from diffecg.training.card_fields import CardFields, Result

ROWS = [
    {"samples": 32, "seconds": 60.0, "validation_loss": 0.5},
    {"samples": 64, "seconds": 120.0, "validation_loss": 0.75},
]


def read(text):
    return ModelCard(text, ignore_metadata_errors=False).data


def test_a_run_on_known_databases():
    sources = [{"database": "mitdb", "version": "1.0.0", "split": "strict"}, {"database": "ptbxl"}]
    text = model_card("mine", tiny("beat"), 1000, sources=sources, validations=ROWS)
    assert "mitdb 1.0.0, split `strict`; ptbxl." in text
    assert (
        "64 examples (repeats included), 2 minutes. Validation loss of the averaged weights: 0.7500." in text
    )
    card = read(text)
    assert (card.library_name, card.license, card.pipeline_tag) == ("diffecg", None, None)
    assert card.datasets == ["mitdb", "ptb-xl"]
    (result,) = card.eval_results
    assert (card.model_name, result.metric_type, result.metric_value) == ("mine", "loss", 0.75)


def test_a_model_that_stopped_early_is_that_of_the_lowest_loss():
    text = model_card("mine", tiny("beat", patience=1), 1000, validations=ROWS)
    assert read(text).eval_results[0].metric_value == 0.5
    assert "32 examples (repeats included), 2 minutes" in text


@pytest.mark.parametrize(
    ("parent", "base_model"), [("org/gaps", "org/gaps"), ("org/gaps@v1", "org/gaps"), ("mitbih-strip", None)]
)
def test_a_parent_on_the_hub_is_the_base_model(parent, base_model):
    config = replace(tiny_config(), parent=ParentModel(name=parent, weights_sha256="0" * 64))
    text = model_card("mine", config, 1000, sources=[{"database": "own"}])
    assert f"Fine-tuned from {parent} (weights SHA-256" in text
    assert "The user's own data." in text
    card = read(text)
    assert card.base_model == base_model
    assert card.datasets is None
    assert card.pipeline_tag == "time-series-forecasting"


def test_any_text_survives_in_the_fields():
    odd = """a: "b" # - ümlaut, 'c' \\ {d} [e]"""
    metrics = {("f1", odd): 0.123456}
    fields = CardFields(
        name=odd, tags=[odd, "no"], results=[Result(task=odd, dataset="x", data=odd, metrics=metrics)]
    )
    expected = EvalResult(
        task_type="other",
        task_name=odd,
        dataset_type="x",
        dataset_name=odd,
        metric_type="f1",
        metric_name=odd,
        metric_value=0.1235,
    )
    data = ModelCardData(library_name="diffecg", tags=[odd, "no"], model_name=odd, eval_results=[expected])
    assert read(fields.front_matter()).to_dict() == data.to_dict()


def test_names_of_databases_on_physionet():
    names = {name: database.physionet_name for name, database in DATABASES.items()}
    assert names == {
        "mitdb": "mitdb",
        "svdb": "svdb",
        "ptbxl": "ptb-xl",
        "cinc2015": "challenge-2015",
        "own": "",
    }
