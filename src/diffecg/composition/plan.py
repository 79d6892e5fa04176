"""Plans of recordings: conditions, rhythm and beats, before any beat is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from diffecg.composition.basic_rhythms import FIBRILLATION, rhythm_of
from diffecg.composition.beat_source import BEAT_LABEL, HEART_RATE, LABELS, RR_AFTER, RR_BEFORE
from diffecg.composition.timing import Rhythm
from diffecg.datasets.labels import SEPARATOR
from diffecg.errors import DiffecgError


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordingPlan:
    """One recording to compose."""

    rhythm: Rhythm
    statements: tuple[str, ...]
    """Statements about the recording, in alphabetical order."""
    is_complete: bool
    """Whether there are no others."""
    seed: int
    """Seed of the variation from beat to beat and of the noise."""
    subject_seed: int
    """Seed of the beats."""
    times_s: Float[np.ndarray, " beat"]
    """Time of each R peak."""
    beats: tuple[str, ...]
    """Label of each beat."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Numbers that beats are conditioned on, such as the age; those that are unknown are left out."""

    @cached_property
    def beat_labels(self) -> tuple[str, ...]:
        """Labels of the beats, each once; N, of which others are made, is always the first."""
        return ("N", *sorted(set(self.beats) - {"N"}))

    @property
    def has_fibrillation(self) -> bool:
        """Whether there are fibrillatory waves in place of P waves."""
        return FIBRILLATION in self.statements

    @cached_property
    def heart_rate(self) -> float:
        """Heart rate, in beats per minute: what was asked for, else of the median RR interval."""
        if self.rhythm.heart_rate is not None:
            return self.rhythm.heart_rate
        return 60 / float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else np.nan

    def placed_beats(self, duration_s: float) -> Iterator[tuple[float, str]]:
        """Yield the beats, and those before and after the recording whose waves reach into it."""
        interval_s = float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else np.inf
        before_s, after_s = self.times_s[0] - interval_s, self.times_s[-1] + interval_s
        if -np.inf < before_s < 0:
            yield before_s, "N"
        yield from zip(self.times_s.tolist(), self.beats, strict=True)
        if duration_s <= after_s < np.inf:
            yield after_s, "N"

    def beat_conditions(self) -> Iterator[dict[str, Any]]:
        """Yield the conditions of a beat of each label: those of the recording, and the beat's intervals."""
        names, unknown = np.array(self.beats), np.array([np.nan])
        rr_s = np.concatenate([unknown, np.diff(self.times_s), unknown])
        for label in self.beat_labels:
            labels = (*self.statements, label)
            yield {
                **self.numbers,
                LABELS: labels if self.is_complete else SEPARATOR.join(labels),
                BEAT_LABEL: label,
                HEART_RATE: self.heart_rate,
                RR_BEFORE: _middle(rr_s[:-1][names == label]),
                RR_AFTER: _middle(rr_s[1:][names == label]),
            }


def plan_recording(
    conditions: Mapping[str, Any],
    seed: int,
    beats: float | Sequence[tuple[float, str]],
    rhythm: Rhythm | None = None,
    *,
    subject_seed: int | None = None,
) -> RecordingPlan:
    """Plan a recording.

    Args:
        conditions: ``labels``: a tuple of all statements of PTB-XL about the recording, or some of them in
            one text, as in ``MI+AFIB``; ``heart_rate`` in beats per minute; and further numbers. All are
            optional; None and NaN mean unknown.
        seed: seed of the recording.
        beats: length of the recording in s, for beats of the rhythm; or (time of the R peak in s, label) of
            each beat in order.
        rhythm: its rhythm; None: what the statements describe, with the heart rate of the conditions.
        subject_seed: seed of the beats; None: ``seed``.

    Raises:
        DiffecgError: invalid conditions or rhythm, or no beats.
    """
    numbers = {name: value for name, value in conditions.items() if name != LABELS and _is_known(value)}
    labels, rate = conditions.get(LABELS) or "", numbers.pop(HEART_RATE, None)
    is_complete = not isinstance(labels, str)
    statements = (
        {name for name in labels.split(SEPARATOR) if name} if isinstance(labels, str) else set(labels)
    )
    if rhythm is None:
        rhythm = Rhythm(rhythm_of(statements), rate)
    elif rhythm.basic is not None:
        statements.add(rhythm.basic.statement)
    timed = rhythm.beats(beats, seed) if isinstance(beats, float | int) else beats
    if not timed:
        raise DiffecgError("no beats to compose; give a longer recording or a faster rhythm")
    times_s, names = zip(*timed, strict=True)
    return RecordingPlan(
        rhythm=rhythm,
        statements=tuple(sorted(statements)),
        is_complete=is_complete,
        seed=seed,
        subject_seed=seed if subject_seed is None else subject_seed,
        times_s=np.array(times_s),
        beats=names,
        numbers=numbers,
    )


def conditions_table(plans: Sequence[RecordingPlan]) -> tuple[pd.DataFrame, list[int]]:
    """Return the conditions of the beats of all plans, one row a beat, and their seeds."""
    rows = [(row, plan.subject_seed) for plan in plans for row in plan.beat_conditions()]
    return pd.DataFrame([row for row, _ in rows]), [seed for _, seed in rows]


def _middle(values: Float[np.ndarray, " value"]) -> float:
    """Return the lower median of the values that are known; NaN if there are none."""
    known = np.sort(values[~np.isnan(values)])
    return float(known[(len(known) - 1) // 2]) if len(known) else np.nan


def _is_known(value: Any) -> bool:
    return value is not None and not np.isnan(value)
