"""Labelled windows: an array, and a table with one row for each window."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped

from diffecg.datasets.label_columns import label_column, label_texts
from diffecg.datasets.labels import UNKNOWN, sort_labels
from diffecg.datasets.rhythm import parse_beats
from diffecg.errors import DiffecgError
from diffecg.signal.channels import Channel, make_channels, millivolt_scale

PARTITIONS = ("train", "validation", "test")
"""The partitions of a split, in the order of tables."""

MAX_LABELS_SHOWN = 12
"""Number of labels in the one-line description of windows."""

WEIGHT = "weight"
"""Column of the index with the sampling weight of each window in training."""

ASSUMPTIONS = "assumptions"
"""Key of ``Windows.info`` for how a file was interpreted where it left a choice."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Windows:
    """Windows of one length, rate and set of channels, real or synthetic, with an index.

    Columns of the index, all optional: ``label`` (one label, ``?`` = unknown) or ``labels`` (a list of
    labels); ``partition`` (train, validation, test); ``recording``, ``lead``, ``sample`` and ``time_s``, the
    source of the window and the time of its R peak; ``rr_before_s`` and ``rr_after_s``, the RR
    intervals around a beat, in s (NaN = unknown); ``rr_before_ratio`` and ``rr_after_ratio``, the same
    divided by the mean of the ten intervals before; ``beats``, all beats of the window as text
    (:mod:`diffecg.datasets.rhythm`); ``seed`` of a synthetic window; ``weight``, how often a window is drawn
    in training relative to others; any numeric columns.
    Windows compare by identity.

    Example:
        >>> import diffecg, numpy as np
        >>> windows = diffecg.Windows.from_arrays(np.zeros((3, 1, 256)), 360, ["N", "N", "V"])
        >>> windows.counts()
        {'N': 2, 'V': 1}
        >>> windows.with_label("V").signal_mv.shape
        (1, 1, 256)

    Attributes:
        signal: samples in the channels' units; memory-mapped when read from a folder.
        fs_hz: sampling rate, in Hz.
        channels: name, unit and kind of each channel.
        index: one row for each window.
        r_peak: sample of the R peak in each window; None: windows are not centred on beats.
        info: provenance: database, version, split, label map and window settings, or model, sampler and
            seeds.
    """

    signal: Float[np.ndarray, "window channel time"]
    fs_hz: float
    channels: tuple[Channel, ...]
    index: pd.DataFrame
    r_peak: int | None = None
    info: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise DiffecgError if signal, index, channels and R peak do not fit each other."""
        shape = self.signal.shape
        if len(shape) != 3 or shape[:2] != (len(self.index), len(self.channels)):
            raise DiffecgError(
                f"windows of shape {shape} do not fit an index of {len(self.index)} rows and "
                f"{len(self.channels)} channels; axes must be (window, channel, time)"
            )
        if self.r_peak is not None and len(self) and not 0 <= self.r_peak < shape[2]:
            raise DiffecgError(
                f"r_peak {self.r_peak} is not a sample of windows of {shape[2]} samples; give one from 0 to "
                f"{shape[2] - 1}, or None for windows that are not centred on beats"
            )

    @classmethod
    def from_arrays(
        cls,
        signal: Float[np.ndarray, "window channel time"],
        fs_hz: float,
        labels: Sequence[Any] | Shaped[np.ndarray, "window *label"] | pd.Series | None = None,
        *,
        channel_names: Sequence[str] | None = None,
        r_peak: int | None = None,
        subjects: Sequence[Any] | Shaped[np.ndarray, " window"] | None = None,
        info: dict[str, Any] | None = None,
        **columns: Any,
    ) -> Windows:
        """Return windows from an array.

        Args:
            signal: samples, in mV.
            fs_hz: sampling rate, in Hz.
            labels: label of each window, as text or the number of a class; a list of labels for each window;
                or an array (window, label) of zeros and ones, in which the labels are called 0, 1, …; None,
                also of a window: unknown.
            channel_names: name of each channel; None: ``lead 1``, ``lead 2``, …
            r_peak: sample of the R peak in each window; None: windows are not centred on beats.
            subjects: subject of each window, so that a subject gets into one partition; None: unknown.
            info: provenance.
            **columns: further columns of the index.
        """
        if subjects is not None:
            columns["subject"] = np.asarray(subjects).astype(np.str_)
        return cls(
            signal=signal,
            fs_hz=float(fs_hz),
            channels=make_channels(channel_names or [f"lead {i + 1}" for i in range(signal.shape[1])]),
            index=pd.DataFrame({**label_column(labels, len(signal)), **columns}),
            r_peak=r_peak,
            info=info or {},
        )

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.index)

    def __repr__(self) -> str:
        """Return number, length, rate, channels and labels in one line."""
        counts = self._counts_text()
        channels = ", ".join(f"{channel.name} ({channel.unit})" for channel in self.channels)
        size = f"{len(self)} x {self.signal.shape[2]} samples at {self.fs_hz:g} Hz"
        return f"<Windows {size}: {channels}; {counts or 'empty'}>"

    def _counts_text(self) -> str:
        """Return the number of windows of each label; of many labels, the most frequent ones."""
        counts = self.counts()
        others = max(0, len(counts) - MAX_LABELS_SHOWN)
        shown = Counter(counts).most_common(MAX_LABELS_SHOWN) if others else counts.items()
        text = ", ".join(f"{count} {label}" for label, count in shown)
        return f"{text} and {others} other labels" if others else text

    def _repr_html_(self) -> str:
        """Return a summary for notebooks, with a plot of the first windows."""
        from diffecg.plotting.preview import preview_html

        plot = preview_html(np.asarray(self.signal[:4, 0]), self.fs_hz) if len(self) else ""
        return f"<p>{escape(repr(self)[1:-1])}</p>{plot}{self.index.head(5).to_html(border=0)}"

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Name of each channel."""
        return tuple(channel.name for channel in self.channels)

    @property
    def signal_mv(self) -> Float[np.ndarray, "window channel time"]:
        """Samples in mV.

        Raises:
            DiffecgError: a channel is not a voltage.
        """
        scale = np.array(millivolt_scale(self.channels), dtype=self.signal.dtype)
        return self.signal if (scale == 1).all() else self.signal * scale[:, None]

    @property
    def labels(self) -> Shaped[np.ndarray, " window"]:
        """Label of each window; ``?`` = unknown, or several labels.

        Windows with several labels have them in the column ``labels`` of the index; :meth:`with_label`,
        :meth:`unique_labels` and :meth:`counts` use either column.
        """
        if "label" not in self.index:
            return np.full(len(self), UNKNOWN)
        return label_texts(self.index["label"])

    @property
    def all_labels(self) -> list[list[str]]:
        """Labels of each window, from the column ``labels`` if there is one, else its one label."""
        if self.has_several_labels:
            return [list(labels) for labels in self.index["labels"]]
        return [[label] for label in self.labels.tolist()]

    @property
    def recordings(self) -> Shaped[np.ndarray, " window"] | None:
        """Recording of each window; None = unknown."""
        return self._text("recording")

    @property
    def partitions(self) -> Shaped[np.ndarray, " window"] | None:
        """``train``, ``validation`` or ``test`` for each window; None = there are no partitions."""
        return self._text("partition")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the synthetic windows, in their order.

        Real windows have none: in a set of real and synthetic windows, there are fewer seeds than windows.
        """
        return tuple(int(seed) for seed in self.index["seed"].dropna()) if "seed" in self.index else ()

    @property
    def beats(self) -> list[list[tuple[int, str]]]:
        """Beats of each window, as (sample of the R peak, label); empty where they are unknown."""
        texts = self._text("beats")
        return (
            [parse_beats(text) for text in texts.tolist()]
            if texts is not None
            else [[] for _ in range(len(self))]
        )

    @property
    def rr_s(self) -> Float[np.ndarray, "window 2"] | None:
        """RR intervals before and after each beat, in s; None = unknown."""
        if "rr_before_s" not in self.index:
            return None
        return self.index[["rr_before_s", "rr_after_s"]].to_numpy(dtype=np.float64)

    def take(self, rows: Bool[np.ndarray, " window"] | Int[np.ndarray, " chosen"] | Sequence[int]) -> Windows:
        """Return some of the windows, selected by a mask or by their numbers."""
        chosen = np.asarray(rows)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.intp)
        index = self.index.iloc[chosen].reset_index(drop=True)
        return replace(self, signal=self.signal[chosen], index=index)

    def assign_partitions(self, shares: Sequence[float] = (0.7, 0.1, 0.2)) -> Windows:
        """Return the windows with partitions for training, validation and testing, divided by subject.

        See :func:`diffecg.datasets.partitioning.assign_partitions`.

        Args:
            shares: shares of the subjects; a share of 0 leaves a partition out.

        Raises:
            DiffecgError: fewer subjects, or windows, than partitions.
        """
        from diffecg.datasets.partitioning import assign_partitions

        return assign_partitions(self, shares)[0]

    def partition(self, name: str) -> Windows:
        """Return the windows of a partition: ``train``, ``validation`` or ``test``.

        Raises:
            DiffecgError: the partition is empty.
        """
        partitions = self.partitions
        if partitions is None or name not in partitions:
            available = ", ".join(self.partition_names) or "none"
            raise DiffecgError(f"no windows in the partition {name!r}; available: {available}")
        return self.take(partitions == name)

    @property
    def partition_names(self) -> list[str]:
        """Names of the partitions that have windows, sorted."""
        return [] if self.partitions is None else sorted(set(self.partitions.tolist()) - {""})

    def has_partition(self, name: str) -> bool:
        """Return whether a partition has windows."""
        return name in self.partition_names

    @property
    def has_several_labels(self) -> bool:
        """Whether a window has any number of labels, in the column ``labels``; else it has one."""
        return "labels" in self.index

    def has_label(self, label: str) -> Bool[np.ndarray, " window"]:
        """Return which windows have a label, alone or among others."""
        if self.has_several_labels:
            return np.array([label in labels for labels in self.all_labels], dtype=bool)
        return self.labels == label

    def with_label(self, label: str) -> Windows:
        """Return the windows with a label, alone or among others."""
        return self.take(self.has_label(label))

    def unique_labels(self) -> list[str]:
        """Return the labels that occur: those of AAMI in their order, then others sorted, ``?`` last."""
        return list(self.counts())

    def counts(self) -> dict[str, int]:
        """Return the number of windows of each label, in the order of :meth:`unique_labels`."""
        counts = Counter(label for labels in self.all_labels for label in labels)
        return {label: counts[label] for label in sort_labels(counts)}

    def flat(self) -> Float[np.ndarray, "window feature"]:
        """Return the windows as rows of channels times samples."""
        return self.signal.reshape(len(self), -1)

    def drop_columns(self, *columns: str) -> Windows:
        """Return the windows without some columns of the index."""
        return replace(self, index=self.index.drop(columns=[name for name in columns if name in self.index]))

    def _text(self, column: str) -> Shaped[np.ndarray, " window"] | None:
        """Return a column as text; missing cells are empty."""
        return self.index[column].fillna("").to_numpy(dtype=np.str_) if column in self.index else None


def fingerprint(windows: Windows) -> str:
    """Return a digest of the index and of about 64 windows, which identifies a data set."""
    index = windows.index
    if "labels" in index:  # lists cannot be hashed
        index = index.assign(labels=[" ".join(labels) for labels in windows.all_labels])
    digest = hashlib.sha256(pd.util.hash_pandas_object(index, index=False).to_numpy().tobytes())
    digest.update(np.ascontiguousarray(windows.signal[:: max(1, len(windows) // 64)]).tobytes())
    return digest.hexdigest()
