"""Examples: gaps at random places of recordings, with the places of their analogues."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, Shaped

from diffecg.config.gap import CandidateConfig, GapTrainingConfig
from diffecg.datasets.recording_set import PreparedRecording
from diffecg.signal.batched_search import LeadSearch
from diffecg.transform.gap_window import Gap

COMMON_LENGTHS_S = (0.25, 0.5, 1.0, 2.0)
"""Half of the gaps have one of these lengths, the others are log-uniform from SHORTEST_S to the longest."""
SHORTEST_S = 0.1
FORECASTS_S = (0.3, 1.5)
"""A third of the forecasts have a length in this range, the others have COMMON_FORECAST_S."""
COMMON_FORECAST_S = 1.0
AFTER_BEAT_SHARE = 0.7
"""Share of the forecasts that start between two heartbeats, where a live forecast starts."""
MIN_PAST_S = 15.0
"""A forecast has at least so long a past, or half of a shorter recording."""
MARGIN_S, MARGIN_SHARE = 2.0, 1 / 16
"""No gap is nearer to the ends of a recording; less in short recordings, as a share of their length."""
MIN_RANGE_MV = 0.05
"""A lead that varies less around a gap is flat."""
_TRIALS = 20
"""Places that are tried until the gap and its surroundings are observed."""


def example_type(candidates: CandidateConfig) -> np.dtype[np.void]:
    """Return the type of a row: a gap and the first samples of its analogues (-1 = none)."""
    return np.dtype(
        [
            ("recording", "<i4"),
            ("row", "<i2"),
            ("companion", "<i2"),
            ("start", "<i4"),
            ("length", "<i4"),
            ("is_forecast", "?"),
            ("analogues", "<i4", (candidates.analogues,)),
        ]
    )


def gap_of(example: Shaped[np.ndarray, ""] | np.void) -> Gap:
    """Return the gap of an example."""
    start, companion = int(example["start"]), int(example["companion"])
    return Gap(
        row=int(example["row"]),
        samples=slice(start, start + int(example["length"])),
        companion=None if companion < 0 else companion,
        is_forecast=bool(example["is_forecast"]),
    )


def draw_examples(
    rng: np.random.Generator,
    recording: PreparedRecording,
    count: int,
    candidates: CandidateConfig,
    training: GapTrainingConfig,
) -> Shaped[np.ndarray, " example"]:
    """Return gaps at random places of a recording, with their analogues.

    Where nothing suitable is found, there are fewer than ``count``.
    """
    gaps = [_draw_gap(rng, recording, candidates, training) for _ in range(count)]
    found = [gap for gap in gaps if gap is not None]
    examples = np.zeros(len(found), example_type(candidates))
    for number, gap in enumerate(found):
        companion = -1 if gap.companion is None else gap.companion
        place = (gap.row, companion, gap.samples.start, gap.length, gap.is_forecast)
        for name, value in zip(("row", "companion", "start", "length", "is_forecast"), place, strict=True):
            examples[name][number] = value
    for row in np.unique(examples["row"]):
        of_row = np.flatnonzero(examples["row"] == row)
        examples["analogues"][of_row] = _analogues(
            recording.signal_mv, examples[of_row], int(row), candidates
        )
    return examples[examples["analogues"][:, 0] >= 0]


def _analogues(
    signal_mv: Float[np.ndarray, "lead time"],
    examples: Shaped[np.ndarray, " example"],
    row: int,
    candidates: CandidateConfig,
) -> Int[np.ndarray, "example analogue"]:
    """Return the analogues of gaps of one lead."""
    context = round(candidates.context_s * candidates.fs_hz)
    separation = round(candidates.min_separation_s * candidates.fs_hz)
    search = LeadSearch(signal_mv[row], context=context, separation=separation)
    return search.search(
        examples["start"],
        examples["length"],
        candidates.analogues,
        is_forecast=examples["is_forecast"],
        companions_mv=[None if other < 0 else signal_mv[other] for other in examples["companion"].tolist()],
    )


def _draw_gap(
    rng: np.random.Generator,
    recording: PreparedRecording,
    candidates: CandidateConfig,
    training: GapTrainingConfig,
) -> Gap | None:
    """Return a random gap whose samples and surroundings are observed; None if there is none."""
    signal_mv, fs_hz = recording.signal_mv, candidates.fs_hz
    context = round(candidates.context_s * fs_hz)
    is_forecast = rng.random() < training.forecasts
    has_companion = rng.random() < training.companions
    for _ in range(_TRIALS):
        length = _length(rng, candidates, is_forecast=is_forecast, samples=signal_mv.shape[1])
        place = _forecast_start if is_forecast else _gap_start
        start = place(rng, recording, length, fs_hz)
        if start is None:
            continue
        near = slice(start - context, start + length + (0 if is_forecast else context))
        if near.start < 0 or near.stop > signal_mv.shape[1]:
            continue
        leads = _whole_leads(signal_mv[:, near])
        if not leads:
            continue
        row = leads[int(rng.integers(len(leads)))]
        others = [lead for lead in leads if lead != row]
        companion = None
        if has_companion and others and not is_forecast:
            companion = others[int(rng.integers(len(others)))]
        gap = slice(start, start + length)
        return Gap(row=row, samples=gap, companion=companion, is_forecast=is_forecast)
    return None


def _whole_leads(near_mv: Float[np.ndarray, "lead near"]) -> Sequence[int]:
    """Return the leads that are observed throughout and not flat."""
    whole = np.isfinite(near_mv).all(axis=1)
    return [int(lead) for lead in np.flatnonzero(whole) if np.ptp(near_mv[lead]) > MIN_RANGE_MV]


def _length(rng: np.random.Generator, candidates: CandidateConfig, *, is_forecast: bool, samples: int) -> int:
    """Return the length of a gap in samples, at most a fifth of the recording in every other one."""
    if is_forecast:
        length_s = COMMON_FORECAST_S if rng.random() < 2 / 3 else rng.uniform(*FORECASTS_S)
    elif rng.random() < 0.5:
        length_s = float(rng.choice(COMMON_LENGTHS_S))
    else:
        length_s = float(np.exp(rng.uniform(np.log(SHORTEST_S), np.log(candidates.longest_s))))
    most = samples // 5 if rng.random() < 0.5 else samples // 3
    return max(1, min(round(min(length_s, candidates.longest_s) * candidates.fs_hz), most))


def _gap_start(
    rng: np.random.Generator, recording: PreparedRecording, length: int, fs_hz: float
) -> int | None:
    samples = recording.signal_mv.shape[1]
    margin = min(round(MARGIN_S * fs_hz), int(MARGIN_SHARE * samples))
    last = samples - margin - length
    return int(rng.integers(margin, last + 1)) if last >= margin else None


def _forecast_start(
    rng: np.random.Generator, recording: PreparedRecording, length: int, fs_hz: float
) -> int | None:
    samples = recording.signal_mv.shape[1]
    first, last = min(round(MIN_PAST_S * fs_hz), samples // 2), samples - length
    if last < first:
        return None
    start = int(rng.integers(first, last + 1))
    peaks = recording.r_peaks
    beat = int(np.searchsorted(peaks, start))
    if rng.random() < AFTER_BEAT_SHARE and 1 <= beat < len(peaks):
        rr = peaks[beat] - peaks[beat - 1]
        start = min(int(peaks[beat] + rng.uniform(0.4, 0.6) * rr), last)
    return start
