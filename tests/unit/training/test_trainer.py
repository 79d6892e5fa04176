"""Training: resuming, averaging, masks, and invalid settings, data and folders."""

import json
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers import labels_of, tiny
from safetensors.torch import load_file

from diffecg.config.io import read_config, to_json, with_settings
from diffecg.config.presets import preset
from diffecg.config.schema import TrainingConfig, UNetConfig
from diffecg.datasets.loading import open_windows
from diffecg.errors import DiffecgError, Terminated
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.folder import load_model, save_model
from diffecg.model.schedule import build_schedule
from diffecg.training.batches import BatchSource
from diffecg.training.checkpoints import read_metrics
from diffecg.training.ema import update_ema
from diffecg.training.initialisation import config_for_windows
from diffecg.training.masks import draw_masks
from diffecg.training.objectives import denoising_objective
from diffecg.training.optimisation import learning_rate
from diffecg.training.trainer import train
from diffecg.training.validation import validation_loss


def weights(folder):
    return load_file(folder / "model.safetensors")


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_stopped_run_is_resumed_bit_for_bit(windows, tmp_path):
    config, data = tiny("beat", checkpoint_every=16), open_windows(windows["beat"])
    train(config, data, tmp_path / "straight")

    class Stop(Exception):
        pass

    def stop_after(rows):
        def report(row):
            rows.append(row)
            if len(rows) == 2:
                raise Stop

        return report

    with pytest.raises(Stop):
        train(config, data, tmp_path / "halting", report=stop_after([]))
    assert not equal(weights(tmp_path / "straight"), weights(tmp_path / "halting"))
    train(config, data, tmp_path / "halting")
    assert equal(weights(tmp_path / "straight"), weights(tmp_path / "halting"))
    samples = [row["samples"] for row in read_metrics(tmp_path / "halting")]
    assert samples == [row["samples"] for row in read_metrics(tmp_path / "straight")] == [16, 32, 48, 64]
    before = weights(tmp_path / "halting")
    train(config, data, tmp_path / "halting")
    assert equal(before, weights(tmp_path / "halting"))


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_time_limit_and_signals_leave_a_checkpoint(windows, tmp_path, monkeypatch, number, error):
    config, data = tiny("beat"), open_windows(windows["beat"])
    train(config, data, tmp_path / "limited", max_seconds=0)
    assert read_metrics(tmp_path / "limited")[-1]["samples"] == 16

    def interrupt(*_, **__):
        signal.raise_signal(number)
        return update_ema(*_, **__)

    monkeypatch.setattr("diffecg.training.loop.update_ema", interrupt)

    with pytest.raises(error):
        train(config, data, tmp_path / "interrupted")
    monkeypatch.undo()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert read_metrics(tmp_path / "interrupted")[-1]["samples"] == 16
    train(config, data, tmp_path / "interrupted")
    train(config, data, tmp_path / "limited")
    assert equal(weights(tmp_path / "limited"), weights(tmp_path / "interrupted"))


def test_extended_run_equals_a_longer_one(windows, tmp_path):
    data = open_windows(windows["beat"])
    longer = tiny("beat", samples=128, decay=0.5)
    train(longer, data, tmp_path / "straight")

    # Up to 64 samples the learning rate of the longer schedule is constant.
    train(tiny("beat", decay=0.5), data, tmp_path / "run", max_seconds=0)
    train(replace(longer, training=replace(longer.training, checkpoint_every=48)), data, tmp_path / "run")
    assert equal(weights(tmp_path / "run"), weights(tmp_path / "straight"))
    assert read_config(tmp_path / "run" / "config.json").training.checkpoint_every == 48

    # A finished run goes on with the schedule of the new length.
    train(tiny("beat", decay=0.5), data, tmp_path / "finished")
    train(longer, data, tmp_path / "finished")
    rows = read_metrics(tmp_path / "finished")
    assert [row["samples"] for row in rows] == [32, 64, 96, 128]
    assert [row["learning_rate"] for row in rows] == pytest.approx([1e-3, 0, 0.5e-3, 0], rel=1e-6), (
        "0 at the end of the first run"
    )
    assert read_config(tmp_path / "finished" / "config.json").training.samples == 128
    with pytest.raises(
        DiffecgError, match="run of 128 samples, which cannot be shortened to 64; give --samples 128"
    ):
        train(tiny("beat", decay=0.5), data, tmp_path / "finished")


def test_training_lowers_the_loss(windows, tmp_path):
    config = tiny("beat", samples=1600, checkpoint_every=800, learning_rate=3e-3, ema_half_life=200)
    data = open_windows(windows["beat"])
    objective = denoising_objective(config.diffusion)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh = ConditionalDenoiser(config)
    fresh.transform.fit(torch.from_numpy(data.partition("train").signal_mv))
    before = validation_loss(fresh, data.partition("validation"), objective)
    trained = train(config, data, tmp_path / "run")
    after = validation_loss(trained, data.partition("validation"), objective)
    assert after < 0.8 * before
    assert read_metrics(tmp_path / "run")[-1]["validation_loss"] == pytest.approx(after)


def test_seeds_and_data_order(windows):
    config = tiny("beat", balance=1.0, label_dropout=0.5)
    source = BatchSource(open_windows(windows["beat"]).partition("train"), config)
    first, again = (source.batch(np.random.default_rng([0, 5]), 4000) for _ in range(2))
    assert torch.equal(first.signal_mv, again.signal_mv)
    assert torch.equal(first.observed, again.observed)
    shown = labels_of(first, config)
    assert len(shown) == pytest.approx(2000, abs=200)
    shares = [shown.count(label) / len(shown) for label in set(shown)]
    assert np.allclose(shares, 1 / len(shares), atol=0.05)


def test_windows_are_drawn_by_their_weight(windows):
    data = open_windows(windows["beat"]).partition("train")
    weight = np.where(np.arange(len(data)) % 2, 3.0, 1.0)
    weight[0] = 0.0
    data = replace(data, index=data.index.assign(weight=weight))
    batch = BatchSource(data, tiny("beat", balance=0.0)).batch(np.random.default_rng(0), 20_000)
    rows = {window.tobytes(): row for row, window in enumerate(data.signal_mv.astype(np.float32))}
    drawn = np.bincount([rows[window.numpy().tobytes()] for window in batch.signal_mv], minlength=len(data))
    assert drawn[0] == 0
    assert drawn[1::2].sum() / drawn.sum() == pytest.approx(weight[1::2].sum() / weight.sum(), abs=0.02)


@pytest.mark.parametrize("weight", [np.nan, -1.0, 0.0, "often"])
def test_sampling_weights_that_are_none_are_refused(windows, tmp_path, weight):
    data = open_windows(windows["beat"])
    data = replace(data, index=data.index.assign(weight=weight))
    with pytest.raises(DiffecgError, match="the column 'weight' of the partition train"):
        train(tiny("beat"), data, tmp_path / "run")


def test_task_masks():
    rng = np.random.default_rng(0)
    generation = draw_masks(rng, 50, 1, 256, (1, 0, 0))[:, 0]
    imputation = draw_masks(rng, 500, 1, 256, (0, 1, 0))[:, 0]
    forecasting = draw_masks(rng, 500, 1, 256, (0, 0, 1))[:, 0]
    assert not generation.any()
    assert forecasting[:, 0].all()
    assert not forecasting[:, -1].any()
    assert (np.diff(forecasting.astype(int), axis=1) <= 0).all()
    assert imputation.any(axis=1).all()
    assert (~imputation).any(axis=1).all()
    gaps = (np.diff(np.pad(~imputation, ((0, 0), (1, 0))).astype(int), axis=1) == 1).sum(axis=1)
    assert set(gaps) == {1, 2, 3}
    shares = draw_masks(rng, 4000, 1, 64, (0.5, 0.25, 0.25)).any(axis=2).mean()
    assert shares == pytest.approx(0.5, abs=0.03)


def test_masks_of_two_leads():
    rng = np.random.default_rng(0)
    mask = draw_masks(rng, 3000, 2, 64, (0.4, 0.3, 0.3))
    assert mask.shape == (3000, 2, 64)
    first, second = mask[:, 0], mask[:, 1]
    alike, whole = (first == second).all(axis=1), mask.all(axis=2)
    assert not (whole.all(axis=1)).any(), "something is always hidden"
    assert whole.any(axis=1).mean() == pytest.approx(1 / 3, abs=0.03), "of one lead only"
    assert alike.mean() == pytest.approx(1 / 3 + 0.4**2 / 3, abs=0.04)
    drawn_from_the_other = (whole.any(axis=1) & ~mask.any(axis=2).all(axis=1)).mean()
    assert drawn_from_the_other == pytest.approx(0.4 / 3, abs=0.03)


def test_moving_average_has_the_half_life():
    with torch.random.fork_rng():
        model, average = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(model.weight)
    torch.nn.init.zeros_(average.weight)
    for _ in range(10):
        update_ema(average, model, batch_size=100, samples=10**6, half_life=1000)
    assert average.weight.item() == pytest.approx(0.5)


def test_learning_rate_warms_up_stays_and_decays():
    settings = TrainingConfig(samples=1000, batch=10, warmup=100, decay=0.5, learning_rate=2.0)
    rates = [learning_rate(settings, n) for n in (0, 90, 400, 750, 1000)]
    assert rates == pytest.approx([0.2, 2.0, 2.0, 1.0, 0.0])


def test_unsuitable_data_and_other_settings_are_refused(windows, runs, tmp_path):
    beats = open_windows(windows["beat"])
    with pytest.raises(DiffecgError, match="no R peak at a fixed sample"):
        config_for_windows(tiny("beat"), replace(beats, r_peak=None))
    with pytest.raises(DiffecgError, match="--preset beat"):
        train(tiny("beat"), replace(beats, signal=beats.signal_mv[..., :200]), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    with pytest.raises(DiffecgError, match="no windows in the partition 'validation'"):
        train(tiny("beat"), open_windows(windows["beat"]).partition("train"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    data = open_windows(windows["beat"])
    louder = replace(data, signal=data.signal_mv * 5)
    with pytest.raises(DiffecgError, match="other data"):
        train(tiny("beat"), louder, runs["beat"])
    other = tiny("beat", seed=9, batch=32, samples=128)
    other = replace(other, network=UNetConfig(), labels=("N", "V"))
    with pytest.raises(DiffecgError) as caught:
        train(other, open_windows(windows["beat"]), runs["beat"])
    assert "training.batch: 16 in the folder, 32 now" in str(caught.value)
    assert "training.seed: 0 in the folder, 9 now" in str(caught.value)
    assert 'labels: ["N", "S", "V", "F"] in the folder, ["N", "V"] now' in str(caught.value)
    assert "network.kind: dense in the folder, unet now" in str(caught.value)
    assert "network.hidden: 24 in the folder, not set now" in str(caught.value)
    assert "learning_rate" not in str(caught.value)
    shutil.copytree(runs["beat"], tmp_path / "damaged")
    for name in ("checkpoint.pt", "checkpoint-previous.pt"):
        (tmp_path / "damaged" / name).write_bytes(b"no checkpoint")
    with pytest.raises(DiffecgError, match="cannot be restored"):
        train(tiny("beat"), open_windows(windows["beat"]), tmp_path / "damaged")


BAD_SETTINGS = {
    "training.sample=5": "unknown setting 'training.sample=5'; .*did you mean training.samples",
    "training.samples": "write training.samples=value",
    "training=5": "unknown setting 'training=5'",
    "training.samples=many": "^training.samples: .*'many'",
    "training.batch=0": "^training.batch: ",
    "training.tasks=[0,0,0]": "^training.tasks: .*proportion",
    "training.learning_rate=NaN": "^training.learning_rate: ",
    "training.seed=-1": "^training.seed: ",
    "network.width=20": "^network.width: .*multiple of 8",
    "network.multipliers=[]": "^network.multipliers: ",
    "network.dropout=2": "^network.dropout: ",
    "transform.whitening=-3": "^transform.whitening: ",
    "diffusion.steps=0": "^diffusion.steps: ",
    'labels=["V","V"]': "^labels: .*distinct",
}


def test_settings_are_checked(tmp_path):
    config = with_settings(preset("paper"), ["training.samples=5", "network.multipliers=[1,2]"])
    assert (config.training.samples, config.network.multipliers) == (5, (1, 2))
    config = with_settings(preset("beat"), ["network.kind=unet", "network.width=24"])
    assert config.network == UNetConfig(width=24)
    (tmp_path / "config.json").write_text(to_json(config))
    assert read_config(tmp_path / "config.json") == config
    for bad, message in BAD_SETTINGS.items():
        with pytest.raises(DiffecgError, match=message):
            with_settings(config, [bad])
    (tmp_path / "config.json").write_text(to_json(config).replace("samples", "sampels"))
    with pytest.raises(DiffecgError, match="sampels"):
        read_config(tmp_path / "config.json")
    with pytest.raises(DiffecgError, match="beat, paper"):
        preset("beats")
    short = with_settings(preset("paper"), ["diffusion.schedule_steps=200"])
    with pytest.raises(DiffecgError, match=r"0\.36"):
        build_schedule(short.diffusion)


def flip(path):
    content = bytearray(path.read_bytes())
    content[-5000:-4990] = b"tampered!!"
    path.write_bytes(bytes(content))


DAMAGE = {
    "flipped bytes": (lambda f: flip(f / "model.safetensors"), "was altered"),
    "binary settings": (lambda f: (f / "config.json").write_bytes(bytes(range(256))), "config.json"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "missing"),
    "no settings": (lambda f: (f / "config.json").unlink(), "missing"),
    "altered weights": (lambda f: (f / "model.safetensors").write_bytes(b"\0" * 99), "damaged"),
    "cut weights": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-9]),
        "damaged",
    ),
    "settings of another": (
        lambda f: (f / "config.json").write_text(
            to_json(replace(tiny("beat"), network=replace(tiny("beat").network, width=24)))
        ),
        "does not fit",
    ),
    "no JSON": (lambda f: (f / "config.json").write_text("{,}"), "config.json"),
    "no folder": (lambda f: shutil.rmtree(f), "no model folder"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_model_folders_are_refused(runs, tmp_path, damage):
    folder = tmp_path / "model"
    shutil.copytree(runs["beat"], folder)
    harm, message = DAMAGE[damage]
    harm(folder)
    with pytest.raises(DiffecgError, match=message) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)


def test_equal_weights_give_equal_files(runs, tmp_path):
    model = load_model(runs["beat"])
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save_model(tmp_path / name, model.config, model.state_dict(), half=True)
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("a", "b"))
    assert one == other
    assert len(one) < 0.6 * (runs["beat"] / "model.safetensors").stat().st_size


def test_metrics_are_json_lines(runs):
    rows = [json.loads(line) for line in (runs["beat"] / "metrics.jsonl").read_text().splitlines()]
    assert [row["samples"] for row in rows] == [32, 64]
    assert all({"loss", "validation_loss", "samples_per_s", "seconds_left"} <= row.keys() for row in rows)
