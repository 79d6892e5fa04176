"""Every generator of beats that is compared, behind one face: train if need be, then draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from diffecg.config.presets import preset
from diffecg.datasets.windows import Windows
from diffecg.inference.loading import load
from diffecg.training.trainer import for_windows
from research.rivals.gan import RecurrentGan, WassersteinGan
from research.rivals.train import Peer, train_peer
from research.rivals.unet1d import RawDiffusion
from research.rivals.vae import VariationalAutoencoder
from research.studies.beats import Beats, without_rr
from research.studies.budget import train_for
from research.studies.sources import Source, averaged, distorted, repeated, smote

Draw = Callable[[list[str]], Windows]
"""Returns a new beat for each label."""
Maker = Callable[[], Draw]
"""Trains, goes on with training, or finds that nothing is left to train."""

PEERS: dict[str, Callable[[int, int, int], Peer]] = {
    "WGAN-GP": WassersteinGan,
    "BiLSTM-CNN GAN": RecurrentGan,
    "conditional VAE": VariationalAutoencoder,
    "diffusers UNet1D": RawDiffusion,
}
"""What is made of (leads, length, classes)."""
SOURCES: dict[str, Source] = {
    "real training beats": repeated,
    "SMOTE": smote,
    "jitter, scale, warp": distorted,
    "mean beat + noise": averaged,
}
"""What is not trained; the first is no generator, but what remembering everything looks like."""
ANCESTRAL_STEPS = 100
"""Of the preset ``paper``, whose 1000 take ten seconds a beat."""


def makers(
    beats: Beats, folder: Path, seconds: float, models: Sequence[str], presets: Sequence[str]
) -> dict[str, Maker]:
    """Return every generator by its name in the tables.

    Args:
        beats: to learn from: their training part.
        folder: of the trained generators, one folder each.
        seconds: of training, each.
        models: trained models of ours.
        presets: of ours, to be trained.
    """
    ours = {f"{name} (as bundled)": partial(bundled, name) for name in models}
    trained = {f"preset {name}": partial(_ours, name, beats, folder / name, seconds) for name in presets}
    others = {name: partial(trained_peer, name, beats, folder / name, seconds) for name in PEERS}
    plain = {name: partial(_source, source, beats) for name, source in SOURCES.items()}
    return {**ours, **trained, **others, **plain}


def bundled(name: str) -> Draw:
    """Return a trained model of ours: a bundled one, or a folder."""
    return partial(_drawn, name, None)


def _ours(name: str, beats: Beats, folder: Path, seconds: float) -> Draw:
    train_for(for_windows(preset(name), beats.windows.info), beats.windows, folder, seconds)
    return partial(_drawn, str(folder), ANCESTRAL_STEPS if name == "paper" else None)


def trained_peer(name: str, beats: Beats, folder: Path, seconds: float) -> Draw:
    """Return a generator of PEERS, trained on the training part for so long, over all calls."""
    train = beats.partition("train")
    leads, length = train.signal_mv.shape[1:]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        peer = PEERS[name](leads, length, len(beats.labels))
    return train_peer(peer, train, folder, seconds).draw


def _source(source: Source, beats: Beats) -> Draw:
    return lambda labels: without_rr(source(beats.partition("train"), Counter(labels), 0))


def _drawn(name: str, steps: int | None, labels: list[str]) -> Windows:
    """Return beats of a model of ours."""
    model = load(name)
    return model.generate(labels, len(labels), steps=steps, batch_size=250)
