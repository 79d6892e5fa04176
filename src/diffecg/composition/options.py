"""Options of composed recordings."""

from __future__ import annotations

from dataclasses import dataclass

from diffecg.composition.timing import Rhythm


@dataclass(frozen=True)
class ComposeOptions:
    """What recording to compose."""

    minutes: float = 1.0
    """Length of the recording."""
    heart_rate: float | None = None
    """Of normal beats, in beats a minute; 72, or the recording's, unless given."""
    sdnn: float | None = None
    """Standard deviation of the intervals between normal beats, in ms; 40, or the recording's, unless given."""
    respiration: float = 0.25
    """Rate of breathing in Hz, at which the heart rate sways."""
    subject_seed: int = 0
    """Who: the same person for the same number."""
    seed: int = 0
    """Of the rhythm and of what varies from beat to beat; draw i has the same beats and seed + i."""

    def rhythm(self, text: str) -> Rhythm:
        """Return the rhythm of a text, with this heart rate, spread and breathing."""
        return Rhythm(text, self.heart_rate, self.sdnn, self.respiration)
