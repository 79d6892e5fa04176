"""Annotations of recordings, in PhysioNet's symbols."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Shaped

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""Annotation symbols that denote a beat."""

PACED_SYMBOLS = frozenset("/f")
"""Annotation symbols of paced beats and of fusions of paced and normal beats."""

RHYTHM_CHANGE = "+"
"""Symbol of a change of rhythm; its text is the rhythm, such as ``(AFIB``."""

RHYTHM = "("
"""Begins the text of a rhythm."""

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


def beats_of(
    annotations: Iterable[Annotation],
    fs_hz: float,
    samples: int,
    symbols: Collection[str] = BEAT_SYMBOLS,
) -> Beats:
    """Return the annotations of beats within a recording, in the given order.

    Args:
        annotations: annotations of any kind.
        fs_hz: sampling rate, in Hz.
        samples: number of samples of the recording.
        symbols: symbols of beats.
    """
    beats = [
        (annotation.sample(fs_hz), annotation.symbol)
        for annotation in annotations
        if annotation.symbol in symbols and 0 <= annotation.sample(fs_hz) < samples
    ]
    return Beats(
        sample=np.array([sample for sample, _ in beats], np.int64),
        symbol=np.array([symbol for _, symbol in beats], np.str_),
    )


def rhythm_changes(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Return the annotations of rhythms in the order of time; each lasts until the next one."""
    changes = (one for one in annotations if one.symbol == RHYTHM_CHANGE and one.text.startswith(RHYTHM))
    return sorted(changes, key=lambda one: one.time_s)


def rhythms_at(
    annotations: Iterable[Annotation], sample: Int[np.ndarray, " moment"], fs_hz: float
) -> list[str]:
    """Return the rhythm in effect at some samples, such as ``(AFIB``; empty before the first one.

    Args:
        annotations: annotations of any kind.
        sample: the samples.
        fs_hz: sampling rate, in Hz.
    """
    changes = rhythm_changes(annotations)
    names = ["", *(one.text.rstrip() for one in changes)]
    rows = np.searchsorted([one.sample(fs_hz) for one in changes], sample, side="right")
    return [names[row] for row in rows.tolist()]


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
