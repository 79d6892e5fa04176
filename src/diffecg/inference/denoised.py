"""Denoised signals, with their prediction interval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped

from diffecg.signal.arrays import SignalArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Denoised:
    """A signal without noise, and the interval in which its clean samples lie.

    Example:
        >>> import diffecg, numpy as np
        >>> noisy = np.arange(5000) >= 4500
        >>> denoised = diffecg.denoise(np.sin(np.linspace(0, 60, 5000)), 250, noisy)
        >>> bool((denoised.lower_mv <= denoised.upper_mv).all())
        True
    """

    signal_mv: Float[np.ndarray, "*axes"]
    """Estimated clean signal, in mV; samples that are not noisy are returned unchanged, bit for bit, and
    missing samples stay missing (NaN)."""
    lower_mv: Float[np.ndarray, "*axes"]
    """Lower bound of the prediction interval, in mV."""
    upper_mv: Float[np.ndarray, "*axes"]
    """Upper bound of the prediction interval, in mV."""
    noisy: Bool[np.ndarray, "*axes"]
    """True where a sample was denoised."""
    fs_hz: float
    """Sampling rate, in Hz."""
    coverage: float
    """Coverage of the prediction interval, such as 0.9."""
    info: dict[str, Any]
    """Provenance: task, model, version."""
    axes: str
    """Axes of the arrays, one of :data:`diffecg.signal.arrays.AXES`."""

    def restore(self, array: SignalArray) -> Denoised:
        """Return the result, with axes (window, lead, time), with those of the user's array."""

        def restored(values: Shaped[np.ndarray, "window lead time"]) -> Shaped[np.ndarray, "..."]:
            return array.restore(values)

        return replace(
            self,
            signal_mv=restored(self.signal_mv),
            lower_mv=restored(self.lower_mv),
            upper_mv=restored(self.upper_mv),
            noisy=restored(self.noisy),
            axes=array.axes,
        )
