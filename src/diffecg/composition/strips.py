"""Composed recordings as windows, for sets of many: bulk files and evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, islice
from typing import Any

import numpy as np
import pandas as pd

from diffecg._version import __version__
from diffecg.composition.batch import ComposedBatch, compose_batch
from diffecg.composition.beat_source import HEART_RATE, LABELS, BeatSource
from diffecg.composition.plan import plan_recording
from diffecg.composition.recordings import BATCH_SIZE, all_leads, rows_of
from diffecg.composition.steps import STEPS_KEY, STEPS_PER_MV
from diffecg.composition.timing import Rhythm
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.rhythm import format_beats
from diffecg.datasets.windows import Windows
from diffecg.signal.channels import make_channels
from diffecg.signal.limb_leads import derive_leads


def compose_windows(
    source: BeatSource,
    conditions: pd.DataFrame | Iterable[Mapping[str, Any]],
    duration_s: float = 10.0,
    *,
    seed: int | Sequence[int] = 0,
    rhythm: Rhythm | None = None,
    strength: float = 1.0,
    noise_scale: float = 1.0,
    leads: Sequence[str] | None = None,
    batch_size: int = BATCH_SIZE,
) -> Iterator[Windows]:
    """Yield composed recordings as windows, in chunks; the recordings of ``compose_recordings``.

    Columns of the index: ``labels`` (the statements), ``rhythm``, ``beats``, ``heart_rate``, the further
    numbers that the source can be conditioned on, and ``seed``.

    Args:
        source: generator of beats.
        conditions: of each recording, see :func:`diffecg.composition.plan.plan_recording`.
        duration_s: length of each recording, in s.
        seed: seed of the first recording, where recording i has ``seed + i``; or one seed a recording.
        rhythm: rhythm of all recordings; None: what the statements of each describe.
        strength: factor of the variation of QRS amplitudes from beat to beat.
        noise_scale: factor of baseline wander and noise; 0 for none.
        leads: leads in order; None: all that the source determines.
        batch_size: recordings in a chunk; they are the same for any size.

    Raises:
        DiffecgError: as :func:`~diffecg.composition.recordings.compose_recordings`.
    """
    rows = zip(rows_of(conditions), count(seed) if isinstance(seed, int) else seed, strict=False)
    while batch := list(islice(rows, batch_size)):
        plans = [plan_recording(row, own_seed, duration_s, rhythm) for row, own_seed in batch]
        composed = compose_batch(source, plans, duration_s, strength=strength, noise_scale=noise_scale)
        yield to_windows(composed, source, leads)


def to_windows(batch: ComposedBatch, source: BeatSource, leads: Sequence[str] | None = None) -> Windows:
    """Return the recordings of a batch as windows."""
    wanted = tuple(leads) if leads is not None else all_leads(source.leads)
    steps = derive_leads(batch.steps.transpose(0, 2, 1).astype(np.float32), batch.leads, wanted)
    beats = [
        zip(batch.peaks(i).tolist(), (source.symbols[label] for label in plan.beats), strict=True)
        for i, plan in enumerate(batch.plans)
    ]
    index = pd.DataFrame(
        {
            LABELS: [list(plan.statements or (UNKNOWN,)) for plan in batch.plans],
            "rhythm": [plan.rhythm.text for plan in batch.plans],
            "beats": [format_beats(list(pairs)) for pairs in beats],
            HEART_RATE: [plan.heart_rate for plan in batch.plans],
            **{name: [plan.numbers.get(name, np.nan) for plan in batch.plans] for name in source.numbers},
            "seed": [plan.seed for plan in batch.plans],
        }
    )
    return Windows(
        signal=steps / np.float32(STEPS_PER_MV),
        fs_hz=batch.fs_hz,
        channels=make_channels(wanted),
        index=index,
        info={
            "synthetic": True,
            "task": "compose",
            "model": source.name,
            "diffecg": __version__,
            STEPS_KEY: STEPS_PER_MV,
        },
    )
