"""Selection of the real beats of a study."""

from __future__ import annotations

import numpy as np

from diffecg.config.presets import preset
from diffecg.datasets.windows import Windows


def select_beats(windows: Windows) -> Windows:
    """Return the beats whose labels the beat models know and the training partition has.

    Raises:
        DiffecgError: the windows have no training partition.
    """
    known = np.isin(preset("beat").labels, windows.partition("train").labels)
    return windows.take(np.isin(windows.labels, np.array(preset("beat").labels)[known]))


def without_rr(windows: Windows) -> Windows:
    """Return the windows without RR intervals, which synthetic beats do not have."""
    return windows.drop_columns("rr_before_s", "rr_after_s")
