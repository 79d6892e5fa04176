"""Training runs of a given processor time or number of operations."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from diffecg.config.io import read_config
from diffecg.config.schema import Config
from diffecg.datasets.windows import Windows
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.files import CONFIG
from diffecg.training.trainer import train

_PROBE_S = 20.0
_MAX_WARMUP, _MAX_HALF_LIFE = 0.1, 0.06
"""Largest warm-up and averaging half-life, as shares of the training windows."""


def with_samples(config: Config, samples: int) -> Config:
    """Return the settings of a run of about ``samples`` windows, with shorter warm-up and averaging."""
    settings = config.training
    samples = max(1, round(samples / settings.batch)) * settings.batch
    warmup = min(settings.warmup, round(_MAX_WARMUP * samples))
    half_life = min(settings.ema_half_life, round(_MAX_HALF_LIFE * samples))
    training = replace(settings, samples=samples, warmup=warmup, ema_half_life=half_life)
    return replace(config, training=training)


def train_for(config: Config, windows: Windows, folder: Path, cpu_s: float) -> None:
    """Train for about ``cpu_s`` seconds of processor time, or resume such a run.

    A short run measures the training speed, from which the number of training windows follows, so that the
    learning-rate schedule ends with the run. Processor time excludes the time that other programs take.
    """
    if (folder / CONFIG).is_file():
        config = read_config(folder / CONFIG)
    else:
        rows: list[dict[str, float]] = []
        wall, cpu = time.monotonic(), time.process_time()
        with tempfile.TemporaryDirectory() as probe:
            train(config, windows, Path(probe), report=rows.append, max_seconds=min(_PROBE_S, cpu_s))
        cpu_share = (time.process_time() - cpu) / (time.monotonic() - wall)
        config = with_samples(config, round(rows[-1]["samples_per_s"] / cpu_share * cpu_s))
    train(config, windows, folder)


def count_flop(denoiser: ConditionalDenoiser) -> int:
    """Return the floating-point operations of one evaluation of the network for one window."""
    window = denoiser.config.window
    signal = torch.zeros(1, len(window.leads), window.length)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        observed = torch.zeros_like(signal, dtype=torch.bool)
        condition = denoiser.condition(signal, observed, denoiser.encode_labels([None]))
        denoiser(denoiser.transform(signal), torch.ones(1), condition)
    return int(counter.get_total_flops())
