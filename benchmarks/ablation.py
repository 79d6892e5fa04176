"""What each choice of the beat model is worth: one setting changed at a time, at a fixed budget.

    python benchmarks/ablation.py beats/ ablation/

Trains a small run for each row of VARIANTS (a finished one is not trained again, an interrupted one goes
on) and writes ``ablation.md``. The figures are against the held-out minutes of DS1; DS2 is not opened.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import diffecg
from diffecg.config import preset, with_settings
from diffecg.data.store import Windows
from diffecg.evaluation.closeness import closeness
from diffecg.evaluation.sets import WindowSet
from diffecg.exchange.read_windows import from_prepared
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.training.loop import for_windows, train

WINDOWS = 100_000
"""Training windows of every run."""
BEATS = 300
"""At most so many beats a class are compared."""
RESULT = "figures.json"
SHOWN = ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage")

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
        if not (folder / RESULT).exists():
            train(config, real, folder)
            model = diffecg.load(str(folder))
            flops = round(flop(model.denoiser) / 1e6)
            row = {"name": name, "megaflop": flops, "figures": figures(model, real)}
            (folder / RESULT).write_text(json.dumps(row, indent=2) + "\n")
        write_table(options.out)


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
    labels = list(rows[0]["figures"])
    head = ["variant", "MFLOP", *labels]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    for row in rows:
        cells = [" ".join(f"{row['figures'][label][name]:.2f}" for name in SHOWN) for label in labels]
        lines.append(" | ".join([row["name"], str(row["megaflop"]), *cells]))
    legend = f"Each cell: {', '.join(SHOWN)}; distances as multiples of the floor.\n\n"
    (folder / "ablation.md").write_text(legend + "".join(f"| {line} |\n" for line in lines))


if __name__ == "__main__":
    main()
