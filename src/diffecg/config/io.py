"""Reading and writing settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from diffecg.config.migration import migrate
from diffecg.config.schema import NETWORKS, Config, WindowConfig
from diffecg.errors import DiffecgError
from diffecg.files import read_json


@cache
def _adapter() -> TypeAdapter[Config]:
    return TypeAdapter(Config)


def to_json(config: Config) -> str:
    """Return ``config`` as indented JSON text."""
    return _adapter().dump_json(config, indent=2).decode() + "\n"


def read_config(path: Path) -> Config:
    """Return the configuration stored at ``path``.

    Raises:
        DiffecgError: the file is missing, is no JSON, or holds unknown or impossible settings.
    """
    try:
        return _adapter().validate_python(migrate(read_json(path)))
    except ValidationError as error:
        raise DiffecgError(f"{path}: {_first_fault(error)}") from None


def window_config(settings: dict[str, Any]) -> WindowConfig:
    """Return window settings from their JSON form."""
    return WindowConfig(**{**settings, "leads": tuple(settings["leads"])})


def with_settings(config: Config, settings: Sequence[str]) -> Config:
    """Return ``config`` with some settings replaced, each given as ``section.name=value``.

    ``network.kind`` brings the sizes that such a network has unless told.

    Raises:
        DiffecgError: an unknown setting, or a value of the wrong kind.
    """
    tree = _adapter().dump_python(config, mode="json")
    for setting in settings:
        path, equals, text = setting.partition("=")
        if path == "network.kind" and text in NETWORKS:
            tree["network"] = asdict(NETWORKS[text]())
            continue
        *sections, name = path.split(".")
        place = tree
        for section in sections:
            place = place.get(section) if isinstance(place.get(section), dict) else {}
        if not equals or name not in place or isinstance(place[name], dict):
            raise DiffecgError(
                f"unknown setting {setting!r}; write section.name=value with one of {', '.join(_names(tree))}"
            )
        try:
            place[name] = json.loads(text)
        except (ValueError, RecursionError):  # too many digits, too many brackets
            place[name] = text
    try:
        return _adapter().validate_python(tree)
    except ValidationError as error:
        raise DiffecgError(_first_fault(error)) from None


def _names(tree: dict[str, Any], prefix: str = "") -> list[str]:
    names: list[str] = []
    for name, value in tree.items():
        names += _names(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return names


def _first_fault(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in NETWORKS) or "the settings"
    return f"{place}: {first['msg']} (given: {first['input']!r})"
