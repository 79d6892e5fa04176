"""Train the frozen encoder of the report and put it into the package.

    diffecg prepare mitdb --from DIR --preset beat --out beats/
    python tools/train_encoder.py beats/

It sees the training part of DS1 alone. Two questions for each beat: its class, and its recording.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

import diffecg
from diffecg.evaluation.generation.encoder import FEATURES, FOLDER, WEIGHTS, Encoder, at_encoder_rate

STEPS, BATCH, RATE, SEED = 6000, 128, 2e-3, 0


def main() -> None:
    """Train, tell the accuracy on the held-out part, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("windows")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    windows = diffecg.open_windows(options.windows)
    parts = {part: windows.partition(part) for part in ("train", "validation")}
    classes = sorted(set(parts["train"].index["label"]))
    recordings = sorted(set(parts["train"].index["recording"]))
    data = {}
    for part, chosen in parts.items():
        signals = torch.from_numpy(at_encoder_rate(chosen.signal_mv, chosen.fs_hz)[:, 0])
        answers = [
            torch.tensor([names.index(name) for name in chosen.index[column]])
            for names, column in ((classes, "label"), (recordings, "recording"))
        ]
        data[part] = (signals, *answers)
    encoder = Encoder()
    heads = nn.ModuleList([nn.Linear(FEATURES, len(classes)), nn.Linear(FEATURES, len(recordings))])
    fit(encoder, heads, *data["train"])
    with torch.no_grad():
        features = encoder(data["train"][0])
        encoder.mean.copy_(features.mean(0))
        encoder.spread.copy_(features.std(0))
        held_out = encoder(data["validation"][0]) * encoder.spread + encoder.mean
        for head, answer, name in zip(heads, data["validation"][1:], ("class", "recording"), strict=True):
            print(f"held-out part, {name}: {(head(held_out).argmax(1) == answer).float().mean():.3f}")
    path = Path(__file__).parents[1] / "src" / "diffecg" / "pretrained" / FOLDER / WEIGHTS
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(save(encoder.state_dict()))
    print(path)


def fit(encoder: Encoder, heads: nn.ModuleList, signals: Tensor, label: Tensor, recording: Tensor) -> None:
    """Train on beats whose classes are drawn by the root of their frequency."""
    weight = label.bincount()[label].double().rsqrt()
    parameters = [*encoder.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, STEPS)
    rng = np.random.default_rng(SEED)
    cumulative = (weight.cumsum(0) / weight.sum()).numpy()
    for _ in range(STEPS):
        rows = torch.from_numpy(np.searchsorted(cumulative, rng.random(BATCH)).clip(max=len(label) - 1))
        features = encoder(signals[rows])
        losses = [
            F.cross_entropy(h(features), a[rows]) for h, a in zip(heads, (label, recording), strict=True)
        ]
        optimizer.zero_grad()
        sum(losses).backward()
        optimizer.step()
        schedule.step()


if __name__ == "__main__":
    main()
