"""Training of gap models: examples, the objective, resuming, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gap_cases import tiny_config, write_recording_set
from safetensors.torch import load_file

from diffecg.config.gap import GapConfig
from diffecg.config.io import read_any_config, to_json, with_settings
from diffecg.config.presets import gap_preset
from diffecg.datasets.recording_set import RecordingSet
from diffecg.errors import DiffecgError
from diffecg.model.folder import load_model, load_network
from diffecg.model.gap.network import GapNetwork
from diffecg.training.checkpoints import read_metrics
from diffecg.training.gap.batches import GapBatchSource
from diffecg.training.gap.objective import gap_objective
from diffecg.training.gap.train import train_gap_model


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recording_set(tmp_path_factory.mktemp("sets") / "set")


def settings(**training: object) -> GapConfig:
    return tiny_config(
        **{
            "samples": 48,
            "validation_examples": 16,
            "checkpoint_every": 16,
            "warmup": 8,
            "learning_rate": 1e-2,
            "draws": 3,
            **training,
        }
    )


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_stopped_run_is_resumed_bit_for_bit(data: Path, tmp_path: Path, precision: str) -> None:
    config = settings(precision=precision)
    train_gap_model(config, [data], tmp_path / "straight")

    class Stop(Exception):
        pass

    rows = []

    def stop_after_two(row: dict[str, float]) -> None:
        rows.append(row)
        if len(rows) == 2:
            raise Stop

    with pytest.raises(Stop):
        train_gap_model(config, [data], tmp_path / "halting", report=stop_after_two)
    train_gap_model(config, [data], tmp_path / "halting")
    straight, halting = weights(tmp_path / "straight"), weights(tmp_path / "halting")
    assert straight.keys() == halting.keys()
    assert all(torch.equal(straight[name], halting[name]) for name in straight)
    assert [row["samples"] for row in read_metrics(tmp_path / "halting")] == [16, 32, 48]

    network = load_network(tmp_path / "straight")
    assert isinstance(network, GapNetwork)
    assert network.config == config
    with pytest.raises(DiffecgError, match="model of gaps"):
        load_model(tmp_path / "straight")
    with pytest.raises(DiffecgError, match="name: strip in the folder, other now"):
        train_gap_model(replace(config, name="other"), [data], tmp_path / "straight")
    train_gap_model(settings(precision=precision, samples=64), [data], tmp_path / "straight")
    assert [row["samples"] for row in read_metrics(tmp_path / "straight")] == [16, 32, 48, 64]
    assert load_network(tmp_path / "straight").config.training.samples == 64


def test_training_lowers_the_loss_of_a_batch(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = GapBatchSource.draw
    monkeypatch.setattr(
        GapBatchSource, "draw", lambda self, rng, size: draw(self, np.random.default_rng(0), size)
    )
    config = settings(samples=480, checkpoint_every=160, precision="float32")
    train_gap_model(config, [data], tmp_path / "run")
    losses = [row["loss"] for row in read_metrics(tmp_path / "run")]
    assert losses[-1] < 0.8 * losses[0]


def test_the_loss_does_not_depend_on_slices_and_sees_no_truth_outside_the_gap(
    data: Path,
) -> None:
    config = settings()
    source = GapBatchSource([RecordingSet.open(data)], "train", config, virtual=0.5)
    batch = source.draw(np.random.default_rng(0), 8)
    with torch.random.fork_rng():
        network, objective = GapNetwork(config), gap_objective(config)

    def loss(batch: object, *slices: slice) -> torch.Tensor:
        parts = []
        for rows in slices:
            with torch.random.fork_rng():
                torch.manual_seed(0)
                parts.append(objective(network, batch, rows).detach())
        return torch.cat(parts)

    whole = loss(batch, slice(0, 8))
    torch.testing.assert_close(loss(batch, slice(0, 4), slice(4, 8)), whole, rtol=1e-4, atol=1e-5)
    outside = replace(batch, truth=torch.where(batch.inputs.missing, batch.truth, 9.0))
    torch.testing.assert_close(loss(outside, slice(0, 8)), whole, rtol=1e-4, atol=1e-5)


def test_settings_are_written_read_and_changed(tmp_path: Path) -> None:
    config = with_settings(gap_preset("strip"), ["network.trunk_width=64", "training.seed=3"])
    assert (config.network.trunk_width, config.training.seed) == (64, 3)
    (tmp_path / "config.json").write_text(to_json(config))
    assert read_any_config(tmp_path / "config.json") == config
    with pytest.raises(DiffecgError, match="multiple of 16"):
        with_settings(config, ["candidates.length=600"])
    with pytest.raises(DiffecgError, match="unknown setting"):
        with_settings(config, ["network.width=64"])


def test_a_model_is_fine_tuned_and_ends_early(data: Path, tmp_path: Path, run) -> None:
    train_gap_model(settings(), [data], tmp_path / "parent")
    command = ("train", "--init", tmp_path / "parent", "--data", data, "--out", tmp_path / "child")
    few = ("--samples", 64, "--set", "training.checkpoint_every=16", "--set", "training.batch=8")
    status, _, error = run(*command, *few, "--set", "training.learning_rate=1e-12")
    assert status == 0, error
    parent, child = weights(tmp_path / "parent"), weights(tmp_path / "child")
    assert all(torch.allclose(parent[name], child[name], atol=1e-6) for name in parent)
    config = read_any_config(tmp_path / "child" / "config.json")
    assert config.parent is not None
    assert config.parent.name == "parent"
    assert config.training.patience == 5
    # A learning rate that ruins the model: the one that was kept is that of the lowest loss.
    config = settings(samples=320, patience=1, learning_rate=10.0, warmup=0, ema_half_life=1)
    start = load_network(tmp_path / "parent")
    assert isinstance(start, GapNetwork)
    best = train_gap_model(config, [data], tmp_path / "ruined", start=start)
    losses = [row["validation_loss"] for row in read_metrics(tmp_path / "ruined")]
    assert len(losses) < 320 // 16
    assert all(
        torch.equal(value, weights(tmp_path / "ruined")[name]) for name, value in best.state_dict().items()
    )
    status, _, error = run(*command, "--label", "N")
    assert status == 1
    assert "models of gaps have no labels (N); leave out --label" in error
    status, _, error = run("train", "--init", "mitbih-beat", "--data", data, "--out", tmp_path / "x")
    assert status == 1
    assert "mitbih-beat is a model of windows" in error


def test_another_process_draws_the_same_batches(data: Path, tmp_path: Path) -> None:
    train_gap_model(settings(), [data], tmp_path / "one")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train_gap_model(settings(), [data], tmp_path / "two")
    finally:
        torch.set_num_threads(threads)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert all(torch.equal(one[name], two[name]) for name in one)
