"""Migration of the ``config.json`` files that version 0.1 wrote."""

from __future__ import annotations

from typing import Any

from diffecg.errors import DiffecgError

RENAMED_KEYS: dict[str, dict[str, str]] = {
    "diffusion": {"levels": "schedule", "target": "prediction"},
    "training": {
        "unknown_label": "label_dropout",
        "half_life": "ema_half_life",
        "pool": "shuffle_buffer",
        "gain": "gain_log_std",
    },
}
"""New name of each renamed key, by section and old name."""

REMOVED_KEYS: dict[str, set[str]] = {
    "window": {"kind", "stride"},
    "conditions": {"rhythm", "matches", "match_context_s", "residual"},
    "transform": {"relative"},
    "network": {"positions"},
    "training": {"rhythm", "virtual_leads", "filter"},
}
"""Keys that only models of strips used, by section."""

RENAMED_VALUES: dict[str, dict[str, dict[str, str]]] = {"transform": {"layout": {"picture": "image"}}}
"""New name of each renamed value, by section, key and old value."""


def migrate(settings: Any) -> Any:
    """Return the content of a ``config.json`` with the present names of keys and values.

    Anything that is not a mapping is returned unchanged; validation reports it.

    Raises:
        DiffecgError: The settings are those of a model of strips.
    """
    if not isinstance(settings, dict):
        return settings
    window = settings.get("window")
    if isinstance(window, dict) and window.get("kind") == "strip":
        raise DiffecgError("models of strips of version 0.1 cannot be read; mitbih-strip replaces them")
    return {name: _migrate_section(name, section) for name, section in settings.items()}


def _migrate_section(name: str, section: Any) -> Any:
    if not isinstance(section, dict):
        return section
    keys, values = RENAMED_KEYS.get(name, {}), RENAMED_VALUES.get(name, {})
    kept = {key: value for key, value in section.items() if key not in REMOVED_KEYS.get(name, ())}
    migrated = {keys.get(key, key): value for key, value in kept.items()}
    for key, new in values.items():
        if isinstance(migrated.get(key), str):
            migrated[key] = new.get(migrated[key], migrated[key])
    return migrated
