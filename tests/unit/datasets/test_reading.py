"""Windows of any program are read; files that cannot be read are refused with a reason."""

import json

import neurokit2 as nk
import numpy as np
import pandas as pd
import pytest

import diffecg
from diffecg.datasets.formats.registry import read_windows, write_windows
from diffecg.errors import DiffecgError


@pytest.mark.parametrize("name", ["v.npz", "v.csv", "v.parquet", "v"])
def test_generated_windows_are_read_back(name, runs, tmp_path):
    made = diffecg.load(runs["beat"]).generate(["N", "V", "S"], 3, steps=2)
    write_windows(made, tmp_path / name)
    back = read_windows(tmp_path / name)
    assert np.allclose(back.signal_mv, made.signal_mv, atol=1e-3)
    assert back.labels.tolist() == ["N", "V", "S"]
    assert back.fs_hz == 360
    assert back.info["model"] == made.info["model"]


def test_prepared_windows_have_partitions_recordings_and_rr_intervals(windows):
    real = read_windows(windows["beat"])
    assert set(real.partitions) == {"train", "validation", "test"}
    assert set(real.recordings) == {"101", "106", "100", "103"}
    assert real.r_peak == 128
    assert 0.3 < np.nanmedian(real.rr_s) < 2


def test_files_of_other_programs_are_read(tmp_path):
    signals = np.random.default_rng(0).normal(size=(6, 100)).astype(np.float32)
    labels = np.array(["N", "V"] * 3)
    np.savez(tmp_path / "a.npz", X=signals, y=labels, fs=250)
    table = pd.DataFrame(signals)
    table["label"] = labels
    table.to_csv(tmp_path / "b.csv")
    table.columns = table.columns.astype(str)
    table.to_parquet(tmp_path / "c.parquet")
    pd.DataFrame({"signal": list(signals), "class": labels}).to_parquet(tmp_path / "d.parquet")
    for name in ("a.npz", "b.csv", "c.parquet", "d.parquet"):
        found = read_windows(tmp_path / name, fs_hz=250)
        assert np.allclose(found.signal_mv[:, 0], signals, atol=1e-5), name
        assert found.labels.tolist() == labels.tolist()
        assert found.fs_hz == 250
    with pytest.raises(DiffecgError, match="--fs"):
        read_windows(tmp_path / "b.csv")


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"ecg": np.zeros((2, 9))}, "must be an array called one of"),
        ({"signal": np.zeros(9)}, "shape"),
        ({"signal": np.array([["a", "b"]])}, "expected numbers"),
        ({"signal": np.zeros((2, 9)), "labels": np.array(["N"])}, "1 labels for 2 windows"),
        ({"signal": np.zeros((2, 9)), "fs": np.array([100, 200])}, "several rates"),
        ({"signal": np.zeros((2, 9)), "leads": np.zeros(1, "i4,f4")}, "leads cannot be read"),
        ({"signal": np.zeros((2, 9)), "labels": np.array([{}, {}])}, "damaged"),
    ],
)
def test_arrays_that_are_not_windows_are_refused(arrays, reason, tmp_path):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DiffecgError, match=reason):
        read_windows(tmp_path / "a.npz", fs_hz=100)


def test_missing_damaged_and_unknown_files_are_refused(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    (tmp_path / "a.mat").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for name, reason in {
        "a.npz": "damaged",
        "a.parquet": "damaged",
        "a.mat": "choose one of",
        "empty": "no recording",
        "b.npz": "no file",
    }.items():
        with pytest.raises(DiffecgError, match=reason):
            read_windows(tmp_path / name)


def test_simulated_beats_of_neurokit_can_be_evaluated(run, windows, tmp_path):
    signal = nk.ecg_simulate(duration=60, sampling_rate=500, heart_rate=75, random_state=0)
    peaks = nk.ecg_peaks(signal, sampling_rate=500)[1]["ECG_R_Peaks"]
    beats = np.stack([signal[p - 178 : p + 178] for p in peaks[1:-1]])
    np.savez(tmp_path / "nk.npz", signals=beats, labels=np.full(len(beats), "N"), fs=500)
    command = ["evaluate", tmp_path / "nk.npz", "--against", windows["beat"], "--out", tmp_path / "report"]
    quick = ["--seeds", 2, "--partition", "test", "--only", "fidelity", "--only", "physiology"]
    status, _, error = run(*command, *quick)
    assert status == 1
    assert "--resample" in error
    status, text, error = run(*command, *quick, "--resample", "--json")
    assert status == 0, error
    report = json.loads(text)
    assert report == json.loads((tmp_path / "report" / "report.json").read_text())
    values = {row["metric"]: row for row in report["rows"] if row["label"] == "N"}
    assert values["sliced Wasserstein, time"]["value"] > 2 * values["sliced Wasserstein, time"]["reference"]
    assert values["QRS width"]["value"] is not None
    status, text, _ = run(*command, *quick, "--resample", "--force")
    assert status == 0
    assert "reference (real)" in text
    status, _, error = run(*command, "--resample", "--only", "beauty", "--force")
    assert status == 1
    assert "fidelity, physiology, privacy, utility" in error
