"""A model as a folder: ``config.json``, ``model.safetensors``, ``README.md``."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from diffecg.config.io import read_config, to_json
from diffecg.config.schema import Config
from diffecg.errors import DiffecgError
from diffecg.files import write_atomic
from diffecg.model.denoiser import ConditionalDenoiser

WEIGHTS = "model.safetensors"

CONFIG = "config.json"

_DIGEST = "weights_sha256"


def save_model(folder: Path, config: Config, state: dict[str, Tensor], *, half: bool = False) -> None:
    """Write the settings and weights of a model to ``folder``, each file whole or not at all.

    Args:
        folder: an existing folder.
        config: the settings.
        state: the weights, by name.
        half: round the weights to 16 bits.
    """
    if half:
        state = {name: value.half() for name, value in state.items()}
    state = {name: value.contiguous() for name, value in state.items()}
    write_atomic(folder / CONFIG, to_json(config).encode())
    # One key only: with several, their order and so the file's bytes would change from run to run.
    write_atomic(folder / WEIGHTS, save(state, metadata={_DIGEST: _digest(state)}))


def load_model(folder: Path) -> ConditionalDenoiser:
    """Return the model in ``folder``, ready to use, with weights in 32 bits.

    Raises:
        DiffecgError: the folder or a file in it is missing, altered or does not fit its settings.
    """
    if not folder.is_dir():
        raise DiffecgError(f"no model folder {folder}")
    config = read_config(folder / CONFIG)
    path = folder / WEIGHTS
    if not path.is_file():
        raise DiffecgError(f"{path} is missing; a model folder holds {CONFIG} and {WEIGHTS}")
    try:
        with safe_open(path, framework="pt") as file:
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            digest = (file.metadata() or {}).get(_DIGEST)
    except (SafetensorError, OSError) as error:
        raise DiffecgError(f"{path} is damaged ({error}); fetch the model again") from error
    if digest != _digest(stored):
        raise DiffecgError(f"{path} was altered: its weights are not those that were saved; fetch it again")
    state = {name: value.float() for name, value in stored.items()}
    model = _empty_model(config)
    expected = {name: value.shape for name, value in model.state_dict().items()}
    found = {name: value.shape for name, value in state.items()}
    if expected != found:
        odd = sorted(name for name in expected | found if expected.get(name) != found.get(name))
        raise DiffecgError(
            f"{path} does not fit {folder / CONFIG}: {len(odd)} tensors differ, the first is "
            f"{odd[0]} (settings {_shape(expected, odd[0])}, file {_shape(found, odd[0])})"
        )
    if any(not torch.isfinite(value).all() for value in state.values()):
        raise DiffecgError(f"{path} holds weights that are not finite; fetch the model again")
    model.load_state_dict(state)
    return model.eval()


def _digest(state: dict[str, Tensor]) -> str:
    """Return the SHA-256 of all weights, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(name.encode() + state[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


def _empty_model(config: Config) -> ConditionalDenoiser:
    with torch.random.fork_rng(devices=[]):
        return ConditionalDenoiser(config)


def _shape(shapes: dict[str, torch.Size], name: str) -> str:
    return "x".join(map(str, shapes[name])) if name in shapes else "none"
