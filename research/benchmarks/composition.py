"""``python -m research composition``: composed recordings as test data of detectors and classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from jaxtyping import Float, Int, Shaped
from scipy.stats import spearmanr

from diffecg.cli.console import Threads, use_threads
from diffecg.composition.language import BEAT_LABELS
from diffecg.composition.noise import NoiseInterval, with_noise
from diffecg.composition.recording import compose
from diffecg.composition.timing import Rhythm
from diffecg.datasets.concatenation import concatenate
from diffecg.datasets.label_maps import AAMI
from diffecg.datasets.loading import open_windows
from diffecg.datasets.splits import DS2, split
from diffecg.datasets.windows import Windows
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats
from diffecg.inference.loading import load
from diffecg.signal.noise import add_noise
from research.rivals.r_peak_detectors import DETECTORS, Detector
from research.studies.confusion import TestSet, classify, macro_f1, sensitivity
from research.tables import Table, format_mean, markdown

FS_HZ = 360.0
NARROW_S, EC57_S = 0.075, 0.15
"""Largest distance of a detection from the annotation: of the shares by class, and of ANSI/AAMI EC57."""
SNR_DB = 0.0
WINDOW = 256
"""Samples of a beat, as in the preset ``beat``."""
Signal = Float[np.ndarray, " time"]
Samples = Int[np.ndarray, " beat"]


@dataclass(frozen=True, eq=False)
class AnnotatedSignal:
    """One lead with known beats."""

    signal_mv: Signal
    samples: Samples
    labels: Shaped[np.ndarray, " beat"]


def composition(
    database: Annotated[Path, Parameter(help="MIT-BIH Arrhythmia Database.")],
    noises: Annotated[Path, Parameter(help="MIT-BIH Noise Stress Test Database.")],
    windows: Annotated[Path, Parameter(help="Beats: a folder written by diffecg prepare --preset beat.")],
    /,
    *,
    out: Path,
    minutes: float = 10.0,
    seeds: int = 3,
    threads: Threads = 1,
) -> None:
    """Compare composed with real recordings as test data of R-peak detectors and beat classifiers.

    Example: python -m research composition mitdb/ nstdb/ beats/ --out composed.md

    Composes a recording with the rhythm of each training recording of DS1, each of another synthetic subject.
    Five public detectors run on these and on the recordings of DS2, clean and with electrode motion.
    Classifiers trained on real beats of DS1 are tested on composed beats, and the reverse on DS2.

    Args:
        out: Markdown file to write.
        minutes: Length of each recording.
        seeds: Classifiers of each kind.
    """
    use_threads(threads)
    model = load("mitbih-beat")
    names = split("strict").train
    composed = [
        compose(Rhythm(f"like:{name}"), 60 * minutes, model=model, seed=i, subject_seed=i)
        for i, name in enumerate(names)
    ]
    motion = NoiseInterval(kind="em", snr_db=SNR_DB)
    motion_mv = read_recording(noises / "em").lead_mv(0)
    real = [read_real(database / name, minutes) for name in DS2]
    sets = {
        "real": real,
        "real, DS1": [read_real(database / name, minutes) for name in names],
        "composed": [from_composed(recording) for recording in composed],
        "real, noisy": [with_motion(signal, motion_mv, i) for i, signal in enumerate(real)],
        "composed, noisy": [from_composed(with_noise(recording, [motion], noises)) for recording in composed],
    }
    tables = [detector_table(sets)]
    out.write_text(markdown(tables))
    beats = concatenate([cut_beats(signal, f"c{i}") for i, signal in enumerate(sets["composed"])])
    tables.append(classifier_table(open_windows(windows), beats, seeds))
    out.write_text(markdown(tables))


def from_composed(recording: Recording) -> AnnotatedSignal:
    """Return the first lead of a composed recording, with its beats."""
    beats = recording.beats()
    return AnnotatedSignal(recording.lead_mv(0).astype(float), beats.sample, beats.symbol)


def read_real(path: Path, minutes: float) -> AnnotatedSignal:
    """Return the first minutes of the first lead of a recording, with its beats of known labels."""
    recording, beats, labels_of = read_recording(path), read_beats(path), AAMI
    end = round(60 * minutes * recording.fs_hz)
    labels = np.array([labels_of.get(symbol, "?") for symbol in beats.symbol])
    kept = np.isin(labels, BEAT_LABELS) & (beats.sample < end)
    return AnnotatedSignal(recording.signal_mv[0, :end].astype(float), beats.sample[kept], labels[kept])


def with_motion(signal: AnnotatedSignal, noise_mv: Signal, seed: int) -> AnnotatedSignal:
    """Add electrode motion at SNR_DB, from a random sample of the noise on."""
    start = int(np.random.default_rng(seed).integers(len(noise_mv)))
    noise = np.take(noise_mv, np.arange(start, start + len(signal.signal_mv)), mode="wrap")
    noisy_mv = add_noise(signal.signal_mv, noise, SNR_DB)
    return AnnotatedSignal(noisy_mv, signal.samples, signal.labels)


def detector_table(sets: dict[str, list[AnnotatedSignal]]) -> Table:
    """Return the table of detectors, with the rank correlation of F1 on real and composed recordings."""
    scores = {
        name: {kind: detector_scores(detect, signals) for kind, signals in sets.items()}
        for name, detect in DETECTORS.items()
    }
    rows = [
        (
            name,
            *(
                f"{', '.join(f'{100 * share:.1f}' for share in shares)}; {100 * f1:.1f}"
                for shares, f1 in by_set.values()
            ),
        )
        for name, by_set in scores.items()
    ]
    f1 = {kind: [by_set[kind][1] for by_set in scores.values()] for kind in sets}
    clean, noisy = (
        spearmanr(f1[f"real{suffix}"], f1[f"composed{suffix}"]).statistic for suffix in ("", ", noisy")
    )
    minutes = len(sets["real"][0].signal_mv) / FS_HZ / 60
    beats = {kind: sum(len(signal.samples) for signal in sets[kind]) for kind in ("real", "composed")}
    note = (
        f"Share of beats detected within {1000 * NARROW_S:.0f} ms, in %: {', '.join(BEAT_LABELS)}; F1 over "
        f"all beats within {1000 * EC57_S:.0f} ms (ANSI/AAMI EC57). {len(sets['real'])} recordings of DS2, "
        f"{len(sets['composed'])} composed ones, {minutes:g} minutes each, {beats['real']:,} and "
        f"{beats['composed']:,} beats; DS1: the model's training subjects; noisy: electrode motion "
        f"at {SNR_DB:g} dB. Rank correlation of the detectors' F1 on DS2 and composed: {clean:.2f} "
        f"clean, {noisy:.2f} noisy."
    )
    return Table(title="Detectors", note=note, head=("detector", *sets), rows=rows)


def detector_scores(detect: Detector, signals: list[AnnotatedSignal]) -> tuple[list[float], float]:
    """Return the share of detected beats of each label, and F1 over all beats."""
    peaks = [detect(signal.signal_mv, FS_HZ) for signal in signals]
    labels = np.concatenate([signal.labels for signal in signals])
    pairs = [(signal.samples, detected) for signal, detected in zip(signals, peaks, strict=True)]
    to_peak = np.concatenate([distance_s(beats, detected) for beats, detected in pairs])
    to_beat = np.concatenate([distance_s(detected, beats) for beats, detected in pairs])
    recall, precision = np.mean(to_peak <= EC57_S), np.mean(to_beat <= EC57_S)
    shares = [float(np.mean(to_peak[labels == label] <= NARROW_S)) for label in BEAT_LABELS]
    return shares, float(2 * precision * recall / (precision + recall))


def distance_s(samples: Samples, others: Int[np.ndarray, " other"]) -> Float[np.ndarray, " beat"]:
    """Return the distance of each sample from the nearest of the others, in s."""
    if not len(others):
        return np.full(len(samples), np.inf)
    return np.abs(samples[:, None] - np.sort(others)).min(axis=1, initial=10**9) / FS_HZ


def cut_beats(signal: AnnotatedSignal, name: str) -> Windows:
    """Return the beats of a recording, cut as ``diffecg prepare`` does."""
    half = WINDOW // 2
    inner = (signal.samples >= half) & (signal.samples + half <= len(signal.signal_mv))
    rows = signal.samples[inner][:, None] + np.arange(-half, half)
    rr_s = np.diff(signal.samples) / FS_HZ
    return Windows.from_arrays(
        signal.signal_mv[rows][:, None].astype(np.float32),
        FS_HZ,
        signal.labels[inner],
        r_peak=half,
        recording=name,
        rr_before_s=np.append(np.nan, rr_s)[inner],
        rr_after_s=np.append(rr_s, np.nan)[inner],
    )


def classifier_table(real: Windows, composed: Windows, seeds: int) -> Table:
    """Return the table of classifiers trained on real and on composed beats."""
    real = real.take(np.isin(real.labels, BEAT_LABELS))
    tests = {
        "real, held-out": TestSet(real.partition("validation"), BEAT_LABELS),
        "composed": TestSet(composed, BEAT_LABELS),
        "DS2": TestSet(real.partition("test"), BEAT_LABELS),
    }
    rows = []
    for kind in CLASSIFIERS:
        cells = [_classifier_cell(kind, real.partition("train"), test, seeds) for test in tests.values()]
        rows.append((f"{kind}, trained on real DS1", *cells))
        cell = _classifier_cell(kind, composed, tests["DS2"], seeds)
        rows.append((f"{kind}, trained on composed", "", "", cell))
    note = (
        f"Macro-F1, mean ± standard deviation over {seeds} seeds; in brackets the sensitivity to "
        f"{', '.join(BEAT_LABELS)} in %. Training classes are balanced."
    )
    head = ("classifier", *(f"tested on {name}" for name in tests))
    return Table(title="Classes", note=note, head=head, rows=rows)


def _classifier_cell(kind: str, train: Windows, test: TestSet, seeds: int) -> str:
    counts = np.array(classify(kind, train, test, range(seeds))).sum(axis=1)
    shares = ", ".join(f"{100 * share:.0f}" for share in sensitivity(counts.sum(axis=0)))
    return f"{format_mean(macro_f1(counts).tolist())} ({shares})"
