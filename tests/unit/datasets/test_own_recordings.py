"""Recordings as users have them: any format, any channels, few subjects, and longer than memory."""

import io
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import FS_HZ, make_ecg, write_recording
from hypothesis import given
from hypothesis import strategies as st

import diffecg
from diffecg.bulk.options import EngineOptions
from diffecg.bulk.prepare import BulkPrepareOptions
from diffecg.bulk.prepare import prepare as prepare_shards
from diffecg.config.schema import WindowConfig
from diffecg.datasets import cutting
from diffecg.datasets.cutting import WindowCutter
from diffecg.datasets.databases import database
from diffecg.datasets.folder import write_folder
from diffecg.datasets.label_maps import AAMI
from diffecg.datasets.lead_reader import LeadReader
from diffecg.datasets.options import PrepareOptions
from diffecg.datasets.prepare import prepare, prepare_folder
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.datasets.signal_sink import open_signal_file
from diffecg.datasets.splits import split_by_partition, split_by_subject
from diffecg.datasets.subject_table import SubjectTable
from diffecg.datasets.subjects import make_split, read_subjects
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import SUFFIXES, read_recording
from diffecg.formats.registry import write_recording as write_any
from diffecg.signal.resampling import resample

CASES = Path(__file__).parents[2] / "data" / "cases"
BEAT = WindowConfig(length=256, fs_hz=FS_HZ, leads=("II",), before=128)
PAIR = WindowConfig(length=60, fs_hz=100.0, leads=("V1", "II"), before=30)
OWN, ONE = database("own"), EngineOptions(workers=1)


def own(folder, window=BEAT, **options):
    return prepare(folder, window, split_name="subjects", **options)


@pytest.fixture
def in_process(monkeypatch):
    """Write shards in this process."""
    monkeypatch.setattr(
        "diffecg.bulk.jobs.run", lambda write, tasks, engine: ((task, write(task)) for task in tasks)
    )


def ecg(seed=0, duration_s=60.0, fs_hz=FS_HZ, names=("II",)):
    """Return a recording with annotated beats."""
    signal, samples, symbols = make_ecg(seed, duration_s=duration_s, fs_hz=fs_hz)
    beats = [
        Annotation(time_s=sample / fs_hz, symbol=str(symbol))
        for sample, symbol in zip(samples.tolist(), symbols, strict=True)
    ]
    rows = np.stack([signal * (1 - 0.3 * i) for i in range(len(names))])
    return Recording.from_arrays(rows, fs_hz, channel_names=names, annotations=beats, name="one")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_gives_the_same_windows(suffix, tmp_path):
    recording = ecg()
    (tmp_path / "db").mkdir()
    write_any(tmp_path / "db" / f"one{suffix}", recording)
    table = SubjectTable(subjects={f"one{suffix}": "b"})  # trains
    window = replace(BEAT, leads=("lead 1",) if suffix == ".npy" else ("II",))  # .npy holds no names
    prepared = own(tmp_path / "db", window, subjects=table, read=partial(read_recording, fs_hz=FS_HZ))
    whole = WindowCutter(window=BEAT, split=make_split("subjects", table), labels=AAMI).cut(recording)
    cut = prepared.windows
    assert RecordingFolder(tmp_path / "db").names() == [f"one{suffix}"]
    assert np.allclose(cut.signal_mv, whole.signal_mv, atol=6e-4)
    assert cut.index["symbol"].tolist() == whole.index["symbol"].tolist()
    assert cut.index["sample"].tolist() == whole.index["sample"].tolist()


def test_beats_are_where_annotations_of_another_time_resolution_say():
    """The annotations of low are in steps of 8 ms, those of right in samples of 4 ms."""
    [lead] = read_recording(CASES / "wfdb" / "low").channel_names
    window = WindowConfig(length=100, fs_hz=250.0, leads=(lead,), before=50)
    windows = own(CASES / "wfdb", window, subjects=SubjectTable.of_recordings(["low", "right"])).windows
    low, right = (windows.take(windows.recordings == name) for name in ("low", "right"))
    assert (right.index["sample"][:3] / 250).tolist() == [0.5, 1.336, 2.168]
    assert len(low) == len(right) > 100
    assert np.abs(low.index["sample"].to_numpy() - right.index["sample"].to_numpy()).max() <= 1
    assert (np.abs(windows.signal_mv[:, 0].argmax(axis=1) - 50) <= 1).all()


def test_signal_files_and_tables_of_annotations_are_no_recordings(tmp_path):
    write_recording(tmp_path / "a", duration_s=11.0)
    header = (tmp_path / "a.hea").read_text()
    (tmp_path / "a.hea").write_text(header.replace("a.dat", "samples.csv"))
    (tmp_path / "a.dat").rename(tmp_path / "samples.csv")
    write_any(tmp_path / "b.csv", ecg(duration_s=11.0))
    assert (tmp_path / "b_annotations.csv").is_file()
    (tmp_path / ".c.csv").write_text("hidden")
    (tmp_path / "a.ecg").write_bytes(b"annotations of an annotator that is called ecg")
    (tmp_path / "made.card.json").write_text("{}")
    (tmp_path / "README.csv").write_text("about the database")
    assert RecordingFolder(tmp_path).names() == ["a", "b.csv"]


def test_annotations_of_tables_are_copied_from_other_file_systems(tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    write_any(tmp_path / "b.csv", ecg(duration_s=11.0))
    for file in tmp_path.iterdir():
        memory.pipe_file(f"/tables/{file.name}", file.read_bytes())
    with RecordingFolder("memory://tables").local_copy("b.csv") as path:
        beats = read_recording(path).beats()
    assert beats.symbol.tolist() == read_recording(tmp_path / "b.csv").beats().symbol.tolist()
    assert len(beats.sample)


def test_a_file_that_is_no_recording_is_named_with_the_way_out(tmp_path):
    write_any(tmp_path / "b.csv", ecg(duration_s=11.0))
    (tmp_path / "people.csv").write_text("recording,subject\nb.csv,ann\n")
    with pytest.raises(DiffecgError, match=r"people\.csv.*RECORDS or with --subjects"):
        own(tmp_path)
    assert own(tmp_path, subjects=read_subjects(tmp_path / "people.csv")).windows.recordings[0] == "b.csv"


def test_partitions_are_those_that_the_user_assigns(tmp_path, run, in_process):
    table = read_subjects(CASES / "ml" / "people_with_split.csv")
    assert table.subjects == {"p000": "a", "p001": "b", "p002": "c", "p003": "d"}
    assert table.partitions == {"a": "train", "b": "validation", "c": "test", "d": "train"}
    (tmp_path / "db").mkdir()
    for i, name in enumerate(table.subjects):
        write_recording(tmp_path / "db" / name, seed=i, leads=("II",), duration_s=11.0)
    command = ["prepare", "own", "--from", tmp_path / "db"]
    assert "name it, as in --lead II" in run(*command, "--out", tmp_path / "none")[2]
    command += ["--lead", "II"]
    subjects = ["--subjects", CASES / "ml" / "people_with_split.csv"]
    status, _, err = run(*command, *subjects, "--out", tmp_path / "one")
    assert (status, err) == (0, "")
    windows = diffecg.open_windows(tmp_path / "one")
    found = dict(zip(windows.recordings.tolist(), windows.partitions.tolist(), strict=True))
    assert found == {name: table.partitions[subject] for name, subject in table.subjects.items()}
    status, _, err = run(
        "bulk", *command, *subjects, "--workers", 1, "--shard-size", 1, "--out", tmp_path / "b"
    )
    assert (status, err) == (0, "")
    pd.testing.assert_frame_equal(
        diffecg.open_windows(tmp_path / "b").index, windows.index, check_dtype=False
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "recording,subject,partition\na,x,holdout\n",
            "line 2: unknown partition 'holdout'; choose one of train",
        ),
        ("recording,subject,partition\na,x,\n", "line 2: unknown partition ''"),
        (
            "recording,subject,partition\na,x,train\nb,x,test\n",
            "line 3: subject x is in the partitions train",
        ),
        ("recording;subject;split\na;x;train\nb;x;test\n", "line 3: subject x is in the partitions train"),
        ("recording,partition\na,train\n", "it needs the columns recording, subject"),
    ],
)
def test_partitions_that_contradict_each_other_are_refused(text, why, tmp_path):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(DiffecgError, match=why):
        read_subjects(tmp_path / "s.csv")


@given(st.dictionaries(st.text(min_size=1), st.sampled_from(["train", "validation", "test"]), min_size=1))
def test_restricting_a_split_changes_no_partition(partitions):
    split = split_by_partition(partitions).with_validation()
    for name, partition in partitions.items():
        alone = split.restricted([name])
        assert alone.partition(name) == split.partition(name)
        assert split.partition(name) in (partition, None)
        assert (split.partition(name) is None) == (
            partition == "train" and "validation" not in partitions.values()
        )
        assert [other for other in partitions if alone.includes(other)] == [name]


def test_few_subjects_validate_by_time_which_is_said(tmp_path, run, in_process):
    """The subjects b and g are in the partitions train and test."""
    assert [split_by_subject({s: s}).partition(s) for s in "bg"] == ["train", "test"]
    (tmp_path / "db").mkdir()
    for i, name in enumerate("bg"):
        write_recording(tmp_path / "db" / name, seed=i, leads=("II",), duration_s=130.0)
    command = ["prepare", "own", "--from", tmp_path / "db", "--lead", "II"]
    status, _, err = run(*command, "--out", tmp_path / "one")
    assert status == 0
    assert "no subject is in the partition validation: it is the last 20% of every 60 s" in err
    windows = diffecg.open_windows(tmp_path / "one")
    assert windows.info["notes"] == [line.removeprefix("note: ") for line in err.splitlines()]
    held_out = windows.partition("validation").index
    assert set(held_out["recording"]) == {"b"}
    assert (held_out["sample"] / 360 % 65 > 65 * 0.8 - 0.4).all()  # rounds of 65 s fill the recording
    status, _, err = run("bulk", *command, "--workers", 1, "--shard-size", 1, "--out", tmp_path / "many")
    assert (status, windows.info["notes"]) == (0, [line.removeprefix("note: ") for line in err.splitlines()])
    many = diffecg.open_windows(tmp_path / "many")
    assert many.partitions.tolist() == windows.partitions.tolist()
    assert many.info["validation"] == "by time"


def test_empty_partitions_are_reported_with_the_way_out(tmp_path):
    write_recording(tmp_path / "b", leads=("II",), duration_s=11.0)
    prepared = own(tmp_path, replace(BEAT, length=3600, before=0))
    counts = prepared.counts.sum(axis=1).to_dict()
    assert counts == {"train": len(prepared.windows), "validation": 0, "test": 0}
    assert prepared.notes == [
        "no subject is in the partition validation, and the training recordings are too short to be divided",
        "no windows in the partition validation, test: use recordings of more subjects, or assign partitions "
        "with --subjects FILE (columns recording, subject, partition)",
    ]


def test_no_partition_of_known_databases_is_reported(database):
    assert prepare(database, WindowConfig(), split_name="strict").notes == []


@given(
    st.sampled_from([(360.0, 100.0), (250.0, 360.0), (249.9, 100.0), (500.0, 128.0), (100.0, 100.0)]),
    st.integers(2, 4000),
    st.integers(0, 2**32),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_parts_of_a_lead_are_those_of_the_whole(rates, samples, seed, first, last):
    signal = np.cumsum(np.random.default_rng(seed).standard_normal((2, samples)), axis=1)
    recording = Recording.from_arrays(signal, rates[0], channel_names=("I", "II"))
    whole = resample(signal, *rates)
    reader = LeadReader(recording=recording, fs_hz=rates[1])
    assert reader.length == whole.shape[1]
    start, stop = sorted(round(share * reader.length) for share in (first, last))
    assert np.allclose(reader.read(start, stop), whole[:, start:stop], atol=1e-9)


def test_a_missing_first_sample_voids_only_what_is_beside_it():
    signal = ecg(duration_s=20.0).signal
    signal[0, 0] = np.nan
    reader = LeadReader(recording=Recording.from_arrays(signal, FS_HZ), fs_hz=100.0)
    missing = np.flatnonzero(np.isnan(reader.read(0, reader.length)[0]))
    assert missing.max() < 20


@pytest.mark.parametrize("window", [BEAT, PAIR])
def test_windows_do_not_depend_on_the_blocks_in_which_they_are_cut(window, monkeypatch):
    recording = ecg(duration_s=130.0, names=("II", "V1"))
    cutter = WindowCutter(
        window=window, split=make_split("subjects", SubjectTable.of_recordings(["b"])), labels=AAMI
    )
    recording = Recording.from_arrays(
        recording.signal,
        FS_HZ,
        channel_names=recording.channel_names,
        annotations=recording.annotations,
        name="b",
    )
    whole = cutter.cut(recording)
    monkeypatch.setattr(cutting, "BLOCK_SAMPLES", 9000)
    assert len(list(cutter.cuts(recording))) > 5
    parts = cutter.cut(recording)
    assert parts.dropped == whole.dropped
    order = ["lead", "sample"]
    ours, theirs = (cut.index.sort_values(order) for cut in (parts, whole))
    pd.testing.assert_frame_equal(ours.reset_index(drop=True), theirs.reset_index(drop=True))
    assert np.allclose(parts.signal_mv[ours.index], whole.signal_mv[theirs.index], atol=1e-6)


def test_windows_are_written_as_they_are_cut(tmp_path):
    (tmp_path / "db").mkdir()
    write_recording(tmp_path / "db" / "b", leads=("II", "V1"), duration_s=60.0)
    inside = own(tmp_path / "db").windows
    write_folder(inside, tmp_path / "whole")
    outside = prepare_folder(tmp_path / "db", tmp_path / "parts", BEAT, split_name="subjects").windows
    assert isinstance(outside.signal, np.memmap)
    for name in ("signal.npy", "index.parquet", "info.json"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    with pytest.raises(DiffecgError, match="--force"):
        prepare_folder(tmp_path / "db", tmp_path / "parts", BEAT, split_name="subjects")


@given(st.lists(st.integers(0, 5), max_size=5), st.integers(1, 3), st.integers(1, 9))
def test_a_file_of_windows_is_that_of_numpy(tmp_path_factory, sizes, leads, length):
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal((size, leads, length)).astype(np.float32) for size in sizes]
    whole = np.concatenate([np.empty((0, leads, length), np.float32), *parts])
    path = tmp_path_factory.getbasetemp() / "signal.npy"
    with open_signal_file(path, (leads, length)) as file:
        for part in parts:
            file.append(part)
        assert np.array_equal(file.signal() if len(whole) else whole, whole)
    stored = io.BytesIO()
    np.save(stored, whole)
    if len(whole):
        assert path.read_bytes() == stored.getvalue()


def test_a_failed_recording_leaves_no_windows_behind(tmp_path, monkeypatch):
    """A recording that fails in its second block is left out as a whole."""
    (tmp_path / "db").mkdir()
    for i, name in enumerate("ab"):
        write_recording(tmp_path / "db" / name, seed=i, leads=("II",), duration_s=130.0)
    monkeypatch.setattr(cutting, "BLOCK_SAMPLES", 9000)
    read = LeadReader.read

    def fail(self, start, stop):
        if self.recording.name == "a" and start > 3000:
            raise DiffecgError("the disk is broken")
        return read(self, start, stop)

    monkeypatch.setattr(LeadReader, "read", fail)
    from diffecg.datasets.recording_cutting import cut_recordings

    failed = {}
    cutter = WindowCutter(window=BEAT, split=split_by_subject({"a": "b", "b": "b"}), labels=AAMI)
    cuts = list(cut_recordings(RecordingFolder(tmp_path / "db"), ["a", "b"], cutter, failed=failed))
    assert failed == {"a": "the disk is broken"}
    assert {name for cut in cuts for name in cut.index["recording"]} == {"b"}
    with pytest.raises(DiffecgError, match="the disk is broken"):
        own(tmp_path / "db")


def test_bulk_options_change_the_set(tmp_path, in_process):
    (tmp_path / "db").mkdir()
    write_any(tmp_path / "db" / "b.npz", ecg(names=("II",)))
    options = BulkPrepareOptions(windows=PrepareOptions(unit="uV", lead="II"))
    prepare_shards(OWN, str(tmp_path / "db"), str(tmp_path / "set"), options, ONE)
    windows = diffecg.open_windows(tmp_path / "set")
    assert windows.info["unit"] == "uV"
    whole = prepare(tmp_path / "db", BEAT, split_name="subjects").windows
    assert np.allclose(windows.signal_mv, whole.signal_mv / 1000, atol=1e-6)
