"""The generation of windows as one ONNX model: conditions and noise in, windows in mV out.

Three parts are exported: the conditions as an embedding, an evaluation of the network followed by a step, and
the inverse transform. The second is the body of a ``Scan`` over the noise levels, so that the weights are
stored once whatever the number of steps.
"""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.diffusion.guidance import guided_denoiser
from diffecg.diffusion.linear_steps import LinearSteps
from diffecg.diffusion.samplers import Denoiser
from diffecg.model.condition import Condition
from diffecg.model.condition_inputs import ConditionInputs
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.onnx_assembly import STATES, STEP_OUTPUTS, assemble
from diffecg.model.onnx_files import to_onnx
from diffecg.transform.convolution import ConvolutionTransform
from diffecg.transform.layouts import SpectrogramLayout
from diffecg.transform.transform import Transform

if TYPE_CHECKING:
    from onnx import ModelProto


class Evaluation(nn.Module):
    """An evaluation of a denoiser, and the step that follows it.

    Args:
        denoiser: the denoiser.
        nothing: the condition of a window of which nothing is known.
        guidance: scale of classifier-free guidance; 1: none.
    """

    features: Float[Tensor, "1 *feature"]
    """Contribution of a window of which nothing is observed to the first layer."""
    unknown: Float[Tensor, "1 embedding"]
    """Embedding of unknown labels and numbers."""

    def __init__(self, denoiser: ConditionalDenoiser, nothing: Condition, guidance: float) -> None:
        super().__init__()
        self.denoiser, self.guidance = denoiser, guidance
        self.register_buffer("features", nothing.features.detach())
        self.register_buffer("unknown", nothing.label_embedding.detach())

    def forward(
        self,
        x: Float[Tensor, "batch channel *grid"],
        x_before: Float[Tensor, "batch channel *grid"],
        estimate_before: Float[Tensor, "batch channel *grid"],
        embedding: Float[Tensor, "batch embedding"],
        sigma: Float[Tensor, ""],
        weights: Float[Tensor, "5"],
        noise: Float[Tensor, "batch channel *grid"] | None = None,
    ) -> tuple[Float[Tensor, "batch channel *grid"], Float[Tensor, "batch channel *grid"]]:
        """Return the grid of the next evaluation, and the estimate.

        The arguments are those of :mod:`diffecg.diffusion.linear_steps`.
        """
        denoise: Denoiser = partial(self.denoiser, condition=Condition(self.features, embedding))
        if self.guidance != 1:
            nothing = Condition(self.features, self.unknown)
            denoise = guided_denoiser(denoise, partial(self.denoiser, condition=nothing), self.guidance)
        estimate = denoise(x, sigma.expand(x.shape[0]))
        x_next = weights[0] * x + weights[1] * estimate
        x_next = x_next + weights[2] * x_before + weights[3] * estimate_before
        return x_next if noise is None else x_next + weights[4] * noise, estimate


class Decoder(nn.Module):
    """The windows of grids, in mV."""

    def __init__(self, denoiser: ConditionalDenoiser) -> None:
        super().__init__()
        self.denoiser = denoiser

    def forward(self, grid: Float[Tensor, "batch channel *grid"]) -> Float[Tensor, "batch lead time"]:
        """Return the windows."""
        return self.denoiser.decode(grid)


def sampler_to_onnx(denoiser: ConditionalDenoiser, steps: LinearSteps, guidance: float) -> ModelProto:
    """Return the generation of windows as an ONNX model.

    Inputs are ``labels``, ``complete``, ``numbers`` and ``chance``, as far as the model has them (see
    :class:`~diffecg.model.condition_inputs.ConditionInputs`), and ``noise`` (batch draw channel *grid): the
    starting point and, of a stochastic sampler, what is added after each evaluation but the last. The output
    is ``signal_mv`` (batch lead time).

    Args:
        denoiser: the model.
        steps: the evaluations of a sampler.
        guidance: scale of classifier-free guidance; 1: none.

    Raises:
        DiffecgError: the package for the export is not installed.
    """
    real = _without_complex_numbers(denoiser)
    conditions = ConditionInputs(real)
    examples = conditions.examples(2)
    window, transform = denoiser.config.window, denoiser.transform
    signal = torch.zeros(1, len(window.leads), window.length)
    nothing = denoiser.condition(signal, signal > 0, denoiser.encode_labels([None]))
    grid = torch.zeros(2, transform.channels, *transform.grid_shape)
    embedding = conditions(**examples)
    start = to_onnx(conditions, examples, ["embedding"])
    states = dict.fromkeys(STATES, grid)
    more = {"embedding": embedding, "sigma": torch.tensor(1.0), "weights": torch.zeros(5)}
    more |= {"noise": grid} if steps.is_stochastic else {}
    step = to_onnx(
        Evaluation(real, nothing, guidance).eval(), states | more, STEP_OUTPUTS, shared=("sigma", "weights")
    )
    end = to_onnx(Decoder(real), {"grid": grid}, ["signal_mv"])
    return assemble(start, step, end, steps)


def _without_complex_numbers(denoiser: ConditionalDenoiser) -> ConditionalDenoiser:
    """Return a copy of a denoiser whose transform computes spectrograms by convolutions."""
    copy, transform = deepcopy(denoiser).eval(), denoiser.transform
    if isinstance(transform, Transform) and isinstance(transform.layout, SpectrogramLayout):
        copy.transform = ConvolutionTransform(transform)  # type: ignore[assignment]
    return copy
