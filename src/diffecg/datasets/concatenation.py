"""Concatenation of windows, with checks that they fit each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError


def concatenate(sets: Sequence[Windows]) -> Windows:
    """Concatenate several sets of windows.

    Cells of columns that a set does not have are missing (labels: ``?``). Sets without named channels, or
    without a known R peak, take those of the others. Where the sets differ in provenance, ``info`` has what
    they share, and all of each under ``sources``.

    Raises:
        DiffecgError: no sets, or sets that differ in rate, length, channels or R peak.
    """
    if not sets:
        raise DiffecgError("there are no windows to concatenate")
    if len(sets) == 1:
        return sets[0]
    check_alike(sets)
    named = _named(sets)
    peaks = [windows.r_peak for windows in sets if windows.r_peak is not None]
    return Windows(
        signal=np.concatenate([windows.signal for windows in sets]),
        fs_hz=sets[0].fs_hz,
        channels=named[0].channels,
        index=_concatenate_indices(_indices(sets)),
        r_peak=next(iter(peaks), None),
        info=_merge_info([windows.info for windows in sets]),
    )


def check_alike(sets: Sequence[Windows]) -> None:
    """Check that sets of windows have the same rate, length, channels and R peak, where they state them.

    Raises:
        DiffecgError: they differ.
    """
    peaks = [windows.r_peak for windows in sets if windows.r_peak is not None]
    _check_equal("rate", [f"{windows.fs_hz:g} Hz" for windows in sets])
    _check_equal("length", [f"{windows.signal.shape[2]} samples" for windows in sets])
    _check_equal("units", [", ".join(channel.unit for channel in windows.channels) for windows in sets])
    _check_equal("channels", [", ".join(windows.channel_names) for windows in _named(sets)])
    _check_equal("R peak", [f"sample {peak}" for peak in peaks])


def _named(sets: Sequence[Windows]) -> list[Windows]:
    """Return the sets whose channels have names; the first one if none has."""
    return [windows for windows in sets if not _is_generic(windows)] or list(sets)[:1]


def _is_generic(windows: Windows) -> bool:
    """Return whether the channels have placeholders instead of names."""
    return all(lead.startswith("lead ") for lead in windows.channel_names)


def _check_equal(what: str, values: Sequence[str]) -> None:
    if len(set(values)) > 1:
        raise DiffecgError(
            f"windows cannot be used together: they differ in {what} ({' and '.join(sorted(set(values)))})"
        )


def _indices(sets: Sequence[Windows]) -> list[pd.DataFrame]:
    """Return the index of each set, with lists of labels in all of them if they are in one."""
    if not any(windows.has_several_labels for windows in sets):
        return [windows.index for windows in sets]
    return [_with_lists(windows) for windows in sets]


def _with_lists(windows: Windows) -> pd.DataFrame:
    """Return the index of a set with a list of the known labels of each window."""
    lists = [[label for label in labels if label != UNKNOWN] for labels in windows.all_labels]
    index = windows.index.drop(columns="label", errors="ignore")
    return index.assign(labels=pd.Series(lists, index=index.index, dtype=object))


def _concatenate_indices(indices: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate indices; integers with missing cells stay integers, as floats cannot hold every seed."""
    columns = dict.fromkeys(column for index in indices for column in index)
    nullable = {
        column: "Int64"
        for column in columns
        if any(column not in index for index in indices)
        and all(pd.api.types.is_integer_dtype(index[column]) for index in indices if column in index)
    }
    converted = [index.astype({c: t for c, t in nullable.items() if c in index}) for index in indices]
    index = pd.concat(converted, ignore_index=True)
    if "label" in index:
        index["label"] = index["label"].fillna(UNKNOWN)
    return index


def _merge_info(infos: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what provenances share, with all of them under ``sources`` if they differ."""
    first = infos[0]
    if all(info == first for info in infos):
        return first
    shared = {key: value for key, value in first.items() if all(info.get(key) == value for info in infos)}
    return {**shared, "sources": list(infos)}
