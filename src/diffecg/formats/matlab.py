"""MATLAB files of ECG challenges and of one's own: an array, with or without what describes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from diffecg.errors import DiffecgError, one_line
from diffecg.formats import wfdb
from diffecg.formats.naming import distinct_names
from diffecg.formats.options import ReadOptions
from diffecg.formats.recording import Recording
from diffecg.formats.samples import ArraySource
from diffecg.signal.channel_kinds import is_bookkeeping
from diffecg.signal.channels import make_channels
from diffecg.signal.units import RAW_UNIT

MAX_LEADS = 64
"""An axis of more entries is time."""

STANDARD_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""Leads of CPSC 2018 and of the twelve-lead challenges of CinC, in their order."""

_SIGNALS = ("val", "ECG.data", "ecg", "ECG", "signal", "data")
"""Variables that are the signal if a file holds several arrays, the first one that is there."""

_RATES = re.compile(r"(?i)(.*\.)?(fs(_hz)?|sfreq|srate|sampl(e|ing)_?(rate|freq(uency)?))")
_NAMES = re.compile(r"(?i)(.*\.)?(leads?|labels?|(lead|sig|channel)_?names?|channels?)")
_UNITS = re.compile(r"(?i)(.*\.)?units?")

_INFO_RATE = re.compile(r"Sampling frequency:\s*([\d.]+)\s*Hz")
_INFO_ROW = re.compile(
    r"^\d+\t(?P<name>[^\t]+)\t(?P<gain>[\d.eE+-]+)\t(?P<base>[\d.eE+-]+)\t(?P<unit>\S+)", re.M
)


@dataclass(frozen=True, kw_only=True)
class _Description:
    """What a file or its companion states about the signal; None where it states nothing."""

    fs_hz: float | None = None
    names: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    gain: tuple[float, ...] | None = None
    baseline: tuple[float, ...] | None = None
    assumptions: tuple[str, ...] = ()


def read(path: Path, options: ReadOptions) -> Recording:
    """Read a ``.mat`` file with one array of samples, axes (lead, time) or (time, lead).

    A header beside it (``.hea``) makes it a WFDB record, as in the challenges of PhysioNet; an ``.info`` file
    of PhysioNet describes it as well. Otherwise the file may hold scalars and lists beside the array: the
    sampling rate (``fs``), names of leads (``leads``), their unit (``unit``). Integers of an unknown unit are
    steps of a converter (``adu``), which are not imputed until a unit is given.

    Args:
        path: the file.
        options: ``fs_hz`` is needed where the file states no rate.

    Raises:
        DiffecgError: the file is missing, damaged or of version 7.3; it holds no array, or several; its
            sampling rate is unknown.
    """
    header = path.with_suffix(".hea")
    if header.is_file() and path.name in header.read_text(encoding="utf-8", errors="replace"):
        return wfdb.read(path.with_suffix(""), options)
    variables = _load(path)
    name, array = _find_signal(variables, path)
    stored = _as_rows(array, name, path)
    stated = _describe(variables, name, len(stored), path)
    fs_hz = options.fs_hz or stated.fs_hz
    if fs_hz is None:
        raise DiffecgError(
            f"{path} states no sampling rate; give it in Hz with --fs (CinC 2017: 300, CPSC 2018: 500)"
        )
    is_integer = stored.dtype.kind in "iu"
    missing = stored == np.iinfo(stored.dtype).min if stored.dtype.kind == "i" else np.isnan(stored)
    units = stated.units or ((RAW_UNIT if is_integer else "",) * len(stored))
    names, notes = distinct_names(stated.names or [f"lead {i + 1}" for i in range(len(stored))])
    return Recording(
        name=path.stem,
        channels=make_channels(names, units),
        source=ArraySource(
            stored.astype(np.int64 if is_integer else np.float64),
            fs_hz,
            gain=stated.gain,
            baseline=stated.baseline,
            missing=missing,
        ),
        path=path,
        format="MATLAB",
        assumptions=(*stated.assumptions, *notes),
    )


def _load(path: Path) -> dict[str, Any]:
    """Return the variables of a file; those of structures as ``ECG.data``."""
    if not path.is_file():
        raise DiffecgError(f"no file at {path}")
    with path.open("rb") as stream:
        if stream.read(10) == b"MATLAB 7.3":
            raise DiffecgError(
                f"{path} is a MATLAB file of version 7.3 (HDF5), which cannot be read; save it in MATLAB "
                "with save(file, '-v7'), or as CSV"
            )
    from scipy.io import loadmat  # slow to import

    try:
        variables = loadmat(path, simplify_cells=True)
    except Exception as error:  # SciPy raises exceptions of many types for damaged files
        raise DiffecgError(f"{path} cannot be read as MATLAB file ({one_line(error)})") from error
    found: dict[str, Any] = {}
    for name, value in variables.items():
        if isinstance(value, dict):
            found |= {f"{name}.{field}": inner for field, inner in value.items()}
        elif not name.startswith("__"):
            found[name] = value
    return found


def _find_signal(variables: dict[str, Any], path: Path) -> tuple[str, Shaped[np.ndarray, "..."]]:
    """Return the name and the values of the variable that is the signal."""
    arrays = {
        name: value
        for name, value in variables.items()
        if isinstance(value, np.ndarray)
        and value.dtype.kind in "iuf"
        and value.size > MAX_LEADS
        and not is_bookkeeping(name)
    }
    chosen = [name for name in _SIGNALS if name in arrays][:1] or list(arrays)
    if len(chosen) != 1:
        listed = ", ".join(f"{name} {value.shape}" for name, value in arrays.items()) or "none"
        raise DiffecgError(
            f"{path} must hold one array of samples; its arrays are {listed}; save the signal alone, or as "
            "'val'"
        )
    return chosen[0], arrays[chosen[0]]


def _as_rows(array: Shaped[np.ndarray, "..."], name: str, path: Path) -> Shaped[np.ndarray, "channel time"]:
    """Return an array with axes (channel, time); the longer axis is time."""
    rows = np.atleast_2d(array)
    leads, samples = sorted(rows.shape[-2:])
    if rows.ndim != 2 or leads > MAX_LEADS or samples <= MAX_LEADS:
        raise DiffecgError(
            f"{name} of {path} has shape {array.shape}; one axis must be leads (at most {MAX_LEADS}), the "
            f"other time (more than {MAX_LEADS} samples)"
        )
    return rows if rows.shape[0] == leads else rows.T


def _describe(variables: dict[str, Any], signal: str, count: int, path: Path) -> _Description:
    """Return what the file and an ``.info`` file beside it state."""
    info = path.with_suffix(".info")
    if info.is_file():
        return _parse_info(info.read_text(encoding="utf-8", errors="replace"), count, info)
    rates = [
        float(value) for name, value in variables.items() if _RATES.fullmatch(name) and np.size(value) == 1
    ]
    names = _texts(variables, _NAMES, count)
    units = _texts(variables, _UNITS, count) or _texts(variables, _UNITS, 1)
    assumptions: tuple[str, ...] = ()
    if names is None and signal == "ECG.data" and count == len(STANDARD_LEADS):
        names, assumptions = (
            STANDARD_LEADS,
            ("leads assumed in the order of CPSC 2018: I, II, III, aVR, aVL, aVF, V1 to V6",),
        )
    return _Description(
        fs_hz=rates[0] if rates else None,
        names=names,
        units=units * count if units and len(units) == 1 else units,
        assumptions=assumptions,
    )


def _texts(variables: dict[str, Any], pattern: re.Pattern[str], count: int) -> tuple[str, ...] | None:
    """Return the first list of ``count`` texts whose name matches."""
    for name, value in variables.items():
        if pattern.fullmatch(name):
            texts = [str(text).strip() for text in np.atleast_1d(np.asarray(value)) if isinstance(text, str)]
            if len(texts) == count == np.size(value):
                return tuple(texts)
    return None


def _parse_info(text: str, count: int, path: Path) -> _Description:
    """Return what the ``.info`` file of a PhysioNet export states."""
    rate, rows = _INFO_RATE.search(text), list(_INFO_ROW.finditer(text))
    if rate is None or len(rows) != count:
        raise DiffecgError(f"{path} does not describe {count} signals; correct or remove it")
    return _Description(
        fs_hz=float(rate[1]),
        names=tuple(row["name"].strip() for row in rows),
        units=tuple(row["unit"] for row in rows),
        gain=tuple(float(row["gain"]) for row in rows),
        baseline=tuple(float(row["base"]) for row in rows),
    )
