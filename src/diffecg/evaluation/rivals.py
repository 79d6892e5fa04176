"""Rivals from other packages: generators for the benchmark of speed, and imputation methods.

A package registers them as entry points. The group ``diffecg.rivals`` holds functions (leads, length,
batch_size) -> :class:`~diffecg.evaluation.speed.Generator`; the group ``diffecg.imputers`` holds functions
(text) -> :class:`~diffecg.evaluation.imputation.prediction.Method`, where the text is what follows ``=`` in
``--vs name=text``, such as a folder of weights, or empty.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import cast

import torch

from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.prediction import Method
from diffecg.evaluation.speed import Generator

GENERATOR_GROUP = "diffecg.rivals"
IMPUTER_GROUP = "diffecg.imputers"


def load_rival(name: str, leads: int, length: int, batch_size: int) -> Generator:
    """Return a rival generator.

    Args:
        name: name of the entry point.
        leads: number of leads of a window.
        length: length of a window, in samples.
        batch_size: number of windows that are computed together.

    Raises:
        DiffecgError: no installed package registers that name.
    """
    point = _entry_point(GENERATOR_GROUP, name)
    with torch.random.fork_rng(devices=[]):
        return cast("Generator", point.load()(leads, length, batch_size))


def load_imputer(name: str) -> Method:
    """Return a rival imputation method.

    Args:
        name: name of the entry point, and after ``=`` the text that it is called with: ``csdi=weights/``.

    Raises:
        DiffecgError: no installed package registers that name.
    """
    point, _, text = name.partition("=")
    return cast("Method", _entry_point(IMPUTER_GROUP, point).load()(text))


def _entry_point(group: str, name: str) -> EntryPoint:
    points = {point.name: point for point in entry_points(group=group)}
    if name not in points:
        known = ", ".join(sorted(points)) or "none"
        raise DiffecgError(
            f"unknown rival {name!r}; installed packages register {known} under {group!r} "
            "(pip install ./research in a clone of diffecg adds some)"
        )
    return points[name]
