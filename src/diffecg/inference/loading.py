"""Loading models by name."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from diffecg import pretrained
from diffecg.config.gap import GapConfig
from diffecg.config.io import read_any_config
from diffecg.errors import DiffecgError
from diffecg.inference.analogue_imputer import AnalogueImputer
from diffecg.inference.gap_model import GapModel
from diffecg.inference.imputer import Imputer
from diffecg.inference.model import Model
from diffecg.model.folder import CONFIG, WEIGHTS, load_model, load_network
from diffecg.model.gap.network import GapNetwork

ENGINES = ("torch", "onnx")
"""Engines that compute the network."""


def load(name: str | Path | Model, device: str | None = None, *, engine: str | None = None) -> Model:
    """Load a model by name.

    Args:
        name: a bundled model (``mitbih-beat``, ``mitbih-beat-fast``, ``mitbih-strip``) or a model folder; a
            model that is already loaded is returned as it is.
        device: ``cpu`` or ``cuda``; other devices of PyTorch, such as ``mps``, are not tested. None: cpu.
        engine: ``torch``, or ``onnx`` for ONNX Runtime, which is faster on a single thread; the network is
            exported on first use. None: torch.

    Example:
        >>> import diffecg
        >>> diffecg.load("mitbih-beat").labels
        ('N', 'S', 'V', 'F')

    Raises:
        DiffecgError: an unknown or damaged model, an unknown device or engine, or those of a loaded model
            differ.
    """
    if isinstance(name, Model):
        return _check_loaded(name, device, engine)
    folder = find_model(name)
    if is_gap_model(folder):
        raise DiffecgError(
            f"{name} imputes and forecasts only, and does not generate; load it with diffecg.load_imputer"
        )
    device, engine = device or "cpu", engine or "torch"
    model = Model(load_model(folder), folder.name, _digest(folder))
    if engine not in ENGINES or (engine == "onnx" and device != "cpu"):
        raise DiffecgError(f"unknown engine {engine!r} on {device}; choose torch, or onnx on cpu")
    if engine == "onnx":
        from diffecg.model.onnx import use_onnx_runtime

        use_onnx_runtime(model.denoiser, model.weights_sha256)
    return model.to(device)


def load_imputer(
    imputer: str | Path | Imputer, device: str | None = None, *, engine: str | None = None
) -> Imputer:
    """Return what imputes and forecasts: the search for analogues, or a model.

    Args:
        imputer: ``analogues``, the name or folder of a model of strips or of gaps, or an imputer, which is
            returned as it is.
        device: device of a model, as for :func:`load`.
        engine: engine of a model, as for :func:`load`.

    Raises:
        DiffecgError: as for :func:`load`.
    """
    if imputer == AnalogueImputer.name:
        return AnalogueImputer()
    if isinstance(imputer, str | Path) and is_gap_model(find_model(imputer)):
        return _load_gap_model(find_model(imputer), device, engine)
    if isinstance(imputer, str | Path | Model):
        return load(imputer, device, engine=engine)
    return imputer


def is_gap_model(folder: Path) -> bool:
    """Return whether a model folder holds a model of gaps.

    Raises:
        DiffecgError: its ``config.json`` is missing or invalid.
    """
    return isinstance(read_any_config(folder / CONFIG), GapConfig)


def _load_gap_model(folder: Path, device: str | None, engine: str | None) -> GapModel:
    network = load_network(folder)
    assert isinstance(network, GapNetwork)
    if engine not in (None, "torch"):
        raise DiffecgError(f"{folder.name} is computed by torch only; leave {engine!r} out")
    return GapModel(network, folder.name, _digest(folder)).to(device or "cpu")


def find_model(name: str | Path) -> Path:
    """Return the folder of a model.

    Raises:
        DiffecgError: there is none.
    """
    folder = pretrained.find(str(name)) or Path(name)
    if not folder.is_dir():
        raise DiffecgError(
            f"unknown model {str(name)!r}; give a folder or one of the bundled models: "
            f"{', '.join(pretrained.names())}"
        )
    return folder


def _digest(folder: Path) -> str:
    """Return the SHA-256 of the weights file of a model."""
    return sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def _check_loaded(model: Model, device: str | None, engine: str | None) -> Model:
    """Return a loaded model.

    Raises:
        DiffecgError: another device or engine than that of the model is asked for.
    """
    for name, asked, loaded in (("device", device, model.device), ("engine", engine, model.engine)):
        if asked is not None and asked != loaded.split(":")[0] and asked != loaded:
            raise DiffecgError(
                f"{name} {asked!r} differs from that of the loaded model {model.name}, {loaded}; leave it "
                f"out, or load the model with {name}={asked!r}"
            )
    return model
