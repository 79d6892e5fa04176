"""Compose an annotated recording from a rhythm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from diffecg.choices import choices
from diffecg.composition.batch import compose_batch
from diffecg.composition.beat_source import BeatSource
from diffecg.composition.lead_composition import LeadComposition
from diffecg.composition.model_beats import ModelBeats, draws_beats_of_recordings
from diffecg.composition.plan import plan_recording
from diffecg.composition.recordings import annotations_of, to_recording
from diffecg.composition.subject import sample_subject
from diffecg.composition.timing import Rhythm, check_beats
from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.checks import check_integer
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.sampling import Progress

STRENGTH = 1.0
"""Default variation from beat to beat. Of one lead (see ``Model.vary``): 5 % of the height of normal beats;
in DS1 it is 8.5 % (median over recordings), respiration and noise included, which a strength of 2 gives. Of
several leads: as measured in PTB-XL."""


def compose(
    beats: Rhythm | Sequence[tuple[float, str]],
    duration_s: float | None = None,
    *,
    model: str | Path | Model | BeatSource = "mitbih-beat",
    conditions: Mapping[str, Any] | None = None,
    seed: int = 0,
    rhythm_seed: int | None = None,
    subject_seed: int = 0,
    strength: float = STRENGTH,
    noise_scale: float = 1.0,
    leads: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Compose an annotated synthetic recording.

    The beats of a synthetic subject are placed at their times. Neighbouring beats are cross-faded; between
    distant beats the signal is the isoelectric line. A model of one lead varies every beat, and between beats
    there is noise of their own spectrum. A source of beats in several leads draws one beat of each label,
    whose QRS amplitude varies; baseline wander, noise and fibrillatory waves are those of PTB-XL.

    Args:
        beats: a rhythm, or (time of the R peak in s, label) of each beat in order.
        duration_s: length of the recording, in s; None: until 1 s after the last of the given beats.
        model: a model of beats, or another source of beats in several leads.
        conditions: for several leads: what beats are conditioned on, such as ``{"labels": "MI", "age": 63}``;
            see :func:`diffecg.composition.plan.plan_recording`.
        seed: seed of the variation from beat to beat and of the noise.
        rhythm_seed: seed of the rhythm; None: ``seed``.
        subject_seed: seed of the subject; recordings with the same seed share their beat shapes.
        strength: variation from beat to beat; of one lead: see :meth:`Model.vary`.
        noise_scale: for several leads: factor of baseline wander and noise; 0 for none.
        leads: for several leads: leads in order; None: all that the model determines.
        progress: called with (beats done, beats in total).

    Example:
        >>> import diffecg
        >>> recording = diffecg.compose([(0.5, "N"), (1.3, "N"), (1.8, "V")], seed=1)
        >>> recording.beats().symbol.tolist(), recording.fs_hz, recording.duration_s
        (['N', 'N', 'V'], 360.0, 2.8)

    Raises:
        DiffecgError: unknown labels, beats out of order, too close or outside the recording, no beats, or
            conditions of a model that has none.
    """
    seed, subject_seed = check_integer("seed", seed, 0), check_integer("subject_seed", subject_seed, 0)
    source = model if isinstance(model, BeatSource) else load(model)
    if isinstance(beats, Rhythm):
        if duration_s is None:
            raise DiffecgError("duration_s is required with a Rhythm; give it in s")
        timed = beats.beats(duration_s, seed if rhythm_seed is None else rhythm_seed)
    else:
        timed = [(float(time_s), label) for time_s, label in beats]
    _check_times(timed, duration_s)
    length_s = timed[-1][0] + 1.0 if duration_s is None else duration_s
    if isinstance(source, Model) and draws_beats_of_recordings(source):
        source = ModelBeats(source)
    if isinstance(source, BeatSource):
        rhythm = beats if isinstance(beats, Rhythm) else None
        plan = plan_recording(conditions or {}, seed, timed, rhythm, subject_seed=subject_seed)
        batch = compose_batch(source, [plan], length_s, strength=strength, noise_scale=noise_scale)
        return to_recording(batch, 0, source, leads)
    if conditions or leads:
        raise DiffecgError(
            f"{source.name} is a model of one lead and labels of beats; conditions and leads need a model of "
            "several leads, such as ptbxl-beat"
        )
    return _compose_lead(beats, timed, length_s, source, seed, subject_seed, strength, progress)


def _compose_lead(
    beats: Rhythm | Sequence[tuple[float, str]],
    timed: Sequence[tuple[float, str]],
    duration_s: float,
    model: Model,
    seed: int,
    subject_seed: int,
    strength: float,
    progress: Progress | None,
) -> Recording:
    """Compose a recording of one lead."""
    subject, window = sample_subject(model, subject_seed), model.config.window
    unknown = [label for _, label in timed if label not in subject.beats_mv]
    if unknown:
        raise DiffecgError(f"unknown label {unknown[0]!r}; {choices(unknown[0], subject.beats_mv)}")
    peaks, labels = [round(time_s * window.fs_hz) for time_s, _ in timed], [label for _, label in timed]
    composition = LeadComposition(
        model=model,
        subject=subject,
        peaks=peaks,
        labels=labels,
        samples=round(duration_s * window.fs_hz),
        seed=seed,
        strength=strength,
    )
    rhythm = beats if isinstance(beats, Rhythm) else None
    return Recording.from_arrays(
        composition.signal_mv(progress),
        window.fs_hz,
        channel_names=window.leads,
        name="composed",
        annotations=annotations_of(peaks, labels, window.fs_hz, rhythm),
        info={
            "synthetic": True,
            "task": "compose",
            "model": model.name,
            "weights_sha256": model.weights_sha256,
            "rhythm": None if rhythm is None else asdict(rhythm),
            "seed": seed,
            "subject_seed": subject_seed,
            "strength": strength,
        },
    )


def _check_times(beats: Sequence[tuple[float, str]], duration_s: float | None) -> None:
    if not beats:
        raise DiffecgError("no beats to compose; give a longer recording or a faster rhythm")
    end_s = np.inf if duration_s is None else duration_s
    outside = [time_s for time_s, _ in beats if not 0 <= time_s < end_s]
    if outside:
        raise DiffecgError(f"the beat at {outside[0]:g} s is outside the recording")
    check_beats(beats)
