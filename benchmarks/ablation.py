"""What each choice of the beat model is worth: one setting changed at a time, for as much arithmetic each.

    python benchmarks/ablation.py beats/ ablation/

Trains a small run for each row of VARIANTS (a finished one is not trained again, an interrupted one goes
on) and writes ``ablation.md``. The figures are against the held-out part of DS1; DS2 is not opened.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import torch

import diffecg
from diffecg.config import Config, preset, with_settings
from diffecg.data.store import Windows
from diffecg.evaluation.closeness import closeness
from diffecg.evaluation.sets import WindowSet
from diffecg.exchange.read_windows import from_prepared
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.training.loop import for_windows, train

WINDOWS = 120_000
"""Windows that the preset's network is trained on. Another network gets as many floating-point operations in
all, so that a cheaper one sees more windows."""
BEATS = 300
"""At most so many beats a class are compared."""
CLASSES = ("N", "S", "V")
"""F has too few held-out beats to tell variants apart."""
RESULT = "figures.json"
SHOWN = ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage")

UNET = ["network.kind=unet", "training.batch=32"]

VARIANTS: dict[str, list[str]] = {
    "as the preset": [],
    "another seed": ["training.seed=1"],
    "no morphologies": ["conditions.morphologies=0"],
    "generation only, no C1 and C2": ["training.tasks=[1,0,0]"],
    "without projection": ["transform.consistent=false"],
    "no whitening": ["transform.whitening=0"],
    "raw signal": ["transform.layout=signal"],
    "STFT of 16 points, hop 4": ["transform.n_fft=16", "transform.hop=4"],
    "STFT of 64 points, hop 16": ["transform.n_fft=64", "transform.hop=16"],
    "U-Net, frequency bins as channels": UNET,
    "U-Net, raw signal": [
        *UNET,
        "network.width=24",
        "network.multipliers=[1,2,2,4,4]",
        "transform.layout=signal",
    ],
    "U-Net, 2-D picture": [*UNET, "network.width=16", "transform.layout=picture"],
    "wider": ["network.width=768", "network.hidden=1152"],
    "deeper": ["network.blocks=8"],
    "dropout 0": ["network.dropout=0"],
    "dropout 0.2": ["network.dropout=0.2"],
    "batch 32": ["training.batch=32"],
    "no weight averaging": ["training.half_life=1"],
    "flow matching, logit-normal time": [
        "diffusion.target=flow",
        "diffusion.log_sigma_mean=0",
        "diffusion.log_sigma_std=1",
    ],
    "less noise in training": ["diffusion.log_sigma_mean=-1"],
    "more noise in training": ["diffusion.log_sigma_mean=0", "diffusion.log_sigma_std=1.6"],
    "cosine schedule, v": ["diffusion.levels=cosine", "diffusion.target=v"],
    "linear schedule, noise": ["diffusion.levels=linear", "diffusion.target=epsilon"],
    "classes as they occur": ["training.balance=0"],
    "classes equally often": ["training.balance=1"],
    "gain 0.1": ["training.gain=0.1"],
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
        folder = options.out / "".join(c if c.isalnum() else "-" for c in name)
        if not (folder / RESULT).exists():
            train(within_budget(VARIANTS[name], real), real, folder)
            model = diffecg.load(str(folder))
            row = {
                "name": name,
                "megaflop": flop(model.denoiser) / 1e6,
                "windows": model.config.training.samples,
                "figures": figures(model, real),
            }
            (folder / RESULT).write_text(json.dumps(row, indent=2) + "\n")
        write_table(options.out)


def within_budget(settings: list[str], real: Windows) -> Config:
    """Return the settings of a run that takes the budget's arithmetic."""
    beat = preset("beat")
    config = for_windows(with_settings(beat, settings), real.info)
    cost = [flop(ConditionalDenoiser(for_windows(c, real.info))) for c in (beat, config)]
    batch = config.training.batch
    samples = round(WINDOWS * cost[0] / cost[1] / batch) * batch
    warmup, half_life = (
        min(most, round(share * samples))
        for most, share in ((config.training.warmup, 0.1), (config.training.half_life, 0.06))
    )
    shorter = replace(config.training, samples=samples, warmup=warmup, half_life=half_life)
    return replace(config, training=shorter)


def flop(denoiser: ConditionalDenoiser) -> int:
    """Return the floating-point operations of one evaluation of one window."""
    from torch.utils.flop_counter import FlopCounterMode

    window = denoiser.config.window
    signal = torch.zeros(1, len(window.leads), window.length)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        condition = denoiser.condition(signal, torch.zeros_like(signal, dtype=torch.bool), [None])
        denoiser(denoiser.transform(signal), torch.ones(1), condition)
    return counter.get_total_flops()


def figures(model: diffecg.Model, real: Windows) -> dict[str, dict[str, float]]:
    """Return each class's figures as ``diffecg evaluate`` computes them; distances over their floor."""
    labels = [label for label in model.labels for _ in range(BEATS)]
    made = model.generate(labels, len(labels), seed=0)
    synthetic = WindowSet(made.signal_mv, made.fs_hz, np.array(made.labels))
    held_out, train = (from_prepared(real.part(part)) for part in ("validation", "train"))
    out: dict[str, dict[str, float]] = {label: {} for label in model.labels}
    for row in closeness(synthetic, held_out, train, bootstraps=0, most=BEATS):
        if row.label in out and row.value is not None and row.floor is not None:
            ratio = row.better == "lower"
            out[row.label][row.metric] = row.value / max(row.floor, 1e-3) if ratio else row.value
    return out


def write_table(folder: Path) -> None:
    """Write the Markdown table of all variants that are finished."""
    rows = [json.loads(path.read_text()) for path in folder.glob(f"*/{RESULT}")]
    rows.sort(key=lambda row: list(VARIANTS).index(row["name"]))
    lines = [["variant", "MFLOP", "windows", *SHOWN], ["---"] * (3 + len(SHOWN))]
    for row in rows:
        means = [mean(row["figures"][label][name] for label in CLASSES) for name in SHOWN]
        values = [f"{value:.2f}" for value in means]
        lines.append([row["name"], f"{row['megaflop']:.1f}", f"{row['windows']:,}", *values])
    legend = f"Means over {', '.join(CLASSES)}; distances as multiples of the floor.\n\n"
    (folder / "ablation.md").write_text(legend + "".join(f"| {' | '.join(line)} |\n" for line in lines))


if __name__ == "__main__":
    main()
