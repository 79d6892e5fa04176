"""Which recordings train and which test.

DS1 and DS2 are those of de Chazal, O'Dwyer and Reilly (2004), IEEE Trans Biomed Eng 51(7):1196-1206.
Recordings 201 (DS1) and 202 (DS2) are of the same man, so ``strict`` leaves 201 out of DS1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from diffecg.datasets.databases import SUBJECTS
from diffecg.errors import DiffecgError

# fmt: off
DS1 = (
    "101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122",
    "124", "201", "203", "205", "207", "208", "209", "215", "220", "223", "230",
)
DS2 = (
    "100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210",
    "212", "213", "214", "219", "221", "222", "228", "231", "232", "233", "234",
)
SVDB = (
    "800", "801", "802", "803", "804", "805", "806", "807", "808", "809", "810", "811", "812",
    "820", "821", "822", "823", "824", "825", "826", "827", "828", "829", "840", "841", "842",
    "843", "844", "845", "846", "847", "848", "849", "850", "851", "852", "853", "854", "855",
    "856", "857", "858", "859", "860", "861", "862", "863", "864", "865", "866", "867", "868",
    "869", "870", "871", "872", "873", "874", "875", "876", "877", "878", "879", "880", "881",
    "882", "883", "884", "885", "886", "887", "888", "889", "890", "891", "892", "893", "894",
)
"""Every recording of the MIT-BIH Supraventricular Arrhythmia Database: other subjects, other recorders."""
# fmt: on
PACED = ("102", "104", "107", "217")
DEVELOPMENT = ("109", "114", "119", "207", "223")
"""Recordings of DS1 that test choices, so that DS2 makes none: the split ``development``."""

ROUND_S = 60.0
"""Training recordings are cut into rounds of about this length, in s."""
VALIDATION_SHARE = 0.2
"""The last share of every round that is held out as validation: the last 12 s of every minute.

Rounds are shorter than most episodes of an arrhythmia, so that both parts see them. All but ten of recording
207's 107 S beats fall in one minute; with that minute held out, not even the training beats themselves would
resemble the held-out ones.
"""


def validation_bounds(duration: float, round_length: float) -> NDArray[np.float64]:
    """Return when validation begins and ends within a training recording: (2 * rounds,), in order.

    Args:
        duration: of the recording, in any unit of time.
        round_length: of a round, in that unit; stretched so that whole rounds fill the recording.
    """
    ends = np.linspace(0, duration, max(1, round(duration / round_length)) + 1)[1:]
    begins = ends - VALIDATION_SHARE * ends[0]
    return np.stack([begins, ends], axis=1).ravel()


@dataclass(frozen=True)
class Split:
    """The part that each recording plays."""

    name: str
    train: tuple[str, ...]
    """Recordings for training; the end of each of their rounds is validation."""
    test: tuple[str, ...]
    """Recordings for testing."""
    excluded: dict[str, str]
    """Recordings that take no part, each with its reason."""
    validation: tuple[str, ...] | None = None
    """Recordings for validation; None: those for training, at the end of each of their rounds."""

    @cached_property
    def _part(self) -> dict[str, str]:
        parts = {"train": self.train, "validation": self.validation or (), "test": self.test}
        return {recording: part for part, recordings in parts.items() for recording in recordings}

    def includes(self, recording: str) -> bool:
        """Tell whether a recording takes part."""
        return recording in self._part

    def partition(self, recording: str) -> str | None:
        """Return the part that all of a recording plays; None: its rounds divide it."""
        part = self._part.get(recording)
        return None if part == "train" and self.validation is None else part


_PACED_OUT = dict.fromkeys(PACED, "paced recording, excluded by AAMI EC57")

SPLITS = {
    "strict": Split(
        "strict",
        tuple(recording for recording in DS1 if recording != "201"),
        DS2,
        {**_PACED_OUT, "201": "the same patient as 202 (DS2)"},
    ),
    "classic": Split("classic", DS1, DS2, _PACED_OUT),
    "development": Split(
        "development",
        tuple(recording for recording in DS1 if recording not in ("201", *DEVELOPMENT)),
        DEVELOPMENT,
        {**_PACED_OUT, **dict.fromkeys(("201", *DS2), "kept for the final test, with its patients")},
    ),
    "svdb": Split("svdb", (), SVDB, {}),
}

SUBJECT_SHARES = (0.7, 0.1, 0.2)
"""About how many of its subjects train, validate and test."""


def split(name: str) -> Split:
    """Return the split called ``name``.

    Raises:
        DiffecgError: there is no such split.
    """
    if name not in SPLITS:
        raise DiffecgError(f"unknown split {name!r}; choose one of {', '.join(SPLITS)}")
    return SPLITS[name]


def split_by_subject(subject: Mapping[str, str]) -> Split:
    """Return the split ``subjects``, of recordings of whom ``subject`` tells the subject.

    The part of a subject follows from the SHA-256 of the name alone: it does not change when recordings come or
    go, and every worker of a cluster finds the same.
    """
    bounds = np.cumsum(SUBJECT_SHARES)[:-1]
    parts: tuple[list[str], ...] = ([], [], [])
    for recording, name in subject.items():
        place = int.from_bytes(sha256(name.encode()).digest()[:8]) / 2**64
        parts[int(np.searchsorted(bounds, place, side="right"))].append(recording)
    train, validation, test = (tuple(part) for part in parts)
    return Split(SUBJECTS, train, test, {}, validation)
