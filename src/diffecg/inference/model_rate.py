"""A recording at the rate of a model, and the way back to its own rate."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Float32, Float64, Int

from diffecg.signal.resampling import fit_length, interpolate_gaps, rate_ratio, resample, resample_mask

PAD_S = 0.5
"""Signal on either side of a gap that is resampled with it."""


class ModelRateSignal:
    """A recording resampled to the rate of a model.

    Args:
        signal: the recording, each lead in its unit; NaN = missing.
        fs_hz: its rate, in Hz.
        model_hz: the rate of the model, in Hz.
    """

    signal: Float32[np.ndarray, "lead model_time"]
    """The recording at the rate of the model; NaN at missing samples and beside them."""

    def __init__(self, signal: Float[np.ndarray, "lead time"], fs_hz: float, model_hz: float) -> None:
        self.recorded, self.fs_hz, self.model_hz = signal, fs_hz, model_hz
        self._filled = np.stack([resample(interpolate_gaps(lead), fs_hz, model_hz) for lead in signal])
        missing = resample_mask(np.isnan(signal), fs_hz, model_hz)
        self.signal = np.where(missing, np.nan, self._filled).astype(np.float32)

    def gap(self, samples: slice) -> slice:
        """Return the samples at the rate of the model that missing samples of the recording affect."""
        if self.fs_hz == self.model_hz:
            return samples
        step = self.fs_hz / self.model_hz
        # The rule of resample_mask, at the places where it can apply.
        places = np.arange(math.floor(samples.start / step) - 2, math.ceil(samples.stop / step) + 3)
        first, stop = np.floor((places - 0.5) * step), np.ceil((places + 0.5) * step) + 1
        places = places[(first < samples.stop) & (stop > samples.start)]
        return slice(max(int(places[0]), 0), min(int(places[-1]) + 1, self.signal.shape[1]))

    def restore(
        self, row: int, samples: slice, gap: slice, values: Float[np.ndarray, "draw model_gap"]
    ) -> Float64[np.ndarray, "draw gap"]:
        """Return values of a gap at the rate of the recording, resampled together with what is beside them.

        Args:
            row: the lead.
            samples: the gap, at the rate of the recording.
            gap: the same at the rate of the model, from :meth:`gap` or part of it.
            values: values there.
        """
        ratio, pad = rate_ratio(self.model_hz, self.fs_hz), round(PAD_S * self.model_hz)
        # Samples of both rates coincide at multiples of the denominator.
        first = max(gap.start - pad, 0) // ratio.denominator * ratio.denominator
        around = self._filled[row, first : gap.stop + pad]
        windows = np.repeat(around[None], len(values), axis=0)
        windows[:, gap.start - first : gap.stop - first] = values
        start = samples.start - int(first * ratio)
        restored = resample(windows, self.model_hz, self.fs_hz)
        return fit_length(restored, start + samples.stop - samples.start)[:, start:].astype(np.float64)

    def details(
        self, row: int, samples: slice, shifts: Int[np.ndarray, " draw"]
    ) -> Float64[np.ndarray, "draw gap"]:
        """Return what segments of the recording have beyond the rate of the model.

        Args:
            row: the lead.
            samples: the gap, at the rate of the recording.
            shifts: distance of each segment from the gap, in samples of the model's rate; 0: no segment.
        """
        length = samples.stop - samples.start
        result = np.zeros((len(shifts), length))
        starts = samples.start + np.rint(shifts * self.fs_hz / self.model_hz).astype(np.int64)
        inside = (shifts != 0) & (starts >= 0) & (starts + length <= self.recorded.shape[1])
        if self.fs_hz <= self.model_hz or not inside.any():
            return result
        ratio, pad = rate_ratio(self.model_hz, self.fs_hz), round(PAD_S * self.model_hz)
        # As in restore, with windows of one length.
        firsts = [
            max(int(start / ratio) - pad, 0) // ratio.denominator * ratio.denominator
            for start in starts[inside].tolist()
        ]
        width = math.ceil(length / ratio) + 2 * pad + ratio.denominator
        windows = np.stack([fit_length(self._filled[row, first : first + width], width) for first in firsts])
        coarse = resample(windows, self.model_hz, self.fs_hz)
        for number, start, first, values in zip(
            np.flatnonzero(inside), starts[inside].tolist(), firsts, coarse, strict=True
        ):
            begin = start - int(first * ratio)
            fine = self.recorded[row, start : start + length].astype(np.float64)
            result[number] = np.nan_to_num(fine - values[begin : begin + length])
        return result
