"""Small plots for notebooks."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from diffecg.plotting.paper import INK

MAX_SECONDS, MAX_ROWS = 10.0, 6


def preview_html(signal: Float[np.ndarray, "row time"], fs_hz: float) -> str:
    """Return an ``<img>`` element with the first seconds of some signals, below each other.

    Args:
        signal: NaN leaves a gap in the line.
        fs_hz: sampling rate, in Hz.
    """
    shown = signal[:MAX_ROWS, : round(MAX_SECONDS * fs_hz)]
    figure = Figure(figsize=(7, 0.3 + 0.7 * len(shown)), layout="constrained")
    for axis, row in zip(
        figure.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0], shown, strict=True
    ):
        axis.plot(np.arange(len(row)) / fs_hz, row, color=INK, linewidth=0.7)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=6)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return f'<img alt="signal" src="data:image/png;base64,{b64encode(buffer.getvalue()).decode()}">'
