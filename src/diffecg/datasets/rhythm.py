"""The rhythm of a window: sample of the R peak and label of each beat."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, unquote

import numpy as np
from jaxtyping import Float

from diffecg.errors import DiffecgError

WindowBeats = Sequence[tuple[int, str]]
"""Beats of a window: (sample of the R peak within the window, label)."""


RUNNING_INTERVALS = 10
"""Number of RR intervals in the running mean."""


def running_mean(rr_s: Float[np.ndarray, " beat"]) -> Float[np.ndarray, " beat"]:
    """Return the mean of the ten known RR intervals before that of each beat; NaN: there is none.

    Args:
        rr_s: interval before each beat, in s; NaN = unknown.
    """
    known = np.isfinite(rr_s)
    total = np.append(0.0, np.cumsum(np.where(known, rr_s, 0.0)))
    count = np.append(0, np.cumsum(known))
    beat = np.arange(len(rr_s))
    first = np.maximum(beat - RUNNING_INTERVALS, 0)
    number = (count[beat] - count[first]).astype(np.float64)
    number[number == 0] = np.nan
    mean: Float[np.ndarray, " beat"] = (total[beat] - total[first]) / number
    return mean


_PLAIN = "".join(chr(code) for code in range(33, 127) if chr(code) not in ":%")
"""Characters of labels that are written as they are; others are percent-encoded."""


def format_beats(beats: WindowBeats) -> str:
    """Return beats as text: ``12:N 95:V``."""
    return " ".join(f"{sample}:{quote(label, safe=_PLAIN)}" for sample, label in beats)


def parse_beats(text: str) -> list[tuple[int, str]]:
    """Return the beats of a text of the form ``12:N 95:V``.

    Raises:
        DiffecgError: the text has another form.
    """
    try:
        pairs = (beat.split(":") for beat in text.split())
        return [(int(sample), unquote(label)) for sample, label in pairs]
    except ValueError as error:
        raise DiffecgError(f"beats {text!r} are not of the form 12:N 95:V ({error})") from None
