"""Export of the network to ONNX, and its evaluation by ONNX Runtime, which is faster on a single thread."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pooch
import torch
from jaxtyping import Float
from torch import Tensor, nn

from diffecg.errors import DiffecgError, one_line
from diffecg.extras import require
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.onnx_files import save_onnx, to_onnx

INPUTS = ("x", "noise", "features", "label")
"""Names of the inputs of an exported network."""

OUTPUT = "output"
"""Name of the output of an exported network."""


def export_onnx(denoiser: ConditionalDenoiser, path: Path) -> None:
    """Write the network of a denoiser as an ONNX model for batches of any size.

    The inputs are those of the network: ``x`` (batch channel *grid), the noisy grid scaled by c_in; ``noise``
    (batch), which is ln(sigma) / 4; ``features`` and ``label``, the features and the label embedding of a
    :class:`~diffecg.model.condition.Condition`. The output is F (batch channel *grid). The transform, the
    parametrisation and the sampler are not part of the model, other than in
    :func:`~diffecg.model.onnx_sampler.sampler_to_onnx`.

    Raises:
        DiffecgError: The package for the export is not installed.
    """
    window = denoiser.config.window
    # A batch of one would become a constant.
    signal = torch.zeros(2, len(window.leads), window.length, dtype=torch.float32)
    with torch.no_grad():
        observed = torch.zeros_like(signal, dtype=torch.bool)
        condition = denoiser.condition(signal, observed, denoiser.encode_labels([None, None]))
        grid, noise = denoiser.transform(signal), signal.new_zeros(2)
    inputs = (grid, noise, condition.features, condition.label_embedding)
    model = to_onnx(denoiser.network.eval(), dict(zip(INPUTS, inputs, strict=True)), [OUTPUT])
    save_onnx(model, path)


def use_onnx_runtime(denoiser: ConditionalDenoiser, weights_sha256: str) -> None:
    """Replace the network of a denoiser by ONNX Runtime.

    The ONNX model is exported once for each file of weights, and kept in the user's cache folder.
    """
    path = Path(pooch.os_cache("diffecg")) / "onnx" / f"{weights_sha256}.onnx"
    if not path.is_file():
        export_onnx(denoiser, path)
    denoiser.network = OnnxNetwork(denoiser.network, path)  # type: ignore[assignment]


class OnnxNetwork(nn.Module):
    """A network that ONNX Runtime evaluates, with as many threads as PyTorch.

    What is computed once per window (features, label embedding) is left to PyTorch.

    Args:
        network: The network that was exported.
        path: The ONNX model.

    Raises:
        DiffecgError: The file is damaged or holds another network, or ONNX Runtime is not installed.
    """

    def __init__(self, network: nn.Module, path: Path) -> None:
        super().__init__()
        self.path = path
        self.session = _open_session(path)
        self.network = network

    def __getstate__(self) -> dict[str, Any]:
        """Exclude the session, which cannot be copied, from copies."""
        return {name: value for name, value in self.__dict__.items() if name != "session"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy, with a session of its own."""
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self.session = _open_session(self.path)

    def features(
        self, condition: Float[Tensor, "batch channel *grid"]
    ) -> Float[Tensor, "batch feature *padded_grid"]:
        """Return the contribution of the encoded condition to the output of the first layer."""
        return self.network.features(condition)  # type: ignore[operator]

    @property
    def embed_label(self) -> nn.Embedding:
        """The embedding of labels."""
        embedding = self.network.embed_label
        assert isinstance(embedding, nn.Embedding)
        return embedding

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the output of the network, from the inputs in the order of ``INPUTS``."""
        arrays = {name: tensor.contiguous().numpy() for name, tensor in zip(INPUTS, inputs, strict=True)}
        return torch.from_numpy(np.asarray(self.session.run([OUTPUT], arrays)[0]))


def _open_session(path: Path) -> Any:
    """Return a session of ONNX Runtime.

    Raises:
        DiffecgError: The file is damaged or holds another network, or ONNX Runtime is not installed.
    """
    onnxruntime = require("onnxruntime", "onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave the cores to PyTorch
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the exceptions of ONNX Runtime have no common base class
        raise DiffecgError(
            f"{path} is not an ONNX model that this ONNX Runtime can run ({one_line(error)}); export it again"
        ) from error
    names = tuple(node.name for node in session.get_inputs())
    if names != INPUTS:
        raise DiffecgError(
            f"{path} has the inputs {', '.join(names)}, not those of a network of diffecg "
            f"({', '.join(INPUTS)}); export it again"
        )
    return session
