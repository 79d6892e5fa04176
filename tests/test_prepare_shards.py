"""Recordings, one's own too, to windows in shards."""

import json

import fsspec
import numpy as np
import pandas as pd
import pytest
from helpers import write_database, write_record
from hypothesis import given
from hypothesis import strategies as st

import diffecg
from diffecg.bulk.prepare import failures, totals
from diffecg.bulk.prepare import prepare as prepare_shards
from diffecg.bulk.settings import Running
from diffecg.config import preset
from diffecg.data.cutting import Cutting
from diffecg.data.databases import database as find_database
from diffecg.data.parquet import from_parquet, to_parquet
from diffecg.data.prepare import prepare
from diffecg.data.records import read_record
from diffecg.data.shards import MANIFEST
from diffecg.data.source import Source
from diffecg.data.splits import PEOPLE_SHARES, by_person
from diffecg.errors import DiffecgError
from diffecg.exchange.read_windows import read_windows
from diffecg.exchange.records import write_record as write_edf
from diffecg.training.loop import for_windows

MITDB, ONE = find_database("mitdb"), Running(workers=1)


def manifest(folder):
    return json.loads((folder / MANIFEST).read_text())


def assert_same(found, expected):
    """Two sets of windows are the same, to the bit."""
    assert (found.signal_mv == expected.signal_mv).all()
    pd.testing.assert_frame_equal(found.index, expected.index, check_dtype=False)


@pytest.fixture(scope="module")
def shards(database, tmp_path_factory):
    """Beats of the small database, two records a shard."""
    folder = tmp_path_factory.mktemp("shards") / "beats"
    completed = prepare_shards(MITDB, str(database), str(folder), Cutting(), ONE, records=2)
    assert (completed.shards, completed.made, completed.failed) == (3, 3, {})
    return folder


@pytest.fixture
def hospital(tmp_path):
    """Short strips of five people without annotations, in subfolders; one record is an EDF file."""
    folder = tmp_path / "hospital"
    for i in range(5):
        place = folder / f"ward{i % 2}" / f"p{i}"
        place.parent.mkdir(parents=True, exist_ok=True)
        write_record(place, seed=i, leads=("I", "II"), duration_s=11.0)
        place.with_suffix(".atr").unlink()
    one = folder / "ward0" / "p4"
    write_edf(folder / "ward1" / "p5.edf", read_record(one))
    for file in folder.glob("ward0/p4.*"):
        file.unlink()
    return folder


def test_shards_hold_what_prepare_writes(database, shards):
    whole = prepare(database, preset("beat").window)
    found = diffecg.open_windows(shards)
    assert_same(found, whole.windows)
    assert for_windows(preset("beat"), found.info).window == preset("beat").window
    marks = manifest(shards)["shards"]
    dropped = [row for mark in marks for row in mark["dropped"]]
    assert sum(count for *_, count in dropped) == whole.dropped["count"].sum()
    assert sum(mark["windows"] for mark in marks) == len(found) == manifest(shards)["windows"]


def test_the_evaluation_sees_their_parts(database, shards):
    found, whole = read_windows(shards), prepare(database, preset("beat").window).windows
    assert (found.part("test").signal_mv == whole.part("test").signal_mv).all()
    assert found.before == preset("beat").window.before


@given(st.integers(0, 5), st.integers(1, 3), st.integers(1, 40), st.integers(0, 2**32))
def test_parquet_gives_windows_back(count, leads, length, seed):
    signal_mv = np.random.default_rng(seed).standard_normal((count, leads, length)).astype(np.float32)
    index = pd.DataFrame(
        {
            "record": [f"r{i}" for i in range(count)],
            "sample": range(count),
            "label": ["V"] * count,
            "rr_before_s": [np.nan] * count,
        }
    )
    content = to_parquet(signal_mv, index)
    assert content == to_parquet(signal_mv, index)
    found, table = from_parquet(content, (leads, length))
    assert (found == signal_mv).all()
    assert table["record"].tolist() == index["record"].tolist()
    assert table["rr_before_s"].isna().all()
    if count:
        with pytest.raises(DiffecgError, match="other sizes"):
            from_parquet(content, (leads, length + 1))


def test_a_failed_record_does_not_stop_the_rest(tmp_path):
    names = ("101", "106", "100", "103")
    database = write_database(tmp_path / "mitdb", names)
    signal = database / "106.dat"
    content = signal.read_bytes()
    signal.write_bytes(content[:1000])
    out = tmp_path / "beats"
    first = prepare_shards(MITDB, str(database), str(out), Cutting(), ONE, records=2)
    assert set(failures(first)) == {"106"}
    assert "truncated" in failures(first)["106"]
    assert set(diffecg.open_windows(out).index["record"]) == {"101", "100", "103"}
    signal.write_bytes(content)
    assert prepare_shards(MITDB, str(database), str(out), Cutting(), ONE, records=2).made == 0
    again = prepare_shards(MITDB, str(database), str(out), Cutting(), ONE, records=2, retry=True)
    assert (again.made, failures(again)) == (1, {})
    assert_same(diffecg.open_windows(out), prepare(database, preset("beat").window).windows)
    with pytest.raises(DiffecgError, match="other class_map"):
        prepare_shards(MITDB, str(database), str(out), Cutting(class_map="aami-escape-s"), ONE, records=2)


def test_a_shard_of_nothing_is_no_fault(tmp_path):
    database = write_database(tmp_path / "mitdb", ("101", "106", "100"))
    (database / "106.dat").unlink()
    done = prepare_shards(MITDB, str(database), str(tmp_path / "beats"), Cutting(), ONE, records=1)
    assert [mark["windows"] > 0 for mark in done.marks] == [True, False, True]
    assert (
        len(diffecg.open_windows(tmp_path / "beats"))
        == done.windows
        == sum(sum(counts.values()) for counts in totals(done).values())
    )


def test_ones_own_recordings(hospital, tmp_path, run):
    status, out, err = run(
        *("prepare", "own", "--from", hospital, "--preset", "strip", "--out", tmp_path / "one")
    )
    assert (status, "people" in out) == (0, True), err
    one = diffecg.open_windows(tmp_path / "one")
    names = {"ward0/p0", "ward0/p2", "ward1/p1", "ward1/p3", "ward1/p5.edf"}
    assert set(one.index["record"]) == names
    assert set(one.index["lead"]) == {"I", "II"}
    assert len(one) == 10  # a strip of 10 s of each lead: none is lost between the parts
    parts = by_person({name: name for name in names})
    assert all(row["split"] == parts.part(row["record"]) for _, row in one.index.iterrows())
    status, _, err = run(
        *("bulk", "prepare", "own", "--from", hospital, "--preset", "strip", "--out", tmp_path / "many"),
        *("--records", 2, "--workers", 1),
    )
    assert status == 0, err
    assert_same(diffecg.open_windows(tmp_path / "many"), one)


def test_people_stay_together(hospital, tmp_path, run):
    people = tmp_path / "people.csv"
    people.write_text("record,person\nward0/p0,ann\nward1/p1,ann\nward1/p3,ann\n")
    common = ["prepare", "own", "--from", hospital, "--preset", "strip", "--people", people]
    assert run(*common, "--out", tmp_path / "strips")[0] == 0
    index = diffecg.open_windows(tmp_path / "strips").index
    assert set(index["record"]) == {"ward0/p0", "ward1/p1", "ward1/p3"}
    assert index["split"].nunique() == 1
    for text, why in (
        ("record,person\nward0/p0,ann\nward0/p0,bob\n", "two people of record ward0/p0"),
        ("name,person\np0,ann\n", "columns name, person; record, person are needed"),
        ("record,person\n", "is empty"),
    ):
        people.write_text(text)
        status, _, err = run(*common, "--out", tmp_path / "other")
        assert (status, why in err) == (1, True), err
    status, _, err = run("prepare", "mitdb", "--from", hospital, "--people", people, "--out", tmp_path / "x")
    assert status == 1


def test_what_is_ones_own_must_be_told(hospital, tmp_path, run):
    for arguments, why in (
        (("--from", hospital), "--lead"),
        (("--from", hospital, "--lead", "II"), "has no annotations"),
        (("--from", hospital, "--preset", "strip", "--lead", "II"), "takes any leads"),
        (("--from", hospital, "--preset", "strip", "--split", "strict"), "choose one of people"),
        (("--preset", "strip", "--download"), "cannot be downloaded"),
    ):
        status, _, err = run("prepare", "own", *arguments, "--out", tmp_path / "out")
        assert (status, why in err) == (1, True), err
    assert not (tmp_path / "out").exists()


@given(st.sets(st.text(min_size=1), max_size=30), st.text(min_size=1))
def test_a_persons_part_does_not_depend_on_others(names, one):
    alone = by_person({one: one}).part(one)
    assert by_person({name: name for name in (*names, one)}).part(one) == alone
    pair = by_person({"first": one, "second": one})
    assert pair.part("first") == pair.part("second") == alone


def test_the_shares_of_people():
    found = by_person({str(i): f"person {i}" for i in range(20_000)})
    counts = [len(found.train), len(found.validation), len(found.test)]
    assert np.array(counts) / 20_000 == pytest.approx(PEOPLE_SHARES, abs=0.01)


def test_recordings_may_be_on_any_file_system(hospital):
    memory = fsspec.filesystem("memory")
    for file in hospital.rglob("*.*"):
        memory.pipe_file(f"/hospital/{file.relative_to(hospital)}", file.read_bytes())
    there, here = Source("memory://hospital"), Source(hospital)
    assert there.names() == here.names()
    for name in here.names():
        with there.local(name) as path, here.local(name) as own:
            assert (read_record(path).signal_mv == read_record(own).signal_mv).all()
        assert not path.exists()
    with pytest.raises(DiffecgError, match="leads out"), there.local("../p0"):
        pass
    with pytest.raises(DiffecgError, match="cannot read"), there.local("ward0/p9"):
        pass
    with pytest.raises(DiffecgError, match="no folder"):
        Source("memory://nowhere").names()
