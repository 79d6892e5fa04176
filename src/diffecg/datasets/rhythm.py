"""The beats of a window: when each comes, and what it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from diffecg.errors import DiffecgError

Rhythm = Sequence[tuple[int, str]]
"""Beats as (sample of the R peak within the window, label)."""


def format_beats(rhythm: Rhythm) -> str:
    """Return beats as text, as ``12:N 95:V``."""
    return " ".join(f"{sample}:{label}" for sample, label in rhythm)


def parse_beats(text: str) -> list[tuple[int, str]]:
    """Return the beats that :func:`format_beats` wrote.

    Raises:
        DiffecgError: it is none of that.
    """
    try:
        pairs = (beat.split(":") for beat in text.split())
        return [(int(sample), label) for sample, label in pairs]
    except ValueError as error:
        raise DiffecgError(f"beats {text!r} are not of the form 12:N 95:V ({error})") from None


def encode_beats(
    rhythms: Iterable[Rhythm], length: int, labels: Sequence[str], told: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return beats as the network is told them: (window, label + 1, time).

    A one where a beat of the label comes, zeros elsewhere; the last channel is one where beats are told, so
    that a pause is not taken for ignorance. Beats of other labels are left out.

    Args:
        rhythms: the beats of each window.
        length: samples in a window.
        labels: the labels, in order.
        told: (window, time), where the network may know of beats.
    """
    track = np.zeros((len(told), len(labels) + 1, length), dtype=np.float32)
    track[:, -1] = told
    place = {label: i for i, label in enumerate(labels)}
    for window, rhythm in enumerate(rhythms):
        for sample, label in rhythm:
            if label in place and 0 <= sample < length and told[window, sample]:
                track[window, place[label], sample] = 1
    return track
