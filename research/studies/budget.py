"""How long a run may be: as much time, or as much arithmetic, as another."""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from diffecg.config.io import read_config
from diffecg.config.schema import Config
from diffecg.datasets.windows import Windows
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.folder import CONFIG
from diffecg.training.trainer import train

_PROBE_S = 20.0
_WARMUP, _HALF_LIFE = 0.1, 0.06
"""Most of a short run, as shares of its windows."""


def shortened(config: Config, samples: int) -> Config:
    """Return the settings of a run of about ``samples`` windows, its warm-up and averaging in proportion."""
    settings = config.training
    samples = max(1, round(samples / settings.batch)) * settings.batch
    warmup = min(settings.warmup, round(_WARMUP * samples))
    half_life = min(settings.ema_half_life, round(_HALF_LIFE * samples))
    training = replace(settings, samples=samples, warmup=warmup, ema_half_life=half_life)
    return replace(config, training=training)


def train_for(config: Config, windows: Windows, folder: Path, seconds: float) -> None:
    """Train a run whose learning rate has fallen to zero after about ``seconds`` of the processor, or go on.

    How many windows that makes is measured once, before the run begins, and then stands in its settings. The
    processor's clock does not run while other programs do.
    """
    if (folder / CONFIG).is_file():
        config = read_config(folder / CONFIG)
    else:
        rows: list[dict[str, float]] = []
        wall, busy = time.monotonic(), time.process_time()
        with tempfile.TemporaryDirectory() as probe:
            train(config, windows, Path(probe), report=rows.append, max_seconds=min(_PROBE_S, seconds))
        share = (time.process_time() - busy) / (time.monotonic() - wall)
        config = shortened(config, round(rows[-1]["samples_per_s"] / share * seconds))
    train(config, windows, folder)


def flop(denoiser: ConditionalDenoiser) -> int:
    """Return the floating-point operations of one evaluation of one window."""
    from torch.utils.flop_counter import FlopCounterMode

    window = denoiser.config.window
    signal = torch.zeros(1, len(window.leads), window.length)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        condition = denoiser.condition(signal, torch.zeros_like(signal, dtype=torch.bool), [None])
        denoiser(denoiser.transform(signal), torch.ones(1), condition)
    return int(counter.get_total_flops())
