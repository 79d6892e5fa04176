"""Complete commands, as a user types them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import wfdb
from helpers import write_recording

import diffecg


def test_prepare_train_and_generate(run, database, tmp_path):
    beats, model = tmp_path / "beats", tmp_path / "run"
    status, out, _ = run("prepare", "mitdb", "--from", database, "--out", beats)
    assert status == 0
    assert "split strict, label map aami" in out
    assert "same subject as 202" in out
    assert "train" in out
    small = ["--set", "network.width=16", "--set", "network.hidden=16", "--set", "training.batch=16"]
    train = ["train", "--data", beats, "--out", model, "--samples", 64, "--threads", 1, *small]
    status, out, _ = run(*train, "--minutes", 0)
    assert status == 0
    assert "16 of 64 samples" in out
    assert out.endswith("; the same command continues the training\n")
    status, out, _ = run(*train)
    assert status == 0
    assert "64 of 64 samples" in out
    assert "continues" not in out
    status, out, _ = run(*train, "--json")
    assert status == 0
    assert json.loads(out)["folder"] == str(model)
    status, out, _ = run(
        "generate", model, "--label", "V", "--count", 5, "--steps", 2, "--out", tmp_path / "v.npz"
    )
    assert status == 0
    assert "5 windows with label V" in out
    with np.load(tmp_path / "v.npz") as made:
        assert made["signal_mv"].shape == (5, 1, 256)
    status, out, _ = run(
        "generate",
        model,
        "--label",
        "V",
        "--count",
        5,
        "--steps",
        2,
        "--batch-size",
        2,
        "--out",
        tmp_path / "w.npz",
        "--json",
    )
    assert json.loads(out)["steps"] == 2
    with np.load(tmp_path / "v.npz") as one, np.load(tmp_path / "w.npz") as other:
        assert np.abs(one["signal_mv"] - other["signal_mv"]).max() < 1e-4


def test_impute_and_forecast(run, gaps, recording, tmp_path):
    few = ["--draws", 2, "--steps", 2]
    status, out, _ = run(
        "impute",
        "--model",
        gaps,
        recording,
        "--gap",
        "12.0:12.8",
        "--gap",
        "20:21",
        "--out",
        tmp_path / "fixed",
        *few,
    )
    assert status == 0
    assert "2 gap(s), 1.80 s of MLII" in out
    table = pd.read_csv(tmp_path / "fixed" / "gaps.csv")
    assert table["start_s"].tolist() == [12.0, 20.0]
    before, after = (wfdb.rdrecord(str(p), physical=False) for p in (recording, tmp_path / "fixed" / "100"))
    changed = np.flatnonzero((before.d_signal != after.d_signal).any(axis=1))
    assert changed.min() >= 12 * 360
    assert changed.max() < 21 * 360
    status, out, _ = run(
        "forecast",
        "--model",
        gaps,
        f"{recording}.hea",
        "--at",
        30,
        "--lead",
        "V1",
        "--out",
        tmp_path / "ahead",
        *few,
        "--json",
    )
    assert status == 0
    assert json.loads(out)["lead"] == "V1"
    assert len(pd.read_csv(tmp_path / "ahead" / "forecast.csv")) == 360
    assert (
        run("forecast", "--model", gaps, recording, "--horizon", 0.5, "--out", tmp_path / "end", *few)[0] == 0
    )


def test_a_table_is_imputed_and_written_as_edf(run, gaps, recording, tmp_path):
    few = ["--draws", 1, "--steps", 1]
    read = diffecg.read_recording(recording)
    table = diffecg.to_frame(read)
    table.loc[3000:3099, "V1"] = np.nan
    table.loc[7200:7560, "MLII"] = table["MLII"][7200]
    source = tmp_path / "holter.csv"
    table.to_csv(source, index=False)
    assert "--fs" in run("impute", "--model", gaps, source, "--out", tmp_path / "a")[2]
    asked = ["--detect", "flat", "--fs", 360, "--format", "edf"]
    assert run("impute", "--model", gaps, source, *asked, "--out", tmp_path / "a", *few)[0] == 0
    table_of_gaps = pd.read_csv(tmp_path / "a" / "gaps.csv")
    assert table_of_gaps["lead"].tolist() == ["MLII", "V1"]
    assert table_of_gaps["reason"].tolist() == ["flat", "missing"]
    back = diffecg.read_recording(tmp_path / "a" / "holter.edf")
    assert np.isfinite(back.signal_mv).all()
    kept = np.isfinite(table["V1"])
    assert np.abs(back.signal_mv[1] - table["V1"])[kept].max() < 6e-4
    status, out, _ = run("info", tmp_path / "a" / "holter.edf")
    assert status == 0
    assert "EDF+C, 2 channels, 0:01:00 h" in out
    assert "detected at the beginning" in out
    asked = ["--fs", 360, "--unit", "V"]
    status, _, err = run("forecast", "--model", gaps, source, *asked, "--out", tmp_path / "b", *few)
    assert status == 0
    assert "warning: MLII spans" in err
    status, _, err = run(
        "forecast", "--model", gaps, source, *asked, "--strict", "--out", tmp_path / "c", *few
    )
    assert status == 1
    assert "wrong unit or gain" in err
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("length", [187, 250, 275, 300, 360])
def test_windows_of_any_length_train_and_generate(run, database, tmp_path, length):
    beats, model = tmp_path / "beats", tmp_path / "run"
    assert run("prepare", "mitdb", "--from", database, "--length", length, "--out", beats)[0] == 0
    small = ["--set", "network.width=16", "--set", "network.blocks=1", "--set", "training.batch=8"]
    assert run("train", "--data", beats, "--out", model, "--samples", 8, *small)[0] == 0
    assert run("generate", model, "--steps", 1, "--out", tmp_path / "n.npz")[0] == 0
    with np.load(tmp_path / "n.npz") as made:
        assert made["signal_mv"].shape == (1, 1, length)
    status, _, err = run("train", "--preset", "strip", "--data", beats, "--out", tmp_path / "strip")
    assert status == 1
    assert "unknown preset 'strip'; choose one of beat, paper" in err


@pytest.mark.parametrize("name", ["100", "208"])
def test_real_recordings_are_imputed_and_forecast(run, mitdb, tmp_path, name):
    few = ["--draws", 2]
    intervals = ["--gap", "12.0:12.8", "--gap", "0:1", "--gap", "1804:1805"]
    fixed, ahead = tmp_path / "fixed", tmp_path / "ahead"
    assert run("impute", "--model", "mitbih-strip", mitdb / name, *intervals, "--out", fixed, *few)[0] == 0
    before, after = (wfdb.rdrecord(str(folder / name), physical=False) for folder in (mitdb, fixed))
    missing = np.zeros(before.sig_len, dtype=bool)
    for first, last in ((0, 1), (12, 12.8), (1804, 1805)):
        missing[round(first * 360) : round(last * 360)] = True
    assert np.array_equal(before.d_signal[~missing], after.d_signal[~missing])
    assert np.array_equal(before.d_signal[:, 1], after.d_signal[:, 1])
    assert (before.d_signal[missing, 0] != after.d_signal[missing, 0]).mean() > 0.5
    assert (before.sig_name, before.adc_gain, before.baseline) == (
        after.sig_name,
        after.adc_gain,
        after.baseline,
    )
    assert run("forecast", "--model", "mitbih-strip", mitdb / name, "--at", 60, "--out", ahead, *few)[0] == 0
    table = pd.read_csv(ahead / "forecast.csv")
    assert np.allclose(table["recorded_mv"], (before.d_signal[21600:21960, 0] - 1024) / 200, atol=1e-4)
    assert (ahead / "forecast.png").is_file()


def bad(tmp_path, recording, runs, gaps):
    """Command lines that fail, with part of their error message."""
    model, out = gaps, ["--out", tmp_path / "out"]
    return {
        "gap outside": (["impute", "--model", model, recording, "--gap", "59:61", *out], "from 0 to 60"),
        "gap upside down": (["impute", "--model", model, recording, "--gap", "12:11", *out], "12:11"),
        "no time": (
            ["impute", "--model", model, recording, "--gap", "noon", *out],
            "'noon' is not an interval",
        ),
        "no gap": (["impute", "--model", model, recording, *out], "--gap"),
        "all missing": (
            ["impute", "--model", model, recording, "--gap", "0:60", "--max-gap", "60", *out],
            "nothing is observed",
        ),
        "unknown fault": (
            ["impute", "--model", model, recording, "--detect", "ugly", *out],
            "flat, clipped, saturated",
        ),
        "no lead": (
            ["impute", "--model", model, recording, "--gap", "1:2", "--lead", "aVR", *out],
            "MLII, V1",
        ),
        "no recording": (
            ["impute", "--model", model, tmp_path / "999", "--gap", "1:2", *out],
            "neither 999 nor 999.hea is in",
        ),
        "late": (["forecast", "--model", model, recording, "--at", "61", *out], "from 0 to 60"),
        "early": (["forecast", "--model", model, recording, "--at", "0", *out], "at 0 s"),
        "at no time": (["forecast", "--model", model, recording, "--at", "nan", *out], "'nan' is not a time"),
        "at the end of time": (
            ["forecast", "--model", model, recording, "--at", "inf", *out],
            "'inf' is not a time",
        ),
        "window settings": (
            ["train", "--set", "window.length=9", "--data", tmp_path, *out],
            "diffecg prepare",
        ),
        "no model": (["generate", "mitbih-bat", *out], "mitbih-bat"),
        "no label": (["generate", runs["beat"], "--label", "X", *out], "N, S, V, F"),
        "no generator": (["generate", model, *out], "imputes and forecasts"),
        "suffix": (["generate", runs["beat"], "--out", tmp_path / "out.mat"], ".parquet"),
        "no preset": (["train", "--preset", "best", "--data", tmp_path, *out], "paper"),
        "no setting": (["train", "--set", "network.depth=3", "--data", tmp_path, *out], "network.width"),
        "no windows": (["train", "--data", tmp_path / "none", *out], "diffecg prepare"),
        "no database": (["prepare", "chapman", "--from", tmp_path, *out], "choose one of mitdb"),
        "no source": (["prepare", "mitdb", *out], "--download"),
        "no split": (["prepare", "svdb", "--split", "strict", *out], "choose one of svdb"),
        "no noise": (["denoise", recording, *out], "no noise detected in MLII, V1 of 100"),
        "late interval": (["denoise", recording, "--interval", "59:61", *out], "from 0 to 60"),
        "no folder": (["prepare", "mitdb", "--from", tmp_path / "none", *out], "--download"),
        "no length": (["prepare", "mitdb", "--from", tmp_path, "--length", "0", *out], "length 0"),
        "device": (["generate", runs["beat"], "--device", "cuda:9", *out], "cuda:9"),
    }


@pytest.mark.parametrize("case", bad(Path(), Path(), {"beat": ""}, ""))
def test_an_error_is_one_line_and_writes_nothing(run, runs, gaps, recording, tmp_path, case):
    arguments, message = bad(tmp_path, recording, runs, gaps)[case]
    before = sorted(tmp_path.rglob("*"))
    status, out, err = run(*arguments)
    assert status == 1
    assert out == ""
    assert err.startswith("diffecg: error: ")
    assert err.count("\n") == 1
    assert message in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("harm", ["truncated", "annotations", "altered"])
def test_prepare_writes_nothing_for_a_damaged_database(run, database, tmp_path, harm):
    folder = tmp_path / "mitdb"
    shutil.copytree(database, folder)
    if harm == "truncated":
        (folder / "106.dat").write_bytes((folder / "106.dat").read_bytes()[:999])
    elif harm == "altered":
        (folder / "106.dat").write_bytes((folder / "106.dat").read_bytes()[::-1])
    else:
        wfdb.wrann("106", "atr", np.array([99_999_999]), ["N"], fs=360, write_dir=str(folder))
    status, out, err = run("prepare", "mitdb", "--from", folder, "--out", tmp_path / "beats")
    assert (status, out) == (1, "")
    assert "106" in err
    assert err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mitdb"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["generat"],
        ["generate"],
        ["generate", "m", "--out", "x", "--cuont", "3"],
        ["train", "--samples", "many"],
        ["compose", "N", "--out", "x", "--noise", "em"],
    ],
)
def test_wrong_usage_is_one_line(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("diffecg: error: ")
    assert err.count("\n") == 1


def test_existing_output_is_kept_without_force(run, runs, tmp_path):
    command = ["generate", runs["beat"], "--steps", 1, "--out", tmp_path / "v.csv"]
    assert run(*command)[0] == 0
    status, _, err = run(*command)
    assert status == 1
    assert "--force" in err
    assert run(*command, "--force")[0] == 0


def test_help_has_an_example(run):
    status, out, _ = run("--help")
    assert status == 0
    for verb in ("demo", "sheet", "prepare", "train", "generate", "impute", "forecast"):
        assert verb in out
        status, text, _ = run(verb, "--help")
        assert status == 0
        assert "Example: diffecg" in text or verb == "demo"
    assert run("--version")[1].strip() == f"diffecg {diffecg.__version__}"


def test_a_dry_run_prints_the_settings(run):
    status, out, _ = run("train", "--preset", "paper", "--data", "x", "--out", "y", "--dry-run")
    assert status == 0
    assert json.loads(out)["diffusion"]["schedule_steps"] == 1000


def test_the_installed_command_runs_in_a_process(gaps, tmp_path):
    recording = write_recording(tmp_path / "100")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "diffecg",
            "impute",
            "--model",
            gaps,
            recording,
            "--gap",
            "1:2",
            "--draws",
            "1",
            "--steps",
            "1",
            "--threads",
            "1",
            "--out",
            tmp_path / "fixed",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    failed = subprocess.run(
        [
            sys.executable,
            "-m",
            "diffecg",
            "impute",
            "--model",
            gaps,
            recording,
            "--gap",
            "1:99",
            "--out",
            tmp_path / "x",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.count("\n") == 1
