"""Signals as users have them: lists, masked arrays, DataFrames and tensors, in several orders of axes.

The library computes with axes (window, lead, time). :func:`interpret_signal` brings a user's array into that
order, and :meth:`SignalArray.restore` returns results to the user's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Num, Shaped
from numpy.typing import ArrayLike

from diffecg.errors import DiffecgError
from diffecg.signal.channel_kinds import is_bookkeeping
from diffecg.signal.column_names import split_column

MAX_LEADS = 64
"""Largest number of leads; an axis that is longer is not an axis of leads."""

AXES = ("time", "lead time", "time lead", "window lead time", "window time lead")
"""Orders of axes in which signals are taken; results have the same."""

_EXPECTED = "array of numbers, (time), (lead, time), (time, lead) or (window, lead, time)"


@dataclass(frozen=True, kw_only=True, eq=False)
class SignalArray:
    """A user's signal with axes (window, lead, time), and the axes it had."""

    windows: Float[np.ndarray, "window lead time"]
    """The signal; NaN = missing."""
    axes: str
    """The user's axes, one of ``AXES``."""

    def restore(self, result: Shaped[np.ndarray, "*draw window lead time"]) -> Shaped[np.ndarray, "..."]:
        """Return a result with the user's axes, behind that of the draws if it has one."""
        if "window" not in self.axes:
            result = result[..., 0, :, :]
        if "lead" not in self.axes:
            result = result[..., 0, :]
        return result.swapaxes(-1, -2) if self.axes.endswith("lead") else result

    def mask(self, data: ArrayLike, name: str) -> Shaped[np.ndarray, "window lead time"]:
        """Return a user's mask with axes (window, lead, time).

        Args:
            data: boolean, with the axes of the signal, or (time) for all leads.
            name: what the mask is called in messages.

        Raises:
            DiffecgError: the mask is not boolean, or has another shape.
        """
        mask = np.asarray(data)
        shape = self.restore(self.windows).shape
        if mask.dtype != bool or mask.shape not in (shape, self.windows.shape[-1:]):
            raise DiffecgError(
                f"{name}, of shape {mask.shape}, must be True or False for each of {shape} samples"
            )
        if mask.ndim == len(shape):
            mask = _to_windows(mask, self.axes)
        return np.broadcast_to(mask, self.windows.shape)


def interpret_signal(data: ArrayLike | pd.DataFrame, axes: str | None = None) -> SignalArray:
    """Return a user's signal with axes (window, lead, time).

    The columns of a DataFrame are leads. In other arrays the longer of the last two axes is time; if it is
    not at least twice as long as the other, the order must be given.

    Args:
        data: a signal; NaN, or the mask of a masked array, marks missing samples.
        axes: one of ``AXES``; None: by the shape.

    Raises:
        DiffecgError: the data are not numbers, have other axes or axes in doubt, or more than ``MAX_LEADS``
            leads; the index of a DataFrame or Series has gaps.
    """
    if axes is not None and axes not in AXES:
        raise DiffecgError(f"unknown axes {axes!r}; choose one of {', '.join(map(repr, AXES))}")
    values = as_floats(data)
    if isinstance(data, pd.DataFrame | pd.Series):
        _check_index(data.index)
    if axes is not None and values.ndim != len(axes.split()):
        raise DiffecgError(f"a signal of shape {values.shape} does not have the axes {axes!r}")
    if values.ndim not in (1, 2, 3) or not values.size:
        raise DiffecgError(f"a signal of shape {values.shape} is not an {_EXPECTED}")
    if axes is None:
        axes = _frame_axes(values.shape) if hasattr(data, "columns") else _array_axes(values.shape)
    windows = _to_windows(values, axes)
    if windows.shape[1] > MAX_LEADS:
        raise DiffecgError(f"a signal of shape {values.shape} has more than {MAX_LEADS} leads; {_way_out()}")
    return SignalArray(windows=windows, axes=axes)


def as_floats(data: ArrayLike | pd.DataFrame) -> Float[np.ndarray, "..."]:
    """Return data as an array of 32-bit or 64-bit floats; missing values become NaN.

    Args:
        data: numbers of any real type, as nested lists, array, masked array, DataFrame or tensor.

    Raises:
        DiffecgError: the data are not real numbers.
    """
    values = _as_array(data)
    if values.dtype.kind not in "fiu":
        raise DiffecgError(f"the signal, of type {values.dtype}, is not an {_EXPECTED}")
    # 16-bit floats are exact in 32 bits; PyTorch takes native byte order only.
    single = values.dtype.kind == "f" and values.dtype.itemsize <= np.dtype(np.float32).itemsize
    floats = np.ma.asarray(values, dtype=np.float32 if single else np.float64)
    return np.ma.filled(floats, np.nan)


def _as_array(data: Any) -> Shaped[np.ndarray, "..."]:
    """Return data as a NumPy array of its own type."""
    if hasattr(data, "signal_mv"):  # a recording, or windows
        raise DiffecgError(f"a {type(data).__name__} is not an {_EXPECTED}; give its signal_mv")
    if hasattr(data, "detach"):  # a tensor of PyTorch, which may be on a GPU or have 16-bit brain floats
        data = data.detach().cpu()
        data = (data.float() if "bfloat16" in str(data.dtype) else data).numpy()
    if isinstance(data, pd.DataFrame | pd.Series):
        return _from_pandas(pd.DataFrame(data)).reshape(data.shape)
    try:
        parts = data if isinstance(data, list | tuple) else [data]
        masked = any(np.ma.isMaskedArray(part) for part in parts)
        return np.ma.asanyarray(data) if masked else np.asarray(data)
    except (TypeError, ValueError):
        raise DiffecgError(f"the signal is not an {_EXPECTED}, in mV") from None


def _from_pandas(frame: pd.DataFrame) -> Num[np.ndarray, "time lead"]:
    """Return the columns of a DataFrame; missing values become NaN."""
    for name, dtype in frame.dtypes.items():
        check_heading(str(name))
        if not pd.api.types.is_any_real_numeric_dtype(dtype):
            raise DiffecgError(
                f"column {name!r} of the DataFrame, of type {dtype}, does not hold numbers; select the "
                "columns of the leads"
            )
    single = all(dtype == np.float32 for dtype in frame.dtypes)
    return frame.to_numpy(dtype=np.float32 if single else np.float64, na_value=np.nan)


def _check_index(index: pd.Index[Any]) -> None:
    """Check that no rows were dropped from a table whose index counts samples or time.

    Raises:
        DiffecgError: the index increases with gaps.
    """
    is_date = isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex))
    if len(index) < 3 or not (is_date or pd.api.types.is_any_real_numeric_dtype(index)):
        return
    steps = np.diff(index.to_numpy()).astype(np.float64)
    if (steps > 0).all() and steps.max() > 1.5 * np.median(steps):
        row = int(np.argmax(steps))
        raise DiffecgError(
            f"rows are missing between {index[row]} and {index[row + 1]} of the index; keep them as NaN, or "
            "give diffecg.as_recording(frame, fs_hz).signal_mv"
        )


def check_heading(heading: str) -> None:
    """Check that the heading of a column may be that of a signal in mV.

    Raises:
        DiffecgError: it is that of a clock, counter, rate or label, or states another unit.
    """
    name, unit = split_column(heading)
    if is_bookkeeping(name):
        raise DiffecgError(
            f"column {heading!r} of the DataFrame is not a lead; select the columns of the leads"
        )
    if unit not in ("", "mV"):
        raise DiffecgError(
            f"column {heading!r} of the DataFrame is in {unit}, and signals are in mV; convert it and rename "
            "it, or use diffecg.as_recording(frame, fs_hz).signal_mv"
        )


def _frame_axes(shape: tuple[int, ...]) -> str:
    """Return the axes of a DataFrame, whose columns are leads."""
    rows, columns = shape
    if columns > rows:
        raise DiffecgError(
            f"the DataFrame has {rows} row(s) and {columns} columns, and its columns are leads; transpose it "
            "(.T) if its rows are"
        )
    return "time lead"


def _array_axes(shape: tuple[int, ...]) -> str:
    """Return the axes of an array; the longer of the last two is time.

    Raises:
        DiffecgError: neither of the last two axes, or each of them, may be the leads.
    """
    if len(shape) == 1:
        return "time"
    short, long = sorted(shape[-2:])
    if short > MAX_LEADS:
        raise DiffecgError(
            f"a signal of shape {shape} has no axis of at most {MAX_LEADS} leads; {_way_out()}"
        )
    if long < 2 * short and long > 1:
        raise DiffecgError(
            f"a signal of shape {shape} may be (lead, time) or (time, lead); say which with axes="
            f"{AXES[1 if len(shape) == 2 else 3]!r} or axes={AXES[2 if len(shape) == 2 else 4]!r}"
        )
    order = "lead time" if shape[-1] == long else "time lead"
    return order if len(shape) == 2 else f"window {order}"


def _to_windows(values: Shaped[np.ndarray, "..."], axes: str) -> Shaped[np.ndarray, "window lead time"]:
    """Return an array with axes (window, lead, time)."""
    if axes.endswith("lead"):
        values = values.swapaxes(-1, -2)
    return values.reshape((1,) * (3 - values.ndim) + values.shape)


def _way_out() -> str:
    return "give each recording as (lead, time), and windows of one lead as (window, 1, time)"
