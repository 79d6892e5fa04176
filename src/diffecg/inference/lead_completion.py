"""The wanted leads of a reconstruction, from those of the model and those that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from diffecg.signal.limb_leads import LIMB_LEADS, derive_leads


@dataclass(frozen=True, kw_only=True, eq=False)
class LeadCompletion:
    """Replaces the leads of a model that are known, and derives those that it lacks."""

    leads: Sequence[str]
    """Leads of the model."""
    wanted: Sequence[str]
    known_mv: Mapping[str, Float64[np.ndarray, " time"]]
    """Leads that are given or follow exactly, in mV."""

    def complete(
        self, signal_mv: Float[np.ndarray, "*draw lead time"]
    ) -> Float[np.ndarray, "*draw wanted time"]:
        """Return the wanted leads.

        Args:
            signal_mv: leads of the model, in mV.
        """
        signal_mv = signal_mv.copy()
        for row, lead in enumerate(self.leads):
            if lead in self.known_mv:
                signal_mv[..., row, :] = self.known_mv[lead]
        return derive_leads(signal_mv, list(self.leads), self.wanted)

    def complete_deviation(
        self, deviation_mv: Float[np.ndarray, "lead time"]
    ) -> Float[np.ndarray, "wanted time"]:
        """Return the standard deviation of the wanted leads, for independent errors of the model's leads.

        Args:
            deviation_mv: standard deviation of the model's leads, in mV.
        """
        error = {
            lead: 0 * row if lead in self.known_mv else row
            for lead, row in zip(self.leads, deviation_mv, strict=True)
        }
        return np.stack(
            [
                error[lead]
                if lead in error
                else np.hypot(LIMB_LEADS[lead][0] * error["I"], LIMB_LEADS[lead][1] * error["II"])
                for lead in self.wanted
            ]
        )
