"""Generators of other packages, registered under the entry point group ``diffecg.rivals``."""

from __future__ import annotations

from importlib.metadata import entry_points

import torch

from diffecg.errors import DiffecgError
from diffecg.evaluation.speed import Generator

GROUP = "diffecg.rivals"
"""Each entry point is a function (leads, length, batch_size) -> :class:`~diffecg.evaluation.speed.Generator`."""


def load_rival(name: str, leads: int, length: int, batch_size: int) -> Generator:
    """Return the generator that an installed package registered as ``name``.

    Args:
        name: of the entry point.
        leads: of a window.
        length: of a window, in samples.
        batch_size: windows computed together.

    Raises:
        DiffecgError: no installed package registers that name.
    """
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none (pip install ./research in a clone of diffecg adds some)"
        raise DiffecgError(f"unknown rival {name!r}; registered under {GROUP!r}: {known}")
    with torch.random.fork_rng(devices=[]):
        generator: Generator = found[name].load()(leads, length, batch_size)
    return generator
