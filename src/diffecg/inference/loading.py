"""Loading models by name."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from diffecg import pretrained
from diffecg.errors import DiffecgError
from diffecg.inference.model import Model
from diffecg.model.folder import WEIGHTS, load_model

ENGINES = ("torch", "onnx")
"""Engines that compute the network."""


def load(name: str | Path, device: str = "cpu", *, engine: str = "torch") -> Model:
    """Load a model by name.

    Args:
        name: a bundled model (``mitbih-beat``, ``mitbih-beat-fast``, ``mitbih-strip``) or a model folder.
        device: ``cpu`` or ``cuda``.
        engine: ``torch``, or ``onnx`` for ONNX Runtime, which is faster on a single thread; the network is
            exported on first use.

    Example:
        >>> import diffecg
        >>> diffecg.load("mitbih-beat").labels
        ('N', 'S', 'V', 'F')

    Raises:
        DiffecgError: an unknown or damaged model, or an unknown device or engine.
    """
    folder = pretrained.find(str(name))
    if folder is None:
        folder = Path(name)
        if not folder.is_dir():
            raise DiffecgError(
                f"unknown model {str(name)!r}; give a folder or one of the bundled models: "
                f"{', '.join(pretrained.names())}"
            )
    model = Model(load_model(folder), folder.name, sha256((folder / WEIGHTS).read_bytes()).hexdigest())
    if engine not in ENGINES or (engine == "onnx" and device != "cpu"):
        raise DiffecgError(f"unknown engine {engine!r} on {device}; choose torch, or onnx on cpu")
    if engine == "onnx":
        from diffecg.model.onnx import use_onnx_runtime

        use_onnx_runtime(model.denoiser, model.weights_sha256)
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise DiffecgError(f"device {str(device)!r} is not available ({reason}); use cpu") from None
