"""Small plots of signals for notebooks."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from diffecg.plotting.paper import INK

MAX_SECONDS, MAX_SIGNALS = 10.0, 6


def preview_html(signals: Float[np.ndarray, "signal time"], fs_hz: float) -> str:
    """Return an ``<img>`` element with a plot of the first seconds of some signals, one below the other.

    Args:
        signals: the signals; NaN leaves a gap in the line.
        fs_hz: sampling rate, in Hz.
    """
    shown = signals[:MAX_SIGNALS, : round(MAX_SECONDS * fs_hz)]
    figure = Figure(figsize=(7, 0.3 + 0.7 * len(shown)), layout="constrained")
    axes = figure.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0]
    for axis, signal in zip(axes, shown, strict=True):
        axis.plot(np.arange(len(signal)) / fs_hz, signal, color=INK, linewidth=0.7)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=6)
    axes[-1].set_xlabel("time (s)", fontsize=6)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return f'<img alt="signal" src="data:image/png;base64,{b64encode(buffer.getvalue()).decode()}">'
