"""``python -m research readme-figure``: the figure of the README, real beside generated beats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from diffecg.datasets.loading import open_windows
from diffecg.inference.loading import load
from diffecg.plotting.signals import LABEL_NAMES, WindowRow, save_figure, window_grid
from research.repository import IMAGES

EACH = 3


def readme_figure(
    windows: Annotated[Path, Parameter(help="Beats: a folder written by diffecg prepare --preset beat.")],
    /,
    *,
    out: Path = IMAGES / "real-and-generated.png",
) -> None:
    """Draw the figure of the README: real beats of DS1 beside generated ones.

    Example: python -m research readme-figure beats/

    The beats are not hand-picked: the real ones are chosen at random (seed 0), the generated ones have the
    seeds 0 to 11.

    Args:
        out: PNG file to write.
    """
    model, train = load("mitbih-beat"), open_windows(windows).partition("train")
    rng = np.random.default_rng(0)
    panels = {}
    for i, label in enumerate(model.labels):
        rows = rng.choice(np.flatnonzero(train.labels == label), EACH, replace=False)
        generated = model.generate(label, EACH, seed=EACH * i)
        panels[label] = np.concatenate([train.signal_mv[rows, 0], generated.signal_mv[:, 0]])
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
        for left, right in ("NS", "VF")
    ]
    save_figure(window_grid(rows_of_figure, train.fs_hz, zoom=0.8), out)
