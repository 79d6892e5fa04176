"""Sets of composed recordings do not depend on shards."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import tiny

from diffecg.bulk import compose as bulk_compose
from diffecg.bulk.compose import BulkComposeOptions, compose
from diffecg.composition.model_beats import ModelBeats
from diffecg.composition.population import draw_conditions, load_population
from diffecg.datasets.formats.registry import read_windows
from diffecg.errors import DiffecgError
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser

SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")
CONDITIONS = {"labels": "MI+AFIB", "age": 63.0}


@pytest.fixture(scope="module")
def untrained():
    config = replace(tiny("twelve-lead"), labels=("N", "S", "V", *SUPERCLASSES, "AFIB"))
    return ModelBeats(Model(ConditionalDenoiser(config), "untrained"), steps=2)


@pytest.fixture
def source(monkeypatch, untrained):
    """Use a model with untrained weights in place of any name."""
    monkeypatch.setattr(bulk_compose, "_source", lambda name, sampler: untrained)


@pytest.mark.usefixtures("source")
def test_a_set_does_not_depend_on_its_shards(tmp_path, monkeypatch):
    monkeypatch.setattr("diffecg.bulk.jobs.run", lambda write, tasks, engine: [(t, write(t)) for t in tasks])
    sets = []
    for size in (3, 7):
        options = BulkComposeOptions(model="any", conditions=CONDITIONS, count=7, shard_size=size, seed=5)
        result = compose(options, str(tmp_path / str(size)))
        assert (result.windows, result.failed) == (7, {})
        sets.append(read_windows(tmp_path / str(size)))
    one, other = sets
    np.testing.assert_allclose(one.signal, other.signal, atol=0.002)
    assert one.beats == other.beats
    assert one.index["seed"].tolist() == list(range(5, 12))
    assert {tuple(labels) for labels in one.index["labels"]} == {("AFIB", "MI")}
    assert one.signal.shape == (7, 12, 1000)


@pytest.mark.usefixtures("source")
def test_invalid_sets_are_refused_before_anything_is_written(tmp_path):
    options = BulkComposeOptions(model="any", conditions={"heart_rate": 999.0}, count=1)
    with pytest.raises(DiffecgError, match="heart rate 999"):
        compose(options, str(tmp_path / "set"))
    assert not (tmp_path / "set").exists()


@pytest.mark.usefixtures("source")
def test_a_set_without_conditions_has_those_of_ptb_xl_in_any_shards(tmp_path, monkeypatch, untrained):
    monkeypatch.setattr("diffecg.bulk.jobs.run", lambda write, tasks, engine: [(t, write(t)) for t in tasks])
    sets = []
    for size in (2, 5):
        options = BulkComposeOptions(model="any", conditions=None, count=5, shard_size=size, seed=3)
        compose(options, str(tmp_path / str(size)))
        sets.append(read_windows(tmp_path / str(size)).index)
    assert sets[0]["labels"].map(tuple).tolist() == sets[1]["labels"].map(tuple).tolist()
    assert set().union(*sets[0]["labels"]) <= {*untrained.model.labels}
    assert sets[0]["heart_rate"].tolist() == [row["heart_rate"] for row in draw_conditions(0, 5, 3, ())]


def test_the_population_is_used_completely_before_a_recording_is_repeated():
    table = load_population()
    rates = [row["heart_rate"] for row in draw_conditions(0, len(table) + 3, 1, ())]
    assert sorted(rates[: len(table)]) == sorted(table["heart_rate"])
    assert rates[:3] == rates[len(table) :]
    assert rates[100:110] == [row["heart_rate"] for row in draw_conditions(100, 10, 1, ())]
    assert table["age"].between(2, 90).all()
    assert not table["labels"].map(lambda labels: set(SUPERCLASSES).isdisjoint(labels)).any()
