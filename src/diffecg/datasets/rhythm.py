"""The rhythm of a window: sample of the R peak and label of each beat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Bool, Float32

from diffecg.errors import DiffecgError

WindowBeats = Sequence[tuple[int, str]]
"""Beats of a window: (sample of the R peak within the window, label)."""


def format_beats(beats: WindowBeats) -> str:
    """Return beats as text: ``12:N 95:V``."""
    return " ".join(f"{sample}:{label}" for sample, label in beats)


def parse_beats(text: str) -> list[tuple[int, str]]:
    """Return the beats of a text of the form ``12:N 95:V``.

    Raises:
        DiffecgError: the text has another form.
    """
    try:
        pairs = (beat.split(":") for beat in text.split())
        return [(int(sample), label) for sample, label in pairs]
    except ValueError as error:
        raise DiffecgError(f"beats {text!r} are not of the form 12:N 95:V ({error})") from None


def encode_rhythm(
    beats: Iterable[WindowBeats],
    length: int,
    labels: Sequence[str],
    known: Bool[np.ndarray, "window time"],
) -> Float32[np.ndarray, "window rhythm_channel time"]:
    """Encode the rhythm of windows as channels.

    There is one channel for each label, which is 1 at the R peaks of its beats and 0 elsewhere. The last
    channel is 1 where the rhythm is known, to distinguish a pause from an unknown rhythm.

    Args:
        beats: the beats of each window; those of other labels are ignored.
        length: samples in a window.
        labels: the labels, in the order of the channels.
        known: True where the rhythm is known.
    """
    encoded = np.zeros((len(known), len(labels) + 1, length), dtype=np.float32)
    encoded[:, -1] = known
    channels = {label: channel for channel, label in enumerate(labels)}
    for window, window_beats in enumerate(beats):
        for sample, label in window_beats:
            if label in channels and 0 <= sample < length and known[window, sample]:
                encoded[window, channels[label], sample] = 1
    return encoded
