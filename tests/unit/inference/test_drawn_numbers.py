"""Numbers, such as RR intervals, that are drawn with each generated window."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import tiny

import diffecg
from diffecg.datasets.condition_draws import DRAWS, condition_draws, draw_similar
from diffecg.datasets.loading import open_windows
from diffecg.datasets.rhythm import running_mean
from diffecg.errors import DiffecgError
from diffecg.training.trainer import train

RR = ("rr_before_s", "rr_after_s", "rr_before_ratio", "rr_after_ratio")


@pytest.fixture(scope="module")
def model(windows, tmp_path_factory):
    """A small model that draws the RR intervals of a beat."""
    config = tiny("beat")
    config = replace(config, conditions=replace(config.conditions, numbers=RR, drawn=True))
    folder = tmp_path_factory.mktemp("drawn") / "model"
    train(config, open_windows(windows["beat"]), folder)
    return diffecg.load(folder)


def test_generated_beats_have_rr_intervals_of_their_label(model, windows):
    train_windows = open_windows(windows["beat"]).partition("train")
    generated = model.generate(["N"] * 40 + ["V"] * 40, 80, steps=1)
    for label in ("N", "V"):
        real = {tuple(row) for row in train_windows.with_label(label).index[list(RR)].to_numpy(np.float32)}
        drawn = [tuple(row) for row in generated.with_label(label).index[list(RR)].to_numpy(np.float32)]
        assert set(drawn) <= real
        assert len(set(drawn)) > 5
    assert "rr_before_s" not in model.generate(count=2, steps=1).index


def test_draws_follow_from_the_seed_alone(model):
    whole = model.generate("V", 6, seed=3, steps=1)
    parts = list(model.stream("V", 6, seed=3, steps=1, chunk=4))
    assert [len(part) for part in parts] == [4, 2]
    for name in RR:
        assert np.concatenate([part.index[name] for part in parts]).tolist() == whole.index[name].tolist()
    assert np.allclose(np.concatenate([part.signal_mv for part in parts]), whole.signal_mv, atol=1e-4)


def test_given_numbers_take_the_place_of_drawn_ones(model):
    given = model.generate("V", 2, conditions={"rr_before_ratio": 0.6}, steps=1)
    assert given.index["rr_before_ratio"].tolist() == pytest.approx([0.6, 0.6])
    assert given.index["rr_after_s"].notna().all()


def test_unknown_numbers_are_those_of_rows_that_resemble_the_known_ones():
    draws = np.stack([np.arange(256) % 7, np.repeat([0, 1], 128), np.arange(256)], axis=1).astype(np.float32)
    scale, chances = np.array([0.5, 70.0]), np.linspace(0, 0.999, 200)

    def drawn(*given):
        rows = np.array([draw_similar(draws, np.float32(given), scale, one) for one in chances])
        assert set(rows[:, 0]) <= set(range(7))
        return rows[:, 1:]

    assert set(drawn(1, np.nan)[:, 1]) <= set(range(128, 256))
    assert len(set(drawn(1, np.nan)[:, 1])) > 100
    assert np.allclose(drawn(np.nan, 40.2)[:, 1], 40.2)
    assert set(drawn(np.nan, 40.2)[:, 0]) == {0}
    assert len(set(drawn(np.nan, np.nan)[:, 1])) > 150
    assert drawn(0.3, 7)[0].tolist() == pytest.approx([0.3, 7])


def test_augmented_windows_have_drawn_intervals(model, windows, tmp_path):
    from diffecg.inference.augment import augment

    balanced = augment(open_windows(windows["beat"]), model, to_ratio=1.0)
    added = balanced.index[balanced.index["synthetic"]]
    assert added[list(RR)].notna().all(axis=None)


def test_morphologies_are_those_of_windows_with_such_numbers():
    draws = np.array([[number // 64, number] for number in range(256)], dtype=np.float32)

    def drawn(given):
        chances = np.linspace(0, 0.999, 50)
        return {tuple(draw_similar(draws, np.float32([given]), np.ones(1), one)) for one in chances}

    assert drawn(30.2) == {(0, np.float32(30.2))}
    assert drawn(64) == {(0, 64), (1, 64)}
    assert drawn(240) == {(3, 240)}
    assert len(drawn(np.nan)) > 40


def test_conditions_are_drawn_by_label():
    numbers = np.array([[1, 2], [3, np.nan], [5, 6], [7, 8]], dtype=np.float32)
    morphologies, labels = np.array([3, 1, 0, 2]), np.array(["a", "a", "b", "b"])
    draws = condition_draws(morphologies, numbers, labels, ["a", "b", "c"], seed=0)
    assert draws.shape == (3, DRAWS, 3)
    assert {tuple(row) for row in draws[0].tolist()} == {(3, 1, 2)}
    assert {tuple(row) for row in draws[1].tolist()} == {(0, 5, 6), (2, 7, 8)}
    assert {tuple(row) for row in draws[2].tolist()} == {(-1, 1, 2), (-1, 5, 6), (-1, 7, 8)}
    with pytest.raises(DiffecgError, match=r"conditions\.drawn"):
        condition_draws(morphologies[1:2], numbers[1:2], labels[1:2], ["a"], seed=0)


def test_the_running_mean_is_that_of_the_ten_intervals_before():
    rr_s = np.array([np.nan, *np.random.default_rng(0).uniform(0.5, 1, 30)])
    mean = running_mean(rr_s)
    assert np.isnan(mean[:2]).all()
    for beat in range(2, 31):
        assert mean[beat] == pytest.approx(np.nanmean(rr_s[max(beat - 10, 0) : beat]))
    assert running_mean(np.full(12, 0.8))[1:] == pytest.approx(0.8)


def test_prepared_beats_have_intervals_relative_to_those_before(windows):
    index = open_windows(windows["beat"]).index
    means = [(index[f"rr_{side}_s"] / index[f"rr_{side}_ratio"]).to_numpy() for side in ("before", "after")]
    known = np.isfinite(means).all(axis=0)
    assert known.mean() > 0.8
    assert means[0][known] == pytest.approx(means[1][known])
    assert index["rr_before_ratio"].median() == pytest.approx(1, abs=0.2)
