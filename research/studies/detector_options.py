"""Arms, conditions and options of the study of detectors."""

from __future__ import annotations

from dataclasses import dataclass

from diffecg.errors import DiffecgError

REAL, COMPOSED, BOTH = "real", "composed", "half real, half composed"
ARMS = {REAL: (1, 0), COMPOSED: (0, 1), BOTH: (1, 1)}
"""Parts of real and of composed windows in each batch."""
CLEAN = "clean"
HELD_OUT, DS2, OTHER_DATABASE = "DS1, held-out", "DS2", "svdb"
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True, kw_only=True)
class DetectorOptions:
    """Options of the study."""

    seeds: int = 5
    """Trainings of each arm, each with composed recordings of its own; 0: only the choices are made."""
    choice_seeds: int = 1
    """Trainings of each arm without the held-out recordings of DS1, on which its threshold is chosen."""
    steps: int = 1500
    """Batches of each training."""
    batch: int = 32
    """Windows of 20 s in a batch."""
    models: tuple[str, ...] = ("mitbih-beat", "ptbxl-beat")
    """Models of beats of the composed recordings, by turns."""
    recordings: int = 300
    """Composed recordings of each seed."""
    minutes: float = 2.0
    """Length of each composed recording."""
    noises: tuple[str, ...] = ("em", "ma")
    """Kinds of noise in testing."""
    snrs_db: tuple[float, ...] = (6.0, 0.0, -6.0)
    """Levels of noise in testing, in dB."""

    def __post_init__(self) -> None:
        """Raise DiffecgError for options that leave nothing to choose on."""
        if self.seeds < 0 or self.choice_seeds < 1:
            raise DiffecgError(
                f"seeds {self.seeds} must be at least 0, and choice-seeds {self.choice_seeds} at least 1"
            )

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the conditions of the tests."""
        noisy = (condition_name(kind, snr_db) for kind in self.noises for snr_db in self.snrs_db)
        return (CLEAN, *noisy)


def choice_name(arm: str, seed: int) -> str:
    """Return the name of the cell in which a threshold is chosen."""
    return f"choice, {arm}, seed {seed}"


def test_name(arm: str, seed: int) -> str:
    """Return the name of the cell of a test."""
    return f"{arm}, seed {seed}"


def condition_name(kind: str, snr_db: float) -> str:
    """Return the name of a kind and level of noise."""
    return f"{kind}, {snr_db:g} dB"
