"""Options of composed recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from diffecg.composition.beat_source import LABELS
from diffecg.composition.timing import Rhythm
from diffecg.datasets.labels import SEPARATOR

SEX = {"male": 0.0, "female": 1.0}
"""Numbers of PTB-XL."""


@dataclass(frozen=True, kw_only=True)
class ComposeOptions:
    """Length, rhythm and subject of a composed recording."""

    minutes: float = 1.0
    """Length of the recording in minutes."""
    heart_rate: float | None = None
    """Mean rate of normal beats in beats per minute; default: 72, that of the recording after like:, or a
    usual one of the basic rhythm."""
    sdnn_ms: float | None = None
    """Standard deviation of the intervals between normal beats in ms; default: 40, that of the recording
    after like:, or a usual one of the basic rhythm."""
    respiration_hz: float = 0.25
    """Respiratory frequency in Hz, the faster of two oscillations of the heart rate."""
    subject_seed: int = 0
    """Seed of the synthetic subject; the same subject has the same beat shapes."""
    seed: int = 0
    """Seed of the rhythm and of the variation from beat to beat."""

    def rhythm(self, text: str) -> Rhythm:
        """Return the rhythm written as ``text``, with these settings."""
        return Rhythm(text, self.heart_rate, self.sdnn_ms, self.respiration_hz)


@dataclass(frozen=True, kw_only=True)
class SubjectOptions:
    """What is known of the subject of a recording of several leads; the default is nothing."""

    statement: tuple[str, ...] = ()
    """Statement about the recording, such as MI, LVH or CLBBB; may be repeated."""
    age: float | None = None
    """Age in years."""
    sex: Literal["male", "female"] | None = None
    """Sex."""
    height: float | None = None
    """Height in cm."""
    weight: float | None = None
    """Weight in kg."""

    def conditions(self) -> dict[str, Any]:
        """Return the conditions that are given, for :func:`diffecg.compose`."""
        known = {
            LABELS: SEPARATOR.join(self.statement),
            "age": self.age,
            "sex": None if self.sex is None else SEX[self.sex],
            "height_cm": self.height,
            "weight_kg": self.weight,
        }
        return {name: value for name, value in known.items() if value not in (None, "")}
