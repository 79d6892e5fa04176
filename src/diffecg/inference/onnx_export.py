"""Models as ONNX files that generate beats by themselves, without this package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffecg._version import __version__
from diffecg.citations import works_for
from diffecg.diffusion.linear_steps import linear_steps
from diffecg.diffusion.samplers import SAMPLERS
from diffecg.inference import checks
from diffecg.inference.model import Model
from diffecg.inference.options import SamplerOptions
from diffecg.inference.sampling import check_options
from diffecg.model.onnx_files import save_onnx
from diffecg.model.onnx_sampler import sampler_to_onnx
from diffecg.model.schedule import build_schedule

if TYPE_CHECKING:
    from onnx import ModelProto

NOTICE = "Synthetic ECG. Not a medical device, not for diagnosis."

INPUTS = {
    "labels": "1 for each label that the beat has, in the order of the property labels; all 0: unknown",
    "complete": "1 where labels are all that the beat has, 0 where others are unknown",
    "numbers": "the numbers of the property numbers; NaN = unknown",
    "chance": "a random number from 0 to 1, which chooses among the morphologies of the label",
    "noise": "standard normal noise: the starting point, then what each evaluation but the last adds",
}
"""What each input is."""

OUTPUTS = {"signal_mv": "the beats, in mV"}
"""What each output is."""


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
    return _save(sampler_to_onnx(denoiser, steps, guidance), path, model.name, model.card, settings)


def _given(options: SamplerOptions | None) -> dict[str, Any]:
    """Return sampler and steps as far as they are given."""
    given = {} if options is None else {"sampler": options.sampler, "steps": options.steps}
    return {name: value for name, value in given.items() if value is not None}


def _save(onnx: ModelProto, path: Path, name: str, card: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Write an ONNX model with what a reader has to know about it; return that."""
    licence = re.search(r'(?m)^license: "?([\w.-]+)"?$', card)
    about = {
        "name": name,
        **settings,
        "inputs": {value.name: INPUTS[value.name] for value in onnx.graph.input},
        "outputs": {value.name: OUTPUTS[value.name] for value in onnx.graph.output},
        "licence": licence.group(1) if licence else "not stated",
        "citation": "\n".join(work.text for work in works_for({"model": name})),
        "notice": NOTICE,
        "diffecg": __version__,
    }
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in about.items()}
    save_onnx(onnx, path, texts)
    return about
