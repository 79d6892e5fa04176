"""Fine-tuning: what is taken from the parent, early stopping, windows of other rates, and the command."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import TINY, tiny

import diffecg
from diffecg.config.schema import ParentModel
from diffecg.datasets.adaptation import adapt_windows
from diffecg.datasets.formats.registry import write_windows
from diffecg.datasets.loading import open_windows
from diffecg.datasets.partitioning import assign_partitions
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.inference.loading import load_parent
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.resampling import resample
from diffecg.training.checkpoints import validation_losses
from diffecg.training.fine_tuning import fine_tuning_config, take_parent_weights, with_labels
from diffecg.training.planning import plan_run
from diffecg.training.trainer import train

PARENT = ParentModel(name="parent", weights_sha256="0")


def own_windows(count=60, length=256, fs_hz=360.0, labels=("x", "N"), **columns):
    """Windows of made-up beats, from arrays."""
    rng = np.random.default_rng(0)
    time = (np.arange(length) - length // 2) / fs_hz
    beat = np.exp(-((time / 0.02) ** 2)) * rng.normal(1, 0.2, (count, 1, 1))
    noise = 0.01 * rng.standard_normal((count, 1, length))
    return Windows.from_arrays(
        (beat + noise).astype(np.float32),
        fs_hz,
        np.resize(labels, count),
        r_peak=length // 2,
        subjects=np.arange(count) // 3,
        **columns,
    )


def filled(config):
    """A denoiser with weights that are not those of the initialisation."""
    model, random = new(config), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.copy_(torch.randn(tensor.shape, generator=random))
    return model


def new(config):
    """A new denoiser."""
    with torch.random.fork_rng(devices=[]):
        return ConditionalDenoiser(config).eval()


def estimate(model, labels, numbers=None):
    """The estimate of a model of some noise, unconditioned on signals."""
    random = torch.Generator().manual_seed(0)
    config, count = model.config, len(labels)
    shape = count, len(config.window.leads), config.window.length
    condition = model.condition(
        torch.zeros(shape),
        torch.zeros(shape, dtype=torch.bool),
        model.encode_labels(labels),
        None if numbers is None else torch.tensor(numbers, dtype=torch.float32),
    )
    grid = torch.randn(model.encode(torch.zeros(shape)).shape, generator=random)
    return model(grid, torch.full((count,), 0.5), condition)


@torch.no_grad()
def test_known_labels_are_kept_and_new_ones_start_as_unknown():
    parent = filled(replace(tiny("beat"), labels=("N", "S", "V", "F")))
    config = with_labels(fine_tuning_config(parent.config, PARENT), ["N", "x", "?"])
    assert config.labels == ("N", "S", "V", "F", "x")
    reordered = with_labels(config, [], chosen=("x", "V", "N"))
    assert reordered.parent.labels == ("N", "V")
    model = new(reordered)
    take_parent_weights(model, parent)
    assert torch.equal(estimate(model, ["V", "N", None]), estimate(parent, ["V", "N", None]))
    assert torch.equal(estimate(model, ["x"]), estimate(parent, [None]))


@torch.no_grad()
def test_of_several_labels_new_ones_and_new_numbers_start_without_effect():
    config = tiny("twelve-lead")
    config = replace(config, conditions=replace(config.conditions, numbers=("age", "sex")))
    parent = filled(config)
    changed = replace(config, conditions=replace(config.conditions, numbers=("weight_kg", "age")))
    changed = with_labels(fine_tuning_config(changed, PARENT), ["x"])
    model = new(changed)
    take_parent_weights(model, parent)
    expected = estimate(parent, ["MI+AFIB"], [[0.3, np.nan]])
    assert torch.allclose(estimate(model, ["MI+AFIB+x"], [[0.8, 0.3]]), expected, atol=1e-5)
    other = estimate(model, ["MI+AFIB+x"], [[0.8, -0.3]])
    assert not torch.allclose(other, expected, atol=1e-3)


def test_another_architecture_is_refused():
    parent = filled(tiny("beat"))
    config = fine_tuning_config(parent.config, PARENT)
    take_parent_weights(new(replace(config, network=replace(TINY["dense"], dropout=0.5))), parent)
    for other in (
        replace(config, network=replace(TINY["dense"], width=24)),
        replace(config, transform=replace(config.transform, hop=16)),
        replace(config, window=replace(config.window, before=64)),
    ):
        with pytest.raises(DiffecgError, match="has its architecture"):
            take_parent_weights(new(other), parent)


def test_training_ends_early_and_keeps_the_best_model(tmp_path):
    windows, _ = assign_partitions(own_windows())
    settings = {"learning_rate": 0.3, "warmup": 0, "ema_half_life": 32, "samples": 640, "patience": 1}
    config = replace(tiny("beat", **settings), labels=("x", "N"))
    best = train(config, windows, tmp_path / "run")
    losses = validation_losses(tmp_path / "run")
    assert len(losses) < 640 // 32
    assert len(losses) - 1 - losses.index(min(losses)) == 1
    # The model that was kept is that of the lowest loss: a run that stops there gives the same.
    stop = 32 * (losses.index(min(losses)) + 1)
    rows = []

    class Stop(Exception):
        pass

    def report(row):
        rows.append(row)
        if row["samples"] == stop:
            raise Stop

    with pytest.raises(Stop):
        train(config, windows, tmp_path / "halting", report=report)
    kept = diffecg.load(tmp_path / "halting").denoiser.state_dict()
    assert all(torch.equal(tensor, kept[name]) for name, tensor in best.state_dict().items())
    # Run again, the command that ended early does nothing.
    rows.clear()
    train(config, windows, tmp_path / "run", report=rows.append)
    assert rows == []
    assert validation_losses(tmp_path / "run") == losses


def test_windows_are_resampled_and_cut_around_the_r_peak():
    wide = own_windows(count=6, length=400, fs_hz=250.0)
    window = tiny("beat").window
    adapted = adapt_windows(wide, window)
    assert adapted.signal.shape == (6, 1, 256)
    assert (adapted.fs_hz, adapted.r_peak) == (360.0, 128)
    assert (np.abs(adapted.signal[:, 0].argmax(axis=1) - 128) <= 1).all()
    whole = resample(wide.signal, 250.0, 360.0)
    peak = round(200 * 360 / 250)
    assert np.array_equal(adapted.signal, whole[..., peak - 128 : peak + 128])
    fitting = own_windows(count=6)
    assert adapt_windows(fitting, window) is fitting
    with pytest.raises(DiffecgError, match=r"0\.200 s before the R peak.* needs 0\.356 s"):
        adapt_windows(own_windows(count=6, length=100, fs_hz=250.0), window)
    with pytest.raises(DiffecgError, match="state the R peak"):
        adapt_windows(replace(wide, r_peak=None), window)


@pytest.mark.parametrize("subjects", [3, 4, 10, 50])
def test_partitions_are_disjoint_by_subject(subjects):
    windows = own_windows(count=200)
    windows = replace(windows, index=windows.index.assign(subject=np.arange(200) % subjects))
    parted, note = assign_partitions(windows)
    groups = parted.index.groupby("subject")["partition"].nunique()
    assert (groups == 1).all()
    number = parted.index.groupby("partition")["subject"].nunique()
    assert number.sum() == subjects
    assert number.min() >= 1
    assert number["train"] == pytest.approx(0.7 * subjects, abs=1.2)
    assert "by subject" in note
    # It depends on the subjects' names alone.
    shuffled = parted.take(np.random.default_rng(0).permutation(200))
    again, _ = assign_partitions(shuffled.drop_columns("partition"))
    assert again.index["partition"].tolist() == shuffled.index["partition"].tolist()


def test_windows_without_subjects_are_divided_one_by_one():
    windows = own_windows().drop_columns("subject")
    parted, note = assign_partitions(windows)
    assert parted.index["partition"].value_counts().to_dict() == {"train": 42, "test": 12, "validation": 6}
    assert "state subjects" in note
    with pytest.raises(DiffecgError, match="2 window"):
        assign_partitions(windows.take([0, 1]))
    halves, _ = assign_partitions(windows, (0.5, 0.5, 0))
    assert halves.index["partition"].value_counts().to_dict() == {"train": 30, "validation": 30}


def test_arrays_become_a_model_with_their_labels(tmp_path):
    windows = own_windows(labels=(0, 1))
    small = [f"network.{name}=16" for name in ("width", "hidden")]
    notes = []
    model = diffecg.train(windows, samples=128, settings=small, on_notes=notes.extend)
    assert model.labels == ("0", "1")
    assert model.generate("1", 2, steps=1).labels.tolist() == ["1", "1"]
    assert notes[0].startswith("partitions were assigned by subject: 14 train, 2 validation, 4 test")


def test_a_model_is_fine_tuned_from_python(runs, tmp_path):
    parent = diffecg.load(runs["beat"])
    with pytest.warns(UserWarning, match="partitions were assigned by subject"):
        model = parent.fine_tune(own_windows(length=300), tmp_path / "mine", samples=128, seed=3)
    assert model.labels == (*parent.labels, "x")
    assert model.config.parent == ParentModel(
        name="beat", weights_sha256=parent.weights_sha256, labels=parent.labels
    )
    assert model.config.window.leads == ("lead 1",)
    card = (tmp_path / "mine" / "README.md").read_text()
    assert f"Fine-tuned from beat (weights SHA-256 `{parent.weights_sha256}`)" in card
    counts = own_windows(length=300).assign_partitions().partition("train").counts()
    assert f"Training windows: {counts['N']} N, {counts['x']} x." in card
    assert model.config.training.seed == 3
    assert torch.equal(model.denoiser.transform.mean_mv, parent.denoiser.transform.mean_mv)
    two = Windows.from_arrays(np.zeros((9, 2, 256), np.float32), 360, ["N"] * 9, r_peak=128)
    with pytest.raises(
        DiffecgError, match="the windows have the leads lead 1, lead 2, and the model has MLII"
    ):
        parent.fine_tune(two)


def test_the_command_fine_tunes(runs, windows, tmp_path, run):
    write_windows(own_windows(), tmp_path / "own.npz")
    command = ("train", "--init", runs["beat"], "--data", tmp_path / "own.npz")
    out_folder = ("--out", tmp_path / "run")
    few = ("--samples", 64, "--set", "training.batch=16")
    status, out, error = run(*command, *few, *out_folder, "--json")
    assert status == 0, error
    assert "note: partitions were assigned by subject" in error
    assert json.loads(out)["samples"] == 64
    assert diffecg.load(tmp_path / "run").labels[-1] == "x"
    more = ("--samples", 80, *few[2:])
    status, _, error = run(*command, *more, *out_folder, "--json")
    assert status == 0, error
    assert f"the run in {tmp_path / 'run'} is extended from 64 to 80 samples" in " ".join(error.split())
    assert "is extended" not in run(*command, *more, *out_folder, "--json")[2]
    few = more
    status, _, error = run(*command, *few, *out_folder, "--preset", "beat")
    assert status == 1
    assert "settings come from the preset beat or the model beat; give one of them" in error
    status, _, error = run(*command, *few, "--set", "network.width=24", "--out", tmp_path / "wide")
    assert status == 1
    assert "has its architecture, and network differs" in error
    status, out, _ = run(*command, *out_folder, "--dry-run")
    assert status == 0
    assert json.loads(out)["parent"]["name"] == "beat"
    status, _, error = run("train", "--init", "mitbih-strip", *command[3:], *out_folder)
    assert status == 1
    assert "mitbih-strip is a model of gaps" in error


def test_several_sets_are_trained_together(windows, tmp_path, run):
    write_windows(own_windows(labels=("N", "V")), tmp_path / "own.npz")
    sets = ("--data", windows["beat"], "--data", tmp_path / "own.npz")
    small = ("--samples", 64, "--set", "network.width=16", "--set", 'conditions.numbers=["set"]')
    status, _, error = run("train", *sets, "--out", tmp_path / "run", *small, "--set", "training.batch=16")
    assert status == 0, error
    assert "the leads lead 1 of" in error
    assert "partitions were assigned by subject" in error
    model = diffecg.load(tmp_path / "run")
    assert model.config.window.leads == ("MLII",)
    assert model.denoiser.embed_numbers.mean.item() > 0
    own, _ = assign_partitions(own_windows(labels=("N", "V")))
    parts = [part.partition("train").counts()["N"] for part in (open_windows(windows["beat"]), own)]
    assert model.config.label_counts["N"] == sum(parts)


def test_a_plan_states_labels_of_one_or_several_kinds():
    windows, _ = assign_partitions(own_windows(labels=("N", "V")))
    assert plan_run(windows).config.labels == ("N", "S", "V", "F")
    windows, _ = assign_partitions(own_windows(labels=("sinus", "?")))
    assert plan_run(windows).config.labels == ("sinus",)
    assert plan_run(windows, labels=["sinus", "flutter"]).config.labels == ("sinus", "flutter")
    assert plan_run(windows, parent=load_parent("mitbih-beat")).config.labels[-1] == "sinus"


def test_labels_of_arrays():
    signal = np.zeros((3, 1, 8), np.float32)
    matrix = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]])
    assert Windows.from_arrays(signal, 100, matrix).all_labels == [["0", "2"], [], ["1"]]
    assert Windows.from_arrays(signal, 100, [{"b", "a"}, [], ["c"]]).all_labels == [["a", "b"], [], ["c"]]
    assert Windows.from_arrays(signal, 100, [1, 0, 1]).labels.tolist() == ["1", "0", "1"]
    with pytest.raises(DiffecgError, match="give each of them a list"):
        Windows.from_arrays(signal, 100, [["a"], "b", "c"])
    large = Windows.from_arrays(signal, 100, np.array([1e300, np.nan, 2.0]))
    assert large.labels.tolist() == ["1e+300", "?", "2.0"]
