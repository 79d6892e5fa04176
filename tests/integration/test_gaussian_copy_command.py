"""``diffecg gaussian-copy`` as users type it, and the privacy report of what it writes."""

import json

import pytest
from helpers import write_recording

from diffecg.cli.app import main
from diffecg.datasets.formats.registry import read_windows
from diffecg.datasets.loading import open_windows


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Windows of six recordings, prepared as a user's own."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "recordings").mkdir()
    for number in range(6):
        write_recording(folder / "recordings" / f"r{number}", seed=number, duration_s=120.0)
    command = f"prepare own --from {folder}/recordings --lead MLII --out {folder}/beats"
    main(command.split())
    return folder / "beats"


def test_a_copy_has_the_labels_of_the_windows(prepared, tmp_path, run):
    real, out = open_windows(prepared), tmp_path / "copy.parquet"
    status, text, error = run("gaussian-copy", prepared, "--out", out, "--json")
    assert status == 0, error
    card, copy = json.loads(text), read_windows(out)
    assert copy.counts() == {label: real.counts()[label] for label in copy.counts()}
    assert set(card["left_out"]) == set(real.counts()) - set(copy.counts())
    assert card["notice"] == "Synthetic ECG. Not for diagnosis."
    status, _, error = run("gaussian-copy", prepared, "--out", out)
    assert status == 1
    assert "exists" in error


def test_the_privacy_of_a_copy_is_measured(prepared, tmp_path, run):
    copy, report = tmp_path / "copy.npz", tmp_path / "report"
    assert run("gaussian-copy", prepared, "--partition", "train", "--out", copy)[0] == 0
    status, _, error = run("evaluate", copy, "--against", prepared, "--only", "privacy", "--out", report)
    assert status == 0, error
    assert "membership AUC" in (report / "report.csv").read_text()


def test_more_subjects_than_there_are(prepared, tmp_path, run):
    status, _, error = run("gaussian-copy", prepared, "--min-subjects", 9, "--out", tmp_path / "c.npz")
    assert status == 1
    assert "windows of 6 subjects, fewer than 9" in error
    assert not (tmp_path / "c.npz").exists()
