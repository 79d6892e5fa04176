"""What the results of a study depend on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from diffecg._version import __version__
from diffecg.datasets.windows import Windows, fingerprint
from diffecg.inference.loading import load

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def depends_on(
    study: str, settings: DataclassInstance, windows: Windows, models: Iterable[str]
) -> dict[str, Any]:
    """Return name, settings, a fingerprint of the windows, hashes of the models, and the version.

    Args:
        study: its name.
        settings: a dataclass.
        windows: what is trained on.
        models: bundled names or folders.
    """
    return {
        "study": study,
        "settings": asdict(settings),
        "windows": fingerprint(windows),
        "split": windows.info["split"],
        "label_map": windows.info["label_map"],
        "models": {name: load(name).weights_sha256 for name in models},
        "diffecg": __version__,
    }
