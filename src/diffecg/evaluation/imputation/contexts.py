"""The input of an imputation method, and the truth that it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int

from diffecg.evaluation.imputation.cases import Case
from diffecg.evaluation.imputation.detection import SURROUNDINGS_S, detect_r_peaks
from diffecg.evaluation.imputation.rhythms import rhythm_annotations
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording

_NEAR_S = 30.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Context:
    """What a method may use: the whole recording outside the gap; for a forecast, the whole past."""

    signal_mv: Float64[np.ndarray, " time"]
    """The lead with NaN in the gap; for a forecast, it ends with the gap."""
    other_leads_mv: Float64[np.ndarray, "lead time"]
    """The other leads, observed through the gap; no rows where they are hidden, as in forecasts."""
    fs_hz: float
    """Sampling rate, in Hz."""
    gap: slice
    """The missing samples."""
    annotated_r_peaks: Int[np.ndarray, " beat"] | None
    """Annotated R peaks outside the gap; None: the recording has no annotated beats."""

    @property
    def is_forecast(self) -> bool:
        """Whether the signal ends with the gap."""
        return self.gap.stop == len(self.signal_mv)

    @property
    def length(self) -> int:
        """Number of missing samples."""
        return self.gap.stop - self.gap.start

    @cached_property
    def r_peaks(self) -> Int[np.ndarray, " beat"]:
        """R peaks outside the gap: annotated, else detected in what is visible."""
        if self.annotated_r_peaks is not None:
            return self.annotated_r_peaks
        found = detect_r_peaks(self.signal_mv, self.fs_hz)
        return found[(found < self.gap.start) | (found >= self.gap.stop)]

    def near(self, reach_s: float = _NEAR_S) -> tuple[Float64[np.ndarray, " near"], slice]:
        """Return the lead within a reach of the gap, and the gap in it.

        Args:
            reach_s: length of the signal on either side of the gap, in s.
        """
        reach = round(reach_s * self.fs_hz)
        first = max(self.gap.start - reach, 0)
        near_mv = self.signal_mv[first : self.gap.stop + reach]
        return near_mv, slice(self.gap.start - first, self.gap.stop - first)


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """The true signal in a gap and around it, which no method sees."""

    gap_mv: Float64[np.ndarray, " gap"]
    """The missing samples, in mV."""
    around_mv: Float64[np.ndarray, " around"]
    """The original lead from 30 s before the gap to 30 s after it, in mV, also after a forecast."""
    gap: slice
    """The gap in ``around_mv``."""
    fs_hz: float
    """Sampling rate, in Hz."""

    @cached_property
    def r_peaks(self) -> Int[np.ndarray, " beat"]:
        """R peaks that the fixed detector finds in the original."""
        return detect_r_peaks(self.around_mv, self.fs_hz)

    def repaired_mv(self, written_mv: Float64[np.ndarray, " gap"]) -> Float64[np.ndarray, " around"]:
        """Return the original with the gap replaced by what a method writes."""
        repaired = self.around_mv.copy()
        repaired[self.gap] = written_mv
        return repaired


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenCase:
    """A case with its samples."""

    case: Case
    context: Context
    """The input where the other leads are hidden."""
    other_leads: Context | None
    """The input where the other leads are observed through the gap; None for a forecast, and without any."""
    truth: Truth


def open_cases(folder: Path, cases: Sequence[Case]) -> Iterator[OpenCase]:
    """Yield each case with the input of a method and the truth.

    Args:
        folder: folder of the recordings.
        cases: the cases; those of a recording should follow each other, as it is read once then.

    Raises:
        DiffecgError: a recording is missing or cannot be read.
    """
    loaded: _Loaded | None = None
    for case in cases:
        if loaded is None or (loaded.name, loaded.lead) != (case.recording, case.lead):
            loaded = _Loaded.read(folder, case)
        yield loaded.open(case)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Loaded:
    """The samples of a recording: the lead of the cases first."""

    name: str
    lead: str
    leads_mv: Float64[np.ndarray, "lead time"]
    fs_hz: float
    r_peaks: Int[np.ndarray, " beat"] | None

    @classmethod
    def read(cls, folder: Path, case: Case) -> _Loaded:
        recording = read_recording(folder / case.recording)
        row = recording.channel_index(case.lead)
        beats = rhythm_annotations(recording).beats.sample
        return cls(
            name=case.recording,
            lead=case.lead,
            leads_mv=_leads_mv(recording, row),
            fs_hz=recording.source.rates_hz[row],
            r_peaks=beats if beats.size else None,
        )

    def open(self, case: Case) -> OpenCase:
        """Return a case of this recording with its samples."""
        stop = case.start + case.length
        end = stop if case.forecast else self.leads_mv.shape[1]
        gap = slice(case.start, stop)
        signal_mv = self.leads_mv[0, :end].copy()
        signal_mv[gap] = np.nan
        context = Context(
            signal_mv=signal_mv,
            other_leads_mv=np.empty((0, end)),
            fs_hz=self.fs_hz,
            gap=gap,
            annotated_r_peaks=self._visible_r_peaks(case),
        )
        has_others = len(self.leads_mv) > 1 and not case.forecast
        reach = round(SURROUNDINGS_S * self.fs_hz)
        first = max(case.start - reach, 0)
        return OpenCase(
            case=case,
            context=context,
            other_leads=replace(context, other_leads_mv=self.leads_mv[1:, :end]) if has_others else None,
            truth=Truth(
                gap_mv=self.leads_mv[0, gap].copy(),
                around_mv=self.leads_mv[0, first : stop + reach],
                gap=slice(case.start - first, stop - first),
                fs_hz=self.fs_hz,
            ),
        )

    def _visible_r_peaks(self, case: Case) -> Int[np.ndarray, " beat"] | None:
        """Return the annotated R peaks outside the gap; for a forecast, those before it."""
        if self.r_peaks is None:
            return None
        after = (self.r_peaks >= case.start + case.length) & (not case.forecast)
        return self.r_peaks[(self.r_peaks < case.start) | after]


def _leads_mv(recording: Recording, row: int) -> Float64[np.ndarray, "lead time"]:
    """Return a lead and the others of its rate, in mV."""
    others = [other for other in recording.same_rate(row) if other != row]
    return recording.select([row, *others]).signal_mv
