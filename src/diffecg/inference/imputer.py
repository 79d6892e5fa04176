"""What imputes and forecasts: a model, or the search for analogues; recordings and streams take either."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from numpy.typing import ArrayLike

from diffecg.inference.results import Imputation, Preview
from diffecg.inference.seeds import Seeds

Progress = Callable[[int, int], None]
"""Called with the numbers of finished and of all steps."""


class Imputer(Protocol):
    """What imputes the gaps of a signal and forecasts it."""

    @property
    def name(self) -> str:
        """Name, such as that of a model."""

    @property
    def context_s(self) -> float:
        """Length of the signal on either side of a gap that is used, in s."""

    @property
    def past_s(self) -> float:
        """Length of the past that a forecast is made from, in s."""

    @property
    def lead(self) -> str | None:
        """The lead that is imputed; None: any."""

    @property
    def uses_other_leads(self) -> bool:
        """Whether other leads of a recording help, where they are observed."""

    @property
    def kinds(self) -> tuple[str, ...] | None:
        """Kinds of signals that are imputed (:mod:`diffecg.signal.kinds`); None: any."""

    @property
    def companions(self) -> tuple[str, ...]:
        """Kinds of the other signals of a recording that help, beside those of the signal's own kind."""

    def impute(
        self,
        signal: ArrayLike,
        fs_hz: float,
        *,
        wanted: ArrayLike | None = None,
        span: slice | None = None,
        label: str | None = None,
        kinds: Sequence[str] | None = None,
        axes: str | None = None,
        draws: int = 16,
        seed: Seeds = 0,
        coverage: float = 0.9,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Impute the missing samples of a signal; see :meth:`diffecg.Model.impute`."""

    def forecast(
        self,
        past: ArrayLike,
        fs_hz: float,
        *,
        horizon_s: float = 1.0,
        label: str | None = None,
        kinds: Sequence[str] | None = None,
        axes: str | None = None,
        draws: int = 16,
        seed: Seeds = 0,
        coverage: float = 0.9,
        progress: Progress | None = None,
        on_preview: Callable[[Preview], None] | None = None,
    ) -> Imputation:
        """Forecast a signal from its past; see :meth:`diffecg.Model.forecast`."""
