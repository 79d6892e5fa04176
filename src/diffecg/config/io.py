"""Reading, writing and changing settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from diffecg.choices import choices
from diffecg.config.gap import GapConfig
from diffecg.config.migration import migrate
from diffecg.config.schema import NETWORKS, Config, WindowConfig
from diffecg.errors import DiffecgError
from diffecg.files import read_json

T = TypeVar("T")


AnyConfig = Config | GapConfig
"""All settings of a model of any kind."""

ConfigT = TypeVar("ConfigT", Config, GapConfig)


def to_json(config: AnyConfig) -> str:
    """Return settings as indented JSON."""
    return (
        _adapter(isinstance(config, GapConfig)).dump_json(config, indent=2, exclude_none=True).decode() + "\n"
    )


def read_any_config(path: Path) -> AnyConfig:
    """Read the ``config.json`` of a model of any kind, also one that version 0.1 wrote.

    Raises:
        DiffecgError: The file is missing, is not JSON, or has unknown or invalid settings.
    """
    try:
        content = migrate(read_json(path))
        is_gap = isinstance(content, dict) and content.get("model") == GapConfig.model
        return _validate(_adapter(is_gap), content)
    except DiffecgError as error:
        raise DiffecgError(f"{path}: {error}") from None


def read_config(path: Path) -> Config:
    """Read the ``config.json`` of a model of windows, also one that version 0.1 wrote.

    Raises:
        DiffecgError: As for :func:`read_any_config`; the settings are those of a model of gaps.
    """
    config = read_any_config(path)
    if not isinstance(config, Config):
        raise DiffecgError(f"{path} is that of a model of gaps, which imputes and forecasts only")
    return config


def window_config(settings: dict[str, Any]) -> WindowConfig:
    """Return window settings from their JSON form.

    Raises:
        DiffecgError: A setting is unknown or invalid.
    """
    return _validate(TypeAdapter(WindowConfig), settings)


def training_changes(**values: Any) -> list[str]:
    """Return the settings that were given as flags of their own, as ``training.name=value``."""
    return [f"training.{name}={value}" for name, value in values.items() if value is not None]


def with_settings(config: ConfigT, settings: Sequence[str]) -> ConfigT:
    """Return ``config`` with some settings changed.

    Args:
        config: The settings to start from.
        settings: Changes, each as ``section.name=value`` with a value in JSON or plain text.
            ``network.kind=…`` also resets the other settings of the network to their defaults.

    Raises:
        DiffecgError: A setting is unknown, or its value is invalid.
    """
    if isinstance(config, Config):
        config = replace(config, label_counts=None)
    adapter = _adapter(isinstance(config, GapConfig))
    tree = adapter.dump_python(config, mode="json", exclude_none=True)
    for setting in settings:
        path, equals, text = setting.partition("=")
        if path == "network.kind" and text in NETWORKS and isinstance(config, Config):
            tree["network"] = asdict(NETWORKS[text]())
            continue
        sections = _sections(tree)
        if path not in sections:
            raise DiffecgError(
                f"unknown setting {setting!r}; write section.name=value; "
                + choices(path, sections, all_by="config.json of any run lists all settings")
            )
        if not equals:
            raise DiffecgError(f"the setting {setting!r} has no value; write {setting}=value")
        sections[path][path.rpartition(".")[2]] = _parse_value(text)
    return _validate(adapter, tree)


def different_settings(one: AnyConfig, other: AnyConfig) -> dict[str, tuple[Any, Any]]:
    """Return the settings in which two configurations differ, each with both values.

    Args:
        one: A configuration.
        other: Another one, of the same or another kind of model.

    Returns:
        The values by the dotted path of the setting, such as ``training.batch``; None where a configuration
        does not have it.
    """
    values, other_values = _values(one), _values(other)
    pairs = {path: (values.get(path), other_values.get(path)) for path in values | other_values}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1]}


def _values(config: AnyConfig) -> dict[str, Any]:
    """Return the value of each setting by its dotted path."""
    tree = _adapter(isinstance(config, GapConfig)).dump_python(config, mode="json", exclude_none=True)
    return {path: section[path.rpartition(".")[2]] for path, section in _sections(tree).items()}


@cache
def _adapter(is_gap: bool) -> TypeAdapter[Any]:
    return TypeAdapter(GapConfig if is_gap else Config)


def _validate(adapter: TypeAdapter[T], content: Any) -> T:
    """Return the settings in ``content``; raise DiffecgError for the first invalid one."""
    try:
        return adapter.validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(key) for key in first["loc"] if key not in NETWORKS) or "the settings"
        raise DiffecgError(f"{path}: {first['msg']} (given: {first['input']!r})") from None


def _sections(tree: dict[str, Any], prefix: str = "") -> dict[str, dict[str, Any]]:
    """Return for the dotted path of each setting the section that contains it."""
    sections: dict[str, dict[str, Any]] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            sections |= _sections(value, f"{prefix}{name}.")
        else:
            sections[prefix + name] = tree
    return sections


def _parse_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # not JSON, or a number or nesting too long for the parser
        return text
