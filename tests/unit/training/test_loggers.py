"""Loggers of metrics: TensorBoard, and Weights & Biases by a module in its place."""

import sys
from types import SimpleNamespace

import pytest
from helpers import tiny

from diffecg.datasets.loading import open_windows
from diffecg.errors import DiffecgError
from diffecg.training.checkpoints import read_metrics
from diffecg.training.loggers import compose_reports, open_loggers
from diffecg.training.trainer import train


class WandbError(Exception):
    """Stands for wandb.Error."""


class Run:
    """A run of the fake module."""

    def __init__(self, **settings):
        self.settings, self.rows, self.finished = settings, [], False

    def log(self, row, step):
        self.rows.append({"samples": step, **row})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.finished = True


@pytest.fixture
def wandb(monkeypatch):
    """A module with the functions of wandb that are used; it keeps its runs."""
    runs = []

    def init(**settings):
        runs.append(Run(**settings))
        return runs[-1]

    module = SimpleNamespace(init=init, Error=WandbError, runs=runs)
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def stop_at(samples):
    def report(row):
        if row["samples"] >= samples:
            raise KeyboardInterrupt

    return report


def test_resumed_run_continues_the_same_log(windows, tmp_path, wandb):
    config, data, out = tiny("beat", checkpoint_every=16), open_windows(windows["beat"]), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt), open_loggers(["wandb"], out, config) as log:
        train(config, data, out, report=compose_reports(log, stop_at(32)))
    with open_loggers(["wandb"], out, config) as log:
        train(config, data, out, report=log)
    with open_loggers(["wandb"], out, config) as log:
        train(config, data, out, report=log)  # it has finished: nothing is logged
    first, second = wandb.runs
    assert first.finished
    assert second.finished
    assert first.settings["id"] == second.settings["id"]
    assert second.settings["resume"] == "allow"
    assert second.settings["config"]["training"]["samples"] == 64
    assert first.rows + second.rows == read_metrics(out)


def test_command_logs_rows_of_metrics(windows, tmp_path, wandb, run):
    settings = ["network.width=16", "network.hidden=16", "training.batch=16"]
    flags = [part for setting in settings for part in ("--set", setting)]
    out = tmp_path / "run"
    status, _, error = run(
        "train", "--data", windows["beat"], "--out", out, "--samples", 32, "--log-to", "wandb", *flags
    )
    assert status == 0, error
    assert wandb.runs[0].rows == read_metrics(out)
    status, _, error = run("train", "--data", windows["beat"], "--out", out, "--log-to", "mlflow")
    assert status == 2
    assert "tensorboard" in error


def test_wandb_that_does_not_start_is_reported(windows, tmp_path, wandb):
    def refuse(**_):
        raise WandbError("no API key\nconfigured")

    wandb.init = refuse
    message = r"does not start \(no API key configured\); run wandb login, or set WANDB_MODE=offline"
    (tmp_path / "run").mkdir()
    with (
        pytest.raises(DiffecgError, match=message),
        open_loggers(["wandb"], tmp_path / "run", tiny("beat")) as log,
    ):
        log({"samples": 16, "loss": 1.0})


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_missing_package_is_reported_before_training(windows, tmp_path, run, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    status, _, error = run("train", "--data", windows["beat"], "--out", tmp_path / "run", "--log-to", name)
    assert status == 1
    assert error.count("\n") == 1
    assert f"{name} cannot be imported; pip install 'diffecg[{name}]'" in error
    assert not (tmp_path / "run").exists()


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_hides_rows_that_are_logged_again(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    rows = [{"samples": samples, "loss": 1 / samples, "seconds": 1.0} for samples in (16, 32, 48, 64)]
    for part in (rows[:3], rows[1:]):  # resumed from the checkpoint at 16 samples
        with open_loggers(["tensorboard"], tmp_path, tiny("beat")) as log:
            for row in part:
                log(row)
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "seconds"}
    logged = [(event.step, event.value) for event in events.Scalars("loss")]
    assert logged == [(row["samples"], pytest.approx(row["loss"])) for row in rows]
