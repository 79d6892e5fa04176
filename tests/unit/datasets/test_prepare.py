"""Recordings are cut into windows; dropped windows have a reason, invalid input is refused."""

import shutil
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg, write_recording

import diffecg
from diffecg.config.presets import preset
from diffecg.config.schema import WindowConfig
from diffecg.datasets.cutting import WindowCutter
from diffecg.datasets.databases import DATABASES
from diffecg.datasets.folder import write_folder
from diffecg.datasets.label_maps import AAMI, LABEL_MAPS, label_map
from diffecg.datasets.labels import AAMI_LABELS
from diffecg.datasets.prepare import prepare
from diffecg.datasets.recording_cutting import EXCLUDED
from diffecg.datasets.rhythm import format_beats, parse_beats
from diffecg.datasets.splits import DS1, DS2, PACED, ROUND_S, SPLITS, validation_bounds
from diffecg.datasets.window_grid import CROSSING, EDGE, FLAT, MISSING
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Beats
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats
from diffecg.signal.resampling import resample

BEATS = WindowCutter(window=preset("beat").window, split=SPLITS["strict"], labels=LABEL_MAPS["aami"])
CLASSIC = {  # de Chazal et al. 2004
    "train": {"N": 45866, "S": 944, "V": 3788, "F": 415, "Q": 8},
    "test": {"N": 44259, "S": 1837, "V": 3221, "F": 388, "Q": 7},
}


def test_splits_share_no_recording_and_cover_the_database():
    assert not set(DS1) & set(DS2)
    assert len(set(DS1 + DS2 + PACED)) == 48
    assert set(SPLITS["classic"].train) - set(SPLITS["strict"].train) == {"201"}
    assert set(SPLITS["strict"].excluded) == {*PACED, "201"}
    for parts in (SPLITS[name] for name in DATABASES["mitdb"].splits):
        assert sorted([*parts.train, *parts.test, *parts.excluded]) == sorted(DS1 + DS2 + PACED)
    development = SPLITS["development"]
    assert set(development.train + development.test) == set(SPLITS["strict"].train)


def test_label_maps_differ_by_the_escape_beats():
    common, variant = LABEL_MAPS["aami"], LABEL_MAPS["aami-escape-s"]
    assert {s for s in common if common[s] != variant[s]} == {"e", "j"}
    assert set(common.values()) == set(AAMI_LABELS)


def test_classic_counts_of_the_real_database(mitdb):
    prepared = prepare(mitdb, preset("beat").window, split_name="classic")
    dropped = prepared.dropped[prepared.dropped["partition"] != EXCLUDED]
    found = {"train": Counter(), "test": Counter()}
    for table, weight in ((prepared.windows.index.assign(count=1), "count"), (dropped, "count")):
        for (part, label), rows in table.groupby(["partition", "label"]):
            found["test" if part == "test" else "train"][label] += int(rows[weight].sum())
    assert found == CLASSIC


def test_windows_of_the_real_database_are_its_samples(mitdb):
    recording = read_recording(mitdb / "114")  # its leads are stored in the other order
    beats = read_beats(mitdb / "114", length=recording.signal_mv.shape[1])
    cut = BEATS.cut(recording, beats)
    physical = wfdb.rdrecord(str(mitdb / "114"))
    signal = physical.p_signal[:, physical.sig_name.index("MLII")]
    for i in (0, 500, len(cut.index) - 1):
        sample = cut.index["sample"][i]
        assert np.allclose(cut.signal_mv[i, 0], signal[sample - 128 : sample + 128], atol=1e-6)
    assert len(cut.index) + sum(cut.dropped.values()) == len(beats.sample)


@pytest.mark.parametrize("length", [187, 250, 256, 275, 300, 360])
def test_every_beat_is_kept_or_counted(database, length):
    window = WindowConfig(length=length, before=length // 2)
    prepared = prepare(database, window, split_name="classic")
    beats = sum(len(read_beats(database / name).sample) for name in ("101", "106", "201", "100", "103"))
    dropped = prepared.dropped[prepared.dropped["partition"] != EXCLUDED]
    assert len(prepared.windows) + dropped["count"].sum() == beats
    assert prepared.windows.signal_mv.shape[1:] == (1, length)
    assert set(dropped["reason"]) <= {EDGE, CROSSING}
    assert dropped["count"].sum() < 0.1 * beats


def test_a_fifth_of_every_round_is_validation():
    assert validation_bounds(1800, 300).reshape(-1, 2).tolist() == [
        [start, start + 60] for start in range(240, 1800, 300)
    ]
    assert validation_bounds(60, 300).tolist() == [48, 60]


def test_no_window_of_a_recording_lies_in_training_and_in_validation(tmp_path):
    recording = read_recording(write_recording(tmp_path / "101", duration_s=620.0))
    beats = read_beats(tmp_path / "101")
    cut = BEATS.cut(recording, beats)
    begin, end = cut.index["sample"] - 128, cut.index["sample"] + 127
    validation = np.zeros(recording.signal_mv.shape[1], bool)
    for first, last in validation_bounds(len(validation), ROUND_S * 360).reshape(-1, 2):
        validation[int(np.ceil(first)) : int(np.ceil(last))] = True
    held_out = cut.index["partition"] == "validation"
    assert validation[begin[held_out]].all()
    assert validation[end[held_out]].all()
    assert not validation[begin[~held_out]].any()
    assert not validation[end[~held_out]].any()
    assert held_out.mean() == pytest.approx(0.2, abs=0.02)


def test_the_end_of_training_recordings_is_validation(database):
    index = prepare(database, preset("beat").window).windows.index
    times = index["sample"] / (60 * 360)
    assert (times[index["partition"] == "train"] < 0.8).all()
    assert (times[index["partition"] == "validation"] >= 0.8).all()
    assert set(index.loc[index["partition"] == "test", "recording"]) == {"100", "103"}
    assert "201" not in set(index["recording"])


def test_all_r_peaks_are_at_the_same_sample(database):
    windows = prepare(database, preset("beat").window).windows
    normal = windows.signal_mv[(windows.index["symbol"] == "N").to_numpy(), 0]
    assert np.all(np.abs(normal.argmax(axis=1) - 128) <= 2)


def test_an_annotation_after_the_last_sample_is_not_a_beat(tmp_path):
    path = write_recording(tmp_path / "101")
    beats = read_beats(path)
    last = int(beats.sample[-1])
    assert len(read_beats(path, length=last).sample) == len(beats.sample) - 1
    assert len(read_beats(path, length=last + 1).sample) == len(beats.sample)
    with pytest.raises(DiffecgError, match="same recording"):
        read_beats(path, length=last - 1)


def test_bad_windows_are_dropped_with_a_reason(tmp_path):
    path = write_recording(tmp_path / "101")
    read = read_recording(path)
    signal_mv = read.signal_mv
    signal_mv[0, 3000:4000] = 0.25
    signal_mv[0, 6000] = np.nan
    recording = Recording.from_arrays(signal_mv, read.fs_hz, channel_names=read.channel_names, name=read.name)
    window = WindowConfig(length=500, before=0)
    starts = np.arange(0, signal_mv.shape[1] - 499, 500)
    beats = Beats(sample=starts, symbol=np.full(len(starts), "N"))
    cut = WindowCutter(window=window, split=SPLITS["strict"], labels=AAMI).cut(recording, beats)
    reasons = Counter(reason for _, _, reason in cut.dropped.elements())
    assert reasons == {FLAT: 2, MISSING: 1, CROSSING: 1}


@pytest.mark.parametrize("to_hz", [100, 250, 128, 500])
def test_resampling_keeps_time(to_hz):
    time = np.arange(3600) / 360
    wave = np.sin(2 * np.pi * 3 * time)[None]
    resampled = resample(wave, 360, to_hz)[0]
    expected = np.sin(2 * np.pi * 3 * np.arange(len(resampled)) / to_hz)
    inner = slice(to_hz // 2, -to_hz // 2)
    assert np.abs(resampled - expected)[inner].max() < 5e-3


@pytest.mark.parametrize("fs_hz", [249.97, 199.99, 999.9, 360.0])
def test_resampling_there_and_back_stays_in_step(fs_hz):
    time = np.arange(int(600 * fs_hz)) / fs_hz
    wave = np.sin(2 * np.pi * 2 * time)[None]
    back = resample(resample(wave, fs_hz, 100.0), 100.0, fs_hz)[0, : len(time)]
    assert np.abs(back - wave[0, : len(back)])[100:-2000].max() < 5e-3


@pytest.mark.parametrize("length", [1, 99_999])
def test_a_database_without_windows_is_refused(database, length):
    with pytest.raises(DiffecgError, match="--length"):
        prepare(database, WindowConfig(length=length, before=0))


def test_folders_that_diffecg_did_not_write_are_never_replaced(database, tmp_path):
    windows = prepare(database, preset("beat").window).windows
    theirs = tmp_path / "thesis"
    theirs.mkdir()
    (theirs / "chapter.txt").write_text("years of work")
    with pytest.raises(DiffecgError, match="even --force"):
        write_folder(windows, theirs, force=True)
    assert (theirs / "chapter.txt").read_text() == "years of work"
    with pytest.raises(DiffecgError, match="is a file"):
        write_folder(windows, theirs / "chapter.txt", force=True)


def test_a_folder_of_windows_is_read_back_and_not_replaced(database, tmp_path):
    windows = prepare(database, preset("beat").window).windows
    write_folder(windows, tmp_path / "beats")
    back = diffecg.open_windows(tmp_path / "beats")
    assert isinstance(back.signal, np.memmap)
    assert np.array_equal(back.signal_mv, windows.signal_mv)
    pd.testing.assert_frame_equal(back.index, windows.index)
    assert back.info["label_map"] == "aami"
    with pytest.raises(DiffecgError, match="--force"):
        write_folder(windows, tmp_path / "beats")
    write_folder(windows.partition("test"), tmp_path / "beats", force=True)
    assert set(diffecg.open_windows(tmp_path / "beats").index["partition"]) == {"test"}
    with pytest.raises(DiffecgError, match="train"):
        back.partition("holdout")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["beats"]


@pytest.mark.parametrize("damage", ["no folder", "no index", "short array", "unequal", "no info"])
def test_a_damaged_folder_of_windows_is_refused(windows, tmp_path, damage):
    folder = tmp_path / "beats"
    shutil.copytree(windows["beat"], folder)
    if damage == "no folder":
        shutil.rmtree(folder)
    elif damage == "no index":
        (folder / "index.parquet").unlink()
    elif damage == "no info":
        (folder / "info.json").unlink()
    elif damage == "short array":
        with (folder / "signal.npy").open("r+b") as file:
            file.truncate(1000)
    else:
        np.save(folder / "signal.npy", np.zeros((3, 1, 256), np.float32))
    with pytest.raises(DiffecgError, match=r"prepare|missing"):
        diffecg.open_windows(folder)


def test_a_recording_is_read_as_wfdb_reads_it(recording):
    ours, theirs = read_recording(recording), wfdb.rdrecord(str(recording))
    assert ours.channel_names == ("MLII", "V1")
    assert np.allclose(ours.signal_mv.T, theirs.p_signal)
    assert read_recording(recording.with_suffix(".hea")).name == "100"
    _, samples, symbols = make_ecg(0)
    beats = read_beats(recording)
    assert np.array_equal(beats.sample, samples)
    assert np.array_equal(beats.symbol, symbols)


def edit_header(recording, old, new):
    header = recording.with_suffix(".hea")
    text = header.read_text()
    assert old in text
    header.write_text(text.replace(old, new))


BAD_RECORDS = {
    "no header": (lambda r: r.with_suffix(".hea").unlink(), "neither 100 nor 100.hea is in"),
    "no signal": (lambda r: r.with_suffix(".dat").unlink(), "100.dat is missing"),
    "truncated": (
        lambda r: r.with_suffix(".dat").write_bytes(r.with_suffix(".dat").read_bytes()[:5001]),
        "truncated",
    ),
    "altered": (
        lambda r: r.with_suffix(".dat").write_bytes(r.with_suffix(".dat").read_bytes()[::-1]),
        "checksum",
    ),
    "longer header": (lambda r: edit_header(r, " 21600", " 31600"), "truncated|does not match"),
    "nonsense": (lambda r: r.with_suffix(".hea").write_text("nonsense"), "cannot be read"),
    "rate": (lambda r: edit_header(r, "100 2 360", "100 2 0"), "rate|read"),
}


@pytest.mark.parametrize("damage", BAD_RECORDS)
def test_bad_recordings_are_refused(recording, damage):
    harm, message = BAD_RECORDS[damage]
    harm(recording)
    with pytest.raises(DiffecgError, match=message) as caught:
        read_recording(recording)
    assert "\n" not in str(caught.value)


def test_a_channel_that_is_not_a_voltage_is_refused_only_as_a_lead(recording):
    header = recording.with_suffix(".hea")
    lines = header.read_text().splitlines()
    lines[2] = lines[2].replace("/mV", "/NU")
    header.write_text("\n".join(lines) + "\n")
    read = read_recording(recording)
    assert read.channel_index("MLII") == 0
    assert np.isfinite(read.lead_mv(0)).all()
    with pytest.raises(DiffecgError, match=r"V1 of recording 100 is in 'NU'"):
        read.channel_index("V1")


@pytest.mark.parametrize("name", ["", ".", "/", "foo.bar"])
def test_names_of_no_recording_are_refused(tmp_path, name):
    with pytest.raises(DiffecgError, match=r"not the name of a recording|no recording at foo\.bar"):
        read_recording(name)


def test_bad_annotations_are_refused(recording, tmp_path):
    with pytest.raises(DiffecgError, match="1000 samples"):
        read_beats(recording, length=1000)
    with pytest.raises(DiffecgError, match=r"100\.qrs is missing"):
        read_beats(recording, "qrs")
    (tmp_path / "100.atr").write_bytes(b"\x01")
    with pytest.raises(DiffecgError, match="cannot be read"):
        read_beats(recording)


def test_a_recording_without_the_lead_is_refused(database, tmp_path):
    with pytest.raises(DiffecgError, match=r"V9.*MLII, V1"):
        prepare(database, WindowConfig(leads=("V9",)))
    with pytest.raises(DiffecgError, match="holds no recording"):
        prepare(tmp_path, WindowConfig())
    with pytest.raises(DiffecgError, match="strict, classic"):
        prepare(database, WindowConfig(), split_name="random")
    with pytest.raises(DiffecgError, match="aami"):
        prepare(database, WindowConfig(), labels=label_map("mine"))


def test_windows_contain_their_beats(database):
    window = WindowConfig(length=1000, before=300, fs_hz=250.0)
    windows = prepare(database, window).windows
    beats = read_beats(database / "101")
    labels = label_map("aami")
    own = windows.index[windows.index["recording"] == "101"]
    for sample, text in zip(own["sample"], own["beats"], strict=True):
        first = round(sample * window.fs_hz / 360) - window.before
        places = np.rint(beats.sample * window.fs_hz / 360).astype(int) - first
        inside = (places >= 0) & (places < window.length)
        expected = [(int(p), labels[s]) for p, s in zip(places[inside], beats.symbol[inside], strict=True)]
        assert parse_beats(text) == expected
        assert format_beats(expected) == text
