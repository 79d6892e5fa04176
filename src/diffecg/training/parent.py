"""The trained model that a run starts from."""

from __future__ import annotations

from dataclasses import dataclass

from diffecg.config.schema import ParentModel
from diffecg.errors import DiffecgError
from diffecg.model.denoiser import ConditionalDenoiser
from diffecg.model.gap.network import GapNetwork


@dataclass(frozen=True, kw_only=True, eq=False)
class Parent:
    """A trained model that a run starts from."""

    model: ParentModel
    """Its name and the digest of its weights."""
    network: ConditionalDenoiser | GapNetwork

    def denoiser(self) -> ConditionalDenoiser:
        """Return the network of a model of windows.

        Raises:
            DiffecgError: it is a model of gaps.
        """
        if isinstance(self.network, GapNetwork):
            raise DiffecgError(
                f"{self.model.name} is a model of gaps, which is trained on recording sets (diffecg prepare "
                "--preset imputation), not on windows"
            )
        return self.network

    def gap_network(self) -> GapNetwork:
        """Return the network of a model of gaps.

        Raises:
            DiffecgError: it is a model of windows.
        """
        if not isinstance(self.network, GapNetwork):
            raise DiffecgError(
                f"{self.model.name} is a model of windows, which is trained on windows (diffecg prepare "
                "--preset beat), not on recording sets"
            )
        return self.network

    def check_preset(self, preset: str | None) -> None:
        """Raise DiffecgError if a preset is given beside the model."""
        if preset is not None:
            raise DiffecgError(
                f"settings come from the preset {preset} or the model {self.model.name}; give one of them"
            )
