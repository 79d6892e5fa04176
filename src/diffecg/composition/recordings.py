"""Annotated synthetic recordings of several leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from diffecg.composition.batch import ComposedBatch, compose_batch
from diffecg.composition.beat_source import BeatSource
from diffecg.composition.plan import RecordingPlan, plan_recording
from diffecg.composition.steps import STEPS_KEY, STEPS_PER_MV
from diffecg.composition.timing import Rhythm
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.signal.limb_leads import STANDARD_LEADS, derive_leads, known_leads

BATCH_SIZE = 64
"""Recordings composed together; they are the same for any size."""
RHYTHM = "+"
"""Symbol of a rhythm annotation."""


def compose_recordings(
    source: BeatSource,
    conditions: pd.DataFrame | Iterable[Mapping[str, Any]],
    duration_s: float = 10.0,
    *,
    seed: int = 0,
    rhythm: Rhythm | None = None,
    strength: float = 1.0,
    noise_scale: float = 1.0,
    leads: Sequence[str] | None = None,
    batch_size: int = BATCH_SIZE,
) -> Iterator[Recording]:
    """Yield an annotated synthetic recording for each row of conditions.

    Recording i has the seed ``seed + i`` and depends on nothing else. Beats are annotated with their symbol,
    the rhythm at the start.

    Args:
        source: generator of beats.
        conditions: of each recording, see :func:`diffecg.composition.plan.plan_recording`.
        duration_s: length of each recording, in s.
        seed: seed of the first recording.
        rhythm: rhythm of all recordings; None: what the statements of each describe.
        strength: factor of the variation of QRS amplitudes from beat to beat.
        noise_scale: factor of baseline wander and noise; 0 for none.
        leads: leads in order; None: all that the source determines. Limb leads follow exactly, in the steps
            that samples are multiples of.
        batch_size: recordings composed together.

    Raises:
        DiffecgError: invalid conditions, a lead that the source does not determine, or a label of beats that
            it does not have.
    """
    rows = iter(rows_of(conditions))
    first = seed
    while batch := list(islice(rows, batch_size)):
        plans = [plan_recording(row, first + i, duration_s, rhythm) for i, row in enumerate(batch)]
        composed = compose_batch(source, plans, duration_s, strength=strength, noise_scale=noise_scale)
        for i in range(len(plans)):
            yield to_recording(composed, i, source, leads)
        first += len(batch)


def rows_of(conditions: pd.DataFrame | Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Return the conditions of each recording."""
    if not isinstance(conditions, pd.DataFrame):
        return conditions
    names = [str(name) for name in conditions.columns]
    return (dict(zip(names, row, strict=True)) for row in conditions.itertuples(index=False, name=None))


def to_recording(
    batch: ComposedBatch, index: int, source: BeatSource, leads: Sequence[str] | None = None
) -> Recording:
    """Return a recording of a batch with its annotations and provenance."""
    plan = batch.plans[index]
    wanted = tuple(leads) if leads is not None else all_leads(source.leads)
    steps = derive_leads(batch.steps[index].T.astype(np.float32), batch.leads, wanted)
    return Recording.from_arrays(
        steps / np.float32(STEPS_PER_MV),
        batch.fs_hz,
        channel_names=wanted,
        name=f"composed_{plan.seed}",
        annotations=annotations_of(
            batch.peaks(index).tolist(),
            [source.symbols[label] for label in plan.beats],
            batch.fs_hz,
            plan.rhythm,
        ),
        info={**provenance(plan), "model": source.name, STEPS_KEY: STEPS_PER_MV},
    )


def all_leads(leads: Sequence[str]) -> tuple[str, ...]:
    """Return the leads that are given or follow, the standard ones in their usual order first."""
    known = known_leads(leads)
    return (*(lead for lead in STANDARD_LEADS if lead in known), *(set(known) - set(STANDARD_LEADS)))


def annotations_of(
    samples: Sequence[int], symbols: Sequence[str], fs_hz: float, rhythm: Rhythm | None
) -> list[Annotation]:
    """Return the annotation of a rhythm, if it has a name, and one for each beat at its sample."""
    name = "" if rhythm is None else rhythm.annotation
    return [
        *([Annotation(time_s=0.0, symbol=RHYTHM, text=name)] if name else []),
        *(
            Annotation(time_s=sample / fs_hz, symbol=symbol)
            for sample, symbol in zip(samples, symbols, strict=True)
        ),
    ]


def provenance(plan: RecordingPlan) -> dict[str, Any]:
    """Return how a recording was made."""
    return {
        "synthetic": True,
        "task": "compose",
        "rhythm": asdict(plan.rhythm),
        "labels": list(plan.statements),
        "conditions": {"heart_rate": round(plan.heart_rate, 2), **plan.numbers},
        "seed": plan.seed,
        "subject_seed": plan.subject_seed,
    }
