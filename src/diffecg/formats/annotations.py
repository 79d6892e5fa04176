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
    """An annotation of one sample."""

    sample: int
    symbol: str
    """PhysioNet's symbol, such as ``N``, ``V``, ``+`` (rhythm change) or ``"`` (comment)."""
    text: str = ""
    """The comment, or the name of the rhythm."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Beats:
    """The beat annotations of a recording."""

    sample: Int[np.ndarray, " beat"]
    """Annotated sample of each beat."""
    symbol: Shaped[np.ndarray, " beat"]
    """Symbol of each beat."""
