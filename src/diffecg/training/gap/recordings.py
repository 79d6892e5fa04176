"""The recordings that a gap model learns from: one partition of one or several recording sets."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import pandas as pd

from diffecg.datasets.recording_set import PreparedRecording, RecordingSet, concatenate_sets
from diffecg.errors import DiffecgError
from diffecg.training.checks import NEEDED

_IN_MEMORY = 64
"""Recordings that are kept in memory."""


class RecordingSource:
    """The recordings of one partition, in memory as they are needed.

    Args:
        sets: recording sets, one for each folder.
        partition: ``train`` or ``validation``.
        fs_hz: the rate that the model needs, in Hz.

    Raises:
        DiffecgError: the sets have another rate, or one of the partitions of training is empty.
    """

    def __init__(self, sets: Sequence[RecordingSet], partition: str, fs_hz: float) -> None:
        recordings = concatenate_sets(sets)
        if recordings.fs_hz != fs_hz:
            raise DiffecgError(
                f"the recordings have {recordings.fs_hz:g} Hz, the model needs {fs_hz:g} Hz; prepare them "
                "with --preset imputation"
            )
        for needed in NEEDED:
            if needed not in set(recordings.index["partition"]):
                raise DiffecgError(
                    f"no recordings in the partition {needed!r}; give another recording set with --data, or "
                    "assign partitions to subjects when preparing it (--subjects)"
                )
        self._set = recordings.select(partition=partition)
        self.partition, self.folders = partition, len(sets)
        self.folder = self._set.part_of
        """Number of the folder of each recording."""
        self.samples = self._set.index["samples"].to_numpy()
        """Length of each recording, in samples."""
        self.recording = lru_cache(_IN_MEMORY)(self._read)

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self._set)

    @property
    def fingerprint(self) -> str:
        """Digest of the table of recordings, which identifies the data."""
        index = self._set.index.drop(columns=["labels", "leads", "flat_leads"], errors="ignore")
        hashes = pd.util.hash_pandas_object(index.astype(str), index=False)
        return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()

    def _read(self, number: int) -> PreparedRecording:
        return self._set.recording(number)
