"""Heartbeats of subjects, relative to the normal beat that each has in the first five minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Float32, Int, Int64

from diffecg.config.schema import WindowConfig
from diffecg.datasets.cutting import WindowCutter
from diffecg.datasets.label_maps import label_map
from diffecg.datasets.splits import Split
from diffecg.formats.registry import read_recording

LABELS = ("N", "S", "V", "F")
"""Labels of the beats by number; the first is normal. Other beats are left out."""
EARLY_S = 300.0
"""The first five minutes of a recording, whose labels may be known (ANSI/AAMI EC57)."""
MIN_NORMAL = 10
"""Fewest normal beats of a subject that a mean is taken of."""
RATIOS = ("rr_before_ratio", "rr_after_ratio")
"""RR intervals before and after a beat, relative to the mean of the ten before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Beats:
    """Beats of one lead at 360 Hz, 256 samples with the R peak in the middle."""

    signal: Float32[np.ndarray, "beat time"]
    ratios: Float[np.ndarray, "beat 2"]
    """Numbers named in RATIOS; 1 where they are unknown."""
    label: Int64[np.ndarray, " beat"]
    """Number of the label in LABELS."""

    def __len__(self) -> int:
        """Return the number of beats."""
        return len(self.label)

    def take(self, rows: Int[np.ndarray, " chosen"] | Bool[np.ndarray, " beat"]) -> Beats:
        """Return some of the beats."""
        return Beats(signal=self.signal[rows], ratios=self.ratios[rows], label=self.label[rows])

    def scaled(self, factor: float) -> Beats:
        """Return the beats with another amplitude."""
        signal = (factor * self.signal).astype(np.float32)
        return Beats(signal=signal, ratios=self.ratios, label=self.label)


def join(parts: Sequence[Beats]) -> Beats:
    """Return the beats of all parts."""
    return Beats(
        signal=np.concatenate([part.signal for part in parts]),
        ratios=np.concatenate([part.ratios for part in parts]),
        label=np.concatenate([part.label for part in parts]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """The beats of a subject, in units of the root mean square of the subject's normal beat."""

    name: str
    beats: Beats
    is_early: Bool[np.ndarray, " beat"]
    """Whether a beat is in the first five minutes."""
    normal: Float32[np.ndarray, " time"]
    """Median of the early normal beats, in the same unit."""

    @property
    def early(self) -> Beats:
        """Beats of the first five minutes."""
        return self.beats.take(self.is_early)

    @property
    def own_normal(self) -> Beats:
        """Normal beats of the first five minutes."""
        return self.beats.take(self.is_early & (self.beats.label == 0))

    @property
    def late(self) -> Beats:
        """Beats after the first five minutes, which are tested on."""
        return self.beats.take(~self.is_early)

    def of_label(self, label: int) -> Beats:
        """Return the beats of a label."""
        return self.beats.take(self.beats.label == label)


def read_subjects(folder: Path, names: Sequence[str]) -> list[Subject]:
    """Return the subjects of recordings of a database, one recording each, by its first lead.

    Subjects with fewer than MIN_NORMAL normal beats in the first five minutes are left out.
    """
    found = (read_subject(folder, name) for name in names)
    return [subject for subject in found if subject is not None]


def read_subject(folder: Path, name: str) -> Subject | None:
    """Return the subject of a recording; None if it has too few early normal beats."""
    signal, index = cut_beats(folder, name)
    return make_subject(name, signal[:, 0], index)


def make_subject(name: str, signal: Float32[np.ndarray, "beat time"], index: pd.DataFrame) -> Subject | None:
    """Return a subject from beats in mV and their index; None if too few of the early ones are normal."""
    is_early = index["time_s"].to_numpy() < EARLY_S
    label = np.array([LABELS.index(one) for one in index["label"]], dtype=np.int64)
    normal = signal[is_early & (label == 0)]
    if len(normal) < MIN_NORMAL:
        return None
    template = np.median(normal, axis=0)
    rms = float(np.sqrt(np.square(template).mean()))
    ratios = np.nan_to_num(index[list(RATIOS)].to_numpy(dtype=float), nan=1.0)
    beats = Beats(signal=signal, ratios=ratios, label=label).scaled(1 / rms)
    return Subject(name=name, beats=beats, is_early=is_early, normal=(template / rms).astype(np.float32))


def cut_beats(folder: Path, name: str) -> tuple[Float32[np.ndarray, "beat lead time"], pd.DataFrame]:
    """Return the labelled beats of all leads of a recording, in mV with a median of 0, and their index."""
    recording = read_recording(folder / name)
    cutter = WindowCutter(
        window=WindowConfig(leads=recording.channel_names),
        split=Split(name=name, train=(), test=(name,), excluded={}),
        labels=label_map("aami"),
    )
    cut = cutter.cut(recording)
    kept = cut.index["label"].isin(LABELS).to_numpy()
    signal = cut.signal_mv[kept].astype(np.float32)
    return signal - np.median(signal, axis=2, keepdims=True), cut.index[kept].reset_index(drop=True)
