"""What the network is given about a gap: nothing of it is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from diffecg.transform.gap_window import GapWindow


@dataclass(frozen=True, kw_only=True, eq=False)
class GapInputs:
    """Gaps of one signal each with their surroundings, companion signals, and candidates.

    Samples are in the unit of their signal, and zero where they are not observed. The candidates are first
    the analogues, then the laid cycles.
    """

    signal: Float[Tensor, "batch time"]
    observed: Bool[Tensor, "batch time"]
    missing: Bool[Tensor, "batch time"]
    """True in the gap; samples that are neither observed nor in the gap are not estimated."""
    candidates: Float[Tensor, "batch candidate time"]
    valid: Bool[Tensor, "batch candidate time"]
    """Where a candidate is observed."""
    companions: Float[Tensor, "batch companion time"]
    """Other signals that are observed through the gap."""
    companion_observed: Bool[Tensor, "batch companion time"]
    """False throughout where there is no such companion."""
    companion_candidates: Float[Tensor, "batch companion candidate time"]
    """The companions at the places of the candidates."""
    companion_valid: Bool[Tensor, "batch companion candidate time"]
    log_lag: Float[Tensor, "batch candidate"]
    """log10(1 + distance from the gap in s) of an analogue; -1 for cycles."""
    is_cycle: Bool[Tensor, "batch candidate"]
    is_forecast: Bool[Tensor, " batch"]
    kind: Int[Tensor, " batch"]
    """Which of the kinds of the model the signal is."""
    smallest_scale: Float[Tensor, "batch signal"]
    """Smallest standard deviation by which the signal, and each companion, is divided, in its unit."""

    @classmethod
    def stack(cls, windows: Sequence[GapWindow]) -> GapInputs:
        """Return gaps with windows of one length as a batch."""
        return cls(
            **{
                field.name: torch.from_numpy(np.stack([getattr(window, field.name) for window in windows]))
                for field in fields(cls)
            }
        )

    def __len__(self) -> int:
        """Return the number of gaps."""
        return len(self.signal)

    def select(self, rows: slice | Int[Tensor, " row"], device: str | torch.device = "cpu") -> GapInputs:
        """Return some of the gaps, on a device."""
        return GapInputs(**{field.name: getattr(self, field.name)[rows].to(device) for field in fields(self)})
