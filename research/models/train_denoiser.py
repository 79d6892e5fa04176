"""``python -m research train-denoiser``: the network behind ``diffecg denoise``, with its model card."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from cyclopts import Parameter
from jaxtyping import Float
from safetensors.torch import save_file
from torch import Tensor

from diffecg._version import __version__
from diffecg.composition.noise import KINDS
from diffecg.datasets.splits import DEVELOPMENT, DS1
from diffecg.files import write_atomic
from diffecg.model.denoiser_folder import DenoiserConfig, save_denoiser
from diffecg.model.denoising_bands import median_baseline
from diffecg.model.denoising_network import DenoisingNetwork
from diffecg.model.files import WEIGHTS
from diffecg.pretrained import DENOISER
from diffecg.training.distributed import check_device
from diffecg.training.optimisation import computes_in_bfloat16
from research.models.card_fields import DENOISER_FIELDS
from research.models.noisy_windows import (
    FS_HZ,
    PTBXL_FS_HZ,
    SHARES,
    NoisyWindows,
    Partition,
    WindowSource,
    read_noise,
    read_ptbxl,
    read_signals,
)
from research.repository import PRETRAINED

SHORT, LONG, LONG_S = 16, 8, 20.48
"""Windows in a batch of PTB-XL and of long recordings, and the length of the latter."""
SHORT_SHARE = 0.6
"""Share of batches of PTB-XL."""
LEARNING_RATE, WARM_UP, MAX_GRADIENT, AVERAGING = 2e-3, 300, 1.0, 0.998
WIDTH_WEIGHT = 0.1
MAX_LOSS = 3.0
"""Squared errors of windows far above this count logarithmically."""
MIN_SHARE, MIN_VARIANCE = 0.1, 0.02
"""Share of the variance of the clean signal that is added to errors of simple answers; least variance."""
MIN_ERROR = 1e-3
"""Errors below this, in units of the signal's scale, count as this."""
CALIBRATION_BATCHES = 8
COVERAGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0)
CHECKPOINT_S = 120.0
EXCLUDED = "201"
"""The same subject as 202, of DS2."""

CARD = """{fields}# {name}

A network that removes baseline wander, muscle artefacts and electrode motion from one lead of an ECG, and
states how far its estimate may be off; made with diffecg {version}. It is behind `diffecg denoise` and
`diffecg.denoise`.

**Not a medical device. Its output is an estimate and must not be used for diagnosis, for treatment, or
as evidence about any person.**

| | |
|---|---|
| Input | one lead of any length, resampled to {fs:g} Hz; mask of the noisy samples |
| Output | mean of the clean signal given the noisy one; half width of the prediction interval |
| Network | one-dimensional U-Net with attention: gains of {bands} frequency bands, and a correction |
| Weights | {parameters:,}, as 16-bit safetensors, {megabytes:.1f} MB, SHA-256 `{digest}` |

## Data

- PTB-XL 1.0.3 at 100 Hz, folds 1 to 8, any lead, records that are annotated as free of noise. Wagner P
  et al. Scientific Data 7:154 (2020). Licence CC BY 4.0.
- MIT-BIH Arrhythmia Database 1.0.0, recordings of DS1 without {held_out} (choices,
  calibration) and 201 (the same subject as 202 in DS2). Moody GB, Mark RG. IEEE Eng in Med and Biol
  20(3):45-50 (2001). Licence ODC-By 1.0.
- MIT-BIH Noise Stress Test Database 1.0.0, both channels, the first 40 % of each record (the next 10 %
  for calibration, the second half for tests). Moody GB, Muldrow WE, Mark RG. Computers in Cardiology
  11:381-384 (1984). Licence ODC-By 1.0.

Noise of one kind, mixtures, and Gaussian noise with spectra of power laws, -10 to 20 dB; a noisy
interval in clean signal, or noise throughout. What the recording held before noise was added is the
truth, its own wander included.

## Training

```
python -m research train-denoiser mitdb/ nstdb/ ptbxl/ --minutes {minutes:g} --device {device}
```

Seed {seed}, {steps} steps in {minutes:g} minutes; at the start, a Wiener filter on the baseline. Mean
squared error, relative to that of the noisy signal or of the median filter, whichever is less; the half
width by the 90 % quantile loss of its logarithm. The half widths of all coverages are those that cover the
errors of each kind of noise on PTB-XL fold 9 and on {held_out}.

## What it reaches

See docs/how-to/denoise.md, from `python -m research denoising mitdb/ nstdb/ --ptbxl ptbxl/`.

## Known limits

Noise that differs from that of three records, made with one recorder in 1984. Each lead by itself.
Components above {nyquist:g} Hz are lost in noisy intervals. Where noise hides P waves or ST segments,
the estimate shows what is likely, not what was there: use the interval.
"""


def train_denoiser(
    database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    noises: Annotated[Path, Parameter(help="MIT-BIH Noise Stress Test Database.")],
    ptbxl: Annotated[Path, Parameter(help="PTB-XL, with records100/.")],
    /,
    *,
    out: Path = PRETRAINED / DENOISER,
    minutes: float = 60.0,
    checkpoint: Path = Path("denoiser-checkpoint.safetensors"),
    seed: int = 0,
    device: str = "cpu",
) -> None:
    """Train the network that removes noise, calibrate its intervals, and write it with its card.

    Example: python -m research train-denoiser mitdb/ nstdb/ ptbxl/ --minutes 60

    Args:
        out: Folder to write.
        minutes: Time of training.
        checkpoint: File to which the weights are written every two minutes.
        seed: Seed of the weights and of the windows.
        device: Device of the training: cpu or cuda.
    """
    check_device(device)
    torch.set_num_threads(1)
    config = DenoiserConfig()
    source = _source(database, noises, ptbxl, "train", seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = DenoisingNetwork(config.network)
    network, steps = fit(network.to(device), source, 60 * minutes, checkpoint)
    network.cpu()
    sources = [_source(database, noises, ptbxl, "validation", seed, {kind: 1.0}) for kind in KINDS]
    config = calibrate(config, network, sources)
    out.mkdir(parents=True, exist_ok=True)
    save_denoiser(out, config, network)
    size = (out / WEIGHTS).stat().st_size
    text = CARD.format(
        fields=DENOISER_FIELDS.front_matter(),
        name=out.name,
        version=__version__,
        fs=config.fs_hz,
        bands=config.network.bands,
        parameters=sum(p.numel() for p in network.parameters()),
        megabytes=size / 1e6,
        digest=hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest(),
        held_out=", ".join(DEVELOPMENT),
        minutes=minutes,
        seed=seed,
        device=device,
        steps=steps,
        nyquist=config.fs_hz / 2,
    )
    write_atomic(out / "README.md", text.encode())
    print(out)


def fit(
    network: DenoisingNetwork, source: WindowSource, seconds: float, checkpoint: Path
) -> tuple[DenoisingNetwork, int]:
    """Train a network for some time; return the average of its weights and the number of steps.

    Args:
        network: the network, on the device of the training.
        source: windows.
        seconds: time of training.
        checkpoint: file of the averaged weights, written every CHECKPOINT_S.
    """
    average, device = deepcopy(network).eval(), network.last.weight.device.type
    optimiser = torch.optim.AdamW(
        network.parameters(), LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    began = saved = time.monotonic()
    step, recent = 0, 0.0
    while (share := (time.monotonic() - began) / seconds) < 1:
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1, (step + 1) / WARM_UP) * (1 + math.cos(math.pi * share)) / 2
        windows = source.short(SHORT) if source.rng.random() < SHORT_SHARE else source.long(LONG, LONG_S)
        with torch.autocast(device, torch.bfloat16, enabled=computes_in_bfloat16(device)):
            loss = loss_of(network, windows)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT)
        optimiser.step()
        keep = min(AVERAGING, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, weight in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(weight, 1 - keep)
        step, recent = step + 1, 0.99 * recent + 0.01 * loss.item()
        if time.monotonic() - saved > CHECKPOINT_S:
            saved = time.monotonic()
            save_file(average.state_dict(), checkpoint)
            print(f"{saved - began:.0f} s, step {step}, loss {recent / (1 - 0.99**step):.4f}", flush=True)
    return average, step


def loss_of(network: DenoisingNetwork, windows: NoisyWindows) -> Float[Tensor, ""]:
    """Return the squared error of the mean and the quantile loss of the half width, in noisy samples.

    The squared error of a window is divided by that of the better of two simple answers, the noisy signal and
    the noisy signal without the baseline of medians, and by a share of the variance of the clean signal.
    """
    arrays = (windows.clean, windows.noisy, windows.is_noisy)
    clean, noisy, mask = (torch.from_numpy(array).to(network.last.weight.device) for array in arrays)
    mask = mask.float()
    estimate = network(noisy, mask)
    count = mask.sum(dim=1).clamp(min=1)

    def mean(values: Float[Tensor, "batch time"]) -> Float[Tensor, " batch"]:
        return (values * mask).sum(dim=1) / count

    def variance(values: Float[Tensor, "batch time"]) -> Float[Tensor, " batch"]:
        return mean((values - mean(values)[:, None]) ** 2)

    error = estimate.signal - clean
    baseline = median_baseline(noisy, network.sizes.patch, network.sizes.medians)
    simple = torch.minimum(mean((noisy - clean) ** 2), variance(noisy - baseline - clean))
    squared = mean(error**2) / (simple + MIN_SHARE * (variance(clean) + MIN_VARIANCE))
    excess = torch.log(error.detach().abs() + MIN_ERROR) - estimate.log_half_width
    quantile = mean(torch.maximum(0.9 * excess, -0.1 * excess))
    return (MAX_LOSS * torch.log1p(squared / MAX_LOSS)).mean() + WIDTH_WEIGHT * quantile.mean()


@torch.inference_mode()
def calibrate(
    config: DenoiserConfig, network: DenoisingNetwork, sources: Sequence[WindowSource]
) -> DenoiserConfig:
    """Return the settings with the ratios of true to estimated half widths for each coverage.

    Args:
        config: settings without ratios.
        network: the network.
        sources: windows with one kind of noise each; the largest of their ratios is taken.
    """
    quantiles = []
    for source in sources:
        ratios = []
        for batch in range(CALIBRATION_BATCHES):
            windows = source.short(SHORT) if batch % 2 else source.long(LONG, LONG_S)
            estimate = network(torch.from_numpy(windows.noisy), torch.from_numpy(windows.is_noisy).float())
            error = np.abs(estimate.signal.numpy() - windows.clean)
            ratios.append((error / np.exp(estimate.log_half_width.numpy()))[windows.is_noisy])
        quantiles.append(np.quantile(np.concatenate(ratios), COVERAGES))
    largest = np.max(quantiles, axis=0)
    return replace(config, coverages=COVERAGES, ratios=(0.0, *(float(ratio) for ratio in largest[1:])))


def _source(
    database: Path,
    noises: Path,
    ptbxl: Path,
    partition: Partition,
    seed: int,
    shares: Mapping[str, float] = SHARES,
) -> WindowSource:
    """Return the windows of a partition, with kinds of noise in these shares."""
    train = partition == "train"
    names = [name for name in DS1 if name not in (*DEVELOPMENT, EXCLUDED)] if train else DEVELOPMENT
    return WindowSource(
        ptbxl=read_ptbxl(ptbxl, range(1, 9) if train else [9]),
        signals=read_signals(database, names, FS_HZ),
        noises={fs_hz: read_noise(noises, fs_hz, partition) for fs_hz in (PTBXL_FS_HZ, FS_HZ)},
        seed=seed,
        shares=shares,
    )
