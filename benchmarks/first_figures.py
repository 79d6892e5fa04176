"""First figures of a model, for its card; each beside its floor and a trivial baseline.

    python benchmarks/first_figures.py mitbih-beat beats/ > beat.md
    python benchmarks/first_figures.py mitbih-strip strips/ > strip.md

A bundled model or the folder of a run; the windows are those that it was trained on.

Beats: distance of generated beats to held-out DS1 beats. Strips: hidden stretches of DS2, which chose
nothing. All seeds are fixed.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch
from numpy.typing import NDArray

import diffecg
from diffecg.data.store import Windows
from diffecg.evaluation.fidelity import neighbour_coverage, sliced_wasserstein

Array = NDArray[np.floating]
BEATS = 300
STRIPS = 60
DRAWS = 16
GAPS_S = (0.25, 0.5, 1.0)
SEEDS = (0, 1, 2)


def beat_figures(model: diffecg.Model, real: Windows) -> list[str]:
    """Return the table of a beat model."""
    lines = [
        "Distance to held-out DS1 beats: sliced Wasserstein (SW) in mV, precision and coverage among "
        f"five nearest neighbours in mV; at most {BEATS} beats a class, mean ± standard deviation over "
        f"{len(SEEDS)} seeds. Floor: as many real training beats. Baseline: the class's mean training "
        "beat plus noise of its spread at each sample.",
        "",
        "| class (held-out beats) | | SW | precision | coverage |",
        "|---|---|---|---|---|",
    ]
    for label in model.labels:
        held_out, train = (of_class(real, part, label) for part in ("validation", "train"))
        size = min(BEATS, len(held_out), len(train))
        cells: dict[str, list[tuple[float, float, float]]] = {}
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            reference = rng.permutation(held_out)[:size]
            sets = {
                "generated": model.generate(label, size, seed=seed * BEATS).signal_mv[:, 0],
                "floor": rng.permutation(train)[:size],
                "mean beat": train.mean(0) + train.std(0) * rng.standard_normal((size, train.shape[1])),
            }
            for name, signals in sets.items():
                near = neighbour_coverage(reference, signals)
                distance = sliced_wasserstein(reference, signals)
                cells.setdefault(name, []).append((distance, near.precision, near.coverage))
        for name, rows in cells.items():
            values = zip(np.mean(rows, axis=0), np.std(rows, axis=0), strict=True)
            text = " | ".join(f"{mean:.3f} ± {spread:.3f}" for mean, spread in values)
            lines.append(f"| {label} ({len(held_out)}) | {name} | {text} |")
    return lines


def of_class(real: Windows, part: str, label: str) -> Array:
    """Return the windows (window time) of one part and class."""
    rows = (real.index["split"] == part) & (real.index["label"] == label)
    return np.asarray(real.signal_mv[np.flatnonzero(rows), 0])


def strip_figures(model: diffecg.Model, real: Windows) -> list[str]:
    """Return the table of a strip model: gaps in the middle, and the last second."""
    rows = np.flatnonzero((real.index["split"] == "test") & (real.index["lead"] == "MLII"))
    rows = np.random.default_rng(0).choice(rows, STRIPS, replace=False)
    strips, fs_hz = np.asarray(real.signal_mv[rows, 0]), real.fs_hz
    middle, length = strips.shape[1] // 2, strips.shape[1]
    cases = {f"gap of {gap:g} s": (middle, middle + round(gap * fs_hz)) for gap in GAPS_S}
    cases["forecast of 1 s"] = (length - round(fs_hz), length)
    lines = [
        f"{STRIPS} strips of DS2, lead MLII, drawn at random (seed 0); error on the hidden "
        f"samples in mV, {DRAWS} draws. A straight line joins the ends of the gap (forecast: the last "
        "value); the mean level is that of what is observed.",
        "",
        "| hidden | RMSE, mean of draws | RMSE, one draw | RMSE, straight line | RMSE, mean level | "
        "90 % band holds | MAE, mean of draws |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (first, last) in cases.items():
        errors: list[list[Array]] = [[], [], [], []]
        inside = []
        for strip in strips:
            holed = strip.copy()
            holed[first:last] = np.nan
            drawn = model.impute(holed, fs_hz, draws=DRAWS)
            truth, hidden = strip[first:last], slice(first, last)
            ends = [strip[first - 1], strip[last] if last < length else strip[first - 1]]
            line = np.interp(np.arange(first, last), [first - 1, last], ends)
            guesses = (drawn.signal_mv[hidden], drawn.draws_mv[0, hidden], line, np.nanmean(holed))
            for error, guess in zip(errors, guesses, strict=True):
                error.append(guess - truth)
            inside.append((drawn.lower_mv[hidden] <= truth) & (truth <= drawn.upper_mv[hidden]))
        values = [f"{np.sqrt(np.mean(np.square(error))):.3f}" for error in errors]
        held, mae = f"{np.mean(inside):.0%}", f"{np.abs(errors[0]).mean():.3f}"
        lines.append(f"| {name} | {' | '.join(values)} | {held} | {mae} |")
    return lines


def main() -> None:
    """Print the table of a model as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("windows")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, real = diffecg.load(options.model), diffecg.open_windows(options.windows)
    split, labels = real.info["split"], real.info["class_map"]
    made = beat_figures(model, real) if model.labels else strip_figures(model, real)
    sampling = f"{model.config.diffusion.sampler}, {model.config.diffusion.steps} evaluations a window"
    print("\n".join([*made, "", f"Split {split}, class map {labels}, sampler {sampling}."]))


if __name__ == "__main__":
    main()
