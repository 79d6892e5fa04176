"""Model cards and RR statistics of the models that the package ships."""

import json

import pytest

from diffecg import pretrained
from diffecg.composition.rr_statistics import FILE
from diffecg.config.gap import GapConfig
from diffecg.config.io import read_any_config
from diffecg.model.files import CONFIG
from research.models import bundle
from research.repository import PACKAGE, README, REPORTS


@pytest.mark.parametrize("name", pretrained.names())
def test_a_card_states_the_settings_of_its_model(name):
    facts = dict.fromkeys(("prepare", "train", "digest", "hardware", "intervals"), "x")
    numbers = dict.fromkeys(("parameters", "megabytes", "minutes", "validation"), 1.0)
    config = read_any_config(pretrained.folder(name) / CONFIG)
    card = bundle.card(name, config, {**facts, **numbers, "bits": 16, "samples": 1})
    fs_hz = config.candidates.fs_hz if isinstance(config, GapConfig) else config.window.fs_hz
    assert f"at {fs_hz:g} Hz" in card
    assert "Not a medical device" in card


def test_paths_of_the_repository_exist():
    assert README.is_file()
    assert REPORTS.is_dir()
    assert set(json.loads((PACKAGE / "composition" / FILE).read_text())) == {"about", "recordings"}
