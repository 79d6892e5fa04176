"""The content of a file of windows, and its conversion to windows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Shaped

from diffecg.datasets.label_columns import label_texts
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.windows import ASSUMPTIONS, Windows
from diffecg.errors import DiffecgError
from diffecg.signal.channels import make_channels

SIGNAL = ("signal_mv", "signal", "signals", "windows", "beats", "X", "x", "data")
"""Names of the samples in files, the preferred one first."""
LABEL = ("labels", "label", "class", "y")
RATE = ("fs_hz", "fs", "sampling_rate")
RECORDING = ("recordings", "recording", "records", "record")
SEED = ("seeds", "seed")
LEADS = ("leads",)
RESERVED = {*LABEL, *RATE, *RECORDING, *SEED, *LEADS, "lead", "index", "card"}
"""Names that are not those of samples or of further columns."""
NUMBERS = {
    *("subject", "partition", "weight", "sample", "time_s"),
    *("age", "sex", "height_cm", "weight_kg", "heart_rate", "averaged"),
    *("rr_before_s", "rr_after_s", "rr_before_ratio", "rr_after_ratio"),
}
"""Names of columns that describe a window, also if they hold numbers."""

SOURCE_LEAD = "source_lead"
"""Name of the index column ``lead`` in files, where ``lead`` is the channel of a row."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FileContent:
    """What a file of windows contains."""

    signal: Shaped[np.ndarray, "..."]
    """Samples in mV, (window, time) or (window, channel, time)."""
    columns: Mapping[str, Any]
    """Labels, rate, leads and further columns, by their names in the file."""
    card: str | bytes = "{}"
    """The data card, as JSON text."""
    r_peak: int | None = None
    """Sample of the R peak, if the card does not contain it."""
    default_fs_hz: float | None = None
    """Sampling rate in Hz that is assumed if neither the file nor the user states one."""
    assumptions: tuple[str, ...] = ()
    """How the file is interpreted where it leaves a choice."""


def file_index(windows: Windows) -> pd.DataFrame:
    """Return the index as in a file: seed and label first, no rate, several labels as JSON text."""
    index = windows.index.drop(columns="fs_hz", errors="ignore").rename(columns={"lead": SOURCE_LEAD})
    if "labels" in index:
        index["labels"] = [json.dumps(list(labels)) for labels in index["labels"]]
    first = [name for name in ("seed", "label", "labels") if name in index]
    return index[[*first, *(name for name in index if name not in first)]]


def windows_from(path: Path, content: FileContent, fs_hz: float | None) -> Windows:
    """Return the windows of a file.

    Args:
        path: the file, for messages.
        content: its content.
        fs_hz: sampling rate in Hz, if the file does not contain it.

    Raises:
        DiffecgError: the samples are not numbers of the right shape; columns do not fit them; the sampling
            rate is unknown.
    """
    signal = content.signal
    if signal.ndim not in (2, 3) or signal.dtype.kind not in "fiu" or not signal.size:
        raise DiffecgError(
            f"{path}: windows of shape {signal.shape} and type {signal.dtype}; expected numbers with axes "
            "(window, time) or (window, lead, time)"
        )
    # Samples too large for float32 become infinite; the evaluation excludes such windows.
    with np.errstate(over="ignore"):
        signal_mv = np.asarray(signal, dtype=np.float32).reshape(len(signal), -1, signal.shape[-1])
    card = parse_card(path, content.card)
    peak = card.get("r_peak", content.r_peak)
    rate, assumptions = first_of(content.columns, RATE), list(content.assumptions)
    if rate is None and fs_hz is None and content.default_fs_hz is not None:
        fs_hz = content.default_fs_hz
        assumptions.append(f"{path.name} states no sampling rate: {fs_hz:g} Hz is assumed; --fs overrides it")
    return Windows(
        signal=signal_mv,
        fs_hz=_rate(path, rate, fs_hz),
        channels=make_channels(_leads(path, content.columns, card, signal_mv.shape[1])),
        index=_index(path, content.columns, card, len(signal)),
        r_peak=peak if type(peak) is int and 0 <= peak < signal.shape[-1] else None,
        info={**card, ASSUMPTIONS: assumptions} if assumptions else card,
    )


def parse_card(path: Path, card: str | bytes) -> dict[str, Any]:
    """Return a data card from its JSON text.

    Raises:
        DiffecgError: the text is not a JSON object.
    """
    try:
        content = json.loads(card)
    except (ValueError, RecursionError) as error:
        raise DiffecgError(f"the card of {path} is not valid JSON ({error})") from None
    if not isinstance(content, dict):
        raise DiffecgError(f"the card of {path} is not a JSON object")
    return content


def first_of(columns: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the first column that exists; None if none does."""
    return next((columns[name] for name in names if name in columns), None)


def _index(path: Path, columns: Mapping[str, Any], card: dict[str, Any], count: int) -> pd.DataFrame:
    try:
        labels = _labels(first_of(columns, LABEL)) or {"label": np.full(count, UNKNOWN)}
        recordings, seeds = first_of(columns, RECORDING), first_of(columns, SEED)
        known = {
            **labels,
            "recording": None if recordings is None else np.asarray(recordings).astype(np.str_),
            "seed": None if seeds is None else np.asarray(seeds).astype(np.int64),
        }
    except (ValueError, TypeError, OverflowError) as error:
        raise DiffecgError(f"{path}: labels, recordings, seeds or beats cannot be read ({error})") from error
    for name, values in known.items():
        shape = (len(values),) if isinstance(values, list) else np.shape(values)
        if values is not None and shape != (count,):
            size = " x ".join(map(str, shape)) or "no list of"
            raise DiffecgError(f"{path}: {size} {name.rstrip('s')}s for {count} windows")
    index = {name: values for name, values in known.items() if values is not None}
    for name, values in columns.items():
        if name not in RESERVED and np.shape(values) == (count,):
            index["lead" if name == SOURCE_LEAD else name] = values
    return pd.DataFrame(index)


def _labels(values: Any) -> dict[str, Any]:
    """Return the column ``label``, or ``labels`` of windows with several labels each."""
    if values is None:
        return {}
    cells = pd.Series(values) if np.ndim(values) == 1 else None
    if cells is not None and len(cells) and isinstance(cells.iloc[0], (list, np.ndarray)):
        return {"labels": [[str(label) for label in labels] for labels in cells]}
    if cells is None:
        return {"label": np.asarray(values).astype(np.str_)}
    texts = label_texts(cells)
    if texts.size and all(text.startswith("[") for text in texts.tolist()):
        return {"labels": [json.loads(text) for text in texts.tolist()]}
    return {"label": texts}


def _leads(path: Path, columns: Mapping[str, Any], card: dict[str, Any], count: int) -> list[str]:
    """Return the channel names from the file, else from its card, else ``lead 1``, ``lead 2``, …."""
    leads = first_of(columns, LEADS)
    if leads is not None:
        try:
            names = np.asarray(leads).astype(np.str_)
        except (ValueError, TypeError) as error:
            raise DiffecgError(f"{path}: the leads cannot be read ({error})") from error
        if names.shape != (count,):
            raise DiffecgError(f"{path}: leads of shape {names.shape} for {count} channels")
        return names.tolist()
    stored = card.get("leads")
    if isinstance(stored, list) and len(stored) == count and all(isinstance(name, str) for name in stored):
        return stored
    return [f"lead {i + 1}" for i in range(count)]


def _rate(path: Path, rate: Any, fs_hz: float | None) -> float:
    """Return the sampling rate that all windows share, in Hz."""
    try:
        values = np.asarray(fs_hz or np.nan if rate is None else rate)
        if values.dtype.kind not in "fiuOSU":
            raise TypeError(f"a rate of type {values.dtype}")
        rates = np.unique(values.astype(np.float64))
    except (ValueError, TypeError) as error:
        raise DiffecgError(f"{path}: the sampling rate cannot be read ({error})") from error
    if len(rates) != 1 or not 0 < rates[0] < np.inf:
        raise DiffecgError(
            f"{path} does not contain one sampling rate; give it with --fs"
            if rate is None
            else f"{path}: windows at several rates, or none above zero ({rates.tolist()[:3]})"
        )
    return float(rates[0])
