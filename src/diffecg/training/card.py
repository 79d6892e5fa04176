"""The model card of a run: what the model is, and what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffecg._version import __version__
from diffecg.config.schema import Config
from diffecg.files import write_atomic
from diffecg.training.checkpoints import read_metrics

CARD = "README.md"

_TEMPLATE = """---
library_name: diffecg
tags: [ecg, diffusion, synthetic-data]
---
# {name}

A conditional diffusion model of heartbeats, trained with diffecg {version}.

**Not a medical device. Its output is synthetic and must not be used for diagnosis, for treatment, or
as evidence about any person.**

| | |
|---|---|
{settings}

## Data

{data}

## Training

{training}

## What it reaches

Not evaluated yet: `diffecg evaluate` compares generated windows with real ones.
"""


NETWORKS = {"unet": "U-Net over spectrogram frames", "dense": "dense, over the whole window"}


def write_card(folder: Path, config: Config, info: Mapping[str, Any], parameters: int) -> None:
    """Write the model card of a run.

    Args:
        folder: folder of the run, with its metrics.
        config: settings of the run.
        info: provenance of the training windows.
        parameters: number of weights of the network.
    """
    text = _TEMPLATE.format(
        name=folder.name,
        version=__version__,
        settings="\n".join(
            f"| {name} | {text} |" for name, text in model_settings(config, parameters).items()
        ),
        data=_data(config, info),
        training=_training(folder, config),
    )
    write_atomic(folder / CARD, text.encode())


def model_settings(config: Config, parameters: int) -> dict[str, str]:
    """Return what a card states about a model of windows, by name.

    Args:
        config: settings of the model.
        parameters: number of its weights.
    """
    window, conditions, training = config.window, config.conditions, config.training
    tasks = f"shares in training {', '.join(f'{share:g}' for share in training.tasks)}"
    leads = f"; whole leads missing ({training.lead_reconstruction:g})"
    return {
        "Window": f"{window.length} samples at {window.fs_hz:g} Hz ({window.duration_s:.2f} s), leads: "
        f"{', '.join(window.leads)}",
        "Labels": f"{', '.join(config.labels) or 'none'}{'; any number of them' * conditions.several_labels}",
        **({"Numbers": ", ".join(conditions.numbers)} if conditions.numbers else {}),
        "Tasks": f"generation, imputation, forecasting ({tasks}){leads * conditions.several_labels}",
        "Network": f"{NETWORKS[config.network.kind]}, {parameters / 1e6:.1f} M parameters",
        "Sampler": f"{config.diffusion.sampler}, {config.diffusion.steps} evaluations a sample",
    }


def _data(config: Config, info: Mapping[str, Any]) -> str:
    """Return the sources of the training windows, and the number of windows of each label."""
    sources = [_source(source) for source in info.get("sources", [info])]
    counts = config.label_counts or {}
    number = ", ".join(f"{count} {label}" for label, count in counts.items())
    return f"{'; '.join(sources)}.\n\nTraining windows: {number}."


def _source(info: Mapping[str, Any]) -> str:
    """Return database, split and label map of windows."""
    if not info.get("database"):
        return "The user's own windows"
    named = [f"{key.replace('_', ' ')} `{info[key]}`" for key in ("split", "label_map") if key in info]
    return ", ".join([f"{info['database']} {info.get('version', '')}".strip(), *named])


def _training(folder: Path, config: Config) -> str:
    """Return where training started from, its length and its validation loss."""
    parent = config.parent
    start = (
        "From random weights"
        if parent is None
        else f"Fine-tuned from {parent.name} (weights SHA-256 `{parent.weights_sha256}`)"
    )
    rows = [row for row in read_metrics(folder) if "validation_loss" in row]
    best = min(rows, key=lambda row: row["validation_loss"]) if config.training.patience else rows[-1]
    return (
        f"{start}; seed {config.training.seed}, {best['samples']:,} windows (repeats included), "
        f"{rows[-1]['seconds'] / 60:.0f} minutes. Validation loss of the averaged weights: "
        f"{best['validation_loss']:.4f}. All settings: `config.json`."
    )
