"""``diffecg personalise`` as users type it."""

import json
import os
from pathlib import Path

import pytest
from helpers import write_recording

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
