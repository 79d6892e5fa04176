"""``diffecg info`` of models: what they are of, their labels and settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diffecg import pretrained
from diffecg.config.gap import GapConfig
from diffecg.config.io import AnyConfig
from diffecg.datasets.label_meanings import label_meanings
from diffecg.model.files import CARD, CONFIG
from diffecg.model.finding import ModelFolder, find_model


def is_model(path: Path) -> bool:
    """Return whether a path is the folder of a model, or the name of a bundled model and no path."""
    return (path / CONFIG).is_file() or (not path.exists() and str(path) in pretrained.names())


def describe_model(name: str | Path) -> dict[str, Any]:
    """Return a summary of a model that can be written as JSON.

    Raises:
        DiffecgError: the model is not found, or is damaged.
    """
    folder = find_model(name)
    config = folder.config
    return {
        "model": folder.name,
        "of": _subject(config),
        "settings": _settings(folder, config),
        "labels": {} if isinstance(config, GapConfig) else label_meanings(config.labels),
        "card": str(folder.path / CARD) if folder.card else None,
    }


def model_lines(summary: dict[str, Any]) -> list[str]:
    """Return the summary of a model as lines of text; labels of a known meaning have a line each."""
    settings, labels = dict(summary["settings"]), summary["labels"]
    if labels:
        _, several, rest = settings["Labels"].partition(";")
        settings["Labels"] = f"{len(labels)}, listed below{several}{rest}"
    return [
        f"{summary['model']}: a model of {summary['of']}",
        *(f"  {name.lower():10} {text}" for name, text in settings.items()),
        *([f"  {'card':10} {summary['card']}"] if summary["card"] else []),
        *(f"    {label:8} {meaning}" for label, meaning in labels.items()),
    ]


def bundled_models() -> dict[str, str]:
    """Return what each bundled model is of, by name."""
    return {name: _subject(find_model(name).config) for name in pretrained.names()}


def _subject(config: AnyConfig) -> str:
    """Return what a model generates or imputes."""
    from diffecg.training.card import gap_task  # slow to import

    if isinstance(config, GapConfig):
        return gap_task(config)
    leads = config.window.leads
    return f"heartbeats in {len(leads)} leads" if len(leads) > 1 else f"heartbeats in lead {leads[0]}"


def _settings(folder: ModelFolder, config: AnyConfig) -> dict[str, str]:
    """Return what a card states about a model, by name."""
    from diffecg.model.folder import load_network  # slow to import
    from diffecg.training.card import gap_settings, model_settings

    parameters = sum(weights.numel() for weights in load_network(folder.path).parameters())
    if isinstance(config, GapConfig):
        return gap_settings(config, parameters)
    return model_settings(config, parameters)
