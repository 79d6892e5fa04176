"""Helpers of several tests: ECG-like signals, recordings, a database, small settings."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from diffecg.config.presets import preset
from diffecg.config.schema import Config, DenseConfig, UNetConfig
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording as write_any
from diffecg.formats.samples import ArraySource
from diffecg.signal.channels import make_channels
from diffecg.signal.simulation import simulate_ecg

FS_HZ = 360.0
SYMBOLS = ("N", "N", "N", "L", "V", "A", "F")


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


def digital_recording(name: str, digital, leads, annotations=(), *, gain=200.0, baseline=1024.0) -> Recording:
    """Return a recording of stored integers."""
    count = len(leads)
    return Recording(
        name=name,
        channels=make_channels(leads),
        source=ArraySource(
            digital,
            FS_HZ,
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
        network=TINY[config.network.kind],
        training=replace(config.training, **settings),
    )
