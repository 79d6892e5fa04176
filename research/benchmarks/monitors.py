"""``python -m research monitors``: gaps in ECG, PPG, pressure and respiration, with and without partners."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import Parameter
from jaxtyping import Float64

from diffecg._version import __version__
from diffecg.cli.console import Flat, Json, Threads, use_threads
from diffecg.datasets.recording_set import RecordingSet
from diffecg.evaluation.imputation.detection import f1_terms
from diffecg.evaluation.imputation.scores import crps
from diffecg.inference.analogue_imputer import AnalogueImputer
from diffecg.inference.imputer import Imputer
from diffecg.inference.imputer_loading import load_imputer
from diffecg.inference.results import Imputation
from diffecg.model.files import WEIGHTS
from diffecg.model.finding import find_model
from diffecg.signal.kinds import HEARTBEAT_KINDS, signal_kind
from research.benchmarks.monitor_cases import ROWS, Case, Row, cases_of
from research.benchmarks.monitor_methods import COVERAGE, MonitorNetwork, folders_of, interpolate
from research.studies.command import Out, publish, run_study
from research.studies.grid import Cell
from research.tables import NOT_AVAILABLE, Table, format_number

MODEL, SHUFFLED = "model", "model, partners of another recording"
PCHIP, WITHIN, ACROSS = "PCHIP", "analogues within the signal", "analogues across the signals"
BASELINES = (PCHIP, WITHIN, ACROSS)
TOLERANCES_MS = (25, 50, 100)
PAST_S = 10.0
"""Signal on either side of a gap in which heartbeats are detected."""
BOOTSTRAPS = 1000


@dataclass(frozen=True, kw_only=True)
class MonitorOptions:
    """Options of the benchmark."""

    model: str = "icu-strip"
    """Bundled name or model folder."""
    partition: str = "validation"
    """Partition that is measured: validation for choices, test for results."""
    gaps: int = 4
    """Gaps of each recording in each row."""
    draws: int = 16
    """Draws of each method."""
    vs: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """A network of python -m research monitor-networks, as NAME=FOLDER; may be repeated."""


def monitors(
    *,
    data: Annotated[Path, Parameter(help="Recording set of diffecg prepare cinc2015 --preset monitor.")],
    out: Out,
    options: Annotated[MonitorOptions, Flat] = MonitorOptions(),
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Impute and forecast signals of monitors by a model, analogues, interpolation and trained networks.

    Example: python -m research monitors --data monitor/ --out studies/monitors --partition test
    """
    use_threads(threads)
    results = measure(data, out, options)
    publish(out, "Signals of monitors", tables(results, options), {}, as_json=json)


def measure(data: Path, out: Path, options: MonitorOptions) -> dict[str, Any]:
    """Return the scores of each method in each row, computed or from an earlier run in ``out``."""
    recordings = RecordingSet.open(data).select(partition=options.partition)
    networks = {
        name: MonitorNetwork.load(folder, recordings.fs_hz) for name, folder in folders_of(options.vs).items()
    }
    about = {
        "study": "monitors",
        "settings": asdict(options),
        "data": recordings.fingerprint(options.partition),
        "split": recordings.cards[0].get("split"),
        "model": find_model(options.model).weights_sha256,
        "networks": {name: _digest(folder) for name, folder in folders_of(options.vs).items()},
        "diffecg": __version__,
    }
    cells = [Cell(row.name, partial(score_row, recordings, row, options, networks)) for row in ROWS]
    return run_study(out, about, cells)


def score_row(
    recordings: RecordingSet, row: Row, options: MonitorOptions, networks: Mapping[str, MonitorNetwork]
) -> dict[str, list[dict[str, float]]]:
    """Return the scores of each method in each gap of a row."""
    model = load_imputer(options.model)
    impute = partial(_impute, draws=options.draws)
    methods: dict[str, Callable[[Case], Imputation]] = {
        PCHIP: interpolate,
        WITHIN: lambda case: impute(AnalogueImputer(), _alone(case)),
        ACROSS: lambda case: impute(AnalogueImputer(), case),
        **{name: partial(network.impute, draws=options.draws) for name, network in networks.items()},
        MODEL: lambda case: impute(model, case),
    }
    if row.partners:
        methods[SHUFFLED] = lambda case: impute(model, _with_other_partners(recordings, row, case))
    scores: dict[str, list[dict[str, float]]] = {method: [] for method in methods}
    for case in cases_of(recordings, row, gaps=options.gaps):
        for method, predict in methods.items():
            found = {"recording": float(case.recording), **score(case, predict(case))}
            scores[method].append(found)
    return scores


def score(case: Case, imputation: Imputation) -> dict[str, float]:
    """Return the scores of a gap: errors, coverage, heartbeats, and pressures of the beats."""
    draws, truth = imputation.draws.astype(np.float64), case.truth
    lower, upper = imputation.interval(COVERAGE)
    has_interval = len(draws) > 1
    scores = {
        "CRPS": crps(truth, draws),
        "squared error": float(np.square(imputation.mean - truth).mean()),
        "coverage": float(((lower <= truth) & (truth <= upper)).mean()) if has_interval else np.nan,
    }
    if case.kinds[0] in HEARTBEAT_KINDS:
        scores |= _beat_scores(case, imputation.signal.astype(np.float64))
    if case.kinds[0] == "pressure":
        scores |= _pressure_errors(case, draws)
    return scores


@dataclass(frozen=True, kw_only=True)
class RowSummary:
    """The errors in a row, means over recordings."""

    row: str
    gaps: int
    crps: dict[str, float]
    """CRPS of each method, in the unit of the signal."""
    best_baseline: str
    ratio: tuple[float, float, float]
    """CRPS of the model over that of the best baseline, with its 95 % interval over recordings."""
    coverage: float
    """Share of the samples inside the 90 % interval of the model."""


def summarise(results: Mapping[str, Any], options: MonitorOptions) -> list[RowSummary]:
    """Return the errors in each row."""
    baselines = (*BASELINES, *folders_of(options.vs))
    summaries = []
    for row in ROWS:
        scores = results[row.name]
        errors = {method: _mean(scores[method], "CRPS") for method in scores}
        best = min(baselines, key=lambda method: errors[method])
        summaries.append(
            RowSummary(
                row=row.name,
                gaps=len(scores[MODEL]),
                crps=errors,
                best_baseline=best,
                ratio=_ratio(scores[MODEL], scores[best]),
                coverage=_mean(scores[MODEL], "coverage"),
            )
        )
    return summaries


def tables(results: Mapping[str, Any], options: MonitorOptions) -> list[Table]:
    """Return the tables of errors, of heartbeats and of pressures."""
    return [
        _error_table(summarise(results, options), options),
        _beat_table(results),
        _pressure_table(results),
    ]


def _digest(folder: Path) -> str:
    """Return the SHA-256 of the weights in a folder."""
    return sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def _impute(imputer: Imputer, case: Case, *, draws: int) -> Imputation:
    """Return the first signal in the gap."""
    found = imputer.impute(
        case.signal,
        case.fs_hz,
        span=case.gap,
        wanted=_first_in(case),
        kinds=case.kinds,
        axes="lead time",
        draws=draws,
    )
    return found.lead(0)


def _first_in(case: Case) -> np.ndarray:
    """Return the mask of the gap of the first signal."""
    wanted = np.zeros(case.signal.shape, dtype=bool)
    wanted[0, case.gap] = True
    return wanted


def _alone(case: Case) -> Case:
    """Return the case without the other signals."""
    return replace(case, kinds=case.kinds[:1], signal=case.signal[:1])


def _with_other_partners(recordings: RecordingSet, row: Row, case: Case) -> Case:
    """Return the case with the observed signals of another recording in the place of its own."""
    for step in range(1, len(recordings)):
        other = recordings.recording((case.recording + step) % len(recordings))
        length = case.signal.shape[1]
        if set(row.partners) <= set(other.kinds) and other.signal.shape[1] >= length:
            signal = case.signal.copy()
            for number, kind in enumerate(row.partners, start=1):
                signal[number] = other.signal[other.kinds.index(kind), :length]
            return replace(case, signal=signal)
    return case


def _beat_scores(case: Case, written: Float64[np.ndarray, " gap"]) -> dict[str, float]:
    """Return numerators and denominator of the F1 score of heartbeats at each tolerance."""
    find_events = signal_kind(case.kinds[0]).find_events
    assert find_events is not None
    around = round(PAST_S * case.fs_hz)
    first, last = max(case.gap.start - around, 0), case.gap.stop + around
    repaired = case.true[first:last].copy()
    gap = slice(case.gap.start - first, case.gap.stop - first)
    repaired[gap] = written
    true, found = (find_events(signal, case.fs_hz) for signal in (case.true[first:last], repaired))
    scores: dict[str, float] = {}
    for tolerance in TOLERANCES_MS:
        hits, peaks = f1_terms(true, found, gap, round(tolerance / 1000 * case.fs_hz))
        scores |= {f"F1 numerator, {tolerance} ms": float(hits), "F1 denominator": float(peaks)}
    return scores


def _pressure_errors(case: Case, draws: Float64[np.ndarray, "draw gap"]) -> dict[str, float]:
    """Return the absolute errors of systolic, diastolic and mean pressure, in mmHg.

    Of the true heartbeats that lie in the gap, systolic and diastolic pressure are the largest and smallest
    value from one pulse to the next, averaged over beats and draws.
    """
    pulses = signal_kind("pressure").find_events
    assert pulses is not None
    onsets = pulses(case.true, case.fs_hz) - case.gap.start
    onsets = onsets[(onsets >= 0) & (onsets < len(case.truth))]
    beats = list(zip(onsets[:-1], onsets[1:], strict=True))
    if not beats:
        return {}

    def pressures(signal: Float64[np.ndarray, " gap"]) -> Float64[np.ndarray, " 3"]:
        values = [(part.max(), part.min(), part.mean()) for part in (signal[a:b] for a, b in beats)]
        return np.mean(values, axis=0)

    error = np.abs(np.mean([pressures(draw) for draw in draws], axis=0) - pressures(case.truth))
    return dict(zip(("systolic", "diastolic", "mean"), error.tolist(), strict=True))


def _error_table(summaries: Sequence[RowSummary], options: MonitorOptions) -> Table:
    methods = (*BASELINES, *folders_of(options.vs), MODEL)
    rows = []
    for one in summaries:
        ratio, low, high = one.ratio
        rows.append(
            (
                one.row,
                f"{one.gaps}",
                *(format_number(one.crps[method], 3) for method in methods),
                f"{ratio:.3f} ({low:.2f} to {high:.2f})",
                format_number(one.crps.get(SHUFFLED), 3),
                f"{100 * one.coverage:.1f} %",
            )
        )
    note = (
        f"CRPS of {options.draws} draws (of deterministic methods the mean absolute error) in mV (ECG), mmHg "
        f"(pressure) or NU, mean over recordings of the partition {options.partition}; ratio to the best "
        "baseline with a 95 % interval over recordings. "
        f"Model {options.model}; coverage of its 90 % intervals."
    )
    head = ("gap", "gaps", *methods, "ratio", SHUFFLED, "coverage")
    return Table(title="Errors", note=note, head=head, rows=rows)


def _beat_table(results: Mapping[str, Any]) -> Table:
    rows = []
    for row in ROWS:
        if row.kind not in HEARTBEAT_KINDS:
            continue
        for method, scores in results[row.name].items():
            rows.append((row.name, method, *(_f1(scores, tolerance) for tolerance in TOLERANCES_MS)))
    note = "F1 score of the heartbeats in the gap, found in the signal that is written, by tolerance."
    head = ("gap", "method", *(f"{tolerance} ms" for tolerance in TOLERANCES_MS))
    return Table(title="Heartbeats", note=note, head=head, rows=rows)


def _pressure_table(results: Mapping[str, Any]) -> Table:
    rows = []
    for row in ROWS:
        if row.kind != "pressure" or row.seconds < 5:
            continue
        for method, scores in results[row.name].items():
            names = ("systolic", "diastolic", "mean")
            rows.append((row.name, method, *(format_number(_mean(scores, name), 1) for name in names)))
    note = "Mean absolute error in mmHg of the pressures of the beats in a gap, averaged over them."
    return Table(
        title="Pressures", note=note, head=("gap", "method", "systolic", "diastolic", "mean"), rows=rows
    )


def _by_recording(scores: list[dict[str, float]], name: str) -> dict[int, float]:
    """Return the mean score of each recording; without gaps in which it is undefined."""
    found: dict[int, list[float]] = {}
    for one in scores:
        if np.isfinite(one.get(name, np.nan)):
            found.setdefault(int(one["recording"]), []).append(one[name])
    return {recording: float(np.mean(values)) for recording, values in found.items()}


def _mean(scores: list[dict[str, float]], name: str) -> float:
    """Return the mean over recordings of a score."""
    values = list(_by_recording(scores, name).values())
    return float(np.mean(values)) if values else float("nan")


def _ratio(scores: list[dict[str, float]], baseline: list[dict[str, float]]) -> tuple[float, float, float]:
    """Return the ratio of the CRPS to that of a baseline, with a bootstrap interval over recordings."""
    own, other = (_by_recording(one, "CRPS") for one in (scores, baseline))
    values = np.array([(own[recording], other[recording]) for recording in own])
    rng = np.random.default_rng(0)
    drawn = values[rng.integers(0, len(values), (BOOTSTRAPS, len(values)))].mean(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    ratio = values[:, 0].mean() / values[:, 1].mean()
    return float(ratio), float(low), float(high)


def _f1(scores: list[dict[str, float]], tolerance: int) -> str:
    peaks = sum(one.get("F1 denominator", 0.0) for one in scores)
    hits = sum(one.get(f"F1 numerator, {tolerance} ms", 0.0) for one in scores)
    return f"{hits / peaks:.3f}" if peaks else NOT_AVAILABLE
