"""Training data that cannot be learnt from, and training that diverges, are reported with the way out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import tiny
from hypothesis import given
from hypothesis import strategies as st

import diffecg
from diffecg.config.io import read_config, to_json
from diffecg.datasets.faults import find_faults
from diffecg.datasets.folder import write_folder
from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.model.folder import load_model, save_model
from diffecg.training.checkpoints import read_metrics
from diffecg.training.data import training_notes
from diffecg.training.distributed import check_device, distributed_context
from diffecg.training.initialisation import config_for_windows
from diffecg.training.objectives import student_config
from diffecg.training.trainer import train

CASES = Path(__file__).parents[2] / "data" / "cases" / "ml"
SMALL = ["--set", "network.width=16", "--set", "network.hidden=16", "--set", "training.batch=16"]


def labelled(windows, labels):
    """Return the windows with other labels, which are repeated."""
    return replace(windows, index=windows.index.assign(label=np.resize(labels, len(windows))))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("w_nan", "1 of 185 windows of the partition train have samples that are not finite"),
        ("w_zero", "185 of 185 windows of the partition train have a flat lead"),
    ],
)
def test_windows_that_cannot_be_learnt_from_are_refused_before_training(run, tmp_path, name, reason):
    train = ["train", "--data", CASES / name, "--out", tmp_path / "run", "--samples", 32, *SMALL]
    status, _, error = run(*train)
    assert status == 1
    assert reason in error
    assert "leave them out" in error
    assert not (tmp_path / "run").exists()


def test_windows_of_version_01_have_the_present_names():
    windows = open_windows(CASES / "w_nan")
    assert windows.counts() == {"N": 200, "S": 10, "V": 60}
    assert [len(windows.partition(name)) for name in ("train", "validation", "test")] == [185, 54, 31]
    assert windows.channel_names == ("II",)
    assert windows.r_peak == 128
    assert windows.recordings[:3].tolist() == ["r0", "r1", "r2"]
    assert (windows.info["split"], windows.info["label_map"], windows.info["database"]) == (
        "subjects",
        "aami",
        "own",
    )


def test_a_folder_of_version_01_without_its_window_settings_is_damaged(tmp_path):
    for name in ("signal_mv.npy", "index.parquet"):
        (tmp_path / name).write_bytes((CASES / "w_nan" / name).read_bytes())
    (tmp_path / "info.json").write_text('{"format": 1, "fs_hz": 360.0}')
    with pytest.raises(DiffecgError, match="is damaged"):
        open_windows(tmp_path)


@given(
    st.lists(st.sampled_from(["good", "nan", "inf", "flat", "flat second"]), max_size=12),
    st.integers(0, 2**32),
)
def test_every_faulty_window_is_found(kinds, seed):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((len(kinds), 2, 9)).astype(np.float32)
    for window, kind in zip(signal, kinds, strict=True):
        if kind in ("nan", "inf"):
            window[rng.integers(2), rng.integers(9)] = {"nan": np.nan, "inf": -np.inf}[kind]
        elif kind != "good":
            window[int(kind == "flat second")] = rng.standard_normal()
    faults = find_faults(signal)
    assert faults.not_finite.tolist() == [kind in ("nan", "inf") for kind in kinds]
    assert faults.constant.tolist() == [kind.startswith("flat") for kind in kinds]
    assert faults.usable.tolist() == [kind == "good" for kind in kinds]


def test_labels_that_the_model_does_not_have_are_refused(windows, tmp_path):
    data = labelled(open_windows(windows["beat"]), ["AFIB", "SR"])
    with pytest.raises(DiffecgError, match="--label AFIB --label SR"):
        train(tiny("beat"), data, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    config = replace(tiny("beat"), labels=("AFIB", "SR"))
    train(config, data, tmp_path / "run")
    assert diffecg.load(tmp_path / "run").labels == ("AFIB", "SR")


def test_only_labels_of_the_training_windows_are_generated(windows, tmp_path, run):
    data = labelled(open_windows(windows["beat"]), ["N", "V", "V", "AFIB"])
    notes = training_notes(data, tiny("beat"))
    assert [note.split(",")[0] for note in notes] == [
        "the training windows have no label S",
        f"{data.partition('train').counts()['AFIB']} training windows with the label AFIB are trained as "
        "unlabelled; to train these labels",
    ]
    write_folder(data, tmp_path / "data")
    aami = [part for label in "NSVF" for part in ("--label", label)]
    status, _, error = run(
        "train", "--data", tmp_path / "data", "--out", tmp_path / "run", "--samples", 32, *SMALL, *aami
    )
    assert status == 0, error
    assert all(f"note: {note}" in error for note in notes)
    model = diffecg.load(tmp_path / "run")
    assert model.labels == ("N", "V")
    assert model.config.label_counts == data.partition("train").counts()
    few = ["--count", 1, "--steps", 1]
    assert run("generate", tmp_path / "run", "--label", "V", *few, "--out", tmp_path / "v.npz")[0] == 0
    status, _, error = run("generate", tmp_path / "run", "--label", "F", *few, "--out", tmp_path / "f.npz")
    assert status == 1
    assert "'F'" in error
    assert "labels of its training windows are N, V" in error
    assert not (tmp_path / "f.npz").exists()


def test_a_model_without_a_record_of_labels_generates_all_of_them(runs, tmp_path):
    model = load_model(runs["beat"])
    save_model(tmp_path, replace(model.config, label_counts=None), model.state_dict())
    assert "label_counts" not in (tmp_path / "config.json").read_text()
    assert diffecg.load(tmp_path).labels == ("N", "S", "V", "F")


def test_a_student_knows_the_labels_that_its_teacher_has_seen(windows, runs, tmp_path):
    teacher = load_model(runs["beat"])
    counts = {label: count for label, count in teacher.config.label_counts.items() if label != "V"}
    teacher.config = replace(teacher.config, label_counts=counts)
    config = replace(student_config(teacher.config, 4), training=tiny("beat", samples=16).training)
    student = train(config, open_windows(windows["beat"]), tmp_path / "student", teacher=teacher)
    assert "V" not in student.config.trained_labels
    assert set(student.config.trained_labels) == set(counts) & set(config.labels)


def test_a_run_is_resumed_although_its_settings_lack_the_record_of_labels(windows, tmp_path):
    train(tiny("beat"), open_windows(windows["beat"]), tmp_path / "run", max_seconds=0)
    config = read_config(tmp_path / "run" / "config.json")
    (tmp_path / "run" / "config.json").write_text(to_json(replace(config, label_counts=None)))
    train(tiny("beat"), open_windows(windows["beat"]), tmp_path / "run")
    assert read_config(tmp_path / "run" / "config.json") == config


def test_a_diverging_run_writes_no_model(windows, tmp_path, run):
    command = ["train", "--data", windows["beat"], "--out", tmp_path / "run", "--samples", 320, *SMALL]
    huge = ["--set", "training.learning_rate=1e30", "--set", "training.warmup=0"]
    status, _, error = run(*command, *huge, "--set", "training.checkpoint_every=16")
    assert status == 1
    assert "training diverged" in error
    assert "no model was written" in error
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_run_that_diverges_keeps_its_last_checkpoint(windows, tmp_path, monkeypatch):
    data = open_windows(windows["beat"])
    train(tiny("beat"), data, tmp_path / "run", max_seconds=0)
    files = ("checkpoint.pt", "model.safetensors", "metrics.jsonl")
    kept = {name: (tmp_path / "run" / name).read_bytes() for name in files}
    monkeypatch.setattr(
        "diffecg.model.denoiser.ConditionalDenoiser.loss",
        lambda self, x0, *_: x0.flatten(1).sum(1) * self.network.embed_label.weight.sum() * torch.nan,
    )
    with pytest.raises(DiffecgError, match=r"diverged.*are kept.*--set training.learning_rate=0.00033"):
        train(tiny("beat"), data, tmp_path / "run")
    assert {name: (tmp_path / "run" / name).read_bytes() for name in files} == kept
    monkeypatch.undo()
    train(tiny("beat"), data, tmp_path / "run")
    assert read_metrics(tmp_path / "run")[-1]["samples"] == 64


def test_weights_that_are_not_finite_are_never_written(runs, tmp_path):
    model = load_model(runs["beat"])
    state = {**model.state_dict(), "network.embed_label.weight": torch.full((1,), 1e6)}
    with pytest.raises(DiffecgError, match="not finite"):
        save_model(tmp_path, model.config, state, half=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("device", ["mps", "gpu", "cuda:x", "cuda:-1", "cuda:", "cpu:0", ""])
def test_unknown_devices_are_refused(device, run, tmp_path, windows):
    status, _, error = run("train", "--data", windows["beat"], "--out", tmp_path / "run", "--device", device)
    assert status == 1
    assert error.count("\n") == 1
    assert f"cannot train on the device {device!r}; use cpu, cuda, or cuda:0" in error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("gpus", "device", "message"),
    [
        (0, "cuda", "'cuda' is not available: PyTorch finds no GPU; use cpu"),
        (0, "cuda:7", "'cuda:7' is not available: PyTorch finds no GPU; use cpu"),
        (1, "cuda:7", "'cuda:7' is not available; PyTorch finds cuda:0$"),
        (4, "cuda:7", "'cuda:7' is not available; PyTorch finds cuda:0 to cuda:3"),
    ],
)
def test_a_device_that_the_machine_lacks_is_refused(monkeypatch, gpus, device, message):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(DiffecgError, match=message):
        check_device(device)


@pytest.mark.parametrize(("gpus", "device"), [(0, "cpu"), (1, "cuda"), (1, "cuda:0"), (8, "cuda:7")])
def test_devices_that_the_machine_has_are_accepted(monkeypatch, gpus, device):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    check_device(device)


@pytest.mark.parametrize(("gpus", "device"), [(1, "cuda"), (2, "cuda:1")])
def test_processes_do_not_share_a_gpu(monkeypatch, gpus, device):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    way_out = f"need a GPU each, and '{device}' has 1; use --device cuda and torchrun --nproc-per-node {gpus}"
    with pytest.raises(DiffecgError, match=way_out), distributed_context(device):
        pass


def test_missing_partitions_are_refused_with_the_way_out(windows, tmp_path, run):
    write_folder(open_windows(windows["beat"]).partition("train"), tmp_path / "data")
    status, _, error = run("train", "--data", tmp_path / "data", "--out", tmp_path / "run", *SMALL)
    assert status == 1
    assert "no windows in the partition 'validation'; available: train" in error
    assert "--subjects" in error


def test_arrays_with_labels_are_trained(tmp_path):
    rng = np.random.default_rng(0)
    windows = Windows.from_arrays(
        rng.standard_normal((40, 1, 64)).astype(np.float32),
        128.0,
        np.resize(["N", "V"], 40),
        r_peak=30,
        partition=np.repeat(["train", "validation"], 20),
    )
    config = config_for_windows(tiny("beat", samples=16), windows)
    assert (config.window.length, config.window.fs_hz, config.window.before) == (64, 128.0, 30)
    train(config, windows, tmp_path / "run")
    assert diffecg.load(tmp_path / "run").labels == ("N", "V")
    several = replace(windows, index=windows.index.assign(labels=[["N", "V"]] * 40))
    with pytest.raises(DiffecgError, match="several labels"):
        train(config, several, tmp_path / "several")


@pytest.fixture
def double():
    """Make float64 PyTorch's default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_the_default_dtype_changes_no_generated_sample(double):
    model = diffecg.load("mitbih-beat-fast")
    made = model.generate("V", 2, steps=2).signal_mv
    torch.set_default_dtype(torch.float32)
    assert np.array_equal(made, model.generate("V", 2, steps=2).signal_mv)


def test_models_are_trained_whatever_the_default_dtype(double, windows, tmp_path):
    model = train(tiny("beat"), open_windows(windows["beat"]), tmp_path / "run")
    assert {tensor.dtype for tensor in model.state_dict().values()} == {torch.float32}
    assert np.isfinite(read_metrics(tmp_path / "run")[-1]["validation_loss"])
