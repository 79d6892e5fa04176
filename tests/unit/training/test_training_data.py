"""Training on windows streamed from shards."""

import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import wfdb
from helpers import labels_of, tiny, write_recording
from hypothesis import given
from hypothesis import strategies as st
from processes import apart, command, done, losses, start

from diffecg.bulk.options import EngineOptions
from diffecg.bulk.prepare import BulkPrepareOptions
from diffecg.bulk.prepare import prepare as prepare_shards
from diffecg.datasets.databases import database as find_database
from diffecg.datasets.loading import open_dataset, open_windows
from diffecg.datasets.options import PrepareOptions
from diffecg.datasets.prepare import prepare
from diffecg.datasets.shards import ShardStore
from diffecg.datasets.subject_table import SubjectTable
from diffecg.errors import DiffecgError
from diffecg.training.data import ShardOrder, training_data
from diffecg.training.trainer import train

MITDB, ONE = find_database("mitdb"), EngineOptions(workers=1)


def one_each(windows, subjects=None):
    """Options of shards of one recording each."""
    table = None if subjects is None else SubjectTable(subjects=subjects)
    return BulkPrepareOptions(windows=windows, subjects=table, shard_size=1)


@pytest.fixture(scope="module")
def shards(database, tmp_path_factory):
    """Beats of the small database, a recording a shard."""
    folder = tmp_path_factory.mktemp("shards") / "beats"
    prepare_shards(MITDB, str(database), str(folder), one_each(PrepareOptions()), ONE)
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A stream of twelve training shards and one to validate, with two subjects."""
    folder = tmp_path_factory.mktemp("subjects")
    (folder / "db").mkdir()
    subjects = {}
    for i in range(13):
        write_recording(folder / "db" / f"p{i}", seed=i, leads=("MLII",), duration_s=20.0 + 2 * i)
        subjects[f"p{i}"] = "a" if i == 12 else "b"  # a validates, b trains
    own, cutting = find_database("own"), PrepareOptions(lead="MLII")
    prepare_shards(own, str(folder / "db"), str(folder / "set"), one_each(cutting, subjects), ONE)
    return folder / "set"


orders = st.tuples(
    st.lists(st.integers(1, 50), min_size=1, max_size=12),
    st.floats(0, 1),
    st.integers(1, 400),
    st.integers(0, 9),
)


def build(drawn):
    rows, balance, pool, seed = np.array(drawn[0]), *drawn[1:]
    weight = rows ** (1 - balance)
    return ShardOrder(rows, weight, buffer_size=pool, seed=seed), rows, weight


@given(orders)
def test_windows_are_drawn_as_often_as_from_memory(drawn):
    """Over an epoch a shard is drawn from in proportion to its weight, for any buffer size."""
    order, rows, weight = build(drawn)
    expected, ends = np.zeros(len(rows)), order.plan(0)[1]
    lasts = np.diff(ends, prepend=0)
    for position, samples in enumerate(lasts):
        held = order.shards(0, position)
        expected[held] += samples * weight[held] / weight[held].sum()
    assert expected == pytest.approx(rows.sum() * weight / weight.sum())
    assert ends[-1] == pytest.approx(rows.sum())


@given(orders)
def test_buffer_moves_one_shard_at_a_time(drawn):
    order, rows, _ = build(drawn)
    epoch, same = int(rows.sum()), build(drawn)[0]
    shortest = np.diff(order.plan(0)[1], prepend=0).min()
    held = order.shards_at(0)
    for samples in range(1, epoch):
        now, ahead = order.shards_at(samples), order.next_shards(samples - 1)
        assert now == same.shards_at(samples)
        assert len(now) == len(set(now)) == len(held)
        if now != held and shortest > 1.001:  # it may stay for less than a sample
            assert now == ahead
            assert len(set(now) - set(held)) == 1
        held = now


def test_buffer_with_all_shards_equals_memory(database, shards, tmp_path):
    """Weights, losses and validation are those of windows in memory, bit for bit."""
    config, whole = tiny("paper"), prepare(database, tiny("paper").window).windows
    train(config, whole, tmp_path / "memory")
    train(config, open_dataset(shards), tmp_path / "stream")
    assert apart(tmp_path / "memory", tmp_path / "stream") == 0
    assert losses(tmp_path / "memory").tolist() == losses(tmp_path / "stream").tolist()


def test_morphologies_are_those_of_windows_in_memory(database, shards):
    config, whole = tiny("beat"), prepare(database, tiny("beat").window).windows
    memory, stream = training_data(whole, config), training_data(open_dataset(shards), config)
    assert (memory.morphologies.share == stream.morphologies.share).all()
    one, other = memory.source_at(0), stream.source_at(0)
    assert (one.windows.signal_mv == other.windows.signal_mv).all()
    assert np.mean(one.morphology == other.morphology) > 0.95


def test_no_more_shards_than_the_buffer_are_in_memory(many, monkeypatch):
    stream = open_dataset(many)
    rows = stream.counts["train"].sum(axis=1).to_numpy()
    config = tiny("beat", shuffle_buffer=int(3 * rows[rows > 0].mean()))
    read, size = [], []
    original = ShardStore.read
    monkeypatch.setattr(
        ShardStore, "read", lambda self, entry: read.append(entry["name"]) or original(self, entry)
    )
    sample = training_data(stream, config)
    first = len(read)
    for samples in range(0, int(rows.sum()), 4):
        source = sample.source_at(samples)
        size.append(source.windows.index["recording"].nunique())
        assert sample.source_at.__self__.shards_in_memory <= 4
    assert set(size) == {3}
    assert Counter(read[first:]).most_common(1)[0][1] <= 3  # an epoch's beginning may read a shard again
    assert set(read[first:]) == {entry["name"] for entry, n in zip(stream.entries, rows, strict=True) if n}


def test_rare_label_is_drawn_as_often_as_from_memory(many):
    stream = open_dataset(many)
    config = tiny("beat", shuffle_buffer=40, balance=0.5)
    counts = stream.counts["train"].sum()
    share = counts**0.5 / (counts**0.5).sum()
    source, drawn = training_data(stream, config), Counter()
    epoch = int(counts.sum())
    for samples in range(0, 40 * epoch, 16):
        batch = source.source_at(samples % epoch).batch(np.random.default_rng(samples), 16)
        drawn.update(labels_of(batch, config))
    total = drawn.total()
    for label, wanted in share.items():
        assert drawn[label] / total == pytest.approx(wanted, abs=0.02)


def test_stopped_streamed_run_is_resumed(many, tmp_path):
    config, stream = tiny("beat", shuffle_buffer=40, samples=96, checkpoint_every=16), open_dataset(many)
    train(config, stream, tmp_path / "straight")

    def stop(row):
        if row["samples"] == 48:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, open_dataset(many), tmp_path / "run", report=stop)
    train(config, open_dataset(many), tmp_path / "run")
    assert apart(tmp_path / "run", tmp_path / "straight") == 0


def test_streamed_training_agrees_between_processes(many, tmp_path):
    pool = ["--set", "training.shuffle_buffer=40"]
    done(start(*command(many, tmp_path / "one", *pool)))
    done(start(*command(many, tmp_path / "two", *pool), count=2))
    assert apart(tmp_path / "one", tmp_path / "two") < 1e-4


def test_damaged_shard_is_reported(shards, tmp_path):
    folder = tmp_path / "set"
    subprocess.run(["cp", "-r", shards, folder], check=True)
    one = next(iter(sorted(folder.glob("*.parquet"))))
    content = bytearray(one.read_bytes())
    content[len(content) // 2] ^= 1
    one.write_bytes(content)
    with pytest.raises(DiffecgError, match=f"{one.name} is missing or damaged.*--verify"):
        train(tiny("beat"), open_dataset(folder), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    one.unlink()
    with pytest.raises(DiffecgError, match="missing or damaged"):
        open_windows(folder)


def test_missing_partitions_and_labels(tmp_path):
    """A set without training windows is refused; labels that the training subjects lack are not.

    Validation is divided off the training recordings if no subject is in it.
    """
    folder, subjects = tmp_path / "db", {}
    folder.mkdir()
    for i, subject in enumerate(("b", "a", "g")):  # they train, validate and test
        write_recording(folder / f"p{i}", seed=i, leads=("MLII",), duration_s=30.0)
        subjects[f"p{i}"] = subject
    wfdb.wrann("p0", "atr", np.arange(400, 9000, 300), symbol=["N"] * 29, write_dir=str(folder))
    own, cutting = find_database("own"), PrepareOptions(lead="MLII")
    prepare_shards(own, str(folder), str(tmp_path / "set"), one_each(cutting, subjects), ONE)
    stream = open_dataset(tmp_path / "set")
    assert stream.counts["train"].sum().to_dict() | {"N": 0} == dict.fromkeys(stream.counts["train"], 0)
    train(tiny("beat", balance=1.0), stream, tmp_path / "run")
    without = {name: subject for name, subject in subjects.items() if name != "p1"}
    prepare_shards(own, str(folder), str(tmp_path / "time"), one_each(cutting, without), ONE)
    divided = open_dataset(tmp_path / "time")
    assert divided.info["validation"] == "by time"
    assert set(divided.load().partition("validation").recordings) == {"p0"}
    del subjects["p0"]
    prepare_shards(own, str(folder), str(tmp_path / "two"), one_each(cutting, subjects), ONE)
    with pytest.raises(
        DiffecgError, match="no windows in the partition 'train'; available: test, validation"
    ):
        train(tiny("beat"), open_dataset(tmp_path / "two"), tmp_path / "other")


def test_unfinished_and_synthetic_sets_are_refused(shards, tmp_path):
    made = [sys.executable, "-m", "diffecg", "bulk", "generate", "mitbih-beat-fast", "--count", "4"]
    subprocess.run([*made, "--out", str(tmp_path / "made")], check=True, capture_output=True)
    with pytest.raises(DiffecgError, match="synthetic"):
        open_dataset(tmp_path / "made")
    folder = tmp_path / "unfinished"
    subprocess.run(["cp", "-r", shards, folder], check=True)
    (folder / "manifest.json").unlink()
    with pytest.raises(DiffecgError, match="not finished"):
        open_dataset(folder)
    about = json.loads((shards / "set.json").read_text())
    assert about["split"] == "strict"
