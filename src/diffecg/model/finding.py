"""Finding the folder of a model by name: a bundled one, a folder, or one of the Hugging Face hub."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from diffecg import pretrained
from diffecg.choices import choices
from diffecg.config.gap import GapConfig
from diffecg.config.io import AnyConfig, read_any_config
from diffecg.errors import DiffecgError
from diffecg.model.files import CARD, CONFIG, WEIGHTS
from diffecg.model.hub import download, is_hub_name


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """The folder of a model."""

    name: str
    """Name of the model: that of the folder, or that on the hub."""
    path: Path

    @property
    def config(self) -> AnyConfig:
        """Settings of the model.

        Raises:
            DiffecgError: its ``config.json`` is missing or invalid.
        """
        return read_any_config(self.path / CONFIG)

    @property
    def is_gap_model(self) -> bool:
        """Whether it holds a model of gaps.

        Raises:
            DiffecgError: as for :attr:`config`.
        """
        return isinstance(self.config, GapConfig)

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file."""
        return sha256((self.path / WEIGHTS).read_bytes()).hexdigest()

    @property
    def card(self) -> str:
        """Text of the model card; empty: there is none."""
        path = self.path / CARD
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def find_model(name: str | Path) -> ModelFolder:
    """Return the folder of a model.

    Args:
        name: a bundled model, a folder, or a model of the hub, as ``organisation/name`` or
            ``organisation/name@revision``, which is downloaded if there is no folder of that name.

    Raises:
        DiffecgError: there is no such model, or it cannot be downloaded.
    """
    text = str(name)
    folder = pretrained.find(text) or Path(name)
    if folder.is_dir():
        return ModelFolder(name=folder.name, path=folder)
    if is_hub_name(text):
        return ModelFolder(name=text, path=download(text))
    raise DiffecgError(
        f"unknown model {text!r}; give a folder, a model of the hub as organisation/name, or "
        + choices(text, pretrained.names(), intro="one of the bundled models:")
    )
