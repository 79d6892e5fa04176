"""Recordings of a bedside monitor and a model of gaps in their signals, for tests."""

import edfio
import numpy as np
import torch
from gap_cases import MONITOR, randomise, tiny_config

from diffecg.formats.recording import Recording
from diffecg.formats.registry import write_recording
from diffecg.model.folder import save_model
from diffecg.model.gap.network import GapNetwork
from diffecg.signal.simulation import simulate_ecg

FS_HZ, DURATION_S = 125.0, 60.0
NAMES, UNITS = ("II", "PLETH", "ABP", "RESP"), ("mV", "NU", "mmHg", "NU")


def bedside_signals(fs_hz=FS_HZ):
    """Return lead II, a PPG, a pressure in mmHg and a respiration of one heart."""
    ecg = simulate_ecg(DURATION_S, fs_hz)
    time_s = np.arange(len(ecg.signal_mv)) / fs_hz
    beats_s = np.append(ecg.sample / fs_hz, ecg.sample[0] / fs_hz - 0.8)
    after_s = np.maximum(time_s[:, None] - beats_s - 0.2, 0)
    pulse = (after_s / 0.12 * np.exp(1 - after_s / 0.12)).sum(axis=1)
    breath = 0.2 * np.sin(2 * np.pi * 0.25 * time_s)
    return np.stack([ecg.signal_mv, 0.4 * pulse, 70 + 50 * pulse, breath])


def write_bedside(path, signals=None, names=NAMES, units=UNITS):
    """Write a recording whose signals have one rate, and return its path."""
    signals = bedside_signals() if signals is None else signals
    return write_recording(path, Recording.from_arrays(signals, FS_HZ, channel_names=names, units=units))


def write_night(path):
    """Write an EDF file with an ECG at 250 Hz, a respiration at 25 Hz and a trend at 1 Hz."""
    signals = [
        (bedside_signals(250.0)[0], 250.0, "ECG II", "mV", (-5, 5)),
        (bedside_signals(25.0)[3], 25.0, "RESP", "NU", (-1, 1)),
        (36 + np.linspace(0, 1, round(DURATION_S)), 1.0, "Temp", "degC", (0, 50)),
    ]
    edfio.Edf(
        [
            edfio.EdfSignal(values, fs_hz, label=name, physical_dimension=unit, physical_range=limits)
            for values, fs_hz, name, unit, limits in signals
        ]
    ).write(path)
    return path


def write_model(folder):
    """Write an untrained model of gaps in ECG, PPG, pressure and respiration, and return its folder."""
    config = tiny_config(MONITOR)
    with torch.random.fork_rng():
        network = GapNetwork(config)
    randomise(network)
    folder.mkdir()
    save_model(folder, config, network.state_dict())
    return folder
