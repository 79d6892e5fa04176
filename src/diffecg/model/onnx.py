"""The network for ONNX Runtime, which on a single thread runs it faster than PyTorch does."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pooch
import torch
from torch import Tensor, nn

from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser

INPUTS = ("x", "noise", "features", "label")
OUTPUT = "answer"


def export_onnx(denoiser: ConditionalDenoiser, path: Path) -> None:
    """Write the network as an ONNX model, for batches of any size.

    Inputs are those of the network: ``x`` (batch channel *grid), the noisy grid times c_in; ``noise``
    (batch), ln(sigma) / 4; ``features`` and ``label``, the parts of a :class:`Condition`. ``answer`` is F
    (batch channel *grid). STFT, parametrisation and sampler stay outside.

    Raises:
        DiffecgError: the exporter is not installed.
    """
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise DiffecgError("the export needs onnxscript: pip install 'diffecg[onnx]'") from error
    window = denoiser.config.window
    signal = torch.zeros(2, len(window.leads), window.length)  # a batch of one would stay one
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        condition = denoiser.condition(signal, torch.zeros_like(signal, dtype=torch.bool), [None, None])
        inputs = denoiser.transform(signal), torch.zeros(2), condition.features, condition.embedding
        level = logging.getLogger("torch.onnx").level
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it tells what else is not installed
        try:
            program = torch.onnx.export(
                denoiser.network.eval(),
                inputs,
                dynamo=True,
                dynamic_shapes=tuple({0: torch.export.Dim.DYNAMIC} for _ in inputs),
                input_names=INPUTS,
                output_names=(OUTPUT,),
                verbose=False,
            )
        finally:
            logging.getLogger("torch.onnx").setLevel(level)
    assert program is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    program.save(str(partial))
    partial.replace(path)


def with_onnx(denoiser: ConditionalDenoiser, weights_sha256: str) -> ConditionalDenoiser:
    """Let ONNX Runtime compute a denoiser's network, and return the denoiser.

    The ONNX model is made once for each file of weights and kept in the user's cache folder.
    """
    path = Path(pooch.os_cache("diffecg")) / f"{weights_sha256}.onnx"
    if not path.is_file():
        export_onnx(denoiser, path)
    denoiser.network = OnnxNetwork(denoiser.network, path)  # type: ignore[assignment]
    return denoiser


class OnnxNetwork(nn.Module):
    """Stands for a network: ONNX Runtime computes its answer, PyTorch what is computed once a sample."""

    def __init__(self, network: nn.Module, path: Path) -> None:
        """Load the ONNX model at ``path``, which was made of ``network``; it uses as many threads as torch.

        Raises:
            DiffecgError: the file is damaged or of another network; ONNX Runtime is not installed.
        """
        super().__init__()
        try:
            import onnxruntime
        except ImportError as error:
            raise DiffecgError("the engine onnx needs ONNX Runtime: pip install 'diffecg[onnx]'") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # torch needs the cores, too
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its own exceptions share no base
            reason = " ".join(str(error).split())
            raise DiffecgError(
                f"{path} is no ONNX model that runs here ({reason}); export it again"
            ) from error
        names = tuple(given.name for given in self.session.get_inputs())
        if names != INPUTS:
            raise DiffecgError(f"{path} takes {', '.join(names)}, a network of diffecg {', '.join(INPUTS)}")
        self.network = network

    def features(self, known: Tensor) -> Tensor:
        """Return what known channels add to the first layer's answer."""
        features: Tensor = self.network.features(known)  # type: ignore[operator]
        return features

    def embed_label(self, label: Tensor) -> Tensor:
        """Return the classes, embedded."""
        embedded: Tensor = self.network.embed_label(label)  # type: ignore[operator]
        return embedded

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the network's answer (batch channel *grid); arguments as the network takes them."""
        return torch.from_numpy(np.asarray(self.session.run([OUTPUT], _named(inputs))[0]))


def _named(inputs: Sequence[Tensor]) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    return {name: value.contiguous().numpy() for name, value in zip(INPUTS, inputs, strict=True)}
