"""What several tests make: ECG-like signals, records, a database, small settings."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from diffecg.config import Config, UNetConfig, preset
from diffecg.exchange.wfdb_format import write_wfdb

FS_HZ = 360.0
WAVES = {  # (time from R in s, width in s, height in mV)
    "N": [(-0.18, 0.02, 0.15), (0.0, 0.012, 1.2), (0.03, 0.012, -0.25), (0.26, 0.04, 0.3)],
    "V": [(0.0, 0.045, 1.6), (0.28, 0.06, -0.5)],
}
WAVES["L"] = WAVES["N"]
WAVES["A"] = WAVES["N"][1:]
WAVES["F"] = [(0.0, 0.03, 1.4), (0.27, 0.05, 0.1)]


def make_ecg(seed: int = 0, duration_s: float = 60.0, fs_hz: float = FS_HZ):
    """Return (signal in mV (time), beat samples, symbols)."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.normal(0.8, 0.03, int(duration_s / 0.8) - 1)) + 0.1
    times = times[times < duration_s - 0.05]
    symbols = rng.choice(["N", "N", "N", "L", "V", "A", "F"], len(times))
    time = np.arange(int(duration_s * fs_hz)) / fs_hz
    signal = 0.05 * np.sin(2 * np.pi * 0.3 * time) + 0.005 * rng.standard_normal(len(time))
    for at, symbol in zip(times, symbols, strict=True):
        for offset, width, height in WAVES[str(symbol)]:
            signal += height * np.exp(-0.5 * ((time - at - offset) / width) ** 2)
    return signal, np.rint(times * fs_hz).astype(int), symbols


def write_record(path: Path, seed: int = 0, leads=("MLII", "V1"), **kwargs):
    """Write a two-lead WFDB record with annotations, 200 steps a mV, zero at 1024."""
    signal, samples, symbols = make_ecg(seed, **kwargs)
    digital = np.stack([np.rint(signal * gain * 200).astype(int) + 1024 for gain in (1.0, -0.5)])
    write_wfdb(
        path,
        digital[: len(leads)],
        FS_HZ,
        leads,
        gain=[200.0] * len(leads),
        baseline=[1024] * len(leads),
        beats=[(int(s), str(c)) for s, c in zip(samples, symbols, strict=True)],
    )
    return path


def write_database(folder: Path, names=("101", "106", "201", "100", "103", "102")) -> Path:
    """Write a small database with the names of mitdb's records."""
    folder.mkdir()
    for i, name in enumerate(names):
        write_record(folder / name, seed=i, leads=("V5", "V2") if name == "102" else ("MLII", "V1"))
    (folder / "RECORDS").write_text("\n".join(names) + "\n")
    return folder


def tiny(name: str, **training) -> Config:
    """Return a preset with a network small enough for tests."""
    config = preset(name)
    settings = {"samples": 64, "batch": 16, "checkpoint_every": 32, "warmup": 16, **training}
    return replace(
        config,
        unet=UNetConfig(width=16, multipliers=(1, 2), blocks=1, dropout=config.unet.dropout),
        training=replace(config.training, **settings),
    )
