"""The frozen ECG encoder behind the Fréchet distance, precision, recall, density and coverage.

A small convolutional network that was trained to tell the class of a heartbeat and the recording that it comes
from, on the training minutes of DS1 alone (``python -m research train-encoder``). What it has to know for the second
question, how the beats of two people differ, is what a good generator must vary. Values in its features are
comparable only between reports with the same hash.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load
from torch import Tensor, nn

from diffecg.signal.resampling import resample

FS_HZ = 180.0
"""Rate at which the encoder sees a window, in Hz."""
FEATURES = 32
"""Numbers that describe a window."""
FOLDER = "ecg-encoder"
WEIGHTS = "encoder.safetensors"
_WIDTHS = (16, 32, 48, 64)


class Encoder(nn.Module):
    """Window to features; one lead at a time, any length."""

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

    def forward(self, signal_mv: Tensor) -> Tensor:
        """Return features (batch feature) of one lead (batch time), in mV at 180 Hz."""
        x = F.silu(self.first(signal_mv[:, None]))
        for conv in self.convs:
            x = F.silu(conv(x))
        pooled = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)
        out: Tensor = (self.last(pooled) - self.mean) / self.spread
        return out


@cache
def load_encoder() -> tuple[Encoder, str]:
    """Return the encoder that comes with the package and the SHA-256 of its file."""
    content = (files("diffecg") / "pretrained" / FOLDER / WEIGHTS).read_bytes()
    with torch.random.fork_rng(devices=[]):
        encoder = Encoder()
    encoder.load_state_dict(load(content))
    return encoder.eval().requires_grad_(False), hashlib.sha256(content).hexdigest()


def features(signal_mv: NDArray[np.floating], fs_hz: float, *, batch: int = 512) -> NDArray[np.float64]:
    """Return features (window feature) of windows (window lead time), in mV.

    Leads are encoded one by one and their features stand side by side. Over the training beats every
    feature has mean 0 and variance 1.
    """
    encoder, _ = load_encoder()
    return encode(encoder, signal_mv, fs_hz, batch=batch)


@torch.no_grad()
def encode(
    encoder: Encoder, signal_mv: NDArray[np.floating], fs_hz: float, *, batch: int = 512
) -> NDArray[np.float64]:
    """Return what :func:`features` does, with another encoder."""
    signals = at_encoder_rate(signal_mv, fs_hz)
    count, leads, length = signals.shape
    flat = signals.reshape(count * leads, length)
    parts = [encoder(torch.from_numpy(flat[i : i + batch])) for i in range(0, len(flat), batch)]
    return torch.cat(parts).double().numpy().reshape(count, leads * FEATURES)


def at_encoder_rate(signal_mv: NDArray[np.floating], fs_hz: float) -> NDArray[np.float32]:
    """Return windows (window lead time) at the encoder's rate, in float32."""
    return resample(np.asarray(signal_mv, dtype=np.float64), fs_hz, FS_HZ).astype(np.float32)
