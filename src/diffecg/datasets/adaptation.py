"""Windows at the rate, length and R peak that a model needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diffecg.config.schema import WindowConfig
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.signal.resampling import resample

MAX_MISSING_S = 0.02
"""Longest part of a window, in s, beyond the ends of the signal; it is filled with the nearest sample."""


def adapt_windows(windows: Windows, window: WindowConfig) -> Windows:
    """Return windows resampled to the rate of a model, and cut so that the R peak is where it has it.

    Args:
        windows: windows around an R peak, of any rate and length.
        window: windows of the model.

    Raises:
        DiffecgError: the R peak is unknown, or the windows are shorter than those of the model.
    """
    same = windows.fs_hz == window.fs_hz and windows.r_peak == window.before
    if same and windows.signal.shape[2] == window.length:
        return windows
    if windows.r_peak is None:
        raise DiffecgError(
            f"the model has windows of {window.length} samples at {window.fs_hz:g} Hz around an R peak; "
            "state the R peak of yours (r_peak of Windows.from_arrays), so that they can be cut to that"
        )
    signal = resample(np.asarray(windows.signal, dtype=np.float32), windows.fs_hz, window.fs_hz)
    peak = round(windows.r_peak * window.fs_hz / windows.fs_hz)
    start, stop = peak - window.before, peak - window.before + window.length
    before, after = max(0, -start), max(0, stop - signal.shape[2])
    if max(before, after) > MAX_MISSING_S * window.fs_hz:
        have, needed = peak / window.fs_hz, window.before / window.fs_hz
        raise DiffecgError(
            f"the windows hold {have:.3f} s before the R peak and "
            f"{signal.shape[2] / window.fs_hz - have:.3f} s from it on; the model needs {needed:.3f} s and "
            f"{window.duration_s - needed:.3f} s: cut longer windows from the recordings, or train from "
            "random weights"
        )
    padded = np.pad(signal, ((0, 0), (0, 0), (before, after)), mode="edge")
    cut = padded[..., start + before : stop + before].astype(np.float32)
    return replace(windows, signal=cut, fs_hz=window.fs_hz, r_peak=window.before)
