"""``diffecg info`` describes models as well as recordings."""

from __future__ import annotations

import json

from diffecg import pretrained


def test_models_are_listed_and_described(run):
    status, out, _ = run("info")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == pretrained.names()

    status, out, _ = run("info", "ptbxl-beat")
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == "ptbxl-beat: a model of heartbeats in 8 leads"
    assert "    CLBBB    complete left bundle branch block" in lines
    network = next(line for line in lines if line.startswith("  network"))
    assert (
        network.removeprefix("  network").strip()
        in (pretrained.folder("ptbxl-beat") / "README.md").read_text()
    )

    status, out, _ = run("info", "mitbih-strip", "--json")
    assert json.loads(out)["settings"]["Signals"] == "ecg"


def test_model_folders_are_described(run, gaps, tmp_path):
    status, out, _ = run("info", gaps)
    assert status == 0
    assert out.startswith("gaps: a model of the gaps")
    (tmp_path / "config.json").write_text("{}")
    status, _, err = run("info", tmp_path)
    assert status == 1
    assert "error" in err
