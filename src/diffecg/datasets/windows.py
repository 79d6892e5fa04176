"""Labelled windows: one array, one row of an index for each window."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped

from diffecg.datasets.labels import AAMI_LABELS, UNKNOWN
from diffecg.errors import DiffecgError
from diffecg.signal.channels import Channel, make_channels, millivolt_scale

PARTITIONS = ("train", "validation", "test")
"""The partitions of a split, in the order of tables."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Windows:
    """Windows of one length, rate and set of channels, real or synthetic, with an index.

    Columns of the index, all optional: ``label`` (one label, ``?`` = unknown) or ``labels`` (a list of
    labels); ``partition`` (train, validation, test); ``recording``, ``sample`` and ``lead``, where the window
    was cut; ``rr_before_s`` and ``rr_after_s``, the RR intervals around a beat, in s (NaN = unknown);
    ``beats``, all beats of the window as text (:mod:`diffecg.datasets.rhythm`); ``seed`` of a synthetic
    window; and any numeric columns.
    """

    signal: Float[np.ndarray, "window channel time"]
    """Samples in the channels' units; memory-mapped when read from a folder."""
    fs_hz: float
    """Sampling rate, in Hz."""
    channels: tuple[Channel, ...]
    """Name, unit and kind of each channel; the name ``*`` stands for any lead."""
    index: pd.DataFrame
    """One row for each window."""
    r_peak: int | None = None
    """Sample of the R peak in each window; None: windows are not centred on beats."""
    info: dict[str, Any] = field(default_factory=dict)
    """Provenance: database, version, split, label map and window settings, or model, sampler and seeds."""

    def __post_init__(self) -> None:
        """Raise DiffecgError for parts that do not fit each other."""
        shape = self.signal.shape
        if len(shape) != 3 or shape[:2] != (len(self.index), len(self.channels)):
            raise DiffecgError(
                f"windows of shape {shape} do not fit an index of {len(self.index)} rows and "
                f"{len(self.channels)} channels; axes must be (window, channel, time)"
            )

    @classmethod
    def from_arrays(
        cls,
        signal: Float[np.ndarray, "window channel time"],
        fs_hz: float,
        labels: Sequence[str] | Shaped[np.ndarray, " window"] | None = None,
        *,
        leads: Sequence[str] | None = None,
        r_peak: int | None = None,
        info: dict[str, Any] | None = None,
        **columns: Any,
    ) -> Windows:
        """Return windows of an array, in mV.

        Args:
            signal: samples, in mV.
            fs_hz: sampling rate, in Hz.
            labels: label of each window; None: unknown.
            leads: channel names; None: ``lead 1``, ``lead 2``, …
            r_peak: sample of the R peak in each window; None: windows are not centred on beats.
            info: provenance.
            **columns: further columns of the index.
        """
        names = np.full(len(signal), UNKNOWN) if labels is None else np.asarray(labels, dtype=np.str_)
        return cls(
            signal=signal,
            fs_hz=float(fs_hz),
            channels=make_channels(leads or [f"lead {i + 1}" for i in range(signal.shape[1])]),
            index=pd.DataFrame({"label": names, **columns}),
            r_peak=r_peak,
            info=info or {},
        )

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.index)

    def __repr__(self) -> str:
        """Return counts, shape and rate in one line."""
        counts = ", ".join(f"{count} {label}" for label, count in self.counts().items())
        channels = ", ".join(f"{channel.name} ({channel.unit})" for channel in self.channels)
        length = self.signal.shape[2]
        return (
            f"<Windows {len(self)} x {length} samples at {self.fs_hz:g} Hz: {channels}; {counts or 'empty'}>"
        )

    def _repr_html_(self) -> str:
        """Return a summary with a plot of the first windows, for notebooks."""
        from diffecg.plotting.preview import preview_html

        table = self.index.head(5).to_html(border=0)
        plot = preview_html(np.asarray(self.signal[:4, 0]), self.fs_hz) if len(self) else ""
        return f"<p>{escape(repr(self)[1:-1])}</p>{plot}{table}"

    @property
    def leads(self) -> tuple[str, ...]:
        """Channel names."""
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
        """Label of each window; ``?`` = unknown."""
        if "label" not in self.index:
            return np.full(len(self), UNKNOWN)
        return self.index["label"].to_numpy(dtype=np.str_)

    @property
    def recordings(self) -> Shaped[np.ndarray, " window"] | None:
        """Recording that each window was cut from; None = unknown."""
        return self._text("recording")

    @property
    def partitions(self) -> Shaped[np.ndarray, " window"] | None:
        """``train``, ``validation`` or ``test`` for each window; None = there are no partitions."""
        return self._text("partition")

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seed of each synthetic window; empty for real ones."""
        return tuple(int(seed) for seed in self.index.get("seed", ()))

    @property
    def rr_s(self) -> Float[np.ndarray, "window 2"] | None:
        """RR intervals before and after each beat, in s; None = unknown."""
        if "rr_before_s" not in self.index:
            return None
        return self.index[["rr_before_s", "rr_after_s"]].to_numpy(dtype=np.float64)

    def take(self, rows: Bool[np.ndarray, " window"] | Int[np.ndarray, " chosen"] | Sequence[int]) -> Windows:
        """Return some of the windows, chosen by a mask or by their numbers."""
        chosen = np.asarray(rows)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.intp)
        index = self.index.iloc[chosen].reset_index(drop=True)
        return replace(self, signal=self.signal[chosen], index=index)

    def partition(self, name: str) -> Windows:
        """Return the windows of a partition: ``train``, ``validation`` or ``test``.

        Raises:
            DiffecgError: there are none.
        """
        if not self.has_partition(name):
            known = sorted(set([] if self.partitions is None else self.partitions.tolist()))
            raise DiffecgError(
                f"no windows in the partition {name!r}; there are {', '.join(known) or 'none'}"
            )
        return self.take(self.index["partition"].to_numpy(dtype=np.str_) == name)

    def has_partition(self, name: str) -> bool:
        """Return whether there are windows of a partition."""
        return self.partitions is not None and name in self.partitions

    def of(self, label: str) -> Windows:
        """Return the windows with a label, alone or among others."""
        if "labels" in self.index:
            return self.take(np.array([label in labels for labels in self.index["labels"]], dtype=bool))
        return self.take(self.labels == label)

    def classes(self) -> list[str]:
        """Return the labels that occur: AAMI's in their order, then others sorted, ``?`` last."""
        present = (
            {label for labels in self.index["labels"] for label in labels}
            if "labels" in self.index
            else set(self.labels.tolist())
        )
        others = sorted(present - {*AAMI_LABELS, UNKNOWN})
        return [label for label in (*AAMI_LABELS, *others, UNKNOWN) if label in present]

    def counts(self) -> dict[str, int]:
        """Return the number of windows of each label."""
        return {label: len(self.of(label)) if "labels" in self.index else int((self.labels == label).sum())
                for label in self.classes()}  # fmt: skip

    def flat(self) -> Float[np.ndarray, "window feature"]:
        """Return the windows as rows of channel times time."""
        return self.signal.reshape(len(self), -1)

    def without(self, *columns: str) -> Windows:
        """Return the windows without some columns of the index."""
        return replace(self, index=self.index.drop(columns=[name for name in columns if name in self.index]))

    def _text(self, column: str) -> Shaped[np.ndarray, " window"] | None:
        return self.index[column].to_numpy(dtype=np.str_) if column in self.index else None


def concatenate(sets: Sequence[Windows]) -> Windows:
    """Return the windows of several sets, in order.

    Columns that a set lacks are missing there (labels: ``?``). Where sets differ in provenance, ``info`` keeps
    what they share, and all of each under ``sources``.

    Raises:
        DiffecgError: there is no set; they differ in length, rate, channels or place of the R peak.
    """
    if not sets:
        raise DiffecgError("there are no windows to concatenate")
    first = sets[0]
    if len(sets) == 1:
        return first
    kinds = {
        f"{len(s.channels)} channel(s) ({', '.join(c.unit for c in s.channels)}) x {s.signal.shape[2]} samples at "
        f"{s.fs_hz:g} Hz"
        for s in sets
    }
    if len(kinds) > 1:
        raise DiffecgError(f"windows of {' and '.join(sorted(kinds))} cannot be concatenated")
    names = {s.leads for s in sets if not all(_is_generic(lead) for lead in s.leads)}
    peaks = {s.r_peak for s in sets if s.r_peak is not None}
    if len(names) > 1 or len(peaks) > 1:
        found = " and ".join(sorted(map(str, names if len(names) > 1 else peaks)))
        what = "leads" if len(names) > 1 else "R peaks at samples"
        raise DiffecgError(f"windows with {what} {found} cannot be concatenated")
    index = pd.concat([s.index for s in sets], ignore_index=True)
    if "label" in index:
        index["label"] = index["label"].fillna(UNKNOWN)
    named = next((s.channels for s in sets if s.leads in names), first.channels)
    return Windows(
        signal=np.concatenate([s.signal for s in sets]),
        fs_hz=first.fs_hz,
        channels=named,
        index=index,
        r_peak=next(iter(peaks), None),
        info=_merged([s.info for s in sets]),
    )


def fingerprint(windows: Windows) -> str:
    """Return a digest of the whole index and of some signals, to recognise a data set."""
    digest = hashlib.sha256(pd.util.hash_pandas_object(windows.index, index=False).to_numpy().tobytes())
    digest.update(np.ascontiguousarray(windows.signal[:: max(1, len(windows) // 64)]).tobytes())
    return digest.hexdigest()


def _is_generic(lead: str) -> bool:
    return lead == "*" or lead.startswith("lead ")


def _merged(infos: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what provenances share, and all of each under ``sources`` where they differ."""
    first = infos[0]
    if all(info == first for info in infos):
        return first
    shared = {key: value for key, value in first.items() if all(info.get(key) == value for info in infos)}
    return {**shared, "sources": list(infos)}
