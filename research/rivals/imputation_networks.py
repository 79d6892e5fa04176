"""Networks that impute gaps in windows of one or several signals: U-Net, SAITS and CSDI.

SAITS (Du, Côté and Liu 2023, Expert Syst Appl 219:119619) and CSDI (Tashiro et al. 2021, NeurIPS
34:24804-24816) are the implementations of PyPOTS.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Float64
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from diffecg.errors import DiffecgError
from diffecg.extras import require
from diffecg.files import read_json, write_json

Windows = Float[Tensor, "window time signal"]
Masks = Bool[Tensor, "window time signal"]
WEIGHTS = "model.safetensors"
_ABOUT = "network.json"


@dataclass(frozen=True, kw_only=True)
class WindowFormat:
    """What the windows of a network are."""

    samples: int
    fs_hz: float
    kinds: tuple[str, ...]
    """Kind of each signal (:mod:`diffecg.signal.kinds`)."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON has them."""
        return {**asdict(self), "kinds": list(self.kinds)}


class ImputationNetwork(Protocol):
    """A network that imputes windows."""

    def loss(self, signal: Windows, observed: Masks, hidden: Masks) -> Tensor:
        """Return the training loss.

        Args:
            signal: the windows; 0 where the truth is unknown.
            observed: the samples that the network sees.
            hidden: the samples that it does not see and whose truth is known.
        """

    def draw(self, signal: Windows, observed: Masks, count: int) -> Float[Tensor, "draw window time signal"]:
        """Return draws of the windows; a deterministic network returns one."""


class UNet(nn.Module):
    """A deterministic U-Net that is trained on the squared error of the missing samples."""

    def __init__(self, windows: WindowFormat, width: int = 16, levels: int = 4) -> None:
        super().__init__()
        signals = len(windows.kinds)
        widths = [width * 2 ** min(level, 2) for level in range(levels)]
        self.first = _block(2 * signals, widths[0])
        self.down = nn.ModuleList(_block(a, b, stride=2) for a, b in zip(widths, widths[1:], strict=False))
        self.up = nn.ModuleList(_block(a + b, b) for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.last = nn.Conv1d(widths[0], signals, 1)

    def forward(self, signal: Windows, observed: Masks) -> Windows:
        """Return the predicted windows."""
        inputs = torch.cat([torch.where(observed, signal, 0.0), observed.float()], dim=2)
        x = self.first(inputs.transpose(1, 2))
        skipped = [x]
        for down in self.down:
            x = down(x)
            skipped.append(x)
        skipped.pop()
        for up in self.up:
            beside = skipped.pop()
            x = nn.functional.interpolate(x, size=beside.shape[-1], mode="linear", align_corners=False)
            x = up(torch.cat([x, beside], dim=1))
        return self.last(x).transpose(1, 2)

    def loss(self, signal: Windows, observed: Masks, hidden: Masks) -> Tensor:
        """Return the mean squared error of the hidden samples."""
        return (self(signal, observed) - signal)[hidden].square().mean()

    def draw(self, signal: Windows, observed: Masks, count: int) -> Float[Tensor, "1 window time signal"]:
        """Return the prediction as the only draw."""
        return self(signal, observed)[None]


class Saits(nn.Module):
    """SAITS of PyPOTS, which is deterministic.

    Its time is that of the attention of all samples to all, in proportion to the heads; two train on twice as
    many windows as four.
    """

    def __init__(self, windows: WindowFormat, layers: int = 2, width: int = 64, heads: int = 2) -> None:
        super().__init__()
        imputation = require_pypots()
        self.network = imputation.SAITS(
            n_steps=windows.samples,
            n_features=len(windows.kinds),
            n_layers=layers,
            d_model=width,
            n_heads=heads,
            d_k=width // heads,
            d_v=width // heads,
            d_ffn=2 * width,
            device="cpu",
            verbose=False,
        ).model

    def loss(self, signal: Windows, observed: Masks, hidden: Masks) -> Tensor:
        """Return SAITS's loss of the observed and the hidden samples."""
        inputs = {
            **_saits_inputs(signal, observed),
            "X_ori": signal,
            "indicating_mask": hidden.float(),
        }
        return self.network(inputs, calc_criterion=True)["loss"]

    def draw(self, signal: Windows, observed: Masks, count: int) -> Float[Tensor, "1 window time signal"]:
        """Return the prediction as the only draw."""
        return self.network(_saits_inputs(signal, observed))["imputation"][None]


class Csdi(nn.Module):
    """CSDI of PyPOTS, a diffusion model."""

    def __init__(self, windows: WindowFormat, layers: int = 4, channels: int = 32, steps: int = 50) -> None:
        super().__init__()
        imputation = require_pypots()
        self.network = imputation.CSDI(
            n_steps=windows.samples,
            n_features=len(windows.kinds),
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

    def loss(self, signal: Windows, observed: Masks, hidden: Masks) -> Tensor:
        """Return the loss of the predicted noise in the hidden samples."""
        inputs = {
            **_csdi_inputs(signal, observed),
            "X_ori": signal.transpose(1, 2),
            "indicating_mask": hidden.float().transpose(1, 2),
        }
        return self.network(inputs, calc_criterion=True)["loss"]

    def draw(self, signal: Windows, observed: Masks, count: int) -> Float[Tensor, "draw window time signal"]:
        """Return draws of the windows."""
        drawn = self.network(_csdi_inputs(signal, observed), n_sampling_times=count)["imputation"]
        return drawn.transpose(0, 1)


NETWORKS: dict[str, type[UNet] | type[Saits] | type[Csdi]] = {"unet": UNet, "saits": Saits, "csdi": Csdi}
"""The networks by name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedNetwork:
    """A network with the name of its kind and the format of its windows."""

    kind: str
    windows: WindowFormat
    network: UNet | Saits | Csdi

    @classmethod
    def create(cls, kind: str, windows: WindowFormat) -> TrainedNetwork:
        """Return an untrained network.

        Raises:
            DiffecgError: an unknown kind, or PyPOTS is missing.
        """
        if kind not in NETWORKS:
            raise DiffecgError(f"unknown network {kind!r}; choose one of {', '.join(NETWORKS)}")
        return cls(kind=kind, windows=windows, network=NETWORKS[kind](windows))

    @classmethod
    def load(cls, folder: Path, windows: WindowFormat) -> TrainedNetwork:
        """Return a network from a folder.

        Args:
            folder: the folder.
            windows: format of the windows that the network is used for.

        Raises:
            DiffecgError: the folder holds no network, or one of other windows.
        """
        about = read_json(folder / _ABOUT)
        if about.get("windows") != windows.to_dict():
            raise DiffecgError(
                f"the network in {folder} is of windows {about.get('windows')}, not {windows.to_dict()}; "
                "train one for these"
            )
        with torch.random.fork_rng(devices=[]):  # the random first weights are replaced
            loaded = cls.create(about["kind"], windows)
        loaded.network.load_state_dict(load_file(folder / WEIGHTS))
        loaded.network.eval()
        return loaded

    def draw(
        self,
        signal: Float32[np.ndarray, "time signal"],
        observed: Bool[np.ndarray, "time signal"],
        count: int,
    ) -> Float64[np.ndarray, "draw time signal"]:
        """Return draws of one window, which depend on the window only."""
        with torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(crc32(signal.tobytes()))
            drawn = self.network.draw(torch.from_numpy(signal)[None], torch.from_numpy(observed)[None], count)
        return drawn[:, 0].numpy().astype(np.float64)

    def save(self, folder: Path, about: dict[str, Any]) -> None:
        """Write the network to a folder.

        Args:
            folder: the folder; created if there is none.
            about: data and time of the training.
        """
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: x.contiguous() for name, x in self.network.state_dict().items()}, folder / WEIGHTS)
        write_json(folder / _ABOUT, {"kind": self.kind, "windows": self.windows.to_dict(), **about})


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
    mask = observed.float()
    return {"X": signal * mask, "missing_mask": mask}


def _csdi_inputs(signal: Windows, observed: Masks) -> dict[str, Tensor]:
    mask = observed.float().transpose(1, 2)
    places = torch.arange(signal.shape[1], dtype=torch.float32).expand(len(signal), -1)
    return {"X": signal.transpose(1, 2) * mask, "cond_mask": mask, "observed_tp": places}
