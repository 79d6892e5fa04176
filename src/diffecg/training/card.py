"""The card of a model: what it is, and what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diffecg._version import __version__
from diffecg.config.gap import GapConfig
from diffecg.config.io import AnyConfig
from diffecg.config.schema import Config
from diffecg.datasets.databases import DATABASES, OWN
from diffecg.files import write_atomic
from diffecg.model.files import CARD
from diffecg.model.hub import is_hub_name
from diffecg.training.card_fields import FORECASTING, CardFields, Result
from diffecg.training.checkpoints import read_metrics

_TEMPLATE = """{fields}# {name}

A conditional diffusion model of {what}, trained with diffecg {version}.

**Not a medical device. Its output is synthetic and must not be used for diagnosis, for treatment, or
as evidence about any person.**

| | |
|---|---|
{settings}

## Data

{data}

## Training

{training} All settings: `config.json`.

## What it reaches

Not evaluated yet: {evaluation}.
"""

NETWORKS = {"unet": "U-Net over spectrogram frames", "dense": "dense, over the whole window"}


def write_card(
    folder: Path, config: AnyConfig, sources: Sequence[Mapping[str, Any]], parameters: int
) -> None:
    """Write the model card of a run.

    Args:
        folder: folder of the run, with its metrics.
        config: settings of the run.
        sources: provenance of the training windows or recordings, one of each database.
        parameters: number of weights of the network.
    """
    rows = [row for row in read_metrics(folder) if "validation_loss" in row]
    text = model_card(folder.name, config, parameters, sources=sources, validations=rows)
    write_atomic(folder / CARD, text.encode())


def model_card(
    name: str,
    config: AnyConfig,
    parameters: int,
    *,
    sources: Sequence[Mapping[str, Any]] = (),
    validations: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the text of a model card.

    Args:
        name: name of the model.
        config: its settings.
        parameters: number of its weights.
        sources: as for :func:`write_card`; empty: they are not known.
        validations: metrics of the run at its checkpoints; empty: they are not known.
    """
    reached = _reached(config, validations)
    fields = _fields(name, config, sources, None if reached is None else reached["validation_loss"])
    common = {"fields": fields.front_matter(), "name": name, "version": __version__}
    training = f"{_start(config)}{_length(reached, validations)}"
    if isinstance(config, GapConfig):
        return _TEMPLATE.format(
            **common,
            what=gap_task(config),
            settings=as_rows(gap_settings(config, parameters)),
            data=_sources(sources),
            training=training,
            evaluation="`diffecg evaluate-task` compares what it imputes with what was there",
        )
    counts = ", ".join(f"{count} {label}" for label, count in (config.label_counts or {}).items())
    return _TEMPLATE.format(
        **common,
        what="heartbeats",
        settings=as_rows(model_settings(config, parameters)),
        data=f"{_sources(sources)}\n\nTraining windows: {counts or 'not known'}.",
        training=training,
        evaluation="`diffecg evaluate` compares generated windows with real ones",
    )


def as_rows(settings: Mapping[str, str]) -> str:
    """Return settings as rows of a table in Markdown."""
    return "\n".join(f"| {name} | {text} |" for name, text in settings.items())


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
        "Sampler": f"{config.diffusion.sampler}, evaluations a sample: {config.diffusion.steps}",
    }


def gap_task(config: GapConfig) -> str:
    """Return what a model of gaps is of."""
    kinds = config.candidates.kinds
    named = "an ECG" if set(kinds) == {"ecg"} else f"recordings of {', '.join(kinds)}"
    return f"the gaps and the continuation of {named}"


def gap_settings(config: GapConfig, parameters: int) -> dict[str, str]:
    """Return what a card states about a model of gaps, by name.

    Args:
        config: settings of the model.
        parameters: number of its weights.
    """
    candidates = config.candidates
    of_ecg = set(candidates.kinds) == {"ecg"}
    return {
        "Input": f"a gap of any {'lead' if of_ecg else 'signal'} at {candidates.fs_hz:g} Hz with its "
        f"surroundings, and {'another lead' if of_ecg else 'others'} where one is observed",
        "Signals": ", ".join(candidates.kinds),
        "Candidates": f"{candidates.analogues} analogues within 30 minutes on either side, "
        f"{candidates.cycles} visible cardiac cycles",
        "Tasks": f"imputation, forecasting ({config.training.forecasts:g} of the training examples)",
        "Network": f"attention over candidates, on STFT frames, {parameters / 1e6:.1f} M parameters",
        "Sampler": f"steps a draw: {config.diffusion.steps}",
    }


def _fields(
    name: str, config: AnyConfig, sources: Sequence[Mapping[str, Any]], loss: float | None
) -> CardFields:
    """Return what the hub indexes of a model."""
    named = (DATABASES.get(str(source.get("database"))) for source in sources)
    datasets = [database.physionet_name for database in named if database and database.physionet_name]
    result = Result(
        task="imputation and forecasting" if isinstance(config, GapConfig) else "generation",
        dataset=datasets[0] if len(datasets) == len(sources) == 1 else "other",
        data="validation partition of the training data",
        metrics={("loss", "validation loss"): loss or 0.0},
    )
    return CardFields(
        name=name,
        task=FORECASTING if isinstance(config, GapConfig) else None,
        datasets=list(dict.fromkeys(datasets)),
        base_model=_hub_parent(config),
        results=[] if loss is None else [result],
    )


def _hub_parent(config: AnyConfig) -> str | None:
    """Return the model of the hub that training started from; None: there is none."""
    if config.parent is None or not is_hub_name(config.parent.name):
        return None
    return config.parent.name.partition("@")[0]


def _sources(sources: Sequence[Mapping[str, Any]]) -> str:
    """Return the sources of the training data, as a sentence."""
    return f"{'; '.join(map(_source, sources)) or 'The training data are not known'}."


def _source(info: Mapping[str, Any]) -> str:
    """Return database, split and label map of windows or recordings."""
    if info.get("database") in (None, "", OWN):
        return "The user's own data"
    named = [f"{key.replace('_', ' ')} `{info[key]}`" for key in ("split", "label_map") if info.get(key)]
    return ", ".join([f"{info['database']} {info.get('version', '')}".strip(), *named])


def _start(config: AnyConfig) -> str:
    """Return where training started from, and its seed."""
    parent = config.parent
    start = (
        "From random weights"
        if parent is None
        else f"Fine-tuned from {parent.name} (weights SHA-256 `{parent.weights_sha256}`)"
    )
    return f"{start}; seed {config.training.seed}"


def _reached(config: AnyConfig, validations: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the metrics of the checkpoint that became the model; None: they are not known."""
    if not validations:
        return None
    if config.training.patience:
        return min(validations, key=lambda row: row["validation_loss"])
    return validations[-1]


def _length(reached: Mapping[str, Any] | None, validations: Sequence[Mapping[str, Any]]) -> str:
    """Return how long a model was trained, and its validation loss, as the rest of a sentence."""
    if reached is None:
        return "."
    return (
        f", {reached['samples']:,} examples (repeats included), {validations[-1]['seconds'] / 60:.0f} "
        f"minutes. Validation loss of the averaged weights: {reached['validation_loss']:.4f}."
    )
