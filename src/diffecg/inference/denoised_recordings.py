"""Denoise noisy intervals of a recording, given or detected."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from diffecg.errors import DiffecgError
from diffecg.formats.recording import Recording
from diffecg.inference.checks import check_coverage
from diffecg.inference.denoising import Denoiser, count_progress
from diffecg.inference.denoising_blocks import count_blocks
from diffecg.inference.gaps import Segment, find_segments
from diffecg.inference.imputer import Progress
from diffecg.inference.options import DenoiseOptions


@dataclass(frozen=True, kw_only=True)
class DenoisingPlan:
    """Noisy segments of a recording."""

    segments: list[Segment]
    rows: list[int]
    """Leads with noisy segments."""


def plan_denoising(recording: Recording, options: DenoiseOptions) -> DenoisingPlan:
    """Return the segments to denoise: given, or detected where none are given.

    Raises:
        DiffecgError: no segments; an unknown lead or artefact, or an interval outside the recording.
    """
    detect = () if options.intervals else options.detect
    named = {interval.lead for interval in options.intervals if interval.lead is not None}
    rows = sorted({recording.channel_index(name) for name in (*options.leads, *named)})
    if not rows or (not options.leads and any(interval.lead is None for interval in options.intervals)):
        lead = recording.default_lead()
        rows = sorted({*rows, *([lead] if options.intervals else recording.same_rate(lead))})
    found = find_segments(recording, rows, options.intervals, detect)
    segments = [segment for segment in found if segment.reason != "missing"]
    if not segments:
        leads = ", ".join(recording.channel_names[row] for row in rows)
        raise DiffecgError(
            f"no {', '.join(detect)} detected in {leads} of {recording.name}; give noisy intervals with "
            "--interval start:stop, in seconds"
        )
    return DenoisingPlan(segments=segments, rows=sorted({segment.row for segment in segments}))


@dataclass(frozen=True, kw_only=True, eq=False)
class DenoisedSegment:
    """A segment of one lead before and after denoising."""

    segment: Segment
    recorded_mv: Float[np.ndarray, " time"]
    """The noisy samples, in mV; NaN = missing."""
    signal_mv: Float[np.ndarray, " time"]
    """The clean signal, in mV; NaN = missing."""
    half_width_mv: Float[np.ndarray, " time"]
    """Half width of the prediction interval, in mV."""

    @property
    def noisy(self) -> Bool[np.ndarray, " time"]:
        """True where there is a sample."""
        return ~np.isnan(self.recorded_mv)


@dataclass(frozen=True, kw_only=True, eq=False)
class DenoisedRecording:
    """A recording before and after denoising."""

    recording: Recording
    plan: DenoisingPlan
    segments: tuple[DenoisedSegment, ...]
    """The segments of the plan, in its order."""
    denoised: Recording
    """The recording with clean samples in the segments; other samples are unchanged."""
    fs_hz: float
    """Sampling rate of the leads, in Hz."""
    coverage: float
    """Coverage of the prediction intervals."""
    info: dict[str, Any]
    """Provenance: task, model, version."""


def denoise_recording(
    denoiser: Denoiser,
    recording: Recording,
    plan: DenoisingPlan,
    options: DenoiseOptions,
    *,
    progress: Progress | None = None,
) -> DenoisedRecording:
    """Denoise the planned segments of a recording, in blocks; missing samples stay missing.

    Args:
        denoiser: the denoiser.
        recording: the recording.
        plan: segments to denoise, from :func:`plan_denoising`.
        options: the coverage of the prediction intervals.
        progress: called with (blocks done, blocks in total).

    Raises:
        DiffecgError: a coverage that is not between 0 and 1.
    """
    coverage = check_coverage(options.coverage)
    fs_hz = recording.select(plan.rows).fs_hz
    all_runs = [(segment.start, segment.stop) for segment in plan.segments]
    on_block = count_progress(progress, count_blocks(all_runs, fs_hz))
    parts: list[DenoisedSegment] = []
    denoised = recording
    for row in plan.rows:
        segments = [segment for segment in plan.segments if segment.row == row]
        runs = [(segment.start, segment.stop) for segment in segments]
        lead = recording.select([row])
        read = partial(_read_lead, lead)
        estimates = denoiser.denoise_runs(
            read, lead.samples, fs_hz, runs, coverage=coverage, on_block=on_block
        )
        for segment, estimate in zip(segments, estimates, strict=True):
            recorded_mv = read(segment.start, segment.stop)
            part = DenoisedSegment(
                segment=segment,
                recorded_mv=recorded_mv,
                signal_mv=np.where(np.isnan(recorded_mv), np.nan, estimate.signal_mv),
                half_width_mv=estimate.half_width_mv,
            )
            parts.append(part)
            denoised = denoised.with_imputed(row, estimate.signal_mv, part.noisy, segment.start)
    return DenoisedRecording(
        recording=recording,
        plan=plan,
        segments=tuple(sorted(parts, key=lambda part: plan.segments.index(part.segment))),
        denoised=denoised,
        fs_hz=fs_hz,
        coverage=coverage,
        info={
            **denoiser.info,
            "coverage": coverage,
            "interval": f"{100 * coverage:g} % interval",
        },
    )


def _read_lead(lead: Recording, start: int, stop: int) -> Float[np.ndarray, " time"]:
    """Return some samples of a recording of one lead, in mV."""
    return lead.crop(start / lead.fs_hz, stop / lead.fs_hz).lead_mv(0)
