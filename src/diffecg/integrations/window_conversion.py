"""Windows from objects of other libraries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from numpy.typing import ArrayLike

from diffecg.datasets.formats.content import windows_from
from diffecg.datasets.formats.tables import table_content
from diffecg.datasets.label_columns import label_column
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.signal.channels import make_channels
from diffecg.signal.resampling import check_rate

if TYPE_CHECKING:
    from torch.utils.data import Dataset


def as_windows(
    data: ArrayLike | pd.DataFrame | Dataset[Any],
    fs_hz: float,
    labels: Sequence[Any] | ArrayLike | None = None,
    *,
    channel_names: Sequence[str] | None = None,
    r_peak: int | None = None,
    subjects: Sequence[Any] | ArrayLike | None = None,
) -> Windows:
    """Convert an object of another library to windows.

    >>> import numpy as np, diffecg
    >>> diffecg.as_windows(np.zeros((3, 256)), 360, ["N", "N", "V"])
    <Windows 3 x 256 samples at 360 Hz: lead 1 (mV); 2 N, 1 V>

    Args:
        data: an array or tensor with axes (window, time) or (window, lead, time), in mV; a DataFrame with a
            row for each window, the samples in numeric columns or in one column of lists, and columns such as
            ``label``, ``subject`` and ``partition``; or a dataset of PyTorch whose items are a window or
            (window, label).
        fs_hz: sampling rate, in Hz.
        labels: labels of the windows, as for :meth:`Windows.from_arrays`; None: those of ``data``.
        channel_names: name of each lead; None: ``lead 1``, ``lead 2``, …
        r_peak: sample of the R peak in each window; None: windows are not centred on beats.
        subjects: subject of each window; None: those of ``data``, if it has them.

    Raises:
        DiffecgError: another type of object, or windows of different lengths.
    """
    check_rate(fs_hz)
    if isinstance(data, pd.DataFrame):
        windows = _from_frame(data, fs_hz)
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "__array__"):
        signal, found = _items(data)
        windows = Windows.from_arrays(_with_leads(signal), fs_hz, found)
    else:
        windows = Windows.from_arrays(_with_leads(np.asarray(data)), fs_hz)
    columns: dict[str, Any] = {} if subjects is None else {"subject": np.asarray(subjects).astype(np.str_)}
    if labels is not None:
        windows = windows.drop_columns("label", "labels")
        columns |= label_column(labels if isinstance(labels, Sequence) else np.asarray(labels), len(windows))
    channels = windows.channels if channel_names is None else make_channels(channel_names)
    index = windows.index.assign(**columns)
    return replace(windows, index=index, channels=channels, r_peak=r_peak)


def _with_leads(signal: np.ndarray) -> Float[np.ndarray, "window lead time"]:
    """Return windows with an axis of leads.

    Raises:
        DiffecgError: they are no numbers, or have other axes.
    """
    if signal.dtype.kind not in "fiu" or signal.ndim not in (2, 3) or not signal.size:
        raise DiffecgError(
            f"windows of shape {signal.shape} and type {signal.dtype}; give numbers with axes (window, time) "
            "or (window, lead, time), a DataFrame, or a dataset of PyTorch"
        )
    return np.asarray(signal, dtype=np.float32).reshape(len(signal), -1, signal.shape[-1])


def _items(data: Any) -> tuple[np.ndarray, list[Any] | None]:
    """Return the windows of a dataset or list, and their labels if its items have them."""
    items = [data[i] for i in range(len(data))]
    pairs = bool(items) and all(isinstance(item, tuple) and len(item) == 2 for item in items)
    signals = [np.asarray(item[0] if pairs else item) for item in items]
    if len({signal.shape for signal in signals}) > 1:
        shapes = sorted({signal.shape for signal in signals})
        raise DiffecgError(f"the windows have different shapes, such as {shapes[0]} and {shapes[1]}")
    labels = [_plain(item[1]) for item in items] if pairs else None
    return np.array(signals), labels


def _plain(label: Any) -> Any:
    """Return a label without the array or tensor around it."""
    array = np.asarray(label)
    return array.item() if array.ndim == 0 else np.flatnonzero(array).tolist()


def _from_frame(frame: pd.DataFrame, fs_hz: float) -> Windows:
    """Return the windows of a table with a row for each."""
    source = Path("DataFrame")
    return windows_from(source, table_content(source, frame, "{}"), fs_hz)
