"""The frozen ECG encoder behind the Fréchet distance, precision, recall, density and coverage.

A small convolutional network, trained on the training minutes of DS1 to classify both the label of a
heartbeat and the recording that it comes from. The second target makes it represent how the beats of subjects
differ, which a generator must vary. Distances between its features are comparable only between reports with
the same hash.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Float64
from safetensors.torch import load
from torch import Tensor, nn

from diffecg.signal.resampling import resample

FS_HZ = 180.0
"""Sampling rate of the encoder's input, in Hz."""
FEATURES = 32
"""Number of features of a lead."""
FOLDER = "ecg-encoder"
WEIGHTS = "encoder.safetensors"
_WIDTHS = (16, 32, 48, 64)


class Encoder(nn.Module):
    """Maps one lead of a window, of any length, to features."""

    mean: Tensor
    spread: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(1, _WIDTHS[0], 7, padding=3)
        self.convs = nn.ModuleList(
            nn.Conv1d(a, b, 5, stride=2, padding=2) for a, b in zip(_WIDTHS, _WIDTHS[1:], strict=False)
        )
        self.last = nn.Linear(2 * _WIDTHS[-1], FEATURES)
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("spread", torch.ones(FEATURES))

    def forward(self, signal_mv: Float[Tensor, "batch time"]) -> Float[Tensor, "batch feature"]:
        """Return the features of one lead, in mV at FS_HZ."""
        x = F.silu(self.first(signal_mv[:, None]))
        for conv in self.convs:
            x = F.silu(conv(x))
        pooled = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)
        return (self.last(pooled) - self.mean) / self.spread


@cache
def load_encoder() -> tuple[Encoder, str]:
    """Return the bundled encoder and the SHA-256 of its weights file."""
    content = (files("diffecg") / "pretrained" / FOLDER / WEIGHTS).read_bytes()
    with torch.random.fork_rng(devices=[]):
        encoder = Encoder()
    encoder.load_state_dict(load(content))
    return encoder.float().eval().requires_grad_(False), hashlib.sha256(content).hexdigest()


def features(
    signal_mv: Float[np.ndarray, "window lead time"], fs_hz: float, *, batch: int = 512
) -> Float64[np.ndarray, "window feature"]:
    """Return the bundled encoder's features of windows, in mV: those of each lead, concatenated.

    Each feature has mean 0 and variance 1 over the encoder's training beats.
    """
    encoder, _ = load_encoder()
    return encode(encoder, signal_mv, fs_hz, batch=batch)


@torch.no_grad()
def encode(
    encoder: Encoder, signal_mv: Float[np.ndarray, "window lead time"], fs_hz: float, *, batch: int = 512
) -> Float64[np.ndarray, "window feature"]:
    """Return the features of windows, in mV, by any encoder; see :func:`features`."""
    signals = resample_for_encoder(signal_mv, fs_hz)
    count, leads, length = signals.shape
    flat = signals.reshape(count * leads, length)
    parts = [encoder(torch.from_numpy(flat[i : i + batch])) for i in range(0, len(flat), batch)]
    return torch.cat(parts).double().numpy().reshape(count, leads * FEATURES)


def resample_for_encoder(
    signal_mv: Float[np.ndarray, "window lead time"], fs_hz: float
) -> Float32[np.ndarray, "window lead resampled"]:
    """Return windows at the encoder's sampling rate."""
    return resample(np.asarray(signal_mv, dtype=np.float64), fs_hz, FS_HZ).astype(np.float32)
