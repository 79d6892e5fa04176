"""Provenance of a study's results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from diffecg._version import __version__
from diffecg.datasets.windows import Windows, fingerprint
from diffecg.model.finding import find_model

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def provenance(
    study: str, options: DataclassInstance, windows: Windows, models: Iterable[str]
) -> dict[str, Any]:
    """Return everything that the results of a study depend on.

    Args:
        study: its name.
        options: its settings.
        windows: the data set.
        models: bundled names or model folders.
    """
    return {
        "study": study,
        "settings": asdict(options),
        "windows": fingerprint(windows),
        "split": windows.info.get("split"),
        "label_map": windows.info.get("label_map"),
        "models": {name: find_model(name).weights_sha256 for name in models},
        "diffecg": __version__,
    }
