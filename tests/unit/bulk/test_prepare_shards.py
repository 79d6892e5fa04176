"""Recordings of databases and users are cut into windows in shards."""

import json

import fsspec
import numpy as np
import pandas as pd
import pytest
from helpers import write_database, write_recording
from hypothesis import given
from hypothesis import strategies as st

import diffecg
from diffecg.bulk.engines import run as run_all
from diffecg.bulk.options import EngineOptions
from diffecg.bulk.prepare import BulkPrepareOptions, failed_recordings, partition_counts
from diffecg.bulk.prepare import prepare as prepare_shards
from diffecg.config.presets import preset
from diffecg.datasets.databases import database as find_database
from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.options import PrepareOptions
from diffecg.datasets.parquet import from_parquet, to_parquet
from diffecg.datasets.prepare import prepare
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.shards import MANIFEST
from diffecg.datasets.splits import SUBJECT_SHARES, split_by_subject
from diffecg.datasets.subjects import read_subjects
from diffecg.errors import DiffecgError
from diffecg.formats.registry import read_recording
from diffecg.formats.registry import write_recording as write_edf
from diffecg.training.initialisation import config_for_windows

MITDB, OWN, ONE = find_database("mitdb"), find_database("own"), EngineOptions(workers=1)


def manifest(folder):
    return json.loads((folder / MANIFEST).read_text())


def assert_same(found, expected):
    """Two sets of windows are the same, to the bit."""
    assert (found.signal_mv == expected.signal_mv).all()
    pd.testing.assert_frame_equal(found.index, expected.index, check_dtype=False)


@pytest.fixture(scope="module")
def shards(database, tmp_path_factory):
    """Beats of the small database, two recordings a shard."""
    folder = tmp_path_factory.mktemp("shards") / "beats"
    completed = prepare_shards(MITDB, str(database), str(folder), BulkPrepareOptions(shard_size=2), ONE)
    assert (completed.shards, completed.written, completed.failed) == (3, 3, {})
    return folder


@pytest.fixture
def hospital(tmp_path):
    """Short annotated recordings of five subjects, in subfolders; one is an EDF file."""
    folder = tmp_path / "hospital"
    for i in range(5):
        place = folder / f"ward{i % 2}" / f"p{i}"
        place.parent.mkdir(parents=True, exist_ok=True)
        write_recording(place, seed=i, leads=("I", "II"), duration_s=11.0)
    one = folder / "ward0" / "p4"
    write_edf(folder / "ward1" / "p5.edf", read_recording(one))
    for file in folder.glob("ward0/p4.*"):
        file.unlink()
    return folder


def test_shards_contain_the_windows_that_prepare_writes(database, shards):
    whole = prepare(database, preset("beat").window)
    found = diffecg.open_windows(shards)
    assert_same(found, whole.windows)
    assert config_for_windows(preset("beat"), found).window == preset("beat").window
    entries = manifest(shards)["shards"]
    dropped = [row for shard in entries for row in shard["dropped"]]
    assert sum(row["count"] for row in dropped) == whole.dropped["count"].sum()
    assert sum(shard["windows"] for shard in entries) == len(found) == manifest(shards)["windows"]


def test_evaluation_finds_the_partitions_of_shards(database, shards):
    found, whole = read_windows(shards), prepare(database, preset("beat").window).windows
    assert (found.partition("test").signal_mv == whole.partition("test").signal_mv).all()
    assert found.r_peak == preset("beat").window.before


@given(st.integers(0, 5), st.integers(1, 3), st.integers(1, 40), st.integers(0, 2**32))
def test_parquet_keeps_windows(count, leads, length, seed):
    signal_mv = np.random.default_rng(seed).standard_normal((count, leads, length)).astype(np.float32)
    index = pd.DataFrame(
        {
            "recording": [f"r{i}" for i in range(count)],
            "sample": range(count),
            "label": ["V"] * count,
            "rr_before_s": [np.nan] * count,
        }
    )
    content = to_parquet(signal_mv, index)
    assert content == to_parquet(signal_mv, index)
    found, table = from_parquet(content, (leads, length), "a.parquet")
    assert (found == signal_mv).all()
    assert table["recording"].tolist() == index["recording"].tolist()
    assert table["rr_before_s"].isna().all()
    if count:
        with pytest.raises(DiffecgError, match=r"a\.parquet has windows of another size"):
            from_parquet(content, (leads, length + 1), "a.parquet")


def test_a_failed_recording_does_not_stop_the_others(tmp_path):
    names = ("101", "106", "100", "103")
    database = write_database(tmp_path / "mitdb", names)
    signal = database / "106.dat"
    content = signal.read_bytes()
    signal.write_bytes(content[:1000])
    out = tmp_path / "beats"
    first = prepare_shards(MITDB, str(database), str(out), BulkPrepareOptions(shard_size=2), ONE)
    assert set(failed_recordings(first)) == {"106"}
    assert "truncated" in failed_recordings(first)["106"]
    assert set(diffecg.open_windows(out).index["recording"]) == {"101", "100", "103"}
    signal.write_bytes(content)
    assert prepare_shards(MITDB, str(database), str(out), BulkPrepareOptions(shard_size=2), ONE).written == 0
    again = prepare_shards(MITDB, str(database), str(out), BulkPrepareOptions(shard_size=2, retry=True), ONE)
    assert (again.written, failed_recordings(again)) == (1, {})
    assert_same(diffecg.open_windows(out), prepare(database, preset("beat").window).windows)
    with pytest.raises(DiffecgError, match="label_map: 'aami', not 'aami-escape-s'"):
        prepare_shards(
            MITDB,
            str(database),
            str(out),
            BulkPrepareOptions(windows=PrepareOptions(label_map="aami-escape-s"), shard_size=2),
            ONE,
        )


def test_an_empty_shard_is_not_an_error(tmp_path):
    database = write_database(tmp_path / "mitdb", ("101", "106", "100"))
    (database / "106.dat").unlink()
    done = prepare_shards(
        MITDB, str(database), str(tmp_path / "beats"), BulkPrepareOptions(shard_size=1), ONE
    )
    assert [entry["windows"] > 0 for entry in done.entries] == [True, False, True]
    assert (
        len(diffecg.open_windows(tmp_path / "beats"))
        == done.windows
        == sum(sum(counts.values()) for counts in partition_counts(done).values())
    )


def test_recordings_of_a_user_are_prepared(hospital, tmp_path, run):
    status, out, err = run(*("prepare", "own", "--from", hospital, "--lead", "II", "--out", tmp_path / "one"))
    assert (status, "subjects" in out) == (0, True), err
    one = diffecg.open_windows(tmp_path / "one")
    names = {"ward0/p0", "ward0/p2", "ward1/p1", "ward1/p3", "ward1/p5.edf"}
    assert set(one.index["recording"]) == names
    assert set(one.index["lead"]) == {"II"}
    parts = split_by_subject({name: name for name in names}).with_validation()
    known = {name: parts.partition(name) for name in names}
    assert all(known[row["recording"]] in (None, row["partition"]) for _, row in one.index.iterrows())
    status, _, err = run(
        *("bulk", "prepare", "own", "--from", hospital, "--lead", "II", "--out", tmp_path / "many"),
        *("--shard-size", 2, "--workers", 1),
    )
    assert status == 0, err
    assert_same(diffecg.open_windows(tmp_path / "many"), one)


def test_recordings_of_a_subject_are_in_one_partition(hospital, tmp_path, run):
    subjects = tmp_path / "subjects.csv"
    subjects.write_text("recording,subject\nward0/p0,ann\nward1/p1,ann\nward1/p3,ann\nward0/p2,a\n")
    common = ["prepare", "own", "--from", hospital, "--lead", "II", "--subjects", subjects]
    assert run(*common, "--out", tmp_path / "strips")[0] == 0
    index = diffecg.open_windows(tmp_path / "strips").index
    assert index.groupby("recording")["partition"].unique().map(list).to_dict() == {
        **{name: ["train"] for name in ("ward0/p0", "ward1/p1", "ward1/p3")},
        "ward0/p2": ["validation"],
    }
    for text, why in (
        ("recording,subject\nward0/p0,ann\nward0/p0,bob\n", "two subjects of recording ward0/p0"),
        ("name,subject\np0,ann\n", "columns name, subject; it needs the columns recording, subject"),
        ("recording,subject\n", "lists no recordings"),
    ):
        subjects.write_text(text)
        status, _, err = run(*common, "--out", tmp_path / "other")
        assert (status, why in err) == (1, True), err
    status, _, err = run(
        "prepare", "mitdb", "--from", hospital, "--subjects", subjects, "--out", tmp_path / "x"
    )
    assert status == 1


def test_options_that_do_not_fit_own_recordings_are_refused(hospital, tmp_path, run):
    bare = tmp_path / "bare"
    bare.mkdir()
    write_recording(bare / "p0", leads=("II",), duration_s=11.0)
    (bare / "p0.atr").unlink()
    for arguments, why in (
        (("--from", hospital), "--lead"),
        (("--from", hospital, "--lead", "aVX"), "no channel 'aVX'"),
        (("--from", hospital, "--lead", "II", "--split", "strict"), "choose one of subjects"),
        (("--lead", "II", "--download"), "cannot be downloaded"),
        (("--from", bare, "--lead", "II"), "has no annotated beats"),
    ):
        status, _, err = run("prepare", "own", *arguments, "--out", tmp_path / "out")
        assert (status, why in err) == (1, True), err
    assert not (tmp_path / "out").exists()


@given(st.sets(st.text(min_size=1), max_size=30), st.text(min_size=1))
def test_the_partition_of_a_subject_does_not_depend_on_others(names, one):
    alone = split_by_subject({one: one}).partition(one)
    assert split_by_subject({name: name for name in (*names, one)}).partition(one) == alone
    pair = split_by_subject({"first": one, "second": one})
    assert pair.partition("first") == pair.partition("second") == alone


def test_subjects_are_split_70_10_20():
    found = split_by_subject({str(i): f"subject {i}" for i in range(20_000)})
    counts = [len(found.train), len(found.validation), len(found.test)]
    assert np.array(counts) / 20_000 == pytest.approx(SUBJECT_SHARES, abs=0.01)


def test_recordings_can_be_on_any_file_system(hospital):
    memory = fsspec.filesystem("memory")
    for file in hospital.rglob("*.*"):
        memory.pipe_file(f"/hospital/{file.relative_to(hospital)}", file.read_bytes())
    there, here = RecordingFolder("memory://hospital"), RecordingFolder(hospital)
    assert there.names() == here.names()
    for name in here.names():
        with there.local_copy(name) as path, here.local_copy(name) as own:
            assert (read_recording(path).signal_mv == read_recording(own).signal_mv).all()
        assert not path.exists()
    with pytest.raises(DiffecgError, match="leads out"), there.local_copy("../p0"):
        pass
    with pytest.raises(DiffecgError, match="cannot read"), there.local_copy("ward0/p9"):
        pass
    with pytest.raises(DiffecgError, match="no folder"):
        RecordingFolder("memory://nowhere").names()


def write_multi(folder, name):
    """Write a recording of two segments of half a minute, as PhysioNet does."""
    folder.mkdir(exist_ok=True)
    parts = []
    for i in range(2):
        write_recording(folder / f"{name}_{i}", seed=i, leads=("II",), duration_s=30.0)
        (folder / f"{name}_{i}.atr").unlink()
        parts.append(f"{name}_{i} {read_recording(folder / f'{name}_{i}').stored.shape[1]}\n")
    total = sum(int(part.split()[1]) for part in parts)
    (folder / f"{name}.hea").write_text(f"{name}/2 1 360 {total}\n" + "".join(parts))


def test_segments_of_a_recording_are_not_listed(tmp_path):
    write_multi(tmp_path / "db", "a")
    write_recording(tmp_path / "db" / "b", seed=5)
    here = RecordingFolder(tmp_path / "db")
    assert here.names() == ["a", "b"]
    memory = fsspec.filesystem("memory")
    for file in (tmp_path / "db").iterdir():
        memory.pipe_file(f"/multi/{file.name}", file.read_bytes())
    there = RecordingFolder("memory://multi")
    assert there.names() == ["a", "b"]
    with there.local_copy("a") as path:
        assert (read_recording(path).stored == read_recording(tmp_path / "db" / "a").stored).all()


def test_each_recording_is_used_once(hospital, tmp_path, run):
    write_edf(hospital / "ward0" / "p0.edf", read_recording(hospital / "ward0" / "p0"))
    with pytest.raises(DiffecgError, match="ward0/p0 exists in 2 formats"):
        RecordingFolder(hospital).names()
    (hospital / "RECORDS").write_text("ward0/p0\n\nward1/\n./ward0/p0\n")
    (hospital / "ward1" / "RECORDS").write_text(" p1\nmy p5.edf\n")
    assert RecordingFolder(hospital).names() == ["ward0/p0", "ward1/p1", "ward1/my p5.edf"]
    (hospital / "RECORDS").write_text("./\n")
    with pytest.raises(DiffecgError, match="leads out"):
        RecordingFolder(hospital).names()


def test_a_recording_has_one_subject(tmp_path):
    subjects = tmp_path / "subjects.csv"
    subjects.write_text("recording,subject\n100,NA\n./101, ann\n102,ann \n102,ann\n")
    assert read_subjects(subjects).subjects == {"100": "NA", "101": "ann", "102": "ann"}
    for text, why in (
        ("recording,subject\n100,ann\n./100,bob\n", "two subjects of recording 100"),
        ("recording,subject\n100,ann\n101, \n", "line 3"),
    ):
        subjects.write_text(text)
        with pytest.raises(DiffecgError, match=why):
            read_subjects(subjects)


def test_another_source_is_refused(tmp_path):
    for place in ("one", "two"):
        write_database(tmp_path / place, ("101",))
    out = str(tmp_path / "out")
    prepare_shards(MITDB, str(tmp_path / "one"), out, BulkPrepareOptions(), ONE)
    with pytest.raises(DiffecgError, match="source: "):
        prepare_shards(MITDB, str(tmp_path / "two"), out, BulkPrepareOptions(), ONE)


def test_a_set_without_windows_is_an_error(hospital, tmp_path, run):
    bulk = ["bulk", "prepare", "own", "--workers", 1, "--from"]
    status, _, err = run(*bulk, hospital, "--lead", "XX", "--out", tmp_path / "out")
    assert (status, "no window of 256 samples is left" in err) == (1, True), err
    subjects = tmp_path / "subjects.csv"
    subjects.write_text("recording,subject\np0,ann\n")
    status, _, err = run(
        *bulk, tmp_path / "no", "--lead", "I", "--subjects", subjects, "--out", tmp_path / "x"
    )
    assert (status, "no folder" in err) == (1, True), err
    with pytest.raises(DiffecgError, match="workers 0 must be at least 1"):
        run_all(len, [""], EngineOptions(workers=0))
    with pytest.raises(DiffecgError, match="workers 0 must be at least 1"):
        prepare_shards(
            OWN,
            str(hospital),
            str(tmp_path / "y"),
            BulkPrepareOptions(windows=PrepareOptions(lead="II")),
            EngineOptions(workers=0),
        )
    assert not (tmp_path / "y").exists()


def test_beats_are_read_from_annotations_of_edf_files(tmp_path):
    write_recording(tmp_path / "100", seed=3, leads=("II",), duration_s=30.0)
    (tmp_path / "db").mkdir()
    write_edf(tmp_path / "db" / "100.edf", read_recording(tmp_path / "100"))
    (tmp_path / "wfdb").mkdir()
    for file in tmp_path.glob("100.*"):
        file.rename(tmp_path / "wfdb" / file.name)
    window = PrepareOptions(lead="II").window(OWN)
    found, expected = (
        prepare(tmp_path / folder, window, split_name="subjects").windows.index for folder in ("db", "wfdb")
    )
    assert found["label"].tolist() == expected["label"].tolist()
    assert found["sample"].tolist() == expected["sample"].tolist()
    assert len(found) > 20
