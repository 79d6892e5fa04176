"""A small network that finds heartbeats and their types in one lead, and its training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32, Int
from scipy.signal import butter, find_peaks, sosfiltfilt
from torch import Tensor, nn

FS_HZ = 100.0
WINDOW, MARGIN = 2048, 256
"""Samples that the network sees at once, and of these on either side that have too little around them."""
STRIDE = 4
"""Samples in a frame, of which each has one output: 40 ms."""
FRAMES = WINDOW // STRIDE
WIDTH, DILATIONS = 40, (1, 2, 4, 8, 16) * 2
HIGH_PASS_HZ, LARGEST = 0.5, 10.0
"""Windows are high-pass filtered and divided by their standard deviation; larger values are clipped."""
REFRACTORY_S = 0.2
"""Shortest interval between two detected beats."""
NO_BEAT, OTHER = -2, -1
"""Type of frames without a beat, and of beats of other types, whose type is not learned."""
LEARNING_RATE, MAX_GRADIENT = 3e-3, 1.0
Windows = Float32[np.ndarray, "batch 2048"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Windows with what is to be detected in them."""

    signal: Windows
    """In any unit; see :func:`normalise`."""
    presence: Float32[np.ndarray, "batch 512"]
    """Near 1 in frames with an R peak; NaN where nothing is known."""
    types: Int[np.ndarray, "batch 512"]
    """Number of the type of the beat in a frame, NO_BEAT or OTHER."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Detections:
    """Heartbeats found in a lead, in the order of time."""

    time_s: Float[np.ndarray, " beat"]
    types: Int[np.ndarray, " beat"]
    probability: Float[np.ndarray, " beat"]


class BeatDetector(nn.Module):
    """Residual dilated convolutions at 25 Hz: each output sees 5 s on either side.

    Args:
        types: number of types of beats.
    """

    def __init__(self, types: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv1d(1, WIDTH // 2, 9, stride=2, padding=4),
            nn.BatchNorm1d(WIDTH // 2),
            nn.SiLU(),
            nn.Conv1d(WIDTH // 2, WIDTH, 9, stride=2, padding=4),
        )
        self.blocks = nn.ModuleList(_block(dilation) for dilation in DILATIONS)
        self.head = nn.Conv1d(WIDTH, 1 + types, 1)

    def forward(
        self, signal: Float[Tensor, "batch time"]
    ) -> tuple[Float[Tensor, "batch frame"], Float[Tensor, "batch type frame"]]:
        """Return the logits of an R peak in each frame, and of the type of its beat."""
        x = self.stem(signal[:, None])
        for block in self.blocks:
            x = x + block(x)
        out = self.head(x)
        return out[:, 0], out[:, 1:]


def normalise(signal: Float[np.ndarray, "batch time"]) -> Float32[np.ndarray, "batch time"]:
    """Return windows without baseline wander, divided by their standard deviation."""
    high_pass = butter(2, HIGH_PASS_HZ, "highpass", fs=FS_HZ, output="sos")
    filtered = sosfiltfilt(high_pass, signal, axis=-1)
    scale = np.maximum(filtered.std(axis=-1, keepdims=True), 1e-6)
    return np.clip(filtered / scale, -LARGEST, LARGEST).astype(np.float32)


def train_detector(
    draw: Callable[[np.random.Generator], Batch], types: int, *, steps: int, seed: int
) -> BeatDetector:
    """Train a detector.

    Args:
        draw: draws a batch of random windows.
        types: number of types of beats.
        steps: batches.
        seed: seed of the weights and of the batches.
    """
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        detector = BeatDetector(types)
    optimizer = torch.optim.AdamW(detector.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    detector.train()
    for _ in range(steps):
        optimizer.zero_grad()
        _loss(detector, draw(rng)).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(detector.parameters(), MAX_GRADIENT)
        optimizer.step()
        schedule.step()
    return detector.eval()


def detect(detector: BeatDetector, signal: Float[np.ndarray, " time"], threshold: float) -> Detections:
    """Return the heartbeats in a lead of any length.

    Args:
        detector: a trained network.
        signal: samples at FS_HZ, in any unit.
        threshold: smallest probability of an R peak.
    """
    step = WINDOW - 2 * MARGIN
    count = max(-(-len(signal) // step), 1)
    padded = np.pad(signal, (MARGIN, count * step + MARGIN - len(signal)), mode="reflect")
    windows = normalise(np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::step])
    with torch.inference_mode():
        outputs = [detector(batch) for batch in torch.split(torch.from_numpy(windows), 32)]
    inner = slice(MARGIN // STRIDE, -MARGIN // STRIDE)
    presence = torch.cat([logits[:, inner].sigmoid() for logits, _ in outputs]).flatten().numpy()
    types = torch.cat([logits[..., inner] for _, logits in outputs]).movedim(1, 0).flatten(1).numpy()
    frames = find_peaks(presence, height=threshold, distance=round(REFRACTORY_S * FS_HZ / STRIDE))[0]
    frames = frames[frames * STRIDE < len(signal)]
    return Detections(
        time_s=_between_frames(presence, frames) * STRIDE / FS_HZ,
        types=types[:, frames].argmax(axis=0),
        probability=presence[frames].astype(float),
    )


def frame_targets(
    times: Float[np.ndarray, " beat"], types: Int[np.ndarray, " beat"]
) -> tuple[Float32[np.ndarray, " 512"], Int[np.ndarray, " 512"]]:
    """Return the presence of R peaks and the type of the beat in each frame of a window.

    Args:
        times: of the R peaks, in samples of the window; those outside count as far as they reach into it.
        types: number of their types, or OTHER.
    """
    if not len(times):
        return np.zeros(FRAMES, dtype=np.float32), np.full(FRAMES, NO_BEAT)
    distance = np.abs(np.arange(FRAMES)[:, None] - times / STRIDE)
    nearest = distance.argmin(axis=1)
    least = distance.min(axis=1)
    presence = np.exp(-0.5 * np.square(least)).astype(np.float32)
    return presence, np.where(least <= 1, types[nearest], NO_BEAT)


def _loss(detector: BeatDetector, batch: Batch) -> Tensor:
    """Return the cross entropy of R peaks, plus that of the types of beats."""
    presence, types = torch.from_numpy(batch.presence), torch.from_numpy(batch.types)
    logits, type_logits = detector(torch.from_numpy(normalise(batch.signal)))
    known = torch.isfinite(presence)
    of_peaks = F.binary_cross_entropy_with_logits(logits[known], presence[known])
    is_typed = types >= 0
    of_types = F.cross_entropy(type_logits.movedim(1, -1)[is_typed], types[is_typed])
    return 10 * of_peaks + of_types


def _block(dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.BatchNorm1d(WIDTH),
        nn.SiLU(),
        nn.Conv1d(WIDTH, WIDTH, 5, padding=2 * dilation, dilation=dilation),
        nn.BatchNorm1d(WIDTH),
        nn.SiLU(),
        nn.Conv1d(WIDTH, WIDTH, 1),
    )


def _between_frames(
    presence: Float[np.ndarray, " frame"], frames: Int[np.ndarray, " beat"]
) -> Float[np.ndarray, " beat"]:
    """Return peaks refined by a parabola through the logarithms of three frames."""
    around = np.clip(frames[:, None] + np.array([-1, 0, 1]), 0, len(presence) - 1)
    before, at, after = np.log(np.maximum(presence[around], 1e-6)).T
    curvature = before - 2 * at + after
    shift = np.where(curvature < 0, (before - after) / np.minimum(2 * curvature, -1e-9), 0)
    return frames + np.clip(shift, -0.5, 0.5)


def concatenate(batches: Sequence[Batch]) -> Batch:
    """Return batches as one."""
    return Batch(
        signal=np.concatenate([batch.signal for batch in batches]),
        presence=np.concatenate([batch.presence for batch in batches]),
        types=np.concatenate([batch.types for batch in batches]),
    )
