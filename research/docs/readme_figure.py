"""``python -m research readme-figure``: the figure of the README, real beside generated beats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from jaxtyping import Float

from diffecg.datasets.loading import open_windows
from diffecg.datasets.windows import Windows
from diffecg.inference.gaussian_copy import gaussian_copy
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.plotting.signals import LABEL_NAMES, WindowRow, save_figure, window_grid
from research.repository import IMAGES

EACH = 3
LABELS = ("N", "S", "V", "F")

Generate = Callable[[str], Float[np.ndarray, "window time"]]
"""Returns EACH beats of a label."""


def readme_figure(
    windows: Annotated[Path, Parameter(help="Beats: a folder written by diffecg prepare --preset beat.")],
    /,
    *,
    out: Path = IMAGES / "real-and-generated.png",
    generator: str = "mitbih-beat",
) -> None:
    """Draw the figure of the README: real beats of DS1 beside generated ones.

    Example: python -m research readme-figure beats/

    The beats are not hand-picked: the real ones are chosen at random (seed 0), the generated ones have the
    seeds 0 to 11, or are the first of the copy.

    Args:
        out: PNG file to write.
        generator: a model, or gaussian-copy.
    """
    train = open_windows(windows).partition("train")
    generate = _copies(train) if generator == "gaussian-copy" else _generated(load(generator))
    rng = np.random.default_rng(0)
    panels = {}
    for label in LABELS:
        rows = rng.choice(np.flatnonzero(train.labels == label), EACH, replace=False)
        panels[label] = np.concatenate([train.signal_mv[rows, 0], generate(label)])
    rows_of_figure = [
        WindowRow(
            np.concatenate([panels[left], panels[right]]),
            {
                0: f"{LABEL_NAMES[left]}: real",
                EACH: "generated",
                2 * EACH: f"{LABEL_NAMES[right]}: real",
                3 * EACH: "generated",
            },
        )
        for left, right in (LABELS[:2], LABELS[2:])
    ]
    save_figure(window_grid(rows_of_figure, train.fs_hz, zoom=0.8), out)


def _generated(model: Model) -> Generate:
    """Return beats of a model."""
    return lambda label: model.generate(label, EACH, seed=EACH * LABELS.index(label)).signal_mv[:, 0]


def _copies(train: Windows) -> Generate:
    """Return beats of a copy of the training beats."""
    copy = gaussian_copy(train)
    return lambda label: copy.with_label(label).signal_mv[:EACH, 0]
