"""Networks that impute gaps, trained on the same windows for the same time: U-Net, SAITS and CSDI.

SAITS (Du, Côté and Liu 2023, Expert Syst Appl 219:119619) and CSDI (Tashiro et al. 2021, NeurIPS
34:24804-24816) are the implementations of PyPOTS. All see one lead, 10 s at 100 Hz.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from jaxtyping import Bool, Float
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from diffecg.errors import DiffecgError
from diffecg.extras import require
from diffecg.files import read_json, write_json

SAMPLES, FS_HZ = 1000, 100.0
"""Length and rate of the windows."""
Windows = Float[Tensor, "window 1000"]
Masks = Bool[Tensor, "window 1000"]
_KIND, _WEIGHTS = "network.json", "model.safetensors"


class ImputationNetwork(Protocol):
    """A network that imputes windows; True in a mask = observed."""

    def loss(self, signal: Windows, observed: Masks) -> Tensor:
        """Return the training loss."""

    def draw(self, signal: Windows, observed: Masks, count: int) -> Float[Tensor, "draw window 1000"]:
        """Return draws of the windows; a deterministic network returns one."""


class UNet(nn.Module):
    """A deterministic U-Net that is trained on the squared error of the missing samples."""

    def __init__(self, width: int = 16, levels: int = 4) -> None:
        super().__init__()
        widths = [width * 2 ** min(level, 2) for level in range(levels)]
        self.first = _block(2, widths[0])
        self.down = nn.ModuleList(_block(a, b, stride=2) for a, b in zip(widths, widths[1:], strict=False))
        self.up = nn.ModuleList(_block(a + b, b) for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.last = nn.Conv1d(widths[0], 1, 1)

    def forward(self, signal: Windows, observed: Masks) -> Windows:
        """Return the predicted windows."""
        x = self.first(torch.stack([torch.where(observed, signal, 0.0), observed.float()], dim=1))
        skipped = [x]
        for down in self.down:
            x = down(x)
            skipped.append(x)
        skipped.pop()
        for up in self.up:
            beside = skipped.pop()
            x = nn.functional.interpolate(x, size=beside.shape[-1], mode="linear", align_corners=False)
            x = up(torch.cat([x, beside], dim=1))
        return self.last(x)[:, 0]

    def loss(self, signal: Windows, observed: Masks) -> Tensor:
        """Return the mean squared error of the missing samples."""
        return (self(signal, observed) - signal)[~observed].square().mean()

    def draw(self, signal: Windows, observed: Masks, count: int) -> Float[Tensor, "1 window 1000"]:
        """Return the prediction as the only draw."""
        return self(signal, observed)[None]


class Saits(nn.Module):
    """SAITS of PyPOTS, which is deterministic."""

    def __init__(self, layers: int = 2, width: int = 64) -> None:
        super().__init__()
        imputation = require_pypots()
        self.network = imputation.SAITS(
            n_steps=SAMPLES,
            n_features=1,
            n_layers=layers,
            d_model=width,
            n_heads=4,
            d_k=width // 4,
            d_v=width // 4,
            d_ffn=2 * width,
            device="cpu",
            verbose=False,
        ).model

    def loss(self, signal: Windows, observed: Masks) -> Tensor:
        """Return SAITS's loss of the observed and the missing samples."""
        inputs = {
            **_saits_inputs(signal, observed),
            "X_ori": signal[..., None],
            "indicating_mask": (~observed).float()[..., None],
        }
        return self.network(inputs, calc_criterion=True)["loss"]

    def draw(self, signal: Windows, observed: Masks, count: int) -> Float[Tensor, "1 window 1000"]:
        """Return the prediction as the only draw."""
        return self.network(_saits_inputs(signal, observed))["imputation"][None, ..., 0]


class Csdi(nn.Module):
    """CSDI of PyPOTS, a diffusion model."""

    def __init__(self, layers: int = 4, channels: int = 32, steps: int = 50) -> None:
        super().__init__()
        imputation = require_pypots()
        self.network = imputation.CSDI(
            n_steps=SAMPLES,
            n_features=1,
            n_layers=layers,
            n_heads=4,
            n_channels=channels,
            d_time_embedding=64,
            d_feature_embedding=4,
            d_diffusion_embedding=64,
            n_diffusion_steps=steps,
            device="cpu",
            verbose=False,
        ).model

    def loss(self, signal: Windows, observed: Masks) -> Tensor:
        """Return the loss of the predicted noise in the missing samples."""
        inputs = {
            **_csdi_inputs(signal, observed),
            "X_ori": signal[:, None],
            "indicating_mask": (~observed).float()[:, None],
        }
        return self.network(inputs, calc_criterion=True)["loss"]

    def draw(self, signal: Windows, observed: Masks, count: int) -> Float[Tensor, "draw window 1000"]:
        """Return draws of the windows."""
        drawn = self.network(_csdi_inputs(signal, observed), n_sampling_times=count)["imputation"]
        return drawn[..., 0].transpose(0, 1)


NETWORKS: dict[str, type[UNet] | type[Saits] | type[Csdi]] = {"unet": UNet, "saits": Saits, "csdi": Csdi}
"""The networks by name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedNetwork:
    """A network with the name of its kind."""

    kind: str
    network: UNet | Saits | Csdi

    @classmethod
    def create(cls, kind: str) -> TrainedNetwork:
        """Return an untrained network.

        Raises:
            DiffecgError: an unknown kind, or PyPOTS is missing.
        """
        if kind not in NETWORKS:
            raise DiffecgError(f"unknown network {kind!r}; choose one of {', '.join(NETWORKS)}")
        return cls(kind=kind, network=NETWORKS[kind]())

    @classmethod
    def load(cls, folder: Path) -> TrainedNetwork:
        """Return a network from a folder.

        Raises:
            DiffecgError: the folder holds no network.
        """
        with torch.random.fork_rng(devices=[]):  # the random first weights are replaced
            loaded = cls.create(read_json(folder / _KIND)["kind"])
        loaded.network.load_state_dict(load_file(folder / _WEIGHTS))
        loaded.network.eval()
        return loaded

    def save(self, folder: Path, about: dict[str, Any]) -> None:
        """Write the network to a folder.

        Args:
            folder: the folder; created if there is none.
            about: data and time of the training.
        """
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: x.contiguous() for name, x in self.network.state_dict().items()}, folder / _WEIGHTS)
        write_json(folder / _KIND, {"kind": self.kind, **about})


def require_pypots() -> Any:
    """Return ``pypots.imputation``.

    Raises:
        DiffecgError: PyPOTS is not installed.
    """
    try:
        return require("pypots.imputation", "eval")
    except DiffecgError as error:
        raise DiffecgError("SAITS and CSDI need PyPOTS; pip install pypots==1.5") from error


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 7, stride, padding=3),
        nn.GroupNorm(4, outputs),
        nn.SiLU(),
        nn.Conv1d(outputs, outputs, 7, padding=3),
        nn.GroupNorm(4, outputs),
        nn.SiLU(),
    )


def _saits_inputs(signal: Windows, observed: Masks) -> dict[str, Tensor]:
    mask = observed.float()[..., None]
    return {"X": signal[..., None] * mask, "missing_mask": mask}


def _csdi_inputs(signal: Windows, observed: Masks) -> dict[str, Tensor]:
    mask = observed.float()[:, None]
    places = torch.arange(SAMPLES, dtype=torch.float32).expand(len(signal), -1)
    return {"X": signal[:, None] * mask, "cond_mask": mask, "observed_tp": places}
