"""RecordingFolder in and out: what was stored comes back, and damage is told in one line."""

import re
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import edfio
import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import make_ecg

import diffecg
from diffecg.datasets.recording_folder import RecordingFolder
from diffecg.errors import DiffecgError
from diffecg.formats.description import describe, warnings_of
from diffecg.formats.recording import Annotation, Recording
from diffecg.formats.registry import WRITERS, file_name, read_recording, write_recording
from diffecg.inference.export import write_imputed
from diffecg.inference.gaps import find_gaps, hidden
from diffecg.signal.artefacts import ARTEFACTS, find_artefacts

INTEGERS = ("", ".edf", ".bdf")
TABLES = (".csv", ".parquet", ".npz")
NOTES = (Annotation(7, "N"), Annotation(500, "+", "(AFIB"), Annotation(900, '"', "a note"))


def made(fs_hz=360.0, samples=3601, start=(None, None)):
    """Return a recording of two voltages and a pulse, stored as integers, with a hole and annotations."""
    stored = np.random.default_rng(0).integers(-900, 900, (3, samples))
    missing = np.zeros(stored.shape, bool)
    missing[1, 100:200] = True
    gain, baseline = (200.0, 0.25, 100.0), (1024.0, 0.0, -3.0)
    leads, units, path = ("MLII", "V1", "PLETH"), ("mV", "uV", "NU"), Path("nowhere/r.x")
    return Recording(
        "r", fs_hz, leads, units, stored, gain, baseline, missing, path, start, (), lambda: NOTES
    )


def written(folder, recording, suffix):
    """Write a recording under its name and return the path."""
    return write_recording(folder / file_name(recording, suffix), recording)


@pytest.mark.parametrize("fs_hz", [360.0, 128.0, 62.5])
@pytest.mark.parametrize("suffix", [*INTEGERS, *TABLES])
def test_what_is_written_is_read_again(tmp_path, suffix, fs_hz):
    recording = made(fs_hz)
    back = read_recording(written(tmp_path, recording, suffix))
    assert (back.fs_hz, back.leads) == (fs_hz, recording.leads)
    assert np.array_equal(back.missing, recording.missing)
    if suffix in INTEGERS:
        assert np.array_equal(back.stored[~recording.missing], recording.stored[~recording.missing])
        assert np.allclose(back.signal_mv, recording.signal_mv, atol=1e-5, equal_nan=True)
    else:
        assert np.array_equal(back.signal_mv, recording.signal_mv, equal_nan=True)
    assert back.units == (("mV", "mV", "NU") if suffix == ".npz" else recording.units)
    assert back.annotations == NOTES


@pytest.mark.parametrize("suffix", [*INTEGERS, ".csv", ".parquet"])
def test_the_start_is_kept(tmp_path, suffix):
    start = (date(2020, 2, 29), time(23, 59, 58))
    back = read_recording(written(tmp_path, made(start=start), suffix))
    assert back.start == start
    assert back.fs_hz == 360


def test_an_array_keeps_the_samples_and_nothing_else(tmp_path):
    recording = made()
    path = written(tmp_path, recording, ".npy")
    with pytest.raises(DiffecgError, match="--fs"):
        read_recording(path)
    assert np.array_equal(
        read_recording(path, fs_hz=360).signal_mv[:2], recording.signal_mv[:2], equal_nan=True
    )


def test_other_libraries_read_what_is_written(tmp_path):
    recording = made()
    known = ~recording.missing
    physical = (recording.stored - np.array(recording.baseline)[:, None]) / np.array(recording.gain)[:, None]
    paths = {suffix: written(tmp_path, recording, suffix) for suffix in WRITERS}
    edf, bdf = edfio.read_edf(paths[".edf"]), edfio.read_bdf(paths[".bdf"])
    for found in (edf, bdf):
        assert [signal.label for signal in found.signals] == list(recording.leads)
        for row, signal in enumerate(found.signals):
            ours = known[row]
            assert np.array_equal(signal.digital[:3601][ours], recording.stored[row, ours])
            assert np.allclose(signal.data[:3601][ours], physical[row, ours], rtol=1e-5, atol=1e-3)
    assert np.allclose(wfdb.rdrecord(str(paths[""])).p_signal.T[known], physical[known])
    for table in (pd.read_csv(paths[".csv"]), pd.read_parquet(paths[".parquet"])):
        assert list(table) == ["time_s", "MLII (mV)", "V1 (uV)", "PLETH (NU)"]
        assert np.array_equal(table["MLII (mV)"], physical[0])
    with np.load(paths[".npz"]) as arrays:
        assert np.array_equal(arrays["signal_mv"][0], recording.signal_mv[0])


@pytest.mark.parametrize("suffix", INTEGERS)
def test_numbers_become_integers_as_fine_as_the_format_allows(tmp_path, suffix):
    signal = np.random.default_rng(0).standard_normal((1, 1000)) * 3
    pd.DataFrame({"time_s": np.arange(1000) / 250, "II (mV)": signal[0]}).to_csv(
        tmp_path / "a.b.csv", index=False
    )
    recording = read_recording(tmp_path / "a.b.csv")
    back = read_recording(written(tmp_path, recording, suffix))
    step = {"": 1e-5, ".bdf": 1e-5, ".edf": 1e-3}[suffix]
    assert np.abs(back.signal_mv - signal).max() <= 0.51 * step


def test_samples_that_need_more_bits_are_refused(tmp_path):
    recording = replace(made(), stored=made().stored * 1000)
    with pytest.raises(DiffecgError, match="16 bits; choose bdf"):
        written(tmp_path, recording, ".edf")
    with pytest.raises(DiffecgError, match=r"\.xlsx.*\.parquet"):
        written(tmp_path, recording, ".xlsx")
    assert read_recording(written(tmp_path, recording, ".bdf")).stored.max() > 2**15


CLOCKS = {
    "seconds": lambda t: {"t": t},
    "milliseconds": lambda t: {"time (ms)": 1000 * t},
    "dates": lambda t: {"timestamp": pd.Timestamp("2024-05-06 07:08:09.5") + pd.to_timedelta(t, unit="s")},
    "rounded": lambda t: {"Time [s]": np.round(t, 2)},  # coarser than a sample: some times come twice
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_the_rate_comes_from_the_time(tmp_path, clock):
    t, signal = np.arange(5000) / 125, np.random.default_rng(0).standard_normal(5000)
    table = pd.DataFrame({**CLOCKS[clock](t), " V5_uV": signal, "RESP": signal, "comment": "x"})
    table.to_csv(tmp_path / "r.csv", index=False)
    recording = read_recording(tmp_path / "r.csv")
    assert recording.fs_hz == 125
    assert (recording.leads, recording.units) == (("V5", "RESP"), ("uV", "NU"))
    assert np.allclose(recording.signal_mv[0], signal / 1000)


@pytest.mark.parametrize("kept", [np.r_[0:300, 340:900, 901:2000], np.r_[0:900, 901:2000]])
def test_times_that_are_left_out_are_missing(tmp_path, kept):
    t, signal = np.arange(2000) / 250, np.arange(2000.0)
    pd.DataFrame({"time": np.round(t, 3), "II": signal}).iloc[kept].to_csv(tmp_path / "r.csv", index=False)
    recording = read_recording(tmp_path / "r.csv")
    assert recording.fs_hz == 250
    assert np.array_equal(np.flatnonzero(recording.missing[0]), np.setdiff1d(np.arange(2000), kept))
    assert np.array_equal(recording.signal_mv[0, kept], signal[kept])


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def lie(path, first, text):
    data = bytearray(path.read_bytes())
    data[first : first + len(text)] = text
    path.write_bytes(data)


DAMAGE = {
    "truncated": (".edf", lambda p: cut(p, 3000), "cannot be read as EDF"),
    "nothing but a header": (".edf", lambda p: cut(p, 100), "cannot be read as EDF"),
    "empty": (".edf", lambda p: cut(p, 0), "cannot be read as EDF"),
    "longer than told": (".bdf", lambda p: lie(p, 236, b"3       "), "cannot be read as BDF"),
    "no range": (".edf", lambda p: lie(p, 256 + 4 * 104, b"nonsense"), "cannot be read as EDF"),
    "text": (".csv", lambda p: p.write_text("hello\nworld\n"), "no column of time|no column of numbers"),
    "broken text": (".csv", lambda p: p.write_bytes(b"\xff\xfe\x00\x01"), "cannot be read as CSV"),
    "no rows": (".csv", lambda p: p.write_text("time_s,II (mV)\n"), "no column of time|no column of numbers"),
    "no rate": (".csv", lambda p: p.write_text("II\n1\n2\n"), "--fs"),
    "uneven": (".csv", lambda p: p.write_text("t,II\n0,1\n1,2\n1.1,3\n3,1\n9,1\n"), "even rate"),
    "backwards": (".csv", lambda p: p.write_text("t,II\n0,1\n2,2\n1,3\n"), "row 2 to row 3"),
    "no time": (".csv", lambda p: p.write_text("time,II\n2020-01-01,1\nsoon,2\n"), "row 2: 'soon'"),
    "infinite": (".csv", lambda p: p.write_text("t,II\n0,1\n1,inf\n"), "infinite"),
    "not parquet": (".parquet", lambda p: cut(p, 50), "cannot be read as PARQUET"),
    "not zip": (".npz", lambda p: cut(p, 50), "cannot be read as NPZ"),
    "pickle": (".npz", lambda p: np.savez(p, signal_mv=np.array([{}], object)), "cannot be read as NPZ"),
    "no signal": (".npz", lambda p: np.savez(p, x=np.zeros(3)), "no array signal_mv; it holds x"),
    "swapped axes": (".npz", lambda p: np.savez(p, signal_mv=np.zeros((99, 2)), fs_hz=9.0), "swapped"),
    "no file": (".edf", lambda p: p.unlink(), "no file at"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_told_in_one_line(tmp_path, damage):
    suffix, harm, message = DAMAGE[damage]
    path = written(tmp_path, made(), suffix)
    harm(path)
    with pytest.raises(DiffecgError, match=message) as caught:
        read_recording(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fs_hz", [-5.0, 1.0, float("nan"), 1e9])
def test_a_rate_of_no_ecg_is_refused(tmp_path, fs_hz):
    np.savez(tmp_path / "r.npz", signal_mv=np.zeros((1, 99)), fs_hz=fs_hz)
    for read in (
        lambda: read_recording(tmp_path / "r.npz"),
        lambda: diffecg.as_recording(np.zeros(99), fs_hz),
    ):
        with pytest.raises(DiffecgError, match="20 to 20000"):
            read()


def test_an_unknown_unit_is_refused(tmp_path):
    with pytest.raises(DiffecgError, match=r"'furlong'.*mV, uV"):
        read_recording(tmp_path / "r.csv", unit="furlong")


def test_faults_are_found_where_they_are():
    signal, _, _ = make_ecg(3)
    fs, rng = 360, np.random.default_rng(0)
    quiet = find_artefacts(signal, fs, list(ARTEFACTS))
    assert not any(mask.any() for kind, mask in quiet.items()), {k: v.mean() for k, v in quiet.items()}
    spoilt, where = signal.copy(), {"flat": slice(4000, 4400), "noise": slice(9000, 10440)}
    spoilt[where["flat"]] = spoilt[4000]
    spoilt[where["noise"]] += 0.5 * rng.standard_normal(1440)
    found = find_artefacts(spoilt, fs, ["flat", "noise"])
    for kind, place in where.items():
        inside = np.zeros(len(signal), bool)
        inside[place] = True
        assert found[kind][inside].mean() > 0.95
        assert found[kind][~inside].mean() < 0.02
    clipped = np.minimum(signal, 0.6 * signal.max())
    assert find_artefacts(clipped, fs, ["clipped"])["clipped"].sum() > 100
    railed = signal.copy()
    railed[5000:5200] = signal.max() + 1
    assert np.array_equal(
        np.flatnonzero(find_artefacts(railed, fs, ["saturated"])["saturated"]), np.arange(5000, 5200)
    )
    with pytest.raises(DiffecgError, match="flat, clipped, saturated, noise"):
        find_artefacts(signal, fs, ["ugly"])


def test_gaps_of_all_kinds_are_one_where_they_meet():
    signal, _, _ = make_ecg(3)
    signal[4000:4400] = signal[4000]
    missing = np.zeros((1, len(signal)), bool)
    missing[0, 4390:4500] = True
    recording = replace(
        made(), leads=("II",), units=("mV",), stored=signal[None], gain=(1.0,), baseline=(0.0,)
    )
    recording = replace(recording, missing=missing)
    first, second = find_gaps(recording, [0], [(20.0, 21.0)], ["flat"])
    assert (first.first, first.last, first.reason) == (3993, 4500, "missing+flat")
    assert (second.first, second.last, second.reason) == (7200, 7560, "given")
    shown = hidden(recording, [0], [first, second])
    assert np.array_equal(np.flatnonzero(np.isnan(shown[0])), np.r_[3993:4500, 7200:7560])


def test_a_description_tells_what_is_there(recording):
    about = describe(read_recording(recording))
    _, samples, _ = make_ecg(0)
    assert (about["fs_hz"], about["duration_s"]) == (360, 60)
    assert sum(about["beats"]["annotated"].values()) == len(samples)
    assert about["leads"][0]["noise"] == 0


def test_beats_without_annotations_are_detected(mitdb):
    recording = read_recording(mitdb / "100")
    told = describe(recording)["beats"]["rate_per_min"]
    found = describe(replace(recording, annotations=tuple))["beats"]["rate_per_min"]
    assert abs(found / told - 1) < 0.05


def lead_of(signal, fs_hz=360.0, lead="II", notes=()):
    """Return a recording of one lead."""
    stored = np.atleast_2d(signal)
    settings = (stored, (1.0,), (0.0,), np.isnan(stored), Path("nowhere/r.csv"))
    return Recording("r", fs_hz, (lead,), ("mV",), *settings, annotations=lambda: notes)


STRANGE = {
    "unit": (lambda x: 1000 * x, "spans .* wrong unit"),
    "noise": (lambda x: np.random.default_rng(0).standard_normal(len(x)), "no sharp waves"),
    "breathing": (lambda x: np.sin(np.arange(len(x)) / 200), "no sharp waves.*|no heart rate"),
    "upside down": (lambda x: -x, "points down in 100% .* inverted"),
}


@pytest.mark.parametrize("change", STRANGE)
def test_what_is_no_usual_ecg_is_doubted(mitdb, change):
    usual = read_recording(mitdb / "103").signal_mv[0, : 120 * 360]
    assert warnings_of(lead_of(usual), 0) == []
    strange, evidence = STRANGE[change]
    found = warnings_of(lead_of(strange(usual)), 0)
    assert found
    assert all(re.search(evidence, warning) for warning in found)
    paced = lead_of(usual, notes=(Annotation(7, "/"),) * 3)
    assert "3 beats are annotated as paced" in warnings_of(paced, 0)[0]


def test_real_ecgs_are_not_doubted(mitdb):
    found = {}
    for name in ("100", "106", "114", "203", "208", "214", "222", "232"):
        full = read_recording(mitdb / name)
        recording = replace(full, stored=full.stored[:, :108_000], missing=full.missing[:, :108_000])
        found |= {
            (name, row): warning for row in recording.voltages if (warning := warnings_of(recording, row))
        }
    assert found == {}


PATTERNS = {
    "one": [(20.0, 20.8)],
    "both ends": [(0.0, 0.7), (39.0, 40.0)],
    "many": [(float(t), t + 0.3) for t in range(3, 37, 4)],
    "long": [(8.0, 21.5)],
    "all but 2 s": [(0.0, 19.0), (21.0, 40.0)],
}


def same_annotations(path):
    """Our annotations are wfdb's, to the sample, symbol and note."""
    expected = wfdb.rdann(str(path), "atr")
    notes = [text.rstrip("\0") for text in expected.aux_note]
    found = read_recording(path).annotations
    ours = [(one.sample, one.symbol, one.text) for one in found]
    assert ours == list(zip(expected.sample.tolist(), expected.symbol, notes, strict=True))
    assert len(ours) > 100


@pytest.mark.parametrize("name", ["mitdb/100", "mitdb/207", "svdb/800", "svdb/860"])
def test_annotations_are_those_that_wfdb_reads(mitdb, name):
    same_annotations(mitdb.parent / name)


@pytest.mark.long
@pytest.mark.parametrize("database", ["mitdb", "svdb"])
def test_all_annotations_are_those_that_wfdb_reads(mitdb, database):
    for name in RecordingFolder(mitdb.parent / database).names():
        same_annotations(mitdb.parent / database / name)


@pytest.mark.long
@pytest.mark.parametrize("place", range(20))
def test_real_recordings_come_back_with_every_observed_sample(mitdb, runs, tmp_path, place):
    base = mitdb.parent / ("mitdb" if place % 2 else "svdb")
    full = read_recording(base / RecordingFolder(base).names()[2 * place])
    pattern = list(PATTERNS)[place % 5]
    stored = full.stored[:, : round(40 * full.fs_hz)]
    notes = tuple(note for note in full.annotations if note.sample < stored.shape[1])
    whole = replace(full, stored=stored, missing=np.zeros(stored.shape, bool), annotations=lambda: notes)
    whole = replace(whole, path=tmp_path / "cut" / "r.x", name=f"cut{full.name}")
    model = diffecg.load(runs["strip"])
    for suffix in WRITERS:
        source = read_recording(written(tmp_path, whole, suffix), fs_hz=full.fs_hz)
        rows = [0, 1] if suffix in ("", ".csv") else [place % 2]
        gaps = find_gaps(source, rows, PATTERNS[pattern], [])
        drawn = model.impute(hidden(source, rows, gaps), source.fs_hz, draws=1, steps=1)
        folder = tmp_path / f"out{suffix}"
        folder.mkdir()
        few = gaps if suffix == ".edf" else []  # a picture of each takes time
        path = write_imputed(folder, source, rows, drawn, few, source.path.suffix)
        back = read_recording(path, fs_hz=full.fs_hz)
        kept = np.ones(stored.shape, bool)
        for gap in gaps:
            kept[gap.row, gap.first : gap.last] = False
        assert np.array_equal(back.stored[kept], source.stored[kept])
        assert np.isfinite(back.signal_mv).all()
        assert (back.stored[~kept] != source.stored[~kept]).mean() > 0.5
        assert back.annotations == notes
        assert (back.fs_hz, back.leads) == (source.fs_hz, source.leads)
