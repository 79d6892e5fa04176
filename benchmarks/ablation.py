"""What each choice of the beat model is worth: one setting changed at a time, at a fixed budget.

    python benchmarks/ablation.py beats/ ablation/

Trains a small run for each row of VARIANTS (a finished one is not trained again, an interrupted one goes
on) and writes ``ablation.md``. The figures are against the held-out minutes of DS1; DS2 is not opened.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

import diffecg
from diffecg.config import Config, preset, with_settings
from diffecg.data.store import Windows
from diffecg.evaluation.fidelity import neighbour_coverage, sliced_wasserstein
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.training.loop import for_windows, train

WINDOWS = 100_000
"""Training windows of every run."""
BEATS = 300
"""At most so many beats a class are compared."""

VARIANTS: dict[str, list[str]] = {
    "as the preset": [],
    "batch 32": ["training.batch=32"],
    "batch 32, learning rate 5e-4": ["training.batch=32", "training.learning_rate=0.0005"],
    "raw signal": ["transform.layout=signal", "unet.width=24", "unet.multipliers=[1,2,2,4,4]"],
    "2-D picture": ["transform.layout=picture", "unet.width=16"],
    "dropout 0": ["unet.dropout=0"],
    "attention at 2 levels, positions": ["unet.attention=3", "unet.positions=true"],
    "flow matching, logit-normal time": [
        "diffusion.target=flow",
        "diffusion.log_sigma_mean=0",
        "diffusion.log_sigma_std=1",
    ],
    "more noise in training": ["diffusion.log_sigma_mean=0", "diffusion.log_sigma_std=1.6"],
    "cosine schedule, v": ["diffusion.levels=cosine", "diffusion.target=v"],
    "linear schedule, noise": ["diffusion.levels=linear", "diffusion.target=epsilon"],
    "STFT of 16 points, hop 4": ["transform.n_fft=16", "transform.hop=4"],
    "STFT of 64 points, hop 16": ["transform.n_fft=64", "transform.hop=16"],
    "width 96": ["unet.width=96"],
    "generation only": ["training.tasks=[1,0,0]"],
    "learning rate 2e-3": ["training.learning_rate=0.002"],
    "classes as they occur": ["training.balance=0"],
    "classes equally often": ["training.balance=1"],
    "gain 0.1": ["training.gain=0.1"],
    "shorter average": ["training.half_life=10000"],
}


def main() -> None:
    """Train and compare all variants."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("windows")
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=list(VARIANTS))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    real = diffecg.open_windows(options.windows)
    for name in options.only:
        settings = [f"training.samples={WINDOWS}", *VARIANTS[name]]
        config = for_windows(with_settings(preset("beat"), settings), real.info)
        folder = options.out / "".join(c if c.isalnum() else "-" for c in name)
        result = folder / "ablation.json"
        if not result.exists():
            result_of(name, config, real, folder, result)
        write_table(options.out)


def result_of(name: str, config: Config, real: Windows, folder: Path, result: Path) -> None:
    """Train one variant, compare it and note the figures."""
    started = time.process_time()
    train(config, real, folder)
    seconds = time.process_time() - started
    model = diffecg.load(str(folder))
    row = {
        "name": name,
        "megaflop": round(flop(model.denoiser) / 1e6),
        "cpu_minutes": seconds / 60,
        "figures": figures(model, real),
    }
    result.write_text(json.dumps(row, indent=2) + "\n")


def flop(denoiser: ConditionalDenoiser) -> int:
    """Return the floating-point operations of one evaluation of one window."""
    from torch.utils.flop_counter import FlopCounterMode

    from diffecg.model.denoiser import Condition

    window = denoiser.config.window
    signal = torch.zeros(1, len(window.leads), window.length)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        known = denoiser.transform.encode(signal, torch.zeros_like(signal, dtype=torch.bool))
        condition = Condition(known, torch.zeros(1, dtype=torch.long))
        denoiser(denoiser.transform(signal), torch.ones(1), condition)
    return counter.get_total_flops()


def figures(model: diffecg.Model, real: Windows) -> dict[str, list[float]]:
    """Return for each class the sliced Wasserstein distance over its floor, precision and coverage."""
    out: dict[str, list[float]] = {}
    for label in model.labels:
        rows = (real.index["split"] == "validation") & (real.index["label"] == label)
        held_out = np.asarray(real.signal_mv[np.flatnonzero(rows), 0])
        halves = np.random.default_rng(0).permutation(held_out)[: 2 * BEATS]
        size = len(halves) // 2
        reference, other = halves[:size], halves[size : 2 * size]
        made = model.generate(label, size, seed=0).signal_mv[:, 0]
        near = neighbour_coverage(reference, made)
        ratio = sliced_wasserstein(reference, made) / sliced_wasserstein(reference, other)
        out[label] = [ratio, near.precision, near.coverage]
    return out


def write_table(folder: Path) -> None:
    """Write the Markdown table of all variants that are finished."""
    rows = [json.loads(path.read_text()) for path in folder.glob("*/ablation.json")]
    rows.sort(key=lambda row: list(VARIANTS).index(row["name"]))
    labels = list(rows[0]["figures"])
    head = ["variant", "MFLOP", *(f"{label}: SW/floor, precision, coverage" for label in labels)]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for row in rows:
        cells = [" ".join(f"{x:.2f}" for x in row["figures"][label]) for label in labels]
        lines.append(" | ".join([row["name"], str(row["megaflop"]), *cells]))
    (folder / "ablation.md").write_text("".join(f"| {line} |\n" for line in lines))


if __name__ == "__main__":
    main()
