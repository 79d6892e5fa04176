"""Splits: the recordings for training, validation and testing.

DS1 and DS2 are those of de Chazal, O'Dwyer and Reilly (2004), IEEE Trans Biomed Eng 51(7):1196-1206.
Recordings 201 (DS1) and 202 (DS2) are of the same subject, so the split ``strict`` excludes 201.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
from jaxtyping import Float

from diffecg.choices import choices
from diffecg.datasets.databases import SUBJECTS
from diffecg.datasets.windows import PARTITIONS
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
"""All recordings of the MIT-BIH Supraventricular Arrhythmia Database: other subjects and other recorders."""
# fmt: on
PACED = ("102", "104", "107", "217")
DEVELOPMENT = ("109", "114", "119", "207", "223")
"""Test recordings of the split ``development``, all from DS1: for choosing settings without using DS2."""

ROUND_S = 60.0
"""Training recordings are divided into rounds of about this length, in s."""
VALIDATION_SHARE = 0.2
"""The last share of every round is for validation: the last 12 s of every minute.

Rounds are shorter than most episodes of an arrhythmia, so that training and validation both contain them. All
but ten of recording 207's 107 S beats lie within one minute; with that minute held out, training and
validation would not be comparable.
"""


def validation_bounds(duration: float, round_length: float) -> Float[np.ndarray, " bound"]:
    """Return where validation starts and ends within a training recording: start, end, start, end, ….

    Args:
        duration: length of the recording, in any unit of time.
        round_length: length of a round, in the same unit; adjusted so that whole rounds fill the recording.
    """
    ends = np.linspace(0, duration, max(1, round(duration / round_length)) + 1)[1:]
    starts = ends - VALIDATION_SHARE * ends[0]
    return np.stack([starts, ends], axis=1).ravel()


@dataclass(frozen=True, kw_only=True)
class Split:
    """A split: the partition of each recording."""

    name: str
    train: tuple[str, ...]
    """Recordings for training."""
    test: tuple[str, ...]
    """Recordings for testing."""
    excluded: dict[str, str]
    """Recordings that are not used, each with the reason."""
    validation: tuple[str, ...] | None = None
    """Recordings for validation; None: the ends of the rounds of the training recordings."""

    @cached_property
    def _partitions(self) -> dict[str, str]:
        recordings = {"train": self.train, "validation": self.validation or (), "test": self.test}
        return {name: partition for partition, names in recordings.items() for name in names}

    @property
    def validates_by_time(self) -> bool:
        """Whether validation consists of the ends of the rounds of the training recordings."""
        return bool(self.train) and self.validation is None

    def with_validation(self) -> Split:
        """Return the split with validation divided off the training recordings, if no recording is in it."""
        return self if self.validation else replace(self, validation=None)

    def restricted(self, recordings: Collection[str]) -> Split:
        """Return the split of some of the recordings; their partitions stay the same."""
        chosen = set(recordings)
        train, validation, test = (
            tuple(name for name in names if name in chosen)
            for names in (self.train, self.validation or (), self.test)
        )
        excluded = {name: reason for name, reason in self.excluded.items() if name in chosen}
        return replace(
            self,
            train=train,
            validation=None if self.validation is None else validation,
            test=test,
            excluded=excluded,
        )

    def includes(self, recording: str) -> bool:
        """Return whether a recording is in one of the partitions."""
        return recording in self._partitions

    def partition(self, recording: str) -> str | None:
        """Return the partition of a recording; None: it is divided into training and validation."""
        partition = self._partitions.get(recording)
        return None if partition == "train" and self.validation is None else partition


def _hash_position(subject: str) -> float:
    """Return the position of a subject between 0 and 1, by the SHA-256 of its name."""
    return int.from_bytes(sha256(subject.encode()).digest()[:8]) / 2**64


_EXCLUDE_PACED = dict.fromkeys(PACED, "paced recording, excluded by AAMI EC57")

SPLITS = {
    "strict": Split(
        name="strict",
        train=tuple(recording for recording in DS1 if recording != "201"),
        test=DS2,
        excluded={**_EXCLUDE_PACED, "201": "same subject as 202 (DS2)"},
    ),
    "classic": Split(name="classic", train=DS1, test=DS2, excluded=_EXCLUDE_PACED),
    "development": Split(
        name="development",
        train=tuple(recording for recording in DS1 if recording not in ("201", *DEVELOPMENT)),
        test=DEVELOPMENT,
        excluded={
            **_EXCLUDE_PACED,
            **dict.fromkeys(("201", *DS2), "reserved for the final test, with its subjects"),
        },
    ),
    "svdb": Split(name="svdb", train=(), test=SVDB, excluded={}),
    "svdb-train": Split(
        name="svdb-train",
        train=tuple(recording for recording in SVDB if _hash_position(recording) < 2 / 3),
        test=tuple(recording for recording in SVDB if _hash_position(recording) >= 2 / 3),
        excluded={},
    ),
}
"""The splits of annotated databases.

``svdb-train`` has about two thirds of the subjects of svdb for training, by the hash of their names."""

SUBJECT_SHARES = (0.7, 0.1, 0.2)
"""Approximate shares of the subjects for training, validation and testing."""


def partition_notes(split: Split, counts: Mapping[str, int]) -> list[str]:
    """Return notes on partitions of a user's recordings that are empty or share subjects.

    Args:
        split: the split.
        counts: number of windows of each partition.
    """
    if split.name != SUBJECTS:
        return []
    notes, empty = [], [name for name in PARTITIONS if not counts.get(name)]
    if split.validates_by_time and counts.get("validation"):
        notes.append(
            f"no subject is in the partition validation: it is the last {VALIDATION_SHARE:.0%} of every "
            f"{ROUND_S:g} s of the training recordings, and has the same subjects"
        )
    elif split.validates_by_time:
        notes.append(
            "no subject is in the partition validation, and the training recordings are too short to be "
            "divided"
        )
    if empty:
        notes.append(
            f"no windows in the partition {', '.join(empty)}: use recordings of more subjects, or assign "
            "partitions with --subjects FILE (columns recording, subject, partition)"
        )
    return notes


def split(name: str) -> Split:
    """Return the split with a name.

    Raises:
        DiffecgError: an unknown name.
    """
    if name not in SPLITS:
        raise DiffecgError(f"unknown split {name!r}; {choices(name, SPLITS)}")
    return SPLITS[name]


def split_by_subject(subjects: Mapping[str, str], name: str = SUBJECTS) -> Split:
    """Return a subject-disjoint split of recordings.

    The partition of a subject depends only on the SHA-256 of the subject's identifier. It does not change
    when recordings are added or removed, and all workers of a cluster compute the same split.

    Args:
        subjects: the subject of each recording.
        name: name of the split.
    """
    bounds = np.cumsum(SUBJECT_SHARES)[:-1]
    partitions: dict[str, str] = {}
    for recording, subject in subjects.items():
        position = _hash_position(subject)
        partitions[recording] = PARTITIONS[int(np.searchsorted(bounds, position, side="right"))]
    return split_by_partition(partitions, name)


def split_by_partition(partitions: Mapping[str, str], name: str = SUBJECTS) -> Split:
    """Return the split with a partition for each recording.

    Args:
        partitions: the partition of each recording.
        name: name of the split.
    """
    train, validation, test = (
        tuple(recording for recording, partition in partitions.items() if partition == chosen)
        for chosen in PARTITIONS
    )
    return Split(name=name, train=train, validation=validation, test=test, excluded={})
