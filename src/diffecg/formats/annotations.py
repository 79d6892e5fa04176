"""Annotations of recordings, in PhysioNet's symbols."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Shaped

BEAT_SYMBOLS = frozenset("NLRBAaJSVrFejnE/fQ?")
"""Annotation symbols that denote a beat."""

PACED_SYMBOLS = frozenset("/f")
"""Annotation symbols of paced beats and of fusions of paced and normal beats."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """An annotation of one sample.

    Attributes:
        sample: number of the sample.
        symbol: PhysioNet's symbol, such as ``N``, ``V``, ``+`` (rhythm change) or ``"`` (comment).
        text: the comment, or the name of the rhythm.
    """

    sample: int
    symbol: str
    text: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Beats:
    """The beat annotations of a recording.

    Attributes:
        sample: annotated sample of each beat.
        symbol: symbol of each beat.
    """

    sample: Int[np.ndarray, " beat"]
    symbol: Shaped[np.ndarray, " beat"]
