"""Users with their own data: from arrays to a report, and a bundled model adapted to another recorder."""

import json

import numpy as np
from helpers import make_ecg

import diffecg
from diffecg.evaluation.generation.report import EvaluateOptions


def arrays():
    """Beats of made-up subjects at 250 Hz, with the integers that a user's table has as labels."""
    beats, labels, subjects = [], [], []
    for subject in range(20):
        signal, samples, symbols = make_ecg(subject, fs_hz=250.0)
        for sample, symbol in zip(samples, symbols, strict=True):
            if 100 <= sample <= len(signal) - 100 and symbol in "NV":
                beats.append(signal[sample - 100 : sample + 100])
                labels.append(int(symbol == "V"))
                subjects.append(f"p{subject}")
    return np.array(beats, dtype=np.float32)[:, None], np.array(labels), np.array(subjects)


def test_arrays_with_own_labels_become_a_model_and_its_report(tmp_path):
    signal_mv, labels, subjects = arrays()
    windows = diffecg.Windows.from_arrays(
        signal_mv, 250.0, labels, r_peak=100, channel_names=["II"], subjects=subjects
    ).assign_partitions((0.4, 0.3, 0.3))
    assert set(windows.index.groupby("subject")["partition"].nunique()) == {1}
    small = ["training.batch=32", "network.width=32", "network.hidden=32"]
    model = diffecg.train(windows, tmp_path / "model", samples=2000, settings=small)
    assert model.labels == ("0", "1")
    synthetic = model.generate(np.tile([0, 1], 60), 120, steps=4)
    options = EvaluateOptions(sections=("fidelity",), seeds=2, bootstraps=2)
    report = diffecg.evaluate(synthetic, windows, options)
    diffecg.write_report(report, tmp_path / "report")
    rows = json.loads((tmp_path / "report" / "report.json").read_text())["rows"]
    measured = {row["label"] for row in rows if row["value"] is not None}
    assert {"0", "1"} <= measured
    again = diffecg.load(tmp_path / "model")
    assert np.array_equal(
        again.generate("1", 1, steps=2).signal_mv, model.generate("1", 1, steps=2).signal_mv
    )


def test_a_bundled_model_is_adapted_to_another_recorder(svdb, tmp_path, run):
    recordings = {"854": "train", "855": "train", "870": "validation", "891": "test"}
    rows = [f"{name},{name},{partition}" for name, partition in recordings.items()]
    (tmp_path / "subjects.csv").write_text("\n".join(["recording,subject,partition", *rows]))
    commands = (
        f"prepare own --from {svdb} --subjects {tmp_path}/subjects.csv --lead ECG1 --out {tmp_path}/beats",
        f"train --init mitbih-beat --data {tmp_path}/beats --out {tmp_path}/model --samples 512",
        f"generate {tmp_path}/model --label S --count 60 --steps 4 --out {tmp_path}/s.npz",
        f"evaluate {tmp_path}/s.npz --against {tmp_path}/beats --only fidelity --out {tmp_path}/report",
    )
    for command in commands:
        status, _, error = run(*command.split())
        assert status == 0, error
    model = diffecg.load(tmp_path / "model")
    assert model.config.window.leads == ("ECG1",)
    assert model.config.parent.name == "mitbih-beat"
    assert model.labels == ("N", "S", "V", "F")
    assert (tmp_path / "report" / "report.html").is_file()
