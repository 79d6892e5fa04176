"""R peaks, median beats, and recordings tiled from beats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32, Int, Int16

from diffecg.signal.rpeaks import r_peaks_of_leads

R_SAMPLE, BEAT_SAMPLES = 40, 120
"""Place of the R peak and length of a beat, in samples at 100 Hz."""
BLEND_SAMPLES = 8
"""Length of the cross-fade where a beat is cut short by the next."""
UV_PER_MV = 1000.0
Peaks = Int[np.ndarray, " beat"]
SignalUv = Int16[np.ndarray, "record lead time"]
Beat = Float[np.ndarray, "lead sample"]


def r_peaks(signal_uv: SignalUv, fs_hz: float) -> list[Peaks]:
    """Return the R peaks of each record."""
    return [r_peaks_of_leads(record / UV_PER_MV, fs_hz) for record in signal_uv]


def heart_rate(peaks: Peaks, fs_hz: float) -> float:
    """Return the heart rate, per minute: 60 s over the mean RR interval; NaN for fewer than two beats."""
    return float(60 * fs_hz / np.diff(peaks).mean()) if len(peaks) > 1 else float("nan")


def beats_of(
    record_uv: Int16[np.ndarray, "lead time"], peaks: Peaks
) -> Float32[np.ndarray, "beat lead sample"]:
    """Return the beats that lie in the record completely, in mV; the median of each lead is its level."""
    signal_mv = (record_uv - np.median(record_uv, axis=1, keepdims=True)).astype(np.float32) / UV_PER_MV
    starts = peaks - R_SAMPLE
    starts = starts[(starts >= 0) & (starts + BEAT_SAMPLES <= record_uv.shape[1])]
    return signal_mv[:, starts[:, None] + np.arange(BEAT_SAMPLES)].transpose(1, 0, 2)


def median_beats(signal_uv: SignalUv, peaks: Sequence[Peaks]) -> Float32[np.ndarray, "record lead sample"]:
    """Return the median beat of each record, in mV; NaN where a record holds no complete beat."""
    medians = np.full((len(signal_uv), signal_uv.shape[1], BEAT_SAMPLES), np.nan, np.float32)
    for number, (record, own) in enumerate(zip(signal_uv, peaks, strict=True)):
        if len(beats := beats_of(record, own)):
            medians[number] = np.median(beats, axis=0)
    return medians


def tile(beat_mv: Beat, peaks: Peaks, samples: int) -> Float[np.ndarray, "lead time"]:
    """Return a signal with a beat at each R peak, in mV.

    A beat that the next one follows early is cut there and cross-faded to the level of its start; between the
    end of a beat and a late next one the signal is a line.

    Args:
        beat_mv: the beat, its R peak at ``R_SAMPLE``.
        peaks: R peaks, in samples; some may lie outside the signal.
        samples: length of the signal.
    """
    signal = np.empty((len(beat_mv), samples))
    starts = peaks - R_SAMPLE
    bounds = np.append(starts, max(starts[-1] + BEAT_SAMPLES, samples) + BLEND_SAMPLES)
    signal[:, : max(starts[0], 0)] = beat_mv[:, :1]
    for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
        cycle = _cycle(beat_mv, stop - start)
        first, last = max(start, 0), min(stop, samples)
        if first < last:
            signal[:, first:last] = cycle[:, first - start : last - start]
    return signal


def _cycle(beat_mv: Beat, length: int) -> Float[np.ndarray, "lead cycle"]:
    """Return a beat as long as an RR interval, ending at the level of its start."""
    kept = min(length, beat_mv.shape[1])
    cycle = np.concatenate(
        [beat_mv[:, :kept], np.repeat(beat_mv[:, kept - 1 : kept], length - kept, axis=1)], axis=1
    )
    fade = max(length - beat_mv.shape[1], min(BLEND_SAMPLES, length))
    weight = np.linspace(0, 1, fade)
    cycle[:, length - fade :] = cycle[:, length - fade :] * (1 - weight) + beat_mv[:, :1] * weight
    return cycle
