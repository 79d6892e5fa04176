"""Cases for imputation and forecasting: gaps at places fixed by a seed, the same for every method."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int

from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.detection import detect_r_peaks
from diffecg.evaluation.imputation.rhythms import RhythmAnnotations, rhythm_annotations
from diffecg.formats.recording import Recording
from diffecg.formats.registry import read_recording

GAPS_S = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Lengths of the gaps."""
HEARTBEAT = "next heartbeat"
"""Group of the forecasts."""
HORIZON_S = 1.0
"""Length of a forecast: the next heartbeat at about 40 beats a minute and more."""
FORECAST_PHASE = 0.5
"""A forecast starts this share of the last RR interval after an R peak, when the beat is over."""
PREFERRED_LEAD = "MLII"
"""Lead of the cases, where a recording has it; otherwise the first one."""
FIRST_GAPS_S = GAPS_S[:4]
"""Lengths of the gaps of version 0.1."""
FIRST_CASES = 3
"""Number of cases of a group in a recording in version 0.1."""
_MARGIN_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """A gap of a recording, or the end of its past for a forecast."""

    recording: str
    lead: str
    group: str
    """Cases of one length: ``gap 0.5 s``, ``next heartbeat``."""
    rhythm: str
    """The rhythm at the gap, one of :data:`diffecg.evaluation.imputation.rhythms.RHYTHMS`."""
    start: int
    """First missing sample."""
    length: int
    """Number of missing samples."""
    forecast: bool
    """True: the signal after the missing samples is withheld, too."""


def gap_group(gap_s: float) -> str:
    """Return the group of the gaps of a length."""
    return f"gap {gap_s:g} s"


def draw_cases(folder: Path, recordings: Sequence[str], *, per_group: int = 7, seed: int = 0) -> list[Case]:
    """Return gaps of every length and forecasts at random places in some recordings.

    The first three cases of each group of version 0.1 (gaps of 0.25 to 2 s and the next heartbeat) are those
    of version 0.1, whatever ``per_group`` is, so that its figures can be compared: with ``per_group=3``, the
    rows of these groups are on the same cases. All others have a generator of their own for each group.

    Args:
        folder: folder of the recordings.
        recordings: names of the recordings.
        per_group: number of cases of a group in a recording; those on missing samples are left out.
        seed: seed of the places; those in a recording depend on its name and the seed only.

    Raises:
        DiffecgError: a recording is missing, cannot be read or is too short.
    """
    return [
        case
        for name in recordings
        for case in _Places.of(name, read_recording(folder / name), seed).cases(per_group)
    ]


def manifest_sha256(cases: Iterable[Case]) -> str:
    """Return the SHA-256 that identifies a list of cases."""
    manifest = [
        {
            "record": case.recording,
            "lead": case.lead,
            "group": case.group,
            "start": case.start,
            "length": case.length,
            "forecast": case.forecast,
        }
        for case in cases
    ]
    return hashlib.sha256(json.dumps(manifest).encode()).hexdigest()


def first_cases(cases: Sequence[Case]) -> list[Case]:
    """Return those of the cases that version 0.1 had: the first three of its groups in each recording."""
    groups = {*map(gap_group, FIRST_GAPS_S), HEARTBEAT}
    counts: dict[tuple[str, str], int] = {}
    chosen = []
    for case in cases:
        key = case.recording, case.group
        counts[key] = counts.get(key, 0) + 1
        if case.group in groups and counts[key] <= FIRST_CASES:
            chosen.append(case)
    return chosen


@dataclass(frozen=True, kw_only=True, eq=False)
class _Places:
    """A recording in which cases are placed."""

    name: str
    lead: str
    fs_hz: float
    samples: int
    missing: Bool[np.ndarray, " time"]
    rhythms: RhythmAnnotations
    r_peaks: Int[np.ndarray, " beat"]
    seed: int

    @classmethod
    def of(cls, name: str, recording: Recording, seed: int) -> _Places:
        names = recording.channel_names
        row = recording.channel_index(PREFERRED_LEAD) if PREFERRED_LEAD in names else recording.ecg_indices[0]
        signal_mv, fs_hz = recording.lead_mv(row), recording.source.rates_hz[row]
        if len(signal_mv) < 4 * round(_MARGIN_S * fs_hz):
            raise DiffecgError(f"recording {name} is too short: at least {4 * _MARGIN_S:g} s are needed")
        rhythms = rhythm_annotations(recording)
        annotated = rhythms.beats.sample
        return cls(
            name=name,
            lead=names[row],
            fs_hz=fs_hz,
            samples=len(signal_mv),
            missing=np.isnan(signal_mv),
            rhythms=rhythms,
            r_peaks=annotated if annotated.size else detect_r_peaks(signal_mv, fs_hz),
            seed=seed,
        )

    def cases(self, per_group: int) -> list[Case]:
        """Return the cases of all groups."""
        first = self._first_starts()
        cases = []
        for number, gap_s in enumerate((*GAPS_S, None)):
            group = HEARTBEAT if gap_s is None else gap_group(gap_s)
            starts = first.get(group, [])[:per_group]
            rng = np.random.default_rng([self.seed, number, *self.name.encode()])
            starts += self._starts(gap_s, per_group - len(starts), rng)
            length = round((HORIZON_S if gap_s is None else gap_s) * self.fs_hz)
            cases += [
                Case(
                    recording=self.name,
                    lead=self.lead,
                    group=group,
                    rhythm=self.rhythms.at(start, start + length, self.fs_hz),
                    start=start,
                    length=length,
                    forecast=gap_s is None,
                )
                for start in starts
                if not self.missing[start : start + length].any()
            ]
        return cases

    def _first_starts(self) -> dict[str, list[int]]:
        """Return the starts of the cases of version 0.1, all from one generator."""
        rng = np.random.default_rng([self.seed, *self.name.encode()])
        starts = {gap_group(gap_s): self._starts(gap_s, FIRST_CASES, rng) for gap_s in FIRST_GAPS_S}
        return {**starts, HEARTBEAT: self._starts(None, FIRST_CASES, rng)}

    def _starts(self, gap_s: float | None, count: int, rng: np.random.Generator) -> list[int]:
        """Return random starts of gaps of a length; None: of forecasts."""
        margin = round(_MARGIN_S * self.fs_hz)
        last = self.samples - margin - round((gap_s or HORIZON_S) * self.fs_hz)
        if gap_s is not None:
            return [int(start) for start in rng.integers(margin, last, count)]
        inner = np.flatnonzero((self.r_peaks > margin) & (self.r_peaks < last))
        if not inner.size:
            raise DiffecgError(f"recording {self.name} has no R peak to start a forecast after")
        return [
            self._forecast_start(int(beat))
            for beat in rng.choice(inner, min(count, inner.size), replace=False)
        ]

    def _forecast_start(self, beat: int) -> int:
        """Return where the forecast after a beat starts."""
        rr = self.r_peaks[beat] - self.r_peaks[beat - 1] if beat > 0 else self.fs_hz
        return int(self.r_peaks[beat] + FORECAST_PHASE * rr)
