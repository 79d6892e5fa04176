"""Samples of composed recordings as whole numbers of steps, in which limb leads follow exactly.

The recordings of PTB-XL have a resolution of 5 uV, that of their cardiographs, and so have composed leads.
Stored steps are half of that: the halves of I and II that aVR, aVL and aVF need are whole steps.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int16

BASIS = ("I", "II")
"""Leads from which the other limb leads are derived."""
STEPS_PER_MV = 400
"""Steps of stored samples: 2.5 uV."""
RESOLUTION = 2
"""Samples of leads that are not derived are multiples of this many steps."""
STEPS_KEY = "steps_per_mv"
"""Key of the steps in the provenance of recordings and windows."""


def to_steps(signal_mv: Float[np.ndarray, "*axes"]) -> Int16[np.ndarray, "*axes"]:
    """Return samples in whole steps, multiples of the resolution."""
    largest = np.iinfo(np.int16).max // (2 * RESOLUTION)  # derived limb leads fit as well
    scaled = np.clip(np.rint(signal_mv * (STEPS_PER_MV / RESOLUTION)), -largest, largest)
    return scaled.astype(np.int16) * np.int16(RESOLUTION)
