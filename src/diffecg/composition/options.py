"""Options of composed recordings."""

from __future__ import annotations

from dataclasses import dataclass

from diffecg.composition.timing import Rhythm


@dataclass(frozen=True, kw_only=True)
class ComposeOptions:
    """Length, rhythm and subject of a composed recording."""

    minutes: float = 1.0
    """Length of the recording in minutes."""
    heart_rate: float | None = None
    """Mean rate of normal beats in beats per minute; default: 72, or that of the recording after like:."""
    sdnn_ms: float | None = None
    """Standard deviation of the intervals between normal beats in ms; default: 40, or that of the recording
    after like:."""
    respiration_hz: float = 0.25
    """Respiratory frequency in Hz, the faster of two oscillations of the heart rate."""
    subject_seed: int = 0
    """Seed of the synthetic subject; the same subject has the same beat shapes."""
    seed: int = 0
    """Seed of the rhythm and of the variation from beat to beat."""

    def rhythm(self, text: str) -> Rhythm:
        """Return the rhythm written as ``text``, with these settings."""
        return Rhythm(text, self.heart_rate, self.sdnn_ms, self.respiration_hz)
