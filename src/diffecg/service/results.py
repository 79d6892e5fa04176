"""The results of tasks as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from diffecg.files import write_atomic
from diffecg.formats.description import channel_warnings
from diffecg.formats.recording import Recording
from diffecg.inference.denoised_recordings import DenoisedSegment
from diffecg.inference.results import Imputation
from diffecg.service.tasks import RESULT

SHOWN_DRAWS = 8
"""Number of draws in results and previews."""
_DECIMALS = 4


def describe_recording(recording: Recording, rows: Sequence[int]) -> dict[str, Any]:
    """Return name, rate and plausibility warnings of the leads with these indices."""
    warnings = dict.fromkeys(warning for row in rows for warning in channel_warnings(recording, row))
    fs_hz = recording.select(list(rows)).fs_hz
    return {"recording": recording.name, "fs_hz": fs_hz, "warnings": list(warnings)}


def interval_values(imputation: Imputation, first: int) -> dict[str, Any]:
    """Return signal, mean, bounds and draws of one lead in an interval that begins at sample ``first``."""
    return {
        "unit": imputation.units[0],
        "first": first,
        "last": first + len(imputation.signal),
        "signal": rounded(imputation.signal),
        "mean": rounded(imputation.mean),
        "lower": rounded(imputation.lower),
        "upper": rounded(imputation.upper),
        "draws": rounded(imputation.draws[:SHOWN_DRAWS]),
    }


def denoised_values(part: DenoisedSegment) -> dict[str, Any]:
    """Return estimate and bounds of a denoised interval, with the keys of :func:`interval_values`."""
    signal_mv = rounded(part.signal_mv)
    return {
        "unit": "mV",
        "first": part.segment.start,
        "last": part.segment.stop,
        "signal": signal_mv,
        "mean": signal_mv,
        "lower": rounded(part.signal_mv - part.half_width_mv),
        "upper": rounded(part.signal_mv + part.half_width_mv),
        "draws": [],
    }


def rounded(values: Float[np.ndarray, "..."]) -> Any:
    """Return nested lists of values with four decimals: of values in mV, to a tenth of a microvolt."""
    return np.round(np.asarray(values, dtype=np.float64), _DECIMALS).tolist()


def write_result(folder: Path, task: str, result: dict[str, Any]) -> None:
    """Write the result of a task to the folder of its job; NaN and infinity become null."""
    text = json.dumps({"task": task, **result}, default=str)
    strict = json.loads(text, parse_constant=lambda _: None)
    write_atomic(folder / RESULT, json.dumps(strict).encode())
