"""Large sets in shards are the same whatever the engine, the workers and the interruptions."""

import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import fsspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import diffecg
from diffecg.bulk.engines import run as run_all
from diffecg.bulk.generate import BulkGenerateOptions, generate
from diffecg.bulk.options import EngineOptions
from diffecg.bulk.prepare import BulkPrepareOptions, prepare
from diffecg.datasets.databases import database as find_database
from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.shards import MANIFEST, Shard, ShardStore, plan_shards
from diffecg.errors import DiffecgError

FAST = "mitbih-beat-fast"
CHECKED = EngineOptions(verify=True)
SMALL = BulkGenerateOptions(model=FAST, labels=("S", "V"), count=50, seed=7, shard_size=16)


def small_command(out):
    """Return the command that makes what SMALL is."""
    made = [FAST, "--label", "S", "V", "--count", "50", "--seed", "7", "--shard-size", "16"]
    return [sys.executable, "-m", "diffecg", "bulk", "generate", *made, "--out", str(out)]


def manifest(folder):
    return json.loads((folder / MANIFEST).read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bulk") / "set"
    result = generate(SMALL, str(folder))
    assert (result.shards, result.existing, result.written) == (4, 0, 4)
    assert (result.windows, result.failed) == (50, {})
    return folder


@given(st.integers(1, 10**6), st.integers(1, 10**5))
def test_shards_contain_every_window_once(count, size):
    shards = plan_shards(count, max(size, count // 100 + 1))
    assert shards[0].first == 0
    assert all(one.first + one.count == two.first for one, two in zip(shards, shards[1:], strict=False))
    assert shards[-1].first + shards[-1].count == count


def test_a_set_in_shards_equals_generated_windows(whole):
    made = read_windows(whole)
    own = diffecg.load(FAST).generate(["S", "V"] * 25, 50, seed=7)
    assert np.abs(made.signal_mv - own.signal_mv).max() < 1e-4
    assert made.labels.tolist() == list(own.labels)
    assert manifest(whole)["windows"] == 50


def test_missing_and_damaged_shards_are_written_again(whole, tmp_path):
    folder = tmp_path / "set"
    subprocess.run(["cp", "-r", whole, folder], check=True)
    before = manifest(folder)
    assert generate(SMALL, str(folder)).written == 0
    (folder / "shard-000001.parquet").unlink()
    cut, flipped = folder / "shard-000002.parquet", folder / "shard-000003.parquet"
    cut.write_bytes(cut.read_bytes()[:-10])
    content = bytearray(flipped.read_bytes())
    content[100] ^= 1
    flipped.write_bytes(content)
    assert generate(SMALL, str(folder)).written == 2
    assert generate(SMALL, str(folder), CHECKED).written == 1
    assert generate(SMALL, str(folder), CHECKED).written == 0
    assert manifest(folder) == before


def test_another_set_is_not_overwritten(whole, tmp_path):
    with pytest.raises(DiffecgError, match="seed: 7, not 8"):
        generate(replace(SMALL, seed=8), str(whole))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DiffecgError, match="not empty and not a set"):
        generate(SMALL, str(tmp_path))
    assert (tmp_path / "notes.txt").read_text() == "mine"
    unfinished = tmp_path / "unfinished"
    subprocess.run(["cp", "-r", whole, unfinished], check=True)
    (unfinished / MANIFEST).unlink()
    with pytest.raises(DiffecgError, match="not finished"):
        read_windows(unfinished)


def test_a_set_can_be_on_any_file_system():
    store = ShardStore("memory://somewhere/set")
    shard = Shard(name="shard-000000.parquet", first=0, count=3)
    store.start({"what": 1})
    assert store.entry(shard) is None
    entry = store.write(shard, b"content", 3)
    assert store.entry(shard, verify=True) == entry
    fsspec.filesystem("memory").pipe_file("/somewhere/set/shard-000000.parquet", b"CONTENT")
    assert store.entry(shard) == entry
    assert store.entry(shard, verify=True) is None
    assert not [name for name in store.folder.filesystem.ls(store.folder.root, detail=False) if "/." in name]
    with pytest.raises(DiffecgError, match="cannot open"):
        ShardStore("nosuch://x")


def odd(number):
    if number % 2 == 0:
        raise DiffecgError(f"{number} is even")
    if number == 5 and not os.environ.get("DIFFECG_SURVIVE"):
        os._exit(9)
    return {"number": number}


def test_a_failed_task_and_a_dead_worker_do_not_stop_the_others(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    found = dict(run_all(odd, list(range(8))))
    assert sorted(found) == list(range(8))
    assert found[2] == "2 is even"
    assert found[5] == "its worker process died 3 times"
    assert [found[number] for number in (1, 3, 7)] == [{"number": number} for number in (1, 3, 7)]
    with pytest.raises(DiffecgError, match="local, ray"):
        run_all(odd, [1], EngineOptions(engine="cluster"))


def test_a_full_disk_is_reported_and_the_set_can_be_continued(whole, tmp_path):
    command = small_command(tmp_path / "set")

    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    failed = subprocess.run(command, capture_output=True, text=True, preexec_fn=little)
    assert failed.returncode == 1
    assert "File too large" in failed.stderr.splitlines()[-1]
    assert not list((tmp_path / "set").glob(".*"))
    assert [file.name for file in (tmp_path / "set").glob("*.parquet")] == ["shard-000003.parquet"]
    subprocess.run(command, check=True, capture_output=True)
    assert manifest(tmp_path / "set") == manifest(whole)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a place where nobody may write")
@pytest.mark.parametrize("task", ["prepare mitdb --from DB", "generate MODEL --count 4"])
@pytest.mark.parametrize("bulk", [[], ["bulk"]])
def test_an_output_that_cannot_be_written_is_reported_in_one_line(bulk, task, database, run):
    words = {"MODEL": FAST, "DB": database}
    status, out, err = run(*bulk, *(words.get(word, word) for word in task.split()), "--out", "/proc/set")
    assert (status, out) == (1, "")
    assert re.fullmatch(r"diffecg: error: [\w ]+: /proc/\S+\n", err.splitlines(keepends=True)[-1])


@pytest.mark.long
def test_no_recording_is_lost_with_a_node(mitdb, tmp_path):
    """Beats of the real database, on a Ray cluster of two nodes of which one goes away without grace."""
    from ray.cluster_utils import Cluster

    known = find_database("mitdb")
    options = BulkPrepareOptions(shard_size=2)
    prepare(known, str(mitdb), str(tmp_path / "local"), options)
    cluster = Cluster()
    nodes = [cluster.add_node(num_cpus=1) for _ in range(3)]
    lost = []

    def remove(done, total):
        if done >= 6 and not lost:
            lost.append(nodes[-1])
            cluster.remove_node(nodes[-1], allow_graceful=False)

    try:
        engine = EngineOptions(engine="ray", address=cluster.address)
        result = prepare(known, str(mitdb), str(tmp_path / "ray"), options, engine, progress=remove)
    finally:
        cluster.shutdown()
    assert lost
    assert result.failed == {}
    assert manifest(tmp_path / "ray") == manifest(tmp_path / "local")


@pytest.mark.long
def test_ray_generates_100_000_beats_although_a_worker_is_killed(tmp_path):
    options = BulkGenerateOptions(model=FAST, labels=("N", "S", "V", "F"), count=100_000)
    assert generate(options, str(tmp_path / "local")).written == 25
    killed = []

    def kill():
        while not killed:
            time.sleep(0.2)
            done = len(list((tmp_path / "ray").glob("*.parquet"))) if (tmp_path / "ray").is_dir() else 0
            workers = subprocess.run(
                ["pgrep", "-f", "ray::work"], capture_output=True, text=True
            ).stdout.split()
            if done >= 5 and workers:
                os.kill(int(workers[0]), 9)
                killed.append(workers[0])

    thread = threading.Thread(target=kill)
    thread.start()
    result = generate(options, str(tmp_path / "ray"), EngineOptions(engine="ray"))
    thread.join()
    assert result.failed == {}
    assert manifest(tmp_path / "ray") == manifest(tmp_path / "local")
    assert manifest(tmp_path / "ray")["windows"] == 100_000


@pytest.mark.long
def test_a_repeatedly_killed_run_writes_the_same_set(tmp_path):
    options = BulkGenerateOptions(model=FAST, labels=("N", "V"), count=20_000, shard_size=1000)
    generate(options, str(tmp_path / "straight"))
    command = [
        sys.executable,
        "-m",
        "diffecg",
        "bulk",
        "generate",
        FAST,
        "--label",
        "N",
        "V",
        "--count",
        "20000",
    ]
    command += ["--shard-size", "1000", "--out", str(tmp_path / "run")]
    for wanted in (2, 7, 13):
        process = subprocess.Popen(
            command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        while len(list((tmp_path / "run").glob("*.parquet"))) < wanted:
            time.sleep(0.05)
        os.killpg(process.pid, 9)
        process.wait()
    subprocess.run(command, check=True, capture_output=True)
    assert manifest(tmp_path / "run") == manifest(tmp_path / "straight")


@pytest.mark.long
def test_two_concurrent_runs_write_the_same_set(whole, tmp_path):
    command = small_command(tmp_path / "set")
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in range(2)]
    for run in runs:
        _, err = run.communicate(timeout=300)
        assert run.returncode == 0, err
    assert manifest(tmp_path / "set") == manifest(whole)
    assert generate(SMALL, str(tmp_path / "set"), CHECKED).written == 0
