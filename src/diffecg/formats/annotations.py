"""Annotations of recordings, in PhysioNet's symbols."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Shaped

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""Annotation symbols that denote a beat."""

PACED_SYMBOLS = frozenset("/f")
"""Annotation symbols of paced beats and of fusions of paced and normal beats."""

NOTE = '"'
"""Symbol of a note: free text, whatever it begins with."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """An annotation of a moment or an interval.

    Attributes:
        time_s: time from the first sample of the recording, in seconds.
        symbol: PhysioNet's symbol, such as ``N``, ``V``, ``+`` (rhythm change) or ``"`` (note).
        text: the note, or the name of the rhythm.
        duration_s: duration, in seconds; 0 for a moment.
    """

    time_s: float
    symbol: str
    text: str = ""
    duration_s: float = 0.0

    def sample(self, fs_hz: float) -> int:
        """Return the number of the sample at a sampling rate, in Hz."""
        return round(self.time_s * fs_hz)


@dataclass(frozen=True, kw_only=True, eq=False)
class Beats:
    """The beat annotations of a recording.

    Attributes:
        sample: annotated sample of each beat.
        symbol: symbol of each beat.
    """

    sample: Int[np.ndarray, " beat"]
    symbol: Shaped[np.ndarray, " beat"]


def beats_of(annotations: Iterable[Annotation], fs_hz: float, samples: int) -> Beats:
    """Return the annotations of beats within a recording, in the given order.

    Args:
        annotations: annotations of any kind.
        fs_hz: sampling rate, in Hz.
        samples: number of samples of the recording.
    """
    beats = [
        (annotation.sample(fs_hz), annotation.symbol)
        for annotation in annotations
        if annotation.symbol in BEAT_SYMBOLS and 0 <= annotation.sample(fs_hz) < samples
    ]
    return Beats(
        sample=np.array([sample for sample, _ in beats], np.int64),
        symbol=np.array([symbol for _, symbol in beats], np.str_),
    )


_CODED = "PhysioNet "
"""Precedes symbol and text of a coded annotation in formats that hold texts only, such as EDF+."""


def to_text(annotation: Annotation) -> str:
    """Return an annotation as one text: notes as they are, others after ``PhysioNet`` and the symbol."""
    if annotation.symbol == NOTE and not annotation.text.startswith(_CODED):
        return annotation.text
    coded = f"{_CODED}{annotation.symbol}"
    return f"{coded} {annotation.text}" if annotation.text else coded


def from_text(text: str, time_s: float, duration_s: float = 0.0) -> Annotation:
    """Return the annotation that :func:`to_text` wrote; any other text is a note and never a beat."""
    symbol, _, rest = text.removeprefix(_CODED).partition(" ")
    if not text.startswith(_CODED) or not symbol:
        symbol, rest = NOTE, text
    return Annotation(time_s=time_s, symbol=symbol, text=rest, duration_s=duration_s)
