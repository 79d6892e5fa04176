"""``diffecg personalise`` as users type it."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers import make_ecg, write_recording
from wfdb.processing import xqrs_detect

import diffecg
from diffecg.cli.app import main
from diffecg.datasets.formats.registry import read_windows


def call(*arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code


def test_a_file_for_a_classifier(tmp_path, capsys):
    write_recording(tmp_path / "r")
    out = tmp_path / "personal.npz"
    main(["personalise", str(tmp_path / "r"), "--out", str(out), "--count", "40", "--json"])
    card = json.loads(capsys.readouterr().out)
    windows = read_windows(out)
    assert windows.counts()["S"] == 40
    assert windows.counts()["N"] > 10
    assert windows.rr_s.shape == (len(windows), 2)
    assert card["out"] == str(out)
    assert call("personalise", tmp_path / "r", "--out", out) == 1
    assert "exists" in capsys.readouterr().err


@pytest.mark.skipif(not os.environ.get("DIFFECG_DATA"), reason="DIFFECG_DATA is not set")
def test_a_recording_of_mitdb(tmp_path, capsys):
    mitdb = Path(os.environ["DIFFECG_DATA"]) / "mitdb"
    main(["personalise", str(mitdb / "100"), "--out", str(tmp_path / "p.parquet"), "--lead", "V5"])
    assert "365 normal beats of 100" in capsys.readouterr().out
    windows = read_windows(tmp_path / "p.parquet")
    assert windows.counts() == {"N": 365, "S": 100}


@pytest.mark.skipif(not os.environ.get("DIFFECG_DATA"), reason="DIFFECG_DATA is not set")
def test_five_minutes_of_svdb_are_five_minutes(tmp_path, capsys):
    svdb = Path(os.environ["DIFFECG_DATA"]) / "svdb"
    main(["personalise", str(svdb / "800"), "--out", str(tmp_path / "p.npz")])
    assert "308 normal beats of 800" in capsys.readouterr().out  # 310 are annotated there
    assert 299 < read_windows(tmp_path / "p.npz").index["time_s"].max() < 300


def test_a_table_with_annotations_beside_it(tmp_path, capsys):
    signal, samples, symbols = make_ecg()
    table = tmp_path / "patch.csv"
    table.write_text("ecg\n" + "".join(f"{1000 * value:.1f}\n" for value in signal))
    command = ["personalise", table, "--out", tmp_path / "p.npz"]
    assert call(*command) == 1
    assert "give --unit uV" in capsys.readouterr().err
    command += ["--fs", 360, "--unit", "uV", "--json"]
    assert call(*command) == 1
    assert "xqrs_detect finds beats, as docs/how-to/wearables.md shows" in capsys.readouterr().err
    rows = "".join(f"{sample},{symbol}\n" for sample, symbol in zip(samples, symbols, strict=True))
    (tmp_path / "patch_annotations.csv").write_text("sample,symbol\n" + rows)
    main([str(word) for word in command])
    windows = read_windows(tmp_path / "p.npz")
    assert np.abs(windows.signal_mv).max() < 10
    assert json.loads(capsys.readouterr().out)["labels"] == windows.counts()


def test_beats_of_a_detector_are_as_good_as_annotated_ones(tmp_path):
    recording = diffecg.compose(diffecg.Rhythm("sinus rhythm"), 60, model="mitbih-beat-fast")
    signal, samples = recording.signal_mv[0], recording.beats().sample
    table = tmp_path / "patch.csv"
    table.write_text("ecg (mV)\n" + "".join(f"{value:.4f}\n" for value in signal))
    found = xqrs_detect(signal, 360.0, verbose=False)
    assert abs(len(found) - len(samples)) <= 2
    pd.DataFrame({"sample": found, "symbol": "N"}).to_csv(tmp_path / "patch_annotations.csv", index=False)
    main(["personalise", str(table), "--fs", "360", "--count", "9", "--out", str(tmp_path / "p.npz")])
    assert read_windows(tmp_path / "p.npz").counts()["N"] > 0.8 * len(samples)
