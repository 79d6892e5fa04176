"""``python -m research bundle-model``: a trained run as a model of the package, with its card."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from diffecg._version import __version__
from diffecg.config.schema import Config
from diffecg.errors import DiffecgError
from diffecg.files import write_atomic
from diffecg.model.folder import WEIGHTS, load_model, save_model
from diffecg.training.checkpoints import read_metrics
from research.repository import PRETRAINED

MAX_BYTES = 12_000_000

CARD = """---
license: odc-by
tags: [ecg, diffusion, synthetic-data]
---
# {name}

A conditional diffusion model of {what}, made with diffecg {version}: an independent implementation of
DiffECG (arXiv 2306.01875), with extensions, not by its authors.

**Not a medical device. Its output is synthetic and must not be used for diagnosis, for treatment, or
as evidence about any person.**

| | |
|---|---|
| Window | {length} samples at {fs:g} Hz ({seconds:.2f} s), leads: {leads} |
| Labels | {labels} |
| Tasks | generation, imputation, forecasting (shares in training {tasks}) |
| Network | {network}, {parameters:.1f} M parameters |
| Sampler | {sampler}, {steps} evaluations a sample |
| Weights | 16-bit safetensors, {megabytes:.1f} MB, SHA-256 `{digest}` |

## Data

MIT-BIH Arrhythmia Database 1.0.0 (PhysioNet, doi:10.13026/C2F305), licence ODC-By 1.0. Moody GB, Mark
RG. The impact of the MIT-BIH Arrhythmia Database. IEEE Eng in Med and Biol 20(3):45-50 (2001).
Goldberger AL et al. PhysioBank, PhysioToolkit, and PhysioNet. Circulation 101(23):e215-e220 (2000).

Split `strict`: the first 48 s of every minute of each recording of de Chazal's DS1, without 201 (the same
subject as 202 in DS2) and without paced recordings. The other 12 s are validation. DS2 was used neither for
training nor for choices. Label map: AAMI EC57.

## Training

```
{prepare}
{train}
```

Seed {seed}, {samples} windows (repeats included) in the last command, {minutes:.0f} minutes on one thread of
a two-core machine without GPU. Validation loss of the averaged weights: {validation:.4f}.

## What it reaches

Not evaluated yet: make report DATA=mitdb/

## Known limits

{limits}
"""

NETWORKS = {"unet": "U-Net over spectrogram frames", "dense": "dense, over the whole spectrogram"}

LIMITS = {
    "beat": "Half of DS1 was selected for rare events; prevalence is not clinical. F and S come from few "
    "subjects. One lead (MLII), one recorder. The window holds no RR interval, so that an S beat differs by "
    "its shape alone.",
    "strip": "Trained on two-lead Holter recordings of 21 subjects. Nearest-neighbour imputation (analogues, "
    "above), from which it starts, has the RMSE of the mean of its draws, and a higher CRPS. Long gaps are "
    "imputed a second at a time; where only two or three seconds came before, draws become noisy and drift. "
    "Generated strips differ clearly from real ones: QRS complexes are too low and vary between beats.",
}


def bundle_model(
    run: Annotated[Path, Parameter(help="Folder of the run; its name becomes the name of the model.")],
    /,
    *,
    prepare: str,
    train: str,
) -> None:
    """Put a trained run into the package: weights in 16 bits, settings and model card.

    Example: python -m research bundle-model runs/mitbih-beat --prepare "diffecg prepare ..." --train "..."

    Then run make report DATA=mitdb/, which evaluates the model and adds the results to its card.

    Args:
        prepare: Command that prepared the windows, for the card.
        train: Commands that trained the model, one a line, for the card.
    """
    model = load_model(run)
    folder = PRETRAINED / run.name
    folder.mkdir(exist_ok=True)
    save_model(folder, model.config, model.state_dict(), half=True)
    size = (folder / WEIGHTS).stat().st_size
    if size > MAX_BYTES:
        raise DiffecgError(f"the weights of {run} take {size} bytes; at most {MAX_BYTES} are allowed")
    last = [row for row in read_metrics(run) if "validation_loss" in row][-1]
    facts = {
        "prepare": prepare,
        "train": train,
        "parameters": sum(p.numel() for p in model.parameters()) / 1e6,
        "megabytes": size / 1e6,
        "digest": hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
        "samples": int(last["samples"]),
        "minutes": last["seconds"] / 60,
        "validation": last["validation_loss"],
    }
    write_atomic(folder / "README.md", card(run.name, model.config, facts).encode())
    print(folder)


def card(name: str, config: Config, facts: dict[str, Any]) -> str:
    """Return the model card.

    Args:
        name: of the model.
        config: its settings.
        facts: about the run and the weights.
    """
    window = config.window
    is_beat = window.kind == "beat"
    return CARD.format(
        name=name,
        version=__version__,
        what="single labelled heartbeats" if is_beat else "ten-second strips of any one lead",
        length=window.length,
        fs=window.fs_hz,
        seconds=window.duration_s,
        leads=", ".join(window.leads) if is_beat else "any, one at a time",
        labels=", ".join(config.labels) or "none",
        tasks=", ".join(f"{share:g}" for share in config.training.tasks),
        network=NETWORKS[config.network.kind],
        sampler=config.diffusion.sampler,
        steps=config.diffusion.steps,
        seed=config.training.seed,
        limits=LIMITS[window.kind],
        **facts,
    )
