"""Signals of other kinds than ECG: an invented kind, EEG and EMG in the commands and the three tasks."""

import json

import numpy as np
import pytest

import diffecg
from diffecg.datasets.windows import Windows
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording, write_recording
from diffecg.signal.kinds import KINDS, SignalKind, register_kind

TINY = {
    "candidates.length": 128,
    "candidates.longest_s": 0.6,
    "candidates.analogues": 4,
    "candidates.alone": 0,
    "candidates.cycles": 0,
    "network.encoder_width": 8,
    "network.encoder_blocks": 1,
    "network.trunk_width": 8,
    "network.trunk_blocks": 1,
    "network.draw_blocks": 1,
    "training.blocks": "[[1,1.0],[16,0.4]]",
    "training.validation_examples": 8,
    "training.batch": 4,
    "training.warmup": 0,
}


def train_gaps(run, data, out, kind, fs_hz):
    """Train a tiny model of gaps of one kind of signals, and return its folder."""
    settings = {
        **TINY,
        "candidates.fs_hz": fs_hz,
        "candidates.kinds": json.dumps([kind]),
        "candidates.companions": json.dumps([kind]),
    }
    changes = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    status, _, error = run(
        "train",
        "--preset",
        "monitor",
        "--data",
        data,
        "--out",
        out,
        "--samples",
        16,
        "--threads",
        1,
        *changes,
    )
    assert status == 0, error
    return out


@pytest.fixture
def swell():
    """An invented kind of signals: the height of waves at sea."""
    kinds = dict(KINDS)
    register_kind(
        SignalKind(
            name="swell",
            unit="m",
            words="swell|wave_?height",
            plausible=(-20.0, 20.0),
            steps_per_unit=1000,
            smallest_sd=0.01,
        )
    )
    yield "swell"
    KINDS.clear()
    KINDS.update(kinds)


def waves(seed, seconds=60.0, fs_hz=50.0):
    """Heights of waves, in m."""
    time = np.arange(round(seconds * fs_hz)) / fs_hz
    rng = np.random.default_rng(seed)
    return sum(
        rng.uniform(0.2, 1.0) * np.sin(2 * np.pi * (time * rate + rng.random())) for rate in (0.31, 0.5, 1.1)
    )


def test_an_invented_kind_is_imputed_forecast_and_generated(swell, run, tmp_path):
    (tmp_path / "sea").mkdir()
    lines = ["recording,subject,partition"]
    for number, partition in enumerate(("train", "train", "validation")):
        recording = Recording.from_arrays(waves(number)[None], 50.0, channel_names=["Swell"], units=["m"])
        write_recording(tmp_path / "sea" / f"b{number}.csv", recording)
        lines.append(f"b{number}.csv,b{number},{partition}")
    (tmp_path / "subjects.csv").write_text("\n".join(lines) + "\n")
    status, _, error = run(
        *("prepare", "own", "--from", tmp_path / "sea", "--subjects", tmp_path / "subjects.csv"),
        *("--preset", "imputation", "--kind", swell, "--out", tmp_path / "set"),
    )
    assert status == 0, error
    model = train_gaps(run, tmp_path / "set", tmp_path / "model", swell, 100.0)

    recording = read_recording(tmp_path / "sea" / "b0.csv")
    assert [channel.kind for channel in recording.channels] == [swell]
    status, _, error = run(
        *("impute", tmp_path / "sea" / "b0.csv", "--gap", "20:20.5", "--lead", "Swell", "--model", model),
        *("--draws", 4, "--out", tmp_path / "imputed"),
    )
    assert status == 0, error
    draws = np.load(tmp_path / "imputed" / "draws.npz")
    assert draws["draws_m"].shape == (4, 25)
    assert draws["units"].tolist() == ["m"]
    imputed = read_recording(tmp_path / "imputed" / "b0.csv")
    changed = np.flatnonzero(imputed.signal[0] != recording.signal[0])
    assert (changed.min(), changed.max()) == (1000, 1024)
    status, _, error = run(
        *("forecast", tmp_path / "sea" / "b0.csv", "--lead", "Swell", "--at", 40, "--model", model),
        *("--draws", 4, "--out", tmp_path / "forecast"),
    )
    assert status == 0, error
    assert "mean_m" in (tmp_path / "forecast" / "forecast.csv").read_text().splitlines()[0]

    windows = Windows.from_arrays(
        np.stack([waves(number, 5.12) for number in range(40)])[:, None].astype(np.float32),
        50.0,
        ["calm", "rough"] * 20,
        r_peak=128,
        subjects=np.arange(40) // 4,
    ).assign_partitions()
    generator = diffecg.train(windows, samples=64, settings=["network.width=16", "training.batch=16"])
    assert generator.generate("rough", 2, steps=2).signal.shape == (2, 1, 256)
    gap = waves(7).astype(np.float32)
    gap[1000:1025] = np.nan
    found = generator.impute(gap, 50.0, kinds=[swell], draws=2, steps=2)
    assert found.units == ("m",)
    assert np.isfinite(found.signal).all()


@pytest.mark.parametrize(("name", "kind", "unit"), [("eeg_ec", "eeg", "EEG=uV"), ("emg", "emg", "EMG=uV")])
def test_eeg_and_emg_are_read_trained_on_and_imputed(name, kind, unit, biosppy, run, tmp_path):
    (tmp_path / "db").mkdir()
    text = (biosppy / f"{name}.txt").read_text()
    lines = ["recording,subject,partition"]
    for part, partition in (("a", "train"), ("b", "validation")):
        (tmp_path / "db" / f"{part}.txt").write_text(text)
        lines.append(f"{part}.txt,{part},{partition}")
    (tmp_path / "subjects.csv").write_text("\n".join(lines) + "\n")
    status, out, error = run("info", biosppy / f"{name}.txt", "--unit", unit, "--json")
    assert status == 0, error
    assert [(one["kind"], one["unit"]) for one in json.loads(out)["channels"]] == [(kind, "uV")]
    status, _, error = run(
        *(
            "prepare",
            "own",
            "--from",
            tmp_path / "db",
            "--subjects",
            tmp_path / "subjects.csv",
        ),
        *("--preset", "imputation", "--kind", kind, "--unit", unit, "--out", tmp_path / "set"),
    )
    assert status == 0, error
    model = train_gaps(run, tmp_path / "set", tmp_path / "model", kind, 100.0)
    channel = kind.upper()
    status, _, error = run(
        *("impute", tmp_path / "db" / "a.txt", "--unit", unit, "--gap", "30:30.2", "--lead", channel),
        *("--model", model, "--draws", 4, "--format", "csv", "--out", tmp_path / "imputed"),
    )
    assert status == 0, error
    assert "draws_uv" in np.load(tmp_path / "imputed" / "draws.npz")
