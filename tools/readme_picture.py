"""Draw the README's picture: real beats of DS1 beside generated ones.

    python tools/readme_picture.py beats/ docs/images/real-and-generated.png

Nothing is picked: the real beats are drawn at random (seed 0), the generated ones have seeds 0 to 11.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import diffecg
from diffecg.plotting.figures import NAMES, beat_grid, save

EACH = 3


def main(windows: str, out: str) -> None:
    """Draw the picture."""
    model, real = diffecg.load("mitbih-beat"), diffecg.open_windows(windows).partition("train")
    rng = np.random.default_rng(0)
    panels = {}
    for i, label in enumerate(model.labels):
        found = np.flatnonzero(real.index["label"] == label)
        drawn = model.generate(label, EACH, seed=EACH * i).signal_mv[:, 0]
        taken = real.signal_mv[rng.choice(found, EACH, replace=False), 0]
        panels[label] = np.concatenate([taken, drawn])
    rows = [
        (
            {
                0: f"{NAMES[a]}: real",
                EACH: "generated",
                2 * EACH: f"{NAMES[b]}: real",
                3 * EACH: "generated",
            },
            np.concatenate([panels[a], panels[b]]),
        )
        for a, b in ("NS", "VF")
    ]
    save(beat_grid(rows, real.fs_hz, zoom=0.8), Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:])
