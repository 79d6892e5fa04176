"""The generators of beats that studies compare, behind one interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from diffecg.config.presets import preset
from diffecg.datasets.windows import Windows
from diffecg.inference.loading import load
from diffecg.training.initialisation import config_for_windows
from research.rivals.gan import RecurrentGan, WassersteinGan
from research.rivals.training import Rival, train_rival
from research.rivals.unet1d import RawDiffusion
from research.rivals.vae import VariationalAutoencoder
from research.studies.beats import select_beats, without_rr
from research.studies.budget import train_for
from research.studies.oversampling import Oversampler, distort, repeat, sample_mean_beats, smote

Generator = Callable[[list[str]], Windows]
"""Returns a new beat for each label."""
Factory = Callable[[], Generator]
"""Returns a generator; trains it first, or resumes its training, where it needs training."""

RIVALS: dict[str, Callable[[int, int, int], Rival]] = {
    "WGAN-GP": WassersteinGan,
    "BiLSTM-CNN GAN": RecurrentGan,
    "conditional VAE": VariationalAutoencoder,
    "diffusers UNet1D": RawDiffusion,
}
"""Constructors that take the number of leads, the length and the number of classes."""
OVERSAMPLERS: dict[str, Oversampler] = {
    "real training beats": repeat,
    "SMOTE": smote,
    "jitter, scale, warp": distort,
    "mean beat + noise": sample_mean_beats,
}
"""Untrained methods; the first shows the scores of a generator that memorises its training set."""
PAPER_STEPS = 100
"""Sampling steps of the preset ``paper``, whose own 1000 take ten seconds a beat."""
_BATCH_SIZE = 250


def factories(
    windows: Windows, folder: Path, cpu_s: float, models: Sequence[str], presets: Sequence[str]
) -> dict[str, Factory]:
    """Return the factory of every generator, by its name in the tables.

    Args:
        windows: prepared beats; the training partition is the training set.
        folder: of the trained generators, one subfolder each.
        cpu_s: training time of each, in s of the processor.
        models: trained models of ours: bundled names or folders.
        presets: presets of ours to train.
    """
    beats = select_beats(windows)
    return {
        **{f"{name} (as bundled)": partial(load_model, name) for name in models},
        **{f"preset {name}": partial(_train_preset, name, windows, folder / name, cpu_s) for name in presets},
        **{name: partial(load_rival, name, beats, folder / name, cpu_s) for name in RIVALS},
        **{name: partial(_oversample, method, beats) for name, method in OVERSAMPLERS.items()},
    }


def load_model(name: str, steps: int | None = None) -> Generator:
    """Return the generator of a trained model of ours: a bundled one or a folder."""

    def generate(labels: list[str]) -> Windows:
        return load(name).generate(labels, len(labels), steps=steps, batch_size=_BATCH_SIZE)

    return generate


def load_rival(name: str, beats: Windows, folder: Path, cpu_s: float) -> Generator:
    """Return a generator of RIVALS, trained on the training partition for ``cpu_s`` seconds in all."""
    train = beats.partition("train")
    leads, length = train.signal_mv.shape[1:]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        rival = RIVALS[name](leads, length, len(beats.unique_labels()))
    return train_rival(rival, train, folder, cpu_s).sample


def _train_preset(name: str, windows: Windows, folder: Path, cpu_s: float) -> Generator:
    train_for(config_for_windows(preset(name), windows), windows, folder, cpu_s)
    return load_model(str(folder), PAPER_STEPS if name == "paper" else None)


def _oversample(method: Oversampler, beats: Windows) -> Generator:
    return lambda labels: without_rr(method(beats.partition("train"), Counter(labels), 0))
