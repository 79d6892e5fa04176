"""Imputation and forecasting by analogues: segments of the recording whose surroundings resemble a gap's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from diffecg.errors import DiffecgError
from diffecg.inference.analogue_pool import POOL, draw_from, find_pool
from diffecg.inference.gap_imputer import FilledGap, GapImputer, LeadGap
from diffecg.signal.analogue_search import REACH_S


class AnalogueImputer(GapImputer):
    """Imputes and forecasts by the nearest analogues in the whole recording; takes no trained model.

    A gap's analogues are the 16 segments, within 30 minutes on either side, whose surroundings resemble those
    of the gap most; fewer in less than half a minute of signal, one for every two seconds. They are the
    draws: real beats of the same subject. Draw k depends on its seed and on the signal only. The seeds that
    an integer ``seed`` makes take each analogue once before one is repeated, in random order. The point
    estimate is the mean of the analogues, the predictive distribution that of the draws with a Gaussian
    kernel around each. Leads that are missing together get the same analogue, and leads that are observed
    through the gap help to find it. A gap without analogues is interpolated, with an interval as wide as the
    lead varies.

    Example:
        >>> import diffecg, numpy as np
        >>> from diffecg.signal.simulation import simulate_ecg
        >>> signal = simulate_ecg(60, 100).signal_mv
        >>> signal[3000:3100] = np.nan
        >>> imputed = diffecg.AnalogueImputer().impute(signal, fs_hz=100)
        >>> imputed.draws.shape, imputed.interval_name
        ((16, 6000), '90 % interval')
    """

    name = "analogues"

    def __init__(self, *, reach_s: float = REACH_S) -> None:
        """Create an imputer.

        Args:
            reach_s: how far from a gap analogues are searched, on either side, in s.

        Raises:
            DiffecgError: a reach that is not above 0.
        """
        if not reach_s > 0:
            raise DiffecgError(f"reach {reach_s:g} s must be above 0, such as {REACH_S:g}")
        self.context_s = float(reach_s)
        self.past_s = float(reach_s)

    def __repr__(self) -> str:
        """Return the settings."""
        return f"<AnalogueImputer: up to {POOL} analogues within {self.context_s:g} s on either side>"

    def _fill(
        self,
        signal: Float[np.ndarray, "lead time"],
        fs_hz: float,
        gaps: Sequence[LeadGap],
        seeds: Sequence[int],
        window: int,
        kinds: Sequence[str],
    ) -> Iterator[FilledGap]:
        """Yield the analogues of each gap."""
        for gap in gaps:
            for pool in find_pool(
                signal, gap.samples, list(gap.rows), fs_hz, reach_s=self.context_s, kinds=kinds
            ):
                draws = draw_from(pool, seeds)
                yield FilledGap(
                    samples=gap.samples,
                    rows=pool.rows,
                    draws=draws,
                    segments=draws,
                    mean=pool.segments.mean(axis=0),
                    kernel=pool.kernel(len(seeds)),
                    is_interpolated=pool.is_interpolated,
                )

    def _settings(self) -> dict[str, Any]:
        """Return the settings of the search."""
        return {"engine": self.name, "analogues": POOL, "reach_s": self.context_s}
