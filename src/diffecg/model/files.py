"""Names of the files of a model folder."""

from __future__ import annotations

CONFIG = "config.json"

WEIGHTS = "model.safetensors"

CARD = "README.md"
