"""Public detectors of R peaks: those of NeuroKit, and xqrs of the WFDB package."""

from __future__ import annotations

from collections.abc import Callable

import neurokit2 as nk
import numpy as np
from jaxtyping import Float, Int
from wfdb import processing

Detector = Callable[[Float[np.ndarray, " time"], float], Int[np.ndarray, " beat"]]
"""Returns the samples of the R peaks in a lead, in mV, at a rate in Hz."""


def _neurokit(method: str) -> Detector:
    def detect(signal_mv: Float[np.ndarray, " time"], fs_hz: float) -> Int[np.ndarray, " beat"]:
        clean = nk.ecg_clean(signal_mv, fs_hz, method=method)
        return np.asarray(nk.ecg_findpeaks(clean, fs_hz, method=method)["ECG_R_Peaks"], dtype=np.int64)

    return detect


def _xqrs(signal_mv: Float[np.ndarray, " time"], fs_hz: float) -> Int[np.ndarray, " beat"]:
    return np.asarray(processing.xqrs_detect(signal_mv, fs=fs_hz, verbose=False), dtype=np.int64)


DETECTORS: dict[str, Detector] = {
    "neurokit": _neurokit("neurokit"),
    "xqrs": _xqrs,
    "Pan-Tompkins": _neurokit("pantompkins1985"),
    "Hamilton": _neurokit("hamilton2002"),
    "Elgendi": _neurokit("elgendi2010"),
}
