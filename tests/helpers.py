"""Helpers of several tests: ECG-like signals, recordings, a database, small settings."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from diffecg.config.presets import preset
from diffecg.config.schema import Config, DenseConfig, UNetConfig
from diffecg.datasets.label_code import LabelCode
from diffecg.datasets.subject_table import SubjectTable
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording as write_any
from diffecg.formats.samples import ArraySource
from diffecg.signal.channels import make_channels
from diffecg.signal.simulation import simulate_ecg

FS_HZ = 360.0
SYMBOLS = ("N", "N", "N", "L", "V", "A", "F")


def labels_of(batch, config):
    """Return the labels of a training batch that are not dropped."""
    code = LabelCode.of(config)
    rows = {code.row(label) + i: label for label in config.labels for i in range(1 + code.morphologies)}
    return [rows[row] for row in batch.labels.argmax(dim=1).tolist() if row]


def make_ecg(seed: int = 0, duration_s: float = 60.0, fs_hz: float = FS_HZ):
    """Return (signal in mV (time), beat samples, symbols)."""
    return simulate_ecg(duration_s, fs_hz, seed=seed, symbols=SYMBOLS)


def write_recording(path: Path, seed: int = 0, leads=("MLII", "V1"), **kwargs):
    """Write a two-lead WFDB recording with annotations, 200 steps a mV, zero at 1024."""
    signal, samples, symbols = make_ecg(seed, **kwargs)
    digital = np.stack([np.rint(signal * gain * 200).astype(int) + 1024 for gain in (1.0, -0.5)])
    beats = tuple(
        Annotation(time_s=int(sample) / FS_HZ, symbol=str(symbol))
        for sample, symbol in zip(samples, symbols, strict=True)
    )
    return write_any(path, digital_recording(path.name, digital[: len(leads)], leads, beats))


def digital_recording(
    name: str, digital, leads, annotations=(), *, gain=200.0, baseline=1024.0, fs_hz=FS_HZ
) -> Recording:
    """Return a recording of stored integers."""
    count = len(leads)
    return Recording(
        name=name,
        channels=make_channels(leads),
        source=ArraySource(
            digital,
            fs_hz,
            gain=(gain,) * count,
            baseline=(baseline,) * count,
            missing=np.zeros(digital.shape, bool),
        ),
        load_annotations=lambda: annotations,
    )


def write_database(folder: Path, names=("101", "106", "201", "100", "103", "102")) -> Path:
    """Write a small database with the names of mitdb's recordings."""
    folder.mkdir()
    for i, name in enumerate(names):
        write_recording(folder / name, seed=i, leads=("V5", "V2") if name == "102" else ("MLII", "V1"))
    (folder / "RECORDS").write_text("\n".join(names) + "\n")
    return folder


def write_lead_database(folder: Path, count: int = 30) -> SubjectTable:
    """Write recordings of eight leads without annotations; return their subjects, statements and ages."""
    folder.mkdir()
    leads = preset("twelve-lead").window.leads
    gains = np.random.default_rng(0).normal(0, 0.8, (count, len(leads)))
    names = [f"r{i:02d}" for i in range(count)]
    for i, name in enumerate(names):
        kinds = ("N", "N", "N", "N", "V") if i % 5 == 0 else ("N",)
        signal = simulate_ecg(10.0, 100.0, seed=i, symbols=kinds).signal_mv
        noise = 0.01 * np.random.default_rng(i).standard_normal((len(leads), len(signal)))
        digital = np.rint(1000 * (gains[i][:, None] * signal + noise)).astype(int)
        recording = digital_recording(name, digital, leads, gain=1000.0, baseline=0.0, fs_hz=100.0)
        write_any(folder / name, recording)
    partitions = ["train"] * (count - 10) + ["validation"] * 5 + ["test"] * 5
    return SubjectTable(
        subjects={name: name for name in names},
        partitions=dict(zip(names, partitions, strict=True)),
        statements={name: ("MI", "AFIB") if i % 3 == 0 else ("NORM",) for i, name in enumerate(names)},
        numbers={name: {"age": 40.0 + i, "sex": float(i % 2)} for i, name in enumerate(names)},
    )


TINY = {
    "unet": UNetConfig(width=16, multipliers=(1, 2), blocks=1),
    "dense": DenseConfig(width=16, hidden=24, blocks=1, dropout=0.1),
}


def tiny(name: str, **training) -> Config:
    """Return a preset with a network small enough for tests."""
    config = preset(name)
    settings = {"samples": 64, "batch": 16, "checkpoint_every": 32, "warmup": 16, **training}
    return replace(
        config,
        labels=config.labels or ("MI", "AFIB", "NORM"),
        transform=replace(config.transform, components=24),
        network=TINY[config.network.kind],
        training=replace(config.training, **settings),
    )


def peak_width(beats):
    """Return for how many samples around R each beat is beyond half its deflection from the median."""
    deflection = np.abs(beats - np.median(beats, axis=1, keepdims=True))
    inner = deflection[:, 90:170]
    return (inner > inner.max(axis=1, keepdims=True) / 2).sum(axis=1)
