"""Can composed recordings stand in for real ones? Detectors find their beats, classifiers know their classes.

    diffecg prepare mitdb --from mitdb/ --preset beat --out beats/
    python benchmarks/compose.py mitdb/ nstdb/ beats/ --out docs/composed.md

Composes a recording of 10 minutes with the rhythm of each training recording of DS1 (``like:NAME``), each of
another patient. Five public detectors look for the beats of these and of DS2's recordings, clean and with
electrode motion; classifiers trained on real DS1 beats name the composed ones, and some that were trained on
composed ones alone are tested on DS2.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import neurokit2 as nk
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from wfdb import processing

import diffecg
from diffecg.composition.noise import NoiseInterval, with_noise
from diffecg.composition.recording import compose
from diffecg.datasets.labels import label_map
from diffecg.datasets.splits import DS2, split
from diffecg.datasets.windows import Windows, concatenate
from diffecg.evaluation.generation.classifiers import CLASSIFIERS
from diffecg.formats.registry import read_recording
from diffecg.formats.wfdb_annotations import read_beats
from diffecg.signal.noise import noisy
from research.studies.confusion import Unseen, confusions, macro_f1, sensitivity
from research.studies.tables import Table, markdown, spread

FS_HZ = 360.0
NEAR_S, STANDARD_S = 0.075, 0.15
"""A detection counts within this time of the annotation: ours, and that of ANSI/AAMI EC57."""
SNR_DB = 0.0
LABELS = ("N", "S", "V", "F")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Annotated:
    """A recording whose beats are known."""

    signal_mv: Array
    """(time), in mV."""
    samples: NDArray[np.int64]
    labels: NDArray[np.str_]


def _neurokit(method: str) -> Callable[[Array], NDArray[np.int64]]:
    def detect(signal: Array) -> NDArray[np.int64]:
        clean = nk.ecg_clean(signal, FS_HZ, method=method)
        return np.asarray(nk.ecg_findpeaks(clean, FS_HZ, method=method)["ECG_R_Peaks"], dtype=np.int64)

    return detect


DETECTORS: dict[str, Callable[[Array], NDArray[np.int64]]] = {
    "neurokit": _neurokit("neurokit"),
    "xqrs": lambda signal: np.asarray(processing.xqrs_detect(signal, fs=FS_HZ, verbose=False)),
    "Pan-Tompkins": _neurokit("pantompkins1985"),
    "Hamilton": _neurokit("hamilton2002"),
    "Elgendi": _neurokit("elgendi2010"),
}


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("noises", type=Path)
    parser.add_argument("windows", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = diffecg.load("mitbih-beat")
    started = time.monotonic()
    composed = [
        compose(diffecg.Rhythm(f"like:{name}"), 60 * options.minutes, model=model, seed=i, subject_seed=i)
        for i, name in enumerate(split("strict").train)
    ]
    print(f"composed {len(composed)} recordings in {time.monotonic() - started:.0f} s", flush=True)
    noise = [NoiseInterval("em", SNR_DB)]
    real = [recorded(options.database / name, options.minutes) for name in DS2]
    em = read_recording(options.noises / "em").lead_mv(0)
    sets = {
        "real": real,
        "real, DS1": [recorded(options.database / name, options.minutes) for name in split("strict").train],
        "composed": [annotated(one) for one in composed],
        "real, noisy": [with_motion(one, em, i) for i, one in enumerate(real)],
        "composed, noisy": [annotated(with_noise(one, noise, options.noises)) for one in composed],
    }
    parts = [detectors(sets)]
    options.out.write_text(markdown(parts))
    beats = concatenate([windows_of(one, f"c{i}") for i, one in enumerate(sets["composed"])])
    parts.append(classes(diffecg.open_windows(options.windows), beats, options.seeds))
    options.out.write_text(markdown(parts))


def annotated(composed: diffecg.Recording) -> Annotated:
    """Return a composed recording."""
    beats = composed.beats()
    return Annotated(composed.lead_mv(0).astype(float), beats.sample, beats.symbol)


def recorded(path: Path, minutes: float) -> Annotated:
    """Return the beginning of a real recording, its first lead, and its beats of LABELS."""
    recording, beats, classes = read_recording(path), read_beats(path), label_map("aami")
    end = round(60 * minutes * recording.fs_hz)
    labels = np.array([classes.get(symbol, "?") for symbol in beats.symbol])
    kept = np.isin(labels, LABELS) & (beats.sample < end)
    return Annotated(recording.signal_mv[0, :end], beats.sample[kept], labels[kept])


def with_motion(one: Annotated, noise: Array, seed: int) -> Annotated:
    """Return a recording with electrode motion at SNR_DB."""
    begins = int(np.random.default_rng(seed).integers(len(noise)))
    added = np.take(noise, np.arange(begins, begins + len(one.signal_mv)), mode="wrap")
    return Annotated(noisy(one.signal_mv[None], added[None], SNR_DB)[0], one.samples, one.labels)


def detectors(sets: dict[str, list[Annotated]]) -> Table:
    """Return the table of detectors, with the rank correlation of their F1 on real and composed recordings."""
    rows: list[tuple[str, ...]] = []
    f1: dict[str, list[float]] = {name: [] for name in sets}
    for name, detect in DETECTORS.items():
        cells = [name]
        for kind, recordings in sets.items():
            peaks = [detect(one.signal_mv) for one in recordings]
            labels = np.concatenate([one.labels for one in recordings])
            pairs = list(zip([one.samples for one in recordings], peaks, strict=True))
            off = np.concatenate([distance_s(beats, found) for beats, found in pairs])
            back = np.concatenate([distance_s(found, beats) for beats, found in pairs])
            recall, precision = np.mean(off <= STANDARD_S), np.mean(back <= STANDARD_S)
            f1[kind].append(float(2 * precision * recall / (precision + recall)))
            shares = ", ".join(f"{100 * np.mean(off[labels == label] <= NEAR_S):.1f}" for label in LABELS)
            cells.append(f"{shares}; {100 * f1[kind][-1]:.1f}")
            print(name, kind, cells[-1], flush=True)
        rows.append(tuple(cells))
    ranks = [
        f"{spearmanr(f1['real' + more], f1['composed' + more]).statistic:.2f} {words}"
        for more, words in (("", "clean"), (", noisy", "noisy"))
    ]
    minutes = len(sets["real"][0].signal_mv) / FS_HZ / 60
    counts = {kind: sum(len(one.samples) for one in sets[kind]) for kind in ("real", "composed")}
    note = (
        f"Share of beats that are found within {1000 * NEAR_S:.0f} ms, in %: N, S, V, F; and F1 over all "
        f"beats within {1000 * STANDARD_S:.0f} ms (ANSI/AAMI EC57). DS2's {len(sets['real'])} recordings and "
        f"{len(sets['composed'])} composed ones, {minutes:g} minutes each, {counts['real']:,} and "
        f"{counts['composed']:,} beats; DS1: the people from whom the model learnt; noisy: electrode motion "
        f"at {SNR_DB:g} dB. Rank correlation of the detectors' F1 on DS2 and composed recordings: "
        f"{', '.join(ranks)}."
    )
    return Table("Detectors", note, ("detector", *sets), rows)


def distance_s(these: NDArray[np.int64], others: NDArray[np.int64]) -> Array:
    """Return how far each of these samples is from the nearest of the others, in s."""
    if not len(others):
        return np.full(len(these), np.inf)
    return np.abs(these[:, None] - np.sort(others)).min(axis=1, initial=10**9) / FS_HZ


def windows_of(one: Annotated, name: str, length: int = 256) -> Windows:
    """Return the beats of a recording, cut as ``diffecg prepare`` does."""
    half = length // 2
    inner = (one.samples >= half) & (one.samples + half <= len(one.signal_mv))
    samples = one.samples[inner]
    rr = np.diff(one.samples) / FS_HZ
    both = np.stack([np.append(np.nan, rr), np.append(rr, np.nan)], axis=1)[inner]
    windows = one.signal_mv[samples[:, None] + np.arange(-half, half)][:, None]
    return Windows.from_arrays(
        windows.astype(np.float32),
        FS_HZ,
        one.labels[inner],
        r_peak=half,
        recording=name,
        rr_before_s=both[:, 0],
        rr_after_s=both[:, 1],
    )


def classes(real: Windows, composed: Windows, seeds: int) -> Table:
    """Return the table of classifiers."""
    real = real.take(np.isin(real.labels, LABELS))
    train, held_out, test = (real.partition(part) for part in ("train", "validation", "test"))
    unseen = {
        "real, held-out": Unseen(held_out, LABELS),
        "composed": Unseen(composed, LABELS),
        "DS2": Unseen(test, LABELS),
    }
    rows = []
    for kind in CLASSIFIERS:
        for words, learnt, tests in (
            ("real DS1", train, ("real, held-out", "composed", "DS2")),
            ("composed", composed, ("DS2",)),
        ):
            cells = [f"{kind}, trained on {words}"]
            for name in unseen:
                if name not in tests:
                    cells.append("")
                    continue
                counts = np.array(confusions(kind, learnt, unseen[name], range(seeds))).sum(axis=1)
                found = sensitivity(counts.sum(axis=0))
                shares = ", ".join(f"{100 * value:.0f}" for value in found)
                cells.append(f"{spread(macro_f1(counts).tolist())} ({shares})")
            print(*cells, flush=True)
            rows.append(tuple(cells))
    note = (
        f"Macro-F1, mean ± standard deviation of {seeds} seeds; in brackets the sensitivity of N, S, V, F in "
        "%. Classifiers see classes equally often."
    )
    return Table("Classes", note, ("classifier", *(f"tested on {name}" for name in unseen)), rows)


if __name__ == "__main__":
    main()
