"""Modules as ONNX models, and ONNX models as files."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from diffecg.extras import require
from diffecg.files import atomic_path

if TYPE_CHECKING:
    from onnx import ModelProto

MIN_HALF = 1024
"""Tensors with fewer numbers are not stored in 16 bits."""


def to_onnx(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    *,
    shared: Sequence[str] = (),
    free_axes: Sequence[str] = ("batch",),
) -> ModelProto:
    """Return a module as an ONNX model for batches of any size.

    Args:
        module: the module, in evaluation mode.
        inputs: an example of each argument, by name and in order, with a batch of two or more on the first
            axis.
        outputs: names of the outputs.
        shared: inputs without a batch.
        free_axes: names of the leading axes, of the inputs with a batch, whose size is free.

    Raises:
        DiffecgError: the package for the export is not installed.
    """
    require("onnxscript", "onnx")
    free = dict(enumerate(free_axes))
    # The exporter takes arguments that are one tensor for one input.
    examples = {name: example.clone() for name, example in inputs.items()}
    with torch.no_grad(), _quiet():
        program = torch.onnx.export(
            module,
            kwargs=examples,
            dynamo=True,
            dynamic_shapes={name: free if name not in shared else None for name in inputs},
            input_names=list(inputs),
            output_names=list(outputs),
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:
        node.ClearField("metadata_props")  # stack traces, with paths of this machine
    return model


def save_onnx(model: ModelProto, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write an ONNX model; weights that 16 bits hold exactly are stored in 16 bits.

    Args:
        model: the model.
        path: the file.
        metadata: texts that programs read as its ``metadata_props``.
    """
    from onnx import helper, save_model

    if metadata:
        helper.set_model_props(model, dict(metadata))
    _halve(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as partial:
        save_model(model, str(partial))


def _halve(model: ModelProto) -> None:
    """Store large weights in 16 bits where these hold them exactly, with a node that converts them."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < MIN_HALF:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half, values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}/half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], f"{name}/cast", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter, which warns of optional packages that are not installed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
