"""Migration of the ``config.json`` files that version 0.1 wrote."""

from __future__ import annotations

from typing import Any

RENAMED_KEYS: dict[str, dict[str, str]] = {
    "conditions": {"matches": "analogues", "match_context_s": "analogue_context_s"},
    "transform": {"relative": "per_window"},
    "diffusion": {"levels": "schedule", "target": "prediction"},
    "training": {
        "unknown_label": "label_dropout",
        "rhythm": "rhythm_probability",
        "half_life": "ema_half_life",
        "pool": "shuffle_buffer",
        "filter": "virtual_lead_filter_std",
        "gain": "gain_log_std",
    },
}
"""New name of each renamed key, by section and old name."""

RENAMED_VALUES: dict[str, dict[str, dict[str, str]]] = {"transform": {"layout": {"picture": "image"}}}
"""New name of each renamed value, by section, key and old value."""


def migrate(settings: Any) -> Any:
    """Return the content of a ``config.json`` with the present names of keys and values.

    Anything that is not a mapping is returned unchanged; validation reports it.
    """
    if not isinstance(settings, dict):
        return settings
    return {name: _migrate_section(name, section) for name, section in settings.items()}


def _migrate_section(name: str, section: Any) -> Any:
    if not isinstance(section, dict):
        return section
    keys, values = RENAMED_KEYS.get(name, {}), RENAMED_VALUES.get(name, {})
    migrated = {keys.get(key, key): value for key, value in section.items()}
    for key, new in values.items():
        if isinstance(migrated.get(key), str):
            migrated[key] = new.get(migrated[key], migrated[key])
    return migrated
