"""Models as ONNX files that generate beats, or remove noise, by themselves, without this package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from diffecg._version import __version__
from diffecg.citations import works_for
from diffecg.diffusion.linear_steps import linear_steps
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.inference import checks
from diffecg.inference.denoising import Denoiser
from diffecg.inference.model import Model
from diffecg.inference.onnx_denoiser import BlockDenoiser
from diffecg.inference.options import SamplerOptions
from diffecg.inference.sampling import check_options
from diffecg.model.onnx_files import save_onnx, to_onnx
from diffecg.model.onnx_sampler import sampler_to_onnx
from diffecg.model.schedule import build_schedule

if TYPE_CHECKING:
    from onnx import ModelProto

BEATS_NOTICE = "Synthetic ECG. Not a medical device, not for diagnosis."

BEATS = {
    "labels": "1 for each label that the beat has, in the order of the property labels; all 0: unknown",
    "complete": "1 where labels are all that the beat has, 0 where others are unknown",
    "numbers": "the numbers of the property numbers; NaN = unknown",
    "chance": "a random number from 0 to 1, which chooses among the morphologies of the label",
    "noise": "standard normal noise: the starting point, then what each evaluation but the last adds",
    "signal_mv": "the beats, in mV",
}
"""What each input and output of a model of beats is."""

COVERAGE = 0.9
"""Coverage of the prediction intervals of an exported denoiser."""

BLOCKS_NOTICE = "Denoised signals are estimates. Not a medical device, not for diagnosis."

BLOCKS = {
    "signal_mv": "leads with 10 s on either side of what is noisy, in mV, at fs_hz, without missing samples",
    "noisy": "1 where a sample is noisy, 0 where it is clean",
    "clean_mv": "the estimated clean signal, in mV",
    "half_width_mv": "half width of the 90 % prediction interval around it, in mV",
}
"""What each input and output of a denoiser is."""


def export_model(
    model: Model, path: Path, *, options: SamplerOptions | None = None, guidance: float = 1.0
) -> dict[str, Any]:
    """Write the generation of beats by a model as an ONNX file, and return what its metadata state.

    Args:
        model: the model.
        path: the file.
        options: sampler and steps; None: the model's own.
        guidance: scale of classifier-free guidance; 1: none.

    Raises:
        DiffecgError: the network is computed by ONNX Runtime; options out of range; a package is missing.
    """
    denoiser, config = model.trained_network, model.config
    options = check_options(denoiser, replace(model.sampling, **_given(options)))
    guidance = checks.check_guidance(guidance, (*model.labels, *model.numbers), model.name)
    sigmas = build_schedule(config.diffusion).sampling_sigmas(int(options.steps or 0))
    steps = linear_steps(SAMPLERS[str(options.sampler)], sigmas)
    window = config.window
    settings = {
        "labels": list(model.labels),
        "numbers": list(model.numbers),
        "leads": list(window.leads),
        "fs_hz": window.fs_hz,
        "r_peak_sample": window.before,
        "sampler": options.sampler,
        "steps": options.steps,
        "guidance": guidance,
        "weights_sha256": model.weights_sha256,
    }
    about = _about(model.name, model.card, settings, BEATS_NOTICE)
    return _save(sampler_to_onnx(denoiser, steps, guidance), path, about, BEATS)


def export_denoiser(denoiser: Denoiser, path: Path) -> dict[str, Any]:
    """Write the denoising of blocks as an ONNX file, and return what its metadata state.

    Resampling, missing samples and the division of long signals into blocks are not part of it.

    Args:
        denoiser: the denoiser.
        path: the file.

    Raises:
        DiffecgError: a package is missing.
    """
    config = denoiser.config
    ratio = float(np.interp(COVERAGE, config.coverages, config.ratios))
    settings = {
        "fs_hz": config.fs_hz,
        "coverages": list(config.coverages),
        "ratios": [other / ratio for other in config.ratios],
        "weights_sha256": denoiser.weights_sha256,
    }
    block = torch.zeros(2, 100 * config.network.stride)  # any size; both axes are free
    onnx = to_onnx(
        BlockDenoiser(denoiser.network, config.fs_hz, ratio).eval(),
        {"signal_mv": block, "noisy": block},
        ["clean_mv", "half_width_mv"],
        free_axes=("batch", "time"),
    )
    return _save(onnx, path, _about(denoiser.name, denoiser.card, settings, BLOCKS_NOTICE), BLOCKS)


def _given(options: SamplerOptions | None) -> dict[str, Any]:
    """Return sampler and steps as far as they are given."""
    given = {} if options is None else {"sampler": options.sampler, "steps": options.steps}
    return {name: value for name, value in given.items() if value is not None}


def _about(name: str, card: str, settings: Mapping[str, Any], notice: str) -> dict[str, Any]:
    """Return what a reader of an ONNX file has to know about it, apart from inputs and outputs."""
    licence = re.search(r'(?m)^license: "?([\w.-]+)"?$', card)
    return {
        "name": name,
        **settings,
        "licence": licence.group(1) if licence else "not stated",
        "citation": "\n".join(work.text for work in works_for({"model": name})),
        "notice": notice,
        "diffecg": __version__,
    }


def _save(
    onnx: ModelProto, path: Path, about: Mapping[str, Any], meanings: Mapping[str, str]
) -> dict[str, Any]:
    """Write an ONNX model with what is known about it and the meanings of inputs and outputs; return that."""
    values = {"inputs": onnx.graph.input, "outputs": onnx.graph.output}
    named = {key: {value.name: meanings[value.name] for value in each} for key, each in values.items()}
    stated = {**about, **named}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in stated.items()}
    save_onnx(onnx, path, texts)
    return stated
