"""A model of beats in several leads as a source of beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from diffecg.composition.beat_source import BEAT_LABEL, HEART_RATE, LABELS, RR_AFTER, RR_BEFORE
from diffecg.errors import DiffecgError
from diffecg.inference.model import Model

SYMBOLS = {"N": "N", "S": "A", "V": "V"}
"""WFDB symbol of each label of a beat; premature beats of PTB-XL are atrial."""
AVERAGED, AVERAGED_BEATS = "averaged", {"N": 10.0, "S": 1.0, "V": 1.0}
"""Number that states how many beats an average is of, and its value by label: averages have little noise."""

OF_BEAT = (HEART_RATE, RR_BEFORE, RR_AFTER, AVERAGED)


class ModelBeats:
    """Draws the beats of a model that is conditioned on several labels and on numbers.

    Args:
        model: the model.
        sampler: sampler; None: the model's own.
        steps: sampling steps; None: the model's own.
        batch_size: beats computed together.

    Raises:
        DiffecgError: the model does not generate beats with the label N.
    """

    def __init__(
        self, model: Model, *, sampler: str | None = None, steps: int | None = None, batch_size: int = 256
    ) -> None:
        self.model, self.sampler, self.steps, self.batch_size = model, sampler, steps, batch_size
        self.symbols: Mapping[str, str] = {
            label: symbol for label, symbol in SYMBOLS.items() if label in model.labels
        }
        if "N" not in self.symbols or not draws_beats_of_recordings(model):
            raise DiffecgError(
                f"{model.name} does not generate beats of recordings with statements; choose ptbxl-beat"
            )

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name

    @property
    def numbers(self) -> tuple[str, ...]:
        """Numbers of a recording that the model is conditioned on; those of a beat follow from the rhythm."""
        return tuple(name for name in self.model.numbers if name not in OF_BEAT)

    @property
    def leads(self) -> tuple[str, ...]:
        """Names of the leads."""
        return self.model.config.window.leads

    @property
    def fs_hz(self) -> float:
        """Sampling rate, in Hz."""
        return self.model.config.window.fs_hz

    @property
    def r_peak(self) -> int:
        """Sample of the R peak in each beat."""
        return self.model.config.window.before

    def draw(self, conditions: pd.DataFrame, seeds: Sequence[int]) -> Float[np.ndarray, "beat lead time"]:
        """Draw a beat for each row, see :class:`~diffecg.composition.beat_source.BeatSource`."""
        numbers = {
            name: conditions[name].to_numpy(dtype=float) for name in self.model.numbers if name in conditions
        }
        if AVERAGED in self.model.numbers:
            numbers[AVERAGED] = conditions[BEAT_LABEL].map(AVERAGED_BEATS).to_numpy(dtype=float)
        drawn = self.model.generate(
            conditions[LABELS].tolist(),
            len(conditions),
            seeds,
            conditions=numbers,
            sampler=self.sampler,
            steps=self.steps,
            batch_size=self.batch_size,
        )
        return np.array(drawn.signal_mv)


def draws_beats_of_recordings(model: Model) -> bool:
    """Return whether a model draws beats of recordings with several statements each."""
    return model.config.conditions.several_labels
