"""The recordings that a gap model learns from: one partition of a recording set, as tensors."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from diffecg.datasets.recording_set import MISSING, RecordingSet
from diffecg.signal.kinds import HEARTBEAT_KINDS


class TrainingRecordings:
    """The recordings of one partition of a recording set, read where they are needed.

    Args:
        recordings: the recordings; all of one folder.
        device: where they are read. On a GPU the samples of the whole folder are copied to its memory,
            otherwise they stay on disk.
    """

    def __init__(self, recordings: RecordingSet, device: str | torch.device = "cpu") -> None:
        (part,), index = recordings.parts, recordings.index
        self._signal = torch.from_numpy(np.asarray(part.signal)).to(device)
        self._peaks = torch.from_numpy(np.asarray(part.peaks).astype(np.int64)).to(device)
        self.device = self._signal.device
        self.samples = index["samples"].to_numpy(np.int64)
        """Length of each recording, in samples."""
        self._index = {
            name: torch.tensor(index[name].tolist(), device=device)
            for name in ("samples", "offset", "peaks", "peak_offset")
        }
        names = [list(leads) for leads in index["leads"]]
        self.usable = np.zeros((len(index), max(map(len, names), default=0)), dtype=bool)
        """Which leads each recording has, flat ones excluded."""
        for row, (leads, flat) in enumerate(zip(names, index["flat_leads"], strict=True)):
            self.usable[row, : len(leads)] = ~np.isin(leads, list(flat))
        self._has_lead = torch.from_numpy(self.usable).to(device)
        self.kinds = np.full(self.usable.shape, "", dtype=object)
        """Kind of each lead (:mod:`diffecg.signal.kinds`); empty where there is no lead, or a flat one."""
        for row, kinds in enumerate(index["kinds"]):
            self.kinds[row, : len(kinds)] = np.where(self.usable[row, : len(kinds)], list(kinds), "")
        self.beat_kinds = np.array([_beat_kind(row) for _, row in index.iterrows()], dtype=object)
        """Kind of the signal in which the heartbeats of each recording were detected; empty: none."""
        self._steps_per_unit = self._one_or_each(index["steps_per_unit"])

    def __len__(self) -> int:
        """Return the number of recordings."""
        return len(self.samples)

    def read(
        self,
        numbers: Int[Tensor, " recording"],
        first: Int[Tensor, " recording"],
        tempo: Float[Tensor, " recording"],
        length: int,
    ) -> tuple[Float[Tensor, "recording lead time"], Bool[Tensor, "recording lead time"]]:
        """Return samples of all leads, zero where they are missing, and where they are observed.

        Samples are in the unit of each lead's kind: mV for an ECG.

        Args:
            numbers: the recordings.
            first: first sample that is read.
            tempo: distance of the samples that are read, in samples; between samples, the signal is
                interpolated linearly.
            length: number of samples that are returned; beyond the end of a recording they are missing.
        """
        place = first[:, None] + tempo[:, None].double() * torch.arange(length, device=self.device)
        before = place.floor()
        fraction = (place - before).float()[:, None]
        left, left_observed = self._samples(numbers, before.long())
        right, right_observed = self._samples(numbers, before.long() + 1)
        observed = left_observed & (right_observed | (fraction == 0))
        return torch.where(observed, torch.lerp(left, right, fraction), 0.0), observed

    def beats(
        self,
        numbers: Int[Tensor, " recording"],
        first: Int[Tensor, " recording"],
        tempo: Float[Tensor, " recording"],
        length: int,
    ) -> Float64[Tensor, "recording beat"]:
        """Return the heartbeats in what :meth:`read` returns, ascending; then infinity."""
        if not len(self._peaks):
            return torch.full((len(numbers), 1), torch.inf, dtype=torch.float64, device=self.device)
        counts = self._index["peaks"][numbers]
        rank = torch.arange(max(int(counts.max()), 1), device=self.device)
        has_beats = torch.from_numpy(self.beat_kinds != "").to(self.device)[numbers]
        exists = (rank < counts[:, None]) & has_beats[:, None]
        at = torch.where(exists, self._index["peak_offset"][numbers][:, None] + rank, 0)
        place = (self._peaks[at] - first[:, None]) / tempo[:, None].double()
        inside = exists & (place >= 0) & (place < length)
        return torch.where(inside, place, torch.inf).sort(dim=1).values

    def _samples(
        self, numbers: Int[Tensor, " recording"], places: Int[Tensor, "recording time"]
    ) -> tuple[Float[Tensor, "recording lead time"], Bool[Tensor, "recording lead time"]]:
        samples = self._index["samples"][numbers][:, None, None]
        lead = torch.arange(self.usable.shape[1], device=self.device)[:, None]
        has_lead = self._has_lead[numbers][:, :, None]
        inside = (places >= 0)[:, None] & (places[:, None] < samples) & has_lead
        at = self._index["offset"][numbers][:, None, None] + lead * samples + places[:, None]
        stored = self._signal[torch.where(inside, at, 0)]
        steps = self._steps_per_unit
        each = steps if isinstance(steps, int) else steps[numbers][:, :, None]
        return stored.float() / each, inside & (stored != MISSING)

    def _one_or_each(
        self, steps_per_unit: Collection[Sequence[int]]
    ) -> int | Float[Tensor, "recording lead"]:
        """Return the steps of a unit, one number where all leads share it.

        On a GPU, division by a number differs from that by a tensor in the last bit.
        """
        each = np.ones(self.usable.shape, dtype=np.float32)
        for row, steps in enumerate(steps_per_unit):
            each[row, : len(steps)] = steps
        values = {int(step) for steps in steps_per_unit for step in steps}
        return values.pop() if len(values) == 1 else torch.from_numpy(each).to(self.device)


def _beat_kind(row: pd.Series) -> str:
    """Return the kind of the lead in which the heartbeats of a recording were detected; empty: none were."""
    kind = dict(zip(row["leads"][::-1], row["kinds"][::-1], strict=True)).get(row["peak_lead"], "")
    return kind if kind in HEARTBEAT_KINDS else ""
