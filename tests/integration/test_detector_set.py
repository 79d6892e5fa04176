"""``diffecg detector-set`` as users type it."""

import json

import numpy as np
import pytest
import wfdb
from helpers import write_recording

from diffecg.cli.app import main
from diffecg.composition.noise import KINDS
from diffecg.formats.registry import read_recording
from diffecg.formats.sheet import is_synthetic
from diffecg.signal.rpeaks import r_peaks_of_recording

COMMAND = ["detector-set", "--count", "4", "--minutes", "0.3", "--model", "mitbih-beat-fast", "ptbxl-beat"]


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nstdb")
    for i, kind in enumerate(KINDS):
        write_recording(folder / kind, seed=10 + i)
    return folder


def test_the_annotations_are_the_r_peaks(tmp_path, capsys):
    main([*COMMAND, "--out", str(tmp_path / "set"), "--json"])
    printed = json.loads(capsys.readouterr().out)
    card = json.loads((tmp_path / "set" / "card.json").read_text())
    assert [*card["recordings"]] == [f"c{number:04}" for number in range(4)]
    beats = []
    for name in card["recordings"]:
        recording = read_recording(tmp_path / "set" / name)
        assert is_synthetic(recording)
        truth = recording.beats().sample
        beats += wfdb.rdann(str(tmp_path / "set" / name), "atr").symbol
        if len(recording.channels) == 1:
            found = r_peaks_of_recording(recording.signal_mv[0], recording.fs_hz)
            near = np.abs(found[:, None] - truth).min(axis=1) < 0.15 * recording.fs_hz  # as in AAMI EC57
            assert near.mean() > 0.95
    assert sum(printed["beats"].values()) == sum(symbol in "NSVF" for symbol in beats)


def test_noise_is_added_to_the_same_recordings(tmp_path, noise, capsys):
    main([*COMMAND, "--out", str(tmp_path / "clean")])
    main([*COMMAND, "--out", str(tmp_path / "noisy"), "--noise-from", str(noise)])
    card = json.loads((tmp_path / "noisy" / "card.json").read_text())
    for name, drawn in card["recordings"].items():
        clean, noisy = (read_recording(tmp_path / kind / name) for kind in ("clean", "noisy"))
        assert clean.beats().sample.tolist() == noisy.beats().sample.tolist()
        difference = noisy.signal_mv[0] - clean.signal_mv[0]
        if not drawn["noise"]:
            assert not difference.any()
            continue
        kind, snr_db, *_ = drawn["noise"][0].split(":")
        assert kind in KINDS
        if len(clean.channels) == 1:  # of several leads the ratio is that of all together
            measured = 10 * np.log10(clean.signal_mv[0].var() / difference.var())
            assert measured == pytest.approx(float(snr_db), abs=0.2)
    assert "4 recordings of 18 s" in capsys.readouterr().out
