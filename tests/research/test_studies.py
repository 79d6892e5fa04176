"""Small versions of the studies, from the command line to the tables."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch

from diffecg.config.io import with_settings
from diffecg.config.presets import preset
from diffecg.evaluation.generation import classifiers
from diffecg.model.denoiser import ConditionalDenoiser
from research.__main__ import COMMANDS
from research.studies import ablation, strategies, transfer, variants
from research.studies.beat_generators import RIVALS
from research.studies.sample_quality import METRICS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers

FAST_MAIN = (
    "from diffecg.evaluation.generation import classifiers; classifiers.TRAINING_BEATS = 256; "
    "from research.__main__ import main; main()"
)


@pytest.mark.long
def test_augmentation_from_end_to_end(research, runs, windows, tmp_path, monkeypatch):
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 256)
    folder = tmp_path / "study"
    command = ["augmentation", "--data", windows["beat"], "--out", folder, "--model", runs["beat"]]
    command += ["--seeds", 2, "--shares", 0.2, 1, "--pool", 20, "--minutes", 0.002, "--json"]
    status, out, err = research(*command)
    assert status == 0, err
    tables = json.loads(out)["tables"]
    rows = tables["Subject-disjoint, 100% of the beats: residual CNN"]
    assert [row["strategy"] for row in rows] == [strategy.name for strategy in strategies.STRATEGIES]
    assert "says nothing about new subjects" in (folder / "tables.md").read_text()
    assert (folder / "learning-curve.png").stat().st_size > 10_000
    before = {file: file.stat().st_mtime_ns for file in (folder / "cells").iterdir()}
    assert json.loads(research(*command)[1])["tables"] == tables
    assert {file: file.stat().st_mtime_ns for file in before} == before


def test_help_lists_every_command(research):
    status, out, _ = research("--help")
    assert status == 0
    names = [path.partition(":")[2].replace("_", "-") for paths in COMMANDS.values() for path in paths]
    assert len(names) == 43
    for name in names:
        assert re.search(rf"{name} +[A-Z]", out), name


def test_unsuitable_data_is_refused(research, tmp_path):
    out = ["--out", tmp_path / "study"]
    status, _, err = research("generators", "--data", tmp_path, *out)
    assert status == 1
    assert err.count("\n") == 1
    assert research("nothing")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "0"], "seeds 0 must be at least 2"),
        (["--shares", "0"], "share 0 must lie above 0"),
        (["--shares", "2"], "share 2"),
    ],
)
def test_unusable_settings_are_refused(research, windows, tmp_path, arguments, message):
    out = tmp_path / "study"
    status, _, err = research("augmentation", "--data", windows["beat"], "--out", out, *arguments)
    assert status != 0
    assert message in err
    assert not out.exists()


@pytest.mark.parametrize("change", [*variants.UNCONDITIONAL.values(), *ablation.changes().values()], ids=str)
def test_every_variant_of_the_ablation_can_be_built(change):
    with torch.random.fork_rng():
        ConditionalDenoiser(with_settings(preset("beat"), [*change, "network.width=16"]))


@pytest.mark.long
def test_an_interrupted_study_of_generators_continues(windows, runs, tmp_path):
    out = tmp_path / "study"
    settings = ["--minutes", 0.02, "--count", 20, "--seeds", 2, "--models", runs["beat"], "--presets", "beat"]
    arguments = ["generators", "--data", windows["beat"], "--out", out, *settings, "--threads", 1, "--json"]
    command = [sys.executable, "-c", FAST_MAIN, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while len(list(out.glob("cells/*.json"))) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = {file: file.stat().st_mtime_ns for file in out.glob("cells/*.json")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {file: file.stat().st_mtime_ns for file in finished} == finished
    rows = json.loads(done.stdout)["tables"]["Generators"]
    assert {row["generator"] for row in rows} >= {*RIVALS, "preset beat", "SMOTE", "mean beat + noise"}
    assert (out / "beats.png").stat().st_size > 10_000
    assert (out / "reports" / "SMOTE" / "report.html").is_file()


@pytest.mark.long
def test_ablation_from_end_to_end(research, windows, runs, tmp_path, monkeypatch):
    few = {"Conditions": variants.VARIANTS["Conditions"]}
    monkeypatch.setattr(ablation, "VARIANTS", few)
    folder = tmp_path / "study"
    command = ["ablation", "--data", windows["beat"], "--out", folder, "--samples", 256, "--count", 20]
    command += ["--models", runs["beat"], runs["beat"], "--evaluations", 1, 4, "--json"]
    status, out, err = research(*command)
    assert status == 0, err
    tables = json.loads(out)["tables"]
    assert [row["variant"] for row in tables["Conditions"]] == list(few["Conditions"])
    assert [row["variant"] for row in tables["With and without labels"]] == list(variants.UNCONDITIONAL)
    assert len(tables["Steps against quality"]) == 5
    assert (folder / "steps-against-quality.png").is_file()


@pytest.mark.long
def test_transfer_from_end_to_end(research, database, windows, runs, gaps, tmp_path, monkeypatch):
    monkeypatch.setattr(classifiers, "TRAINING_BEATS", 256)
    monkeypatch.setattr(transfer, "MIN_BEATS", 5)
    command = ["transfer", "--data", windows["beat"], "--other", windows["beat"], "--recordings", database]
    command += ["--out", tmp_path / "study", "--model", runs["beat"], "--imputer", gaps, "--seeds", 2]
    status, out, err = research(*command, "--pool", 40, "--minutes", 0.002, "--draws", 2, "--json")
    assert status == 0, err
    tables = json.loads(out)["tables"]
    assert {row["metric"] for row in tables["Fidelity"]} == set(METRICS)
    assert tables["Other database: residual CNN"][-1]["strategy"] == transfer.SYNTHETIC
    assert "Other database: next heartbeat, one lead" in tables
