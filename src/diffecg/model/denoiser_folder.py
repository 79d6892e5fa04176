"""The denoiser as a folder of ``config.json``, ``model.safetensors`` and ``README.md``."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from pydantic import TypeAdapter, ValidationError

from diffecg.errors import DiffecgError
from diffecg.files import read_json, to_json_bytes
from diffecg.model.denoising_network import DenoisingNetwork, DenoisingSizes
from diffecg.model.files import CONFIG, WEIGHTS
from diffecg.model.folder import read_weights, write_settings_and_weights


@dataclass(frozen=True, kw_only=True)
class DenoiserConfig:
    """Settings of a denoiser."""

    fs_hz: float = 200.0
    """Sampling rate of the network, in Hz; faster components of noisy intervals are lost."""
    network: DenoisingSizes = field(default_factory=DenoisingSizes)
    coverages: tuple[float, ...] = (0.0, 0.9, 1.0)
    """Coverages for which the half width of the interval was calibrated, ascending from 0 to 1."""
    ratios: tuple[float, ...] = (0.0, 1.0, 4.0)
    """The half width at each of them, divided by that of the network."""


def save_denoiser(folder: Path, config: DenoiserConfig, network: DenoisingNetwork) -> None:
    """Write settings and weights of a denoiser, the weights as 16-bit floats.

    Args:
        folder: An existing folder.
        config: The settings.
        network: The network.

    Raises:
        DiffecgError: A weight is not finite in 16 bits.
    """
    settings = to_json_bytes(asdict(config))
    write_settings_and_weights(folder, settings, network.state_dict(), half=True)


def load_denoiser(folder: Path) -> tuple[DenoiserConfig, DenoisingNetwork]:
    """Read a denoiser; its network is in evaluation mode, with 32-bit weights.

    Raises:
        DiffecgError: The folder or one of its files is missing, damaged or altered, or the weights do not fit
            the settings.
    """
    if not folder.is_dir():
        raise DiffecgError(f"no model folder {folder}")
    content = read_json(folder / CONFIG)
    try:
        config = TypeAdapter(DenoiserConfig).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(map(str, first["loc"])) or "the settings"
        raise DiffecgError(f"{folder / CONFIG}: {path}: {first['msg']}") from None
    with torch.random.fork_rng(devices=[]):
        network = DenoisingNetwork(config.network).float()  # PyTorch's default dtype may be another
    read_weights(folder / WEIGHTS, network)
    return config, network
