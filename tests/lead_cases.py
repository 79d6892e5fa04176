"""Recordings of simulated leads and a small untrained model of them, for tests of lead reconstruction."""

from dataclasses import replace

import numpy as np
import torch
from helpers import tiny

from diffecg.formats.recording import Recording
from diffecg.formats.samples import ArraySource
from diffecg.inference.model import Model
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.signal.channels import make_channels
from diffecg.signal.limb_leads import INDEPENDENT_LEADS
from diffecg.signal.simulation import simulate_ecg

FS_HZ = 100.0
BEFORE, AFTER = 40, 80


def leads_mv(seed=0, duration_s=20.0, fs_hz=FS_HZ):
    """Return eight leads of a heart, in mV, and its R peaks: two sources in changing shares."""
    source, peaks, _ = simulate_ecg(duration_s, fs_hz, seed=seed)
    other = np.gradient(source) * 3 * fs_hz / FS_HZ
    angles = np.linspace(0.1, 1.4, len(INDEPENDENT_LEADS))
    return np.cos(angles)[:, None] * source + np.sin(angles)[:, None] * other, peaks


def lead_model(components=24) -> Model:
    """Return a model of beats whose basis is fitted and whose network has its initial weights."""
    config = tiny("twelve-lead")
    config = replace(
        config,
        labels=("N",),
        transform=replace(config.transform, components=components),
        label_counts={"N": 1},
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        denoiser = ConditionalDenoiser(config)
    beats = []
    for seed in range(20):
        signal_mv, peaks = leads_mv(seed)
        inside = peaks[(peaks > BEFORE) & (peaks < signal_mv.shape[1] - AFTER)]
        beats += [(1 + 0.05 * seed) * signal_mv[:, peak - BEFORE : peak + AFTER] for peak in inside]
    noise = np.random.default_rng(0).normal(0, 0.01, (len(beats), 8, BEFORE + AFTER))
    denoiser.transform.fit(torch.from_numpy(np.float32(np.stack(beats) + noise)))
    return Model(denoiser, "tiny-leads")


def stored_recording(leads, gain=1000.0, fs_hz=FS_HZ, seed=99, name="watch") -> Recording:
    """Return a recording of some independent leads, stored as integers."""
    signal_mv, _ = leads_mv(seed, fs_hz=fs_hz)
    rows = [INDEPENDENT_LEADS.index("II" if lead == "MLII" else lead) for lead in leads]
    stored = np.rint(signal_mv[rows] * gain).astype(np.int64)
    source = ArraySource(stored, fs_hz, gain=(gain,) * len(rows), missing=np.zeros(stored.shape, bool))
    return Recording(name=name, channels=make_channels(leads), source=source)
