"""What each choice of the beat model is worth: one setting changed at a time, at a fixed budget of time.

    python benchmarks/ablation.py beats/ ablation/

Trains a small run for each row of VARIANTS (a finished one is not trained again, an interrupted one goes
on) and writes ``ablation.md``. The figures are against the held-out part of DS1; DS2 is not opened.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

import diffecg
from diffecg.config import Config, preset, read_config, with_settings
from diffecg.data.store import Windows
from diffecg.evaluation.closeness import closeness
from diffecg.evaluation.sets import WindowSet
from diffecg.exchange.read_windows import from_prepared
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.folder import CONFIG
from diffecg.training.loop import for_windows, train

SECONDS = 400
"""Training time of every run, on ``--threads`` threads: a cheaper network sees more windows."""
BEATS = 300
"""At most so many beats a class are compared."""
RESULT = "figures.json"
SHOWN = ("sliced Wasserstein, time", "Fréchet, encoder", "precision", "coverage")

VARIANTS: dict[str, list[str]] = {
    "as the preset": [],
    "no morphologies": ["conditions.morphologies=0"],
    "8 morphologies": ["conditions.morphologies=8"],
    "without projection": ["transform.consistent=false"],
    "U-Net over frames": ["network.kind=unet", "training.batch=32"],
    "U-Net, no morphologies": ["network.kind=unet", "training.batch=32", "conditions.morphologies=0"],
    "U-Net over the raw signal": [
        "network.kind=unet",
        "network.width=24",
        "network.multipliers=[1,2,2,4,4]",
        "transform.layout=signal",
        "training.batch=32",
    ],
    "U-Net over the 2-D picture": [
        "network.kind=unet",
        "network.width=16",
        "transform.layout=picture",
        "training.batch=32",
    ],
    "dense over the raw signal": ["transform.layout=signal"],
    "wider": ["network.width=768", "network.hidden=1152"],
    "deeper": ["network.blocks=8"],
    "dropout 0": ["network.dropout=0"],
    "dropout 0.2": ["network.dropout=0.2"],
    "batch 32": ["training.batch=32"],
    "batch 512, learning rate 2e-3": ["training.batch=512", "training.learning_rate=0.002"],
    "flow matching, logit-normal time": [
        "diffusion.target=flow",
        "diffusion.log_sigma_mean=0",
        "diffusion.log_sigma_std=1",
    ],
    "less noise in training": ["diffusion.log_sigma_mean=-1"],
    "more noise in training": ["diffusion.log_sigma_mean=0", "diffusion.log_sigma_std=1.6"],
    "cosine schedule, v": ["diffusion.levels=cosine", "diffusion.target=v"],
    "linear schedule, noise": ["diffusion.levels=linear", "diffusion.target=epsilon"],
    "STFT of 16 points, hop 4": ["transform.n_fft=16", "transform.hop=4"],
    "STFT of 64 points, hop 16": ["transform.n_fft=64", "transform.hop=16"],
    "no whitening": ["transform.whitening=0"],
    "generation only": ["training.tasks=[1,0,0]"],
    "classes as they occur": ["training.balance=0"],
    "rare classes more often": ["training.balance=0.4"],
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
        config = for_windows(with_settings(preset("beat"), VARIANTS[name]), real.info)
        folder = options.out / "".join(c if c.isalnum() else "-" for c in name)
        if not (folder / RESULT).exists():
            started = (folder / CONFIG).exists()
            train(read_config(folder / CONFIG) if started else in_time(config, real), real, folder)
            model = diffecg.load(str(folder))
            flops = round(flop(model.denoiser) / 1e6)
            row = {"name": name, "megaflop": flops, "figures": figures(model, real)}
            (folder / RESULT).write_text(json.dumps(row, indent=2) + "\n")
        write_table(options.out)


def in_time(config: Config, real: Windows) -> Config:
    """Return the settings of a run of about SECONDS: its speed is that of a short one."""
    speeds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        try_out = replace(config, training=replace(config.training, samples=60 * config.training.batch))
        train(try_out, real, Path(folder), report=lambda row: speeds.append(row["samples_per_s"]))
    samples = round(speeds[-1] * SECONDS)
    short = replace(config.training, samples=samples, half_life=round(0.06 * samples))
    return replace(config, training=short)


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
