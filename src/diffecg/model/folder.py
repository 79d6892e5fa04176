"""A model as a folder of ``config.json``, ``model.safetensors`` and ``README.md``.

The metadata of ``model.safetensors`` hold a digest of its tensors, ``tensors_sha256``, which detects altered
weights. (``Model.weights_sha256`` and model cards state the digest of the file.)
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from diffecg.config.gap import GapConfig
from diffecg.config.io import AnyConfig, read_any_config, to_json
from diffecg.errors import DiffecgError
from diffecg.files import write_atomic
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.files import CONFIG, WEIGHTS
from diffecg.model.gap.network import GapNetwork

DIGEST_KEYS = ("tensors_sha256", "weights_sha256")
"""Metadata keys of the digest: the one that is written, and that of version 0.1."""


def save_model(folder: Path, config: AnyConfig, state: dict[str, Tensor], *, half: bool = False) -> None:
    """Write the configuration and weights of a model; each file appears completely or not at all.

    Args:
        folder: An existing folder.
        config: The configuration.
        state: The weights, from ``state_dict``.
        half: Whether to store weights as 16-bit floats.

    Raises:
        DiffecgError: A weight is not finite, in the stored precision.
    """
    write_settings_and_weights(folder, to_json(config).encode(), state, half=half)


def write_settings_and_weights(
    folder: Path, settings: bytes, state: dict[str, Tensor], *, half: bool = False
) -> None:
    """Write the settings and weights of a network, or neither where a weight is not finite.

    Args:
        folder: An existing folder.
        settings: Content of ``config.json``.
        state: The weights, from ``state_dict``.
        half: Whether to store weights as 16-bit floats.

    Raises:
        DiffecgError: A weight is not finite, in the stored precision.
    """
    if half:
        state = {name: tensor.half() for name, tensor in state.items()}
    if not _is_finite(state):
        raise DiffecgError(f"the weights are not finite, so they are not written to {folder}")
    state = {name: tensor.contiguous() for name, tensor in state.items()}
    write_atomic(folder / CONFIG, settings)
    # A single key: safetensors writes several in random order, and equal models would have different files.
    write_atomic(folder / WEIGHTS, save(state, metadata={DIGEST_KEYS[0]: _digest(state)}))


def fits_half(state: dict[str, Tensor]) -> bool:
    """Return whether 16-bit floats hold all weights exactly."""
    return all(torch.equal(tensor, tensor.half().to(tensor.dtype)) for tensor in state.values())


def load_network(folder: Path) -> ConditionalDenoiser | GapNetwork:
    """Load the network of a model of any kind, in evaluation mode, with 32-bit weights.

    Raises:
        DiffecgError: The folder or one of its files is missing, damaged or altered, or the weights do not fit
            the configuration.
    """
    if not folder.is_dir():
        raise DiffecgError(f"no model folder {folder}")
    config = read_any_config(folder / CONFIG)
    with torch.random.fork_rng(devices=[]):
        network = GapNetwork(config) if isinstance(config, GapConfig) else ConditionalDenoiser(config)
    read_weights(folder / WEIGHTS, network)
    return network


def read_weights(path: Path, network: nn.Module) -> None:
    """Read the weights of a network, and set it to evaluation mode.

    Args:
        path: The file, from :func:`write_settings_and_weights`.
        network: The network, with any weights.

    Raises:
        DiffecgError: The file is missing, damaged or altered, or the weights do not fit the network.
    """
    state = _read_state(path)
    _check_shapes(path, expected=network.state_dict(), state=state)
    if not _is_finite(state):
        raise DiffecgError(f"{path} holds weights that are not finite; download the model again")
    network.load_state_dict(state)
    network.eval()


def load_model(folder: Path) -> ConditionalDenoiser:
    """Load a model of windows in evaluation mode, with 32-bit weights.

    Raises:
        DiffecgError: As for :func:`load_network`; it is a model of gaps.
    """
    network = load_network(folder)
    if not isinstance(network, ConditionalDenoiser):
        raise DiffecgError(f"{folder} is a model of gaps, which imputes and forecasts only")
    return network


def _read_state(path: Path) -> dict[str, Tensor]:
    """Return the weights of a file as 32-bit floats, after checking their digest."""
    if not path.is_file():
        raise DiffecgError(f"{path} is missing; a model folder holds {CONFIG} and {WEIGHTS}")
    try:
        with safe_open(path, framework="pt") as file:
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise DiffecgError(f"{path} is damaged ({error}); download the model again") from error
    if _digest(stored) not in (metadata.get(key) for key in DIGEST_KEYS):
        raise DiffecgError(f"{path} was altered after it was saved; download the model again")
    return {name: tensor.float() for name, tensor in stored.items()}


def _check_shapes(path: Path, *, expected: dict[str, Tensor], state: dict[str, Tensor]) -> None:
    """Check that weights have the names and shapes that the configuration implies."""
    expected_shapes, shapes = _shapes(expected), _shapes(state)
    different = sorted(
        name for name in expected_shapes | shapes if expected_shapes.get(name) != shapes.get(name)
    )
    if different:
        name = different[0]
        raise DiffecgError(
            f"{path} does not fit {path.with_name(CONFIG)}: {len(different)} tensors differ, the first is "
            f"{name} (configuration {expected_shapes.get(name, 'none')}, file {shapes.get(name, 'none')})"
        )


def _is_finite(state: dict[str, Tensor]) -> bool:
    return all(bool(torch.isfinite(tensor).all()) for tensor in state.values())


def _shapes(state: dict[str, Tensor]) -> dict[str, str]:
    """Return the shape of each tensor as text."""
    return {name: "x".join(map(str, tensor.shape)) for name, tensor in state.items()}


def _digest(state: dict[str, Tensor]) -> str:
    """Return the SHA-256 of names and values of all tensors, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + state[name].cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
