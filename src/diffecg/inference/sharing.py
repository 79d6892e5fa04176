"""Models as folders of one's own and on the Hugging Face hub."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from diffecg.errors import DiffecgError
from diffecg.files import write_atomic
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.files import CARD
from diffecg.model.finding import ModelFolder
from diffecg.model.folder import fits_half, save_model
from diffecg.model.gap.network import GapNetwork
from diffecg.model.hub import upload
from diffecg.training.card import model_card


class SharedModel(ABC):
    """A model that can be saved as a folder and shared on the Hugging Face hub."""

    name: str
    weights_sha256: str
    card: str
    """Text of the model card, which is saved with the model; empty: one is made from the settings."""

    @classmethod
    def from_pretrained(cls, name: str | Path, device: str | None = None) -> Self:
        """Load a model of this class by name, as :func:`diffecg.load` and :func:`diffecg.load_imputer` do.

        Args:
            name: a bundled model, a model folder, or a model of the hub, as ``organisation/name`` or
                ``organisation/name@revision``.
            device: ``cpu`` or ``cuda``; None: cpu.

        Raises:
            DiffecgError: there is no such model, or it is damaged or of the other class.
        """
        from diffecg.inference.imputer_loading import load_imputer

        model = load_imputer(name, device)
        if not isinstance(model, cls):
            raise DiffecgError(f"{name} is of the class {type(model).__name__}, not {cls.__name__}")
        return model

    def save(self, folder: str | Path) -> None:
        """Write the model as a folder that :func:`diffecg.load` reads: settings, weights and card.

        Weights that 16 bits hold exactly, such as those of the bundled models, are stored in 16 bits.

        Args:
            folder: a folder that is created, or is empty.

        Raises:
            DiffecgError: the folder has files; the network is computed by ONNX Runtime.
        """
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise DiffecgError(f"{folder} exists and is not an empty folder; choose another")
        network = self.trained_network
        state = network.state_dict()
        folder.mkdir(parents=True, exist_ok=True)
        save_model(folder, network.config, state, half=fits_half(state))
        write_atomic(folder / CARD, self._card_of(ModelFolder(name=folder.name, path=folder)).encode())

    def push_to_hub(self, name: str, *, private: bool = True, token: str | None = None) -> str:
        """Upload the model to the Hugging Face hub, and return its address.

        Args:
            name: ``organisation/name``; the model is created there if it does not exist, else replaced.
            private: whether a model that is created is private; False publishes it.
            token: access token that may write; None: that of ``hf auth login`` or of HF_TOKEN.

        Raises:
            DiffecgError: as for :meth:`save`; the hub refuses or cannot be reached, or huggingface_hub is not
                installed (``pip install 'diffecg[hub]'``).
        """
        with TemporaryDirectory() as temporary:
            folder = Path(temporary) / name.rpartition("/")[2]
            self.save(folder)
            return upload(folder, name, private=private, token=token)

    def _card_of(self, saved: ModelFolder) -> str:
        """Return the card of a folder: that of the model, with the SHA-256 of the weights file there."""
        if self.card:
            return self.card.replace(self.weights_sha256 or saved.weights_sha256, saved.weights_sha256)
        network = self.trained_network
        return model_card(saved.name, network.config, sum(tensor.numel() for tensor in network.parameters()))

    @property
    @abstractmethod
    def trained_network(self) -> ConditionalDenoiser | GapNetwork:
        """The network with its weights."""
