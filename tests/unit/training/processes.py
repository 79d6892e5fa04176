"""Training commands in separate processes, and comparison of their results."""

import os
import subprocess
import sys

import numpy as np
from safetensors.torch import load_file

from diffecg.training.checkpoints import read_metrics

SMALL = ["--set", "network.width=16", "--set", "network.hidden=16", "--set", "training.batch=16"]
SMALL += ["--set", "training.checkpoint_every=32", "--set", "network.dropout=0"]


def weights(folder):
    return load_file(folder / "model.safetensors")


def apart(one, other):
    """Return the largest difference of two runs' weights."""
    return max(
        float((a - b).abs().max())
        for a, b in zip(weights(one).values(), weights(other).values(), strict=True)
        if a.numel()
    )


def command(data, out, *more, samples=128):
    return ["-m", "diffecg", "train", "--data", data, "--out", out, "--samples", samples, *SMALL, *more]


def start(*arguments, count=0, **settings):
    """Start a command in this interpreter, in ``count`` processes by torchrun."""
    run = ["-m", "torch.distributed.run", "--nproc-per-node", count] if count else []
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONFAULTHANDLER": "1"}
    full = [sys.executable, *map(str, [*run, *arguments])]
    return subprocess.Popen(
        full, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, **settings
    )


def done(process):
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return err


def losses(folder):
    return np.array([row["loss"] for row in read_metrics(folder)])
