"""What a cardiologist would measure, on real and synthetic windows alike, by NeuroKit's delineator.

Windows of one beat are chained, each between two others, because a delineator looks for the waves of a beat
between its neighbours. Where it finds no wave the measure is missing; missing ones are counted.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.comparison import mean_beats, shared_classes
from diffecg.evaluation.generation.rows import ALL, LEAST, Advance, MetricRow, metric_row
from diffecg.extras import require

Array = NDArray[np.floating]
Measures = dict[str, Array]
"""Values of each measure of MEASURES, a beat each; NaN = the delineator failed."""

SECTION = "physiology"
MEASURES = {
    "R amplitude": "mV",
    "QRS width": "ms",
    "P present": "",
    "QT interval": "ms",
    "T amplitude": "mV",
    "T inverted": "",
    "RR interval": "s",
}
"""Each measure's unit; those without are shares of beats."""
P_LEAST_MV = 0.05
"""A P wave rises at least so far from its onset."""
_NEAR_S = 0.06
_CHAIN = 64
_SINGLE = "a window of one beat has no RR interval"


def physiology(
    synthetic: Windows,
    real: Windows,
    averaged: Windows,
    *,
    seeds: int = 5,
    most: int = 400,
    advance: Advance = lambda _: None,
) -> tuple[list[MetricRow], dict[str, tuple[Measures, Measures]]]:
    """Return the rows of physiology, and for each class the measures of synthetic and of real beats.

    The value of a measure is the order-1 Wasserstein distance between its distributions, in its unit; of a
    share, the difference. ``delineation failed`` is the share of beats without QRS width or QT.

    Args:
        synthetic: the windows to judge.
        real: the windows to judge them against.
        averaged: real windows that the baseline, mean beats plus noise, is made from.
        seeds: how often the real windows are halved anew.
        most: most windows of a class that are delineated on either side.
        advance: called after each class.

    Raises:
        DiffecgError: NeuroKit is not installed.
    """
    rows: list[MetricRow] = []
    measured: dict[str, tuple[Measures, Measures]] = {}
    for label in shared_classes(real, synthetic):
        rng = np.random.default_rng(0)
        size = min(most, len(synthetic.of(label)), len(real.of(label)) // 2)
        if size < LEAST:
            rows += [_row(name, label, windows=size) for name in _names(real)]
            continue
        chosen = [(synthetic.of(label), size), (real.of(label), 2 * size)]
        sets = [one.take(rng.permutation(len(one))[:count]) for one, count in chosen]
        made, truth, trivial = (measure(one) for one in (*sets, mean_beats(averaged, [label] * size)))
        rows += _rows(label, size, made, truth, trivial, seeds, _names(real))
        measured[label] = made, truth
        advance(f"physiology of {label}")
    if real.r_peak is not None:
        rows.append(_row("RR interval", ALL, undefined=_SINGLE))
    return rows, measured


def measure(windows: Windows) -> Measures:
    """Return every measure of every beat of ``windows`` (first lead).

    Raises:
        DiffecgError: NeuroKit is not installed.
    """
    signals = windows.signal_mv[:, 0].astype(np.float64)
    if windows.r_peak is None:
        parts = [_strip(signal, windows.fs_hz) for signal in signals]
    else:
        blocks = range(0, len(signals), _CHAIN)
        parts = [_chain(signals[i : i + _CHAIN], windows.r_peak, windows.fs_hz) for i in blocks]
    return {name: np.concatenate([part[name] for part in parts]) for name in MEASURES}


def _chain(signals: Array, before: int, fs_hz: float) -> Measures:
    """Measure windows of one beat each, joined at the same level, the first and last ones doubled."""
    count, length = signals.shape
    near = max(1, round(_NEAR_S * fs_hz))
    around = slice(max(before - near, 0), before + near + 1)
    height = np.abs(signals[:, around] - np.median(signals, axis=1, keepdims=True))
    peaks = around.start + height.argmax(axis=1)
    edge = max(1, length // 32)
    ramp = np.linspace(0, 1, length)
    first, last = signals[:, :edge].mean(axis=1), signals[:, -edge:].mean(axis=1)
    level = signals - first[:, None] * (1 - ramp) - last[:, None] * ramp
    order = np.concatenate([[0], np.arange(count), [count - 1]])
    places = peaks[order] + length * np.arange(count + 2)
    found = _delineated(level[order].ravel(), places, fs_hz)
    return {name: values[1:-1] for name, values in found.items()}


def _strip(signal: Array, fs_hz: float) -> Measures:
    """Measure the beats of a strip, whose R peaks NeuroKit finds; the first and last beat are left out."""
    nk = require("neurokit2", "eval")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            peaks = nk.ecg_peaks(nk.ecg_clean(signal, sampling_rate=fs_hz), sampling_rate=fs_hz)[1]
            places = np.asarray(peaks["ECG_R_Peaks"], dtype=np.intp)
        except Exception:  # NeuroKit raises whatever its filters ran into
            places = np.array([], dtype=np.intp)
    if len(places) < 4:
        return {name: np.array([np.nan]) for name in MEASURES}
    found = _delineated(signal, places, fs_hz)
    found["RR interval"] = np.append(np.diff(places) / fs_hz, np.nan)
    return {name: values[1:-1] for name, values in found.items()}


def _delineated(signal: Array, places: NDArray[np.intp], fs_hz: float) -> Measures:
    """Return the measures of the beats with R peaks at ``places``, a value each."""
    nk = require("neurokit2", "eval")
    count = len(places)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            waves = nk.ecg_delineate(signal, places, sampling_rate=round(fs_hz), method="dwt")[1]
        except Exception:  # NeuroKit raises whatever its search ran into
            return {name: np.full(count, np.nan) for name in MEASURES}

    def at(name: str) -> Array:
        values = np.asarray(waves.get(f"ECG_{name}", ()), dtype=float)
        return values if len(values) == count else np.full(count, np.nan)

    def height(places: Array) -> Array:
        known = np.isfinite(places)
        values = np.full(count, np.nan)
        values[known] = signal[places[known].astype(int).clip(0, len(signal) - 1)]
        return values

    onset, offset, t_end = at("R_Onsets"), at("R_Offsets"), at("T_Offsets")
    isoelectric = np.median(signal)
    p_rise = height(at("P_Peaks")) - height(at("P_Onsets"))
    t_height = height(at("T_Peaks")) - isoelectric
    milliseconds = 1000 / fs_hz
    return {
        "R amplitude": signal[places] - isoelectric,
        "QRS width": (offset - onset) * milliseconds,
        "P present": np.where(np.isfinite(p_rise), (p_rise >= P_LEAST_MV).astype(float), np.nan),
        "QT interval": (t_end - onset) * milliseconds,
        "T amplitude": t_height,
        "T inverted": np.where(np.isfinite(t_height), (t_height < 0).astype(float), np.nan),
        "RR interval": np.full(count, np.nan),
    }


def _rows(
    label: str, size: int, made: Measures, truth: Measures, trivial: Measures, seeds: int, names: list[str]
) -> list[MetricRow]:
    rows = []
    for name in names:
        unit = MEASURES[name]
        pairs = [_halves(truth[name], seed) for seed in range(seeds)]
        columns = [
            [_distance(half, made[name], unit) for half, _ in pairs],
            [_distance(half, rest, unit) for half, rest in pairs],
            [_distance(half, trivial[name], unit) for half, _ in pairs],
        ]
        note = f"synthetic {_summary(made[name], name)}, real {_summary(truth[name], name)}"
        rows.append(_row(name, label, columns, windows=size, note=note, undefined="no beat was delineated"))
    failed = [[float(np.isnan(m["QRS width"] + m["QT interval"]).mean())] for m in (made, truth, trivial)]
    rows.append(metric_row(SECTION, "delineation failed", label, "", "as the floor", failed, windows=size))
    return rows


def _row(name: str, label: str, *columns: list[list[float]], **more: Any) -> MetricRow:
    return metric_row(SECTION, name, label, MEASURES[name], "lower", *columns, **more)


def _names(windows: Windows) -> list[str]:
    """Return the measures that windows of this kind have."""
    return [name for name in MEASURES if windows.r_peak is None or name != "RR interval"]


def _halves(values: Array, seed: int) -> tuple[Array, Array]:
    shuffled = np.random.default_rng(seed).permutation(values)
    return shuffled[: len(values) // 2], shuffled[len(values) // 2 :]


def _distance(a: Array, b: Array, unit: str) -> float:
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if min(len(a), len(b)) < 2:
        return float("nan")
    return float(wasserstein_distance(a, b)) if unit else float(abs(a.mean() - b.mean()))


def _summary(values: Array, name: str) -> str:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "none"
    if not MEASURES[name]:
        return f"{finite.mean():.0%}"
    low, middle, high = np.quantile(finite, [0.25, 0.5, 0.75])
    digits = 0 if MEASURES[name] == "ms" else 2
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}] {MEASURES[name]}"
