"""Training in several processes, with accumulated gradients, and after crashes."""

import itertools
import json
import os
import random
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import tiny
from processes import apart, command, done, losses, start

from diffecg.cli.app import main
from diffecg.datasets.loading import open_windows
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.training.batches import BatchSource
from diffecg.training.checkpoints import CHECKPOINT, PREVIOUS, read_metrics
from diffecg.training.distributed import DistributedContext
from diffecg.training.interrupts import lock_folder
from diffecg.training.objectives import denoising_objective
from diffecg.training.trainer import train


@pytest.fixture(scope="module")
def straight(windows, tmp_path_factory):
    """An undisturbed run of one process."""
    out = tmp_path_factory.mktemp("straight") / "run"
    main(list(map(str, command(windows["beat"], out)[2:])))
    return out


def test_loss_of_a_window_does_not_depend_on_the_slices(windows):
    config = tiny("beat")
    source = BatchSource(open_windows(windows["beat"]).partition("train"), config)
    batch, objective = source.batch(np.random.default_rng(0), 16), denoising_objective(config.diffusion)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        model = ConditionalDenoiser(config).eval()
        model.transform.fit(batch.signal_mv)

        def loss(rows):
            torch.manual_seed(1)
            return objective(model, batch, rows)

        whole = loss(slice(0, 16))
        parts = torch.cat(
            [
                loss(rows)
                for count in (1, 2)
                for rank in range(count)
                for rows in DistributedContext(rank=rank, world_size=count).batch_slices(16, 4 // count)
            ]
        )
    assert torch.allclose(parts[:16], whole, rtol=1e-5)
    assert torch.allclose(parts[16:], whole, rtol=1e-5)


def test_slices_of_all_processes_cover_the_batch_once():
    for count, accumulate in ((1, 1), (2, 1), (2, 4), (8, 2)):
        rows = [
            i
            for rank in range(count)
            for s in DistributedContext(rank=rank, world_size=count).batch_slices(32, accumulate)
            for i in range(32)[s]
        ]
        assert rows == list(range(32))
    with pytest.raises(DiffecgError, match="batch of 32 cannot be divided among 3"):
        DistributedContext(world_size=3).batch_slices(32, 1)


def test_accumulated_gradients_give_the_same_step(windows, straight, tmp_path):
    main(list(map(str, command(windows["beat"], tmp_path / "parts", "--accumulate", 4)[2:])))
    assert losses(tmp_path / "parts") == pytest.approx(losses(straight), rel=1e-4)
    assert apart(tmp_path / "parts", straight) < 1e-4


def test_two_processes_have_the_loss_curve_of_one(windows, straight, tmp_path):
    done(start(*command(windows["beat"], tmp_path / "two"), count=2))
    assert losses(tmp_path / "two") == pytest.approx(losses(straight), rel=1e-4)
    assert apart(tmp_path / "two", straight) < 1e-4


@pytest.mark.long
def test_sigterm_to_one_of_two_processes_ends_both(windows, tmp_path):
    process = start(*command(windows["beat"], tmp_path / "run", samples=3200), count=2)
    while len(read_metrics(tmp_path / "run")) < 2 and process.poll() is None:
        time.sleep(0.01)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(workers[-1]), signal.SIGTERM)
    _, err = process.communicate(timeout=300)
    assert process.returncode
    assert err.count("diffecg: error: terminated") == 2
    assert "validation_loss" in read_metrics(tmp_path / "run")[-1]


@pytest.mark.long
def test_run_is_resumed_with_another_number_of_processes(windows, straight, tmp_path):
    process = start(*command(windows["beat"], tmp_path / "run"))
    while len(read_metrics(tmp_path / "run")) < 2:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    done(start(*command(windows["beat"], tmp_path / "run"), count=2))
    assert losses(tmp_path / "run") == pytest.approx(losses(straight), rel=1e-4)


@pytest.mark.long
def test_two_nodes_have_the_loss_curve_of_one_process(windows, straight, tmp_path):
    node = ["-m", "torch.distributed.run", "--nnodes", 2, "--nproc-per-node", 1]
    node += ["--master-addr", "127.0.0.1", "--master-port", 29517, "--node-rank"]
    nodes = [start(*node, rank, *command(windows["beat"], tmp_path / "two")) for rank in range(2)]
    for one in nodes:
        done(one)
    assert losses(tmp_path / "two") == pytest.approx(losses(straight), rel=1e-4)


def test_run_ended_by_sigterm_is_resumed_bit_for_bit(windows, tmp_path):
    arguments = command(windows["beat"], tmp_path / "run", samples=512)
    process = start(*arguments)
    while len(read_metrics(tmp_path / "run")) < 2 and process.poll() is None:
        time.sleep(0.01)
    process.terminate()
    _, err = process.communicate(timeout=300)
    assert process.returncode == 143
    assert err.splitlines()[-1] == "diffecg: error: terminated; run the same command again to resume"
    stopped = read_metrics(tmp_path / "run")[-1]
    assert stopped["samples"] < 512
    assert "validation_loss" in stopped, "a checkpoint was written"
    main(list(map(str, arguments[2:])))
    main(list(map(str, command(windows["beat"], tmp_path / "straight", samples=512)[2:])))
    assert apart(tmp_path / "run", tmp_path / "straight") == 0


@pytest.mark.long
def test_run_killed_ten_times_ends_with_the_same_weights(windows, tmp_path):
    rng, out = random.Random(0), tmp_path / "run"
    done(start(*command(windows["beat"], tmp_path / "straight", samples=3200)))
    for _ in range(10):
        rows = len(read_metrics(out)) + rng.randint(1, 9)
        process = start(*command(windows["beat"], out, samples=3200))
        while len(read_metrics(out)) < rows and process.poll() is None:
            time.sleep(0.002)
        time.sleep(0.03 * rng.random())
        assert process.poll() is None  # it had not ended
        process.kill()
        process.communicate()
    done(start(*command(windows["beat"], out, samples=3200)))
    assert apart(out, tmp_path / "straight") == 0
    assert losses(out).tolist() == losses(tmp_path / "straight").tolist()


def test_previous_checkpoint_replaces_a_damaged_one(windows, tmp_path):
    config, data, out = tiny("beat", checkpoint_every=16), open_windows(windows["beat"]), tmp_path / "run"
    train(config, data, tmp_path / "straight")

    def stop(row):
        if row["samples"] == 48:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, data, out, report=stop)
    (out / CHECKPOINT).write_bytes((out / CHECKPOINT).read_bytes()[:1000])
    train(config, data, out)
    assert apart(out, tmp_path / "straight") == 0
    assert [row["samples"] for row in read_metrics(out)] == [16, 32, 48, 64]
    for file in (CHECKPOINT, PREVIOUS):
        (out / file).write_bytes(b"damaged")
    with pytest.raises(DiffecgError, match="cannot be restored"):
        train(config, data, out)


@pytest.mark.long
def test_full_disk_is_reported_and_the_run_can_be_resumed(windows, straight, tmp_path):
    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = start(*command(windows["beat"], tmp_path / "run"), preexec_fn=little)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert "File too large" in err
    done(start(*command(windows["beat"], tmp_path / "run")))
    assert apart(tmp_path / "run", straight) == 0


def test_jumps_of_the_system_clock_do_not_stop_a_run(windows, tmp_path, monkeypatch):
    jumps = itertools.cycle([0.0, 4e9, 1e6])
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    config, data = tiny("beat"), open_windows(windows["beat"])
    train(config, data, tmp_path / "run", max_seconds=500)
    rows = read_metrics(tmp_path / "run")
    assert rows[-1]["samples"] == config.training.samples
    assert all(0 <= row["seconds"] < 500 for row in rows)


def test_second_run_in_the_same_folder_is_refused(windows, tmp_path):
    with lock_folder(tmp_path), pytest.raises(DiffecgError, match="another process is training into"):
        train(tiny("beat"), open_windows(windows["beat"]), tmp_path)


def test_bfloat16_trains_nearly_as_float32(windows, tmp_path):
    config = tiny("beat", precision="bfloat16")
    train(config, open_windows(windows["beat"]), tmp_path / "low")
    train(tiny("beat"), open_windows(windows["beat"]), tmp_path / "full")
    low, full = losses(tmp_path / "low"), losses(tmp_path / "full")
    assert (low != full).all()
    assert low == pytest.approx(full, rel=0.05)
    assert json.loads((tmp_path / "low" / "config.json").read_text())["training"]["precision"] == "bfloat16"
