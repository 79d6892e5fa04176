"""Sets of synthetic beats that a study keeps in a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from diffecg.datasets.formats.registry import read_windows, write_windows
from diffecg.datasets.windows import Windows
from diffecg.inference.loading import load

_BATCH_SIZE = 250


def kept_set(path: Path, make: Callable[[], Windows]) -> Windows:
    """Return beats that are made on the first call and read from a ``.npz`` file on later ones."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_windows(make(), path)
    return read_windows(path)


def generated_set(path: Path, model: str, counts: Mapping[str, int]) -> Windows:
    """Return beats of a model, of which the i-th has the seed i, generated on the first call.

    Args:
        path: ``.npz`` file of the set.
        model: bundled name or model folder.
        counts: number of beats of each label.
    """
    labels = [label for label, count in counts.items() for _ in range(count)]
    return kept_set(path, lambda: load(model).generate(labels, len(labels), batch_size=_BATCH_SIZE))
