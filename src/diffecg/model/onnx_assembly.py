"""The parts of a sampler joined into one ONNX model, with the network in the body of a loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Shaped

from diffecg.diffusion.linear_steps import LinearSteps

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

STATES = ("x", "x_before", "estimate_before")
"""What the loop carries: the noisy grid, that of the evaluation before, and its estimate."""

STEP_OUTPUTS = ("x_next", "estimate")
"""What a step computes: the noisy grid of the next evaluation, and the estimate of this one."""


def assemble(start: ModelProto, step: ModelProto, end: ModelProto, steps: LinearSteps) -> ModelProto:
    """Return the ONNX model that starts, repeats a step for each evaluation, and ends.

    Args:
        start: from the conditions to ``embedding``.
        step: from the states, ``embedding``, ``sigma``, ``weights`` and, if noise is added, ``noise`` to the
            outputs of a step.
        end: from ``grid`` to ``signal_mv``.
        steps: the evaluations.
    """
    from onnx import checker, compose, helper

    start, step, end = (
        compose.add_prefix(part, f"{name}/", rename_inputs=False, rename_outputs=False)
        for name, part in (("start", start), ("step", step), ("end", end))
    )
    draws = len(steps.sigmas) if steps.is_stochastic else 1
    scanned = ["sigmas", "step_weights", "noise_added"][: 2 + steps.is_stochastic]
    loop = helper.make_node(
        "Scan",
        ["x_start"] * len(STATES) + scanned,
        ["grid", "x_last", "estimate_last"],
        "steps",
        body=_body(step, steps),
        num_scan_inputs=len(scanned),
        scan_input_axes=[0, 0, 1][: len(scanned)],
    )
    graph = helper.make_graph(
        [*start.graph.node, *_starting_point(steps), loop, *end.graph.node],
        "generate",
        [*map(_with_batch, start.graph.input), _with_batch(end.graph.input[0], "noise", draws)],
        [_with_batch(value) for value in end.graph.output],
        [
            *(tensor for part in (start, step, end) for tensor in part.graph.initializer),
            _constant("sigmas", steps.sigmas.astype(np.float32)),
            _constant("step_weights", steps.weights.astype(np.float32)),
            _constant("sigma_max", np.asarray(steps.sigmas[0], dtype=np.float32)),
            _constant("first_draw", np.array(0)),
            *([_constant("other_draws", np.arange(1, draws + 1) % draws)] * steps.is_stochastic),
        ],
    )
    model = helper.make_model(graph, opset_imports=step.opset_import, ir_version=step.ir_version)
    checker.check_model(model, full_check=True)
    return model


def _starting_point(steps: LinearSteps) -> list[NodeProto]:
    """Return the nodes that divide the noise into the starting point and what is added after the evaluations.

    After the last evaluation the first noise is added once more, with the weight 0.
    """
    from onnx import helper

    nodes = [
        helper.make_node("Gather", ["noise", "first_draw"], ["noise_start"], axis=1),
        helper.make_node("Mul", ["noise_start", "sigma_max"], ["x_start"]),
    ]
    if steps.is_stochastic:
        nodes.append(helper.make_node("Gather", ["noise", "other_draws"], ["noise_added"], axis=1))
    return nodes


def _body(step: ModelProto, steps: LinearSteps) -> GraphProto:
    """Return a step as the body of the loop.

    Its weights and the embedding are those of the graph around it.
    """
    from onnx import helper

    inputs = {value.name: value for value in step.graph.input}
    outputs = {value.name: value for value in step.graph.output}
    scanned = ("sigma", "weights", "noise")[: 2 + steps.is_stochastic]
    before = helper.make_node("Identity", [STATES[0]], ["x_this"])
    return helper.make_graph(
        [*step.graph.node, before],
        "step",
        [inputs[name] for name in (*STATES, *scanned)],
        [outputs["x_next"], _with_batch(inputs[STATES[0]], "x_this"), outputs["estimate"]],
    )


def _with_batch(value: ValueInfoProto, name: str | None = None, *more: int) -> ValueInfoProto:
    """Return an input or output whose first axis is the batch, with more axes after it."""
    from onnx import helper

    kind = value.type.tensor_type
    sizes = [axis.dim_value for axis in kind.shape.dim[1:]]
    return helper.make_tensor_value_info(name or value.name, kind.elem_type, ["batch", *more, *sizes])


def _constant(name: str, values: Shaped[np.ndarray, "..."]) -> TensorProto:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(values), name)
