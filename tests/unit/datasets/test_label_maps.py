"""Any annotation codes, beats or rhythms, give the labels of windows; damaged maps are refused."""

import json
from collections import Counter
from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import digital_recording, make_ecg, write_recording
from hypothesis import given
from hypothesis import strategies as st

import diffecg
from diffecg.config.schema import WindowConfig
from diffecg.datasets.label_maps import label_map
from diffecg.datasets.labels import sort_labels
from diffecg.datasets.prepare import prepare
from diffecg.datasets.rhythm import format_beats, parse_beats
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.registry import write_recording as write_any

CODES = {"N": "sinus", "V": "1", "A": "0"}
NO_PARTITIONS = {"window": WindowConfig(), "split_name": "subjects"}


def write_map(folder, codes, suffix):
    """Write a label map as CSV or JSON."""
    path = folder / f"mine{suffix}"
    path.write_text(
        json.dumps(codes) if suffix == ".json" else "\n".join(f"{code},{codes[code]}" for code in codes)
    )
    return path


def linked(mitdb, folder, *names):
    """Return a folder with some real recordings."""
    folder.mkdir()
    for name in names:
        for file in mitdb.glob(f"{name}.*"):
            (folder / file.name).symlink_to(file)
    return folder


def expected_labels(folder, name, codes):
    """Return the label of each beat of a recording by its sample, from wfdb's own annotations."""
    notes, labels, rhythm = wfdb.rdann(str(folder / name), "atr"), {}, ""
    for sample, symbol, text in zip(notes.sample.tolist(), notes.symbol, notes.aux_note, strict=True):
        text = text.rstrip("\0")
        rhythm = text if symbol == "+" and text.startswith("(") else rhythm
        if symbol in "NLRBAaJSVrFejnE/fQ?":
            labels[sample] = codes.get(rhythm if "(N" in codes else symbol, "?")
    return labels


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "N,sinus\nV,1\nA,0\n"),
        ("a.csv", "code,label\nN,sinus\nV,1\nA,0\n"),
        ("a.csv", "\ufeffLabel;Code\n\nsinus;N\n 1 ; V\n0;A"),
        ("a.txt", 'code\tlabel\n"N"\tsinus\nV\t1\nA\t0\n'),
        ("a.json", '{"N": "sinus", "V": 1, "A": 0}'),
    ],
)
def test_files_of_any_form_give_the_same_map(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = label_map(tmp_path / name)
    assert dict(found) == CODES
    assert found.provenance() == {"label_map": name, "label_map_codes": CODES}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "is empty; it needs codes"),
        ("a.csv", "code,label\n", "is empty; it needs codes"),
        ("a.csv", "code,class\nN,1\n", "columns code, class; it needs the two columns code, label"),
        ("a.csv", "code\nN\n", "columns code; it needs"),
        ("a.csv", "N,1\nV\n", r"line 2: 'V' has 1 column"),
        ("a.csv", "N,1\nV,2,3\n", r"line 2: 'V,2,3' has 3 column"),
        ("a.csv", "N,1\n\nV,\n", "line 3: code 'V', label ''; both are required"),
        ("a.csv", "N,1\nV,2\nN,1\n", "line 3: the code 'N' has the label '1' already"),
        ("a.csv", "N,A+B\n", r"line 1: the label 'A\+B' contains '\+'"),
        ("a.csv", b"\xff\xfe\x00", "not a CSV or JSON file in UTF-8"),
        ("a.csv", "N,1\n(AFIB,2\n", r"a.csv mixes beats \('N'\) and rhythms \('\(AFIB'\)"),
        ("a.json", "N,1", "not valid JSON"),
        ("a.json", '["N"]', "not a JSON object"),
        ("a.json", "{}", "is empty"),
        ("a.json", '{"N": "1", "N": "2"}', "code 'N': the code 'N' has the label '1' already"),
        ("a.json", '{"N": null}', "code 'N': the label null is neither text nor a whole number"),
        ("a.json", '{"N": ["1"]}', "neither text nor"),
        (
            "missing.csv",
            None,
            r"unknown label map '.*missing.csv'; .*choose one of aami, .*symbols, rhythm",
        ),
    ],
)
def test_damaged_maps_are_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DiffecgError, match=message):
        label_map(tmp_path / name)


@given(st.dictionaries(st.text("NVA(/|?xyz"), st.text("ab01é ?"), min_size=1))
def test_any_json_object_is_a_map_or_refused(tmp_path_factory, codes):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(codes))
    with suppress(DiffecgError):
        assert dict(label_map(path)) == {code.strip(): label.strip() for code, label in codes.items()}


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_a_map_labels_real_beats(mitdb, tmp_path, run, suffix):
    folder, path = linked(mitdb, tmp_path / "db", "201"), write_map(tmp_path, CODES, suffix)
    asked = ["--from", folder, "--lead", "MLII", "--label-map", path, "--out", tmp_path / "out", "--json"]
    status, out, _ = run("prepare", "own", *asked)
    assert status == 0
    info, index = json.loads(out), diffecg.open_windows(tmp_path / "out").index
    assert (info["label_map"], info["label_map_codes"]) == (path.name, CODES)
    expected = expected_labels(folder, "201", CODES)
    assert index["label"].tolist() == [expected[sample] for sample in index["sample"]]
    assert set(index["label"]) == {"0", "1", "sinus", "?"}
    assert list(info["counts"]["train"]) == ["0", "1", "sinus", "?"]


def test_windows_of_real_recordings_are_labelled_by_their_rhythm(mitdb, tmp_path, run):
    names = ("201", "207")
    folder = linked(mitdb, tmp_path / "db", *names)
    asked = ["--from", folder, "--lead", "MLII", "--label-map", "rhythm", "--out", tmp_path / "out"]
    status, out, _ = run("prepare", "own", *asked)
    assert status == 0
    assert "label map rhythm" in out
    codes, index = label_map("rhythm"), diffecg.open_windows(tmp_path / "out").index
    for name in names:
        rows, expected = index[index["recording"] == name], expected_labels(folder, name, codes)
        assert rows["label"].tolist() == [expected[sample] for sample in rows["sample"]]
        assert set(expected.values()) >= {"N", "SVTA"}
    assert "label_map_codes" not in diffecg.open_windows(tmp_path / "out").info


def test_the_rhythms_of_the_real_database_are_all_known(mitdb):
    texts = Counter()
    for file in mitdb.glob("*.atr"):
        notes = wfdb.rdann(str(file.with_suffix("")), "atr")
        texts.update(text.rstrip("\0") for text in notes.aux_note if text.startswith("("))
    assert {*texts} == {*label_map("rhythm")}


def test_a_rhythm_begins_at_its_sample(tmp_path):
    signal, peaks, _ = make_ecg(duration_s=20.0)
    notes = [Annotation(time_s=int(peak) / 360, symbol="N") for peak in peaks]
    changes = {3: "(AFIB", 7: "(N", 9: "(ELSE"}
    notes += [Annotation(time_s=int(peaks[i]) / 360, symbol="+", text=text) for i, text in changes.items()]
    notes.append(Annotation(time_s=1.0, symbol='"', text="(VT is suspected"))
    digital = np.rint(200 * signal)[None].astype(int)
    (tmp_path / "db").mkdir()
    write_any(tmp_path / "db" / "a", digital_recording("a", digital, ["MLII"], tuple(notes)))
    prepared = prepare(tmp_path / "db", **NO_PARTITIONS, labels=label_map("rhythm"))
    labels = dict(zip(prepared.windows.index["sample"], prepared.windows.labels, strict=True))
    expected = ["?"] * 3 + ["AFIB"] * 4 + ["N"] * 2 + ["?"] * len(peaks)
    assert labels == {peak: expected[i] for i, peak in enumerate(peaks.tolist()) if peak in labels}
    assert {*labels.values()} == {"?", "AFIB", "N"}


def test_codes_of_a_map_are_beats_in_tables_of_annotations(tmp_path):
    signal, peaks, symbols = make_ecg(duration_s=30.0)
    names = {"N": "normal beat", "V": "PVC"}
    table = pd.DataFrame({"sample": peaks, "symbol": [names.get(symbol, "other") for symbol in symbols]})
    (tmp_path / "db").mkdir()
    pd.DataFrame({"MLII (mV)": signal}).to_csv(tmp_path / "db" / "a.csv", index=False)
    table.to_csv(tmp_path / "db" / "a_annotations.csv", index=False)
    codes = write_map(tmp_path, {"normal beat": "sinus rhythm", "PVC": "ectopic: V"}, ".json")
    read = lambda path: diffecg.read_recording(path, fs_hz=360.0)  # noqa: E731
    windows = prepare(tmp_path / "db", **NO_PARTITIONS, labels=label_map(codes), read=read).windows
    expected = {
        peak: {"N": "sinus rhythm", "V": "ectopic: V"}.get(s) for peak, s in zip(peaks, symbols, strict=True)
    }
    assert windows.labels.tolist() == [expected[sample] for sample in windows.index["sample"]]
    assert {*windows.labels} == {"sinus rhythm", "ectopic: V"}
    assert all(
        (windows.r_peak, label) in beats for label, beats in zip(windows.labels, windows.beats, strict=True)
    )


def test_labels_that_no_window_has_are_noted(database, tmp_path, run):
    typo = write_map(tmp_path, {"N": "sinus", "v": "ectopic"}, ".json")
    for name, note in (
        (typo, "has the label ectopic of the label map mine.json"),
        ("rhythm", "map rhythm, so that"),
    ):
        asked = ["mitdb", "--from", database, "--label-map", name]
        assert note in run("prepare", *asked, "--out", tmp_path / "out", "--force")[2]
        shards = tmp_path / f"shards-{len(note)}"
        assert note in run("bulk", "prepare", *asked, "--out", shards, "--workers", 1)[2]


def test_shards_are_those_of_their_map(database, tmp_path, run):
    codes = write_map(tmp_path, CODES, ".csv")
    asked = ["mitdb", "--from", database, "--label-map", codes]
    assert run("prepare", *asked, "--out", tmp_path / "one")[0] == 0
    status, out, _ = run("bulk", "prepare", *asked, "--out", tmp_path / "many", "--workers", 1, "--json")
    assert status == 0
    assert json.loads(out)["label_map_codes"] == CODES
    assert list(json.loads(out)["partitions"]["train"]) == ["0", "1", "sinus", "?"]
    one, many = diffecg.open_windows(tmp_path / "one"), diffecg.open_windows(tmp_path / "many")
    assert one.labels.tolist() == many.labels.tolist()
    assert many.info["label_map_codes"] == CODES
    codes.write_text("N,other\n")
    status, _, err = run("bulk", "prepare", *asked, "--out", tmp_path / "many", "--workers", 1)
    assert status == 1
    assert "label_map_codes" in err


def test_a_map_is_refused_where_annotations_are_not_used(database, tmp_path, run):
    for preset in ("imputation", "twelve-lead"):
        asked = ["own", "--from", database, "--preset", preset, "--label-map", "rhythm"]
        status, _, err = run("prepare", *asked, "--out", tmp_path / "out")
        assert status == 1
        assert f"the preset {preset} does not take labels from annotations" in err


def test_each_symbol_is_a_label(tmp_path):
    write_recording(tmp_path / "a")
    windows = prepare(tmp_path, **NO_PARTITIONS, labels=label_map("symbols")).windows
    assert windows.labels.tolist() == windows.index["symbol"].tolist()
    assert {*windows.labels} >= {"N", "L", "A"}


@given(st.lists(st.tuples(st.integers(0, 9999), st.text(min_size=1))))
def test_beats_with_any_labels_are_texts(beats):
    assert parse_beats(format_beats(beats)) == beats


@given(st.permutations(["N", "S", "V", "0", "2", "10", "b", "sinus", "é", "?"]))
def test_labels_have_one_order(labels):
    assert sort_labels(labels) == ["N", "S", "V", "0", "2", "10", "b", "sinus", "é", "?"]


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 10],
        np.array([0, 1, 10], np.uint8),
        np.array([0.0, 1.0, 10.0]),
        pd.Series([0, 1, 10]),
        ["0", "1", "10"],
    ],
)
def test_numbers_of_classes_are_texts(labels):
    windows = Windows.from_arrays(np.zeros((3, 1, 8)), 100.0, labels)
    assert windows.labels.tolist() == ["0", "1", "10"]
    assert windows.counts() == {"0": 1, "1": 1, "10": 1}
    assert len(windows.with_label("1")) == 1


def test_missing_labels_are_unknown():
    for labels in (["0", None, "a"], [0, None, 1], [0.0, np.nan, 1.0]):
        windows = Windows.from_arrays(np.zeros((3, 1, 8)), 100.0, labels)
        assert windows.labels[1] == "?"
        assert windows.unique_labels()[0] == "0"
