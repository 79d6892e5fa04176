"""Sets of generated beats that a study keeps in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from diffecg.datasets.formats.registry import read_windows, write_windows
from diffecg.datasets.windows import Windows
from diffecg.inference.loading import load

_BATCH_SIZE = 250


def generated_set(path: Path, model: str, counts: Mapping[str, int]) -> Windows:
    """Return beats of a model, generated on the first call and read from a file on later ones.

    The i-th beat has the seed i, so that sets of different models have the same seeds.

    Args:
        path: ``.npz`` file of the set.
        model: bundled name or model folder.
        counts: number of beats of each label.
    """
    if not path.is_file():
        labels = [label for label, count in counts.items() for _ in range(count)]
        path.parent.mkdir(parents=True, exist_ok=True)
        write_windows(load(model).generate(labels, len(labels), batch_size=_BATCH_SIZE), path)
    return read_windows(path)
