"""Training batches of gaps: what the network is given, and apart from it what was really there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from diffecg.config.gap import CandidateConfig, GapConfig
from diffecg.datasets.recording_set import RecordingSet
from diffecg.errors import DiffecgError
from diffecg.model.gap.inputs import GapInputs
from diffecg.training.checks import NEEDED
from diffecg.training.gap.cycles import lay_cycles_batch
from diffecg.training.gap.places import Gaps, draw_gaps
from diffecg.training.gap.recordings import TrainingRecordings
from diffecg.training.gap.search import search_batch
from diffecg.training.gap.signals import SignalGroups, draw_groups
from diffecg.transform.gap_window import SMALLEST_SCALE

MOST_GAPS, SAMPLES_PER_GAP = 16, 6000
"""A recording of a batch has as many gaps as it has minutes (at 100 Hz), at most so many."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GapBatch:
    """Gaps with the true signal."""

    inputs: GapInputs
    truth: Float[Tensor, "batch time"]
    """The signal of the gap, in its unit; read in the gap only."""

    def __len__(self) -> int:
        """Return the number of gaps."""
        return len(self.truth)

    def select(self, rows: slice | Int[Tensor, " row"]) -> GapBatch:
        """Return some of the gaps."""
        inputs = self.inputs.select(rows, self.truth.device)
        return GapBatch(inputs=inputs, truth=self.truth[rows])


class GapBatchSource:
    """Makes batches of gaps at random places of the recordings of a partition.

    Args:
        sets: recording sets, one for each folder.
        partition: ``train`` or ``validation``.
        config: settings of the model and its training.
        virtual: share of virtual recordings.
        device: where batches are made.

    Raises:
        DiffecgError: a set has another rate than the model, or there are no recordings to train or validate.
    """

    def __init__(
        self,
        sets: Sequence[RecordingSet],
        partition: str,
        config: GapConfig,
        *,
        virtual: float = 0.0,
        device: str | torch.device = "cpu",
    ) -> None:
        check_sets(sets, config.candidates)
        shares = config.training.shares or (1.0,) * len(sets)
        if len(shares) != len(sets):
            raise DiffecgError(
                f"training.shares has {len(shares)} share(s) for {len(sets)} folder(s); "
                "give one for each --data"
            )
        has_any = [partition in set(recordings.index["partition"]) for recordings in sets]
        self.config, self._virtual = config, virtual
        self._sources = [
            TrainingRecordings(recordings.select(partition=partition), device)
            for recordings, has in zip(sets, has_any, strict=True)
            if has
        ]
        self._shares = np.array([share for share, has in zip(shares, has_any, strict=True) if has])

    def draw(self, rng: np.random.Generator, size: int) -> GapBatch:
        """Return ``size`` random gaps.

        Raises:
            DiffecgError: no gap has an analogue.
        """
        ends = np.rint(size * np.cumsum(self._shares) / self._shares.sum()).astype(np.int64)
        counts = np.diff(ends, prepend=0).tolist()
        parts = [
            self._draw(rng, source, count)
            for source, count in zip(self._sources, counts, strict=True)
            if count
        ]
        inputs = {
            field.name: torch.cat([getattr(part.inputs, field.name) for part, _ in parts])
            for field in fields(GapInputs)
        }
        batch = GapBatch(inputs=GapInputs(**inputs), truth=torch.cat([part.truth for part, _ in parts]))
        good = torch.cat([good for _, good in parts]).nonzero()[:, 0]
        if not len(good):
            raise DiffecgError(
                "no gap with analogues was found in the recordings; give more or longer recordings"
            )
        # Gaps without analogues are replaced by others of the batch.
        return batch.select(good[torch.arange(size, device=good.device) % len(good)])

    def _draw(
        self, rng: np.random.Generator, source: TrainingRecordings, count: int
    ) -> tuple[GapBatch, Bool[Tensor, " batch"]]:
        """Return gaps of the recordings of one folder, and which of them have analogues."""
        training, candidates = self.config.training, self.config.candidates
        each = int(np.clip(np.median(source.samples) // SAMPLES_PER_GAP, 1, min(MOST_GAPS, count)))
        numbers = rng.choice(len(source), -(-count // each), p=source.samples / source.samples.sum())
        groups = draw_groups(
            rng,
            source,
            numbers,
            candidates,
            virtual=self._virtual,
            inverted=training.inverted if self._virtual else 0.0,
        )
        gaps = draw_gaps(rng, groups, each, candidates, training)
        starts = search_batch(groups, gaps, candidates)
        batch = cut_batch(groups, gaps, starts, self.config)
        good = (gaps.is_valid & (starts[..., 0] >= 0)).flatten()
        return batch.select(slice(0, count)), good[:count]


def check_sets(sets: Sequence[RecordingSet], candidates: CandidateConfig) -> None:
    """Check the rate and the signals of recording sets, and that they can be trained from.

    Raises:
        DiffecgError: a set has another rate than the model or no signals of its kinds, or there are no
            recordings to train or validate.
    """
    fs_hz, own = candidates.fs_hz, ",".join(candidates.kinds)
    for recordings in sets:
        kinds = {kind for kinds in recordings.index["kinds"] for kind in kinds}
        if recordings.fs_hz != fs_hz or not kinds & set(candidates.kinds):
            raise DiffecgError(
                f"the recordings have {', '.join(sorted(kinds))} at {recordings.fs_hz:g} Hz, and the model "
                f"needs {own} at {fs_hz:g} Hz; prepare them with --preset imputation for ECG, --preset "
                "monitor for several kinds"
            )
    for needed in NEEDED:
        if not any(needed in set(recordings.index["partition"]) for recordings in sets):
            raise DiffecgError(
                f"no recordings in the partition {needed!r}; give another recording set with --data, or "
                "assign partitions to subjects when preparing it (--subjects)"
            )


def cut_batch(
    groups: SignalGroups, gaps: Gaps, starts: Int[Tensor, "recording gap analogue"], config: GapConfig
) -> GapBatch:
    """Return gaps with their surroundings and candidates: what :func:`cut_gap_window` cuts, as tensors.

    Args:
        groups: the recordings.
        gaps: the gaps.
        starts: first samples of their analogues; -1 = none.
        config: settings of the model.
    """
    candidates = config.candidates
    window = torch.where(
        gaps.is_forecast,
        gaps.stop - candidates.length,
        gaps.start + gaps.length // 2 - candidates.length // 2,
    )
    time = window[..., None] + torch.arange(candidates.length, device=starts.device)
    shift = starts - gaps.start[..., None]
    has_analogue = (starts >= 0)[..., None]
    analogues = torch.where(has_analogue, (time[:, :, None] + shift[..., None]).double(), torch.nan)
    cycles = lay_cycles_batch(groups.beats, gaps, window, candidates)
    places = torch.cat([analogues, cycles], dim=2)
    hidden_stop = torch.where(gaps.is_forecast, groups.signal.shape[2], gaps.stop)
    hidden = (gaps.start, hidden_stop)

    own, observed = _read(groups, 0, time, hidden)
    truth, _ = _read(groups, 0, time, None)
    of_candidates, valid = _interpolate(groups, 0, places, hidden)
    rows = range(1, groups.signal.shape[1])
    companions = [_read(groups, row, time, None) for row in rows]
    companion_candidates = [_interpolate(groups, row, places, None) for row in rows]
    read, seen = (torch.stack(values, dim=2) for values in zip(*companions, strict=True))
    read_candidates, seen_candidates = (
        torch.stack(values, dim=2) for values in zip(*companion_candidates, strict=True)
    )
    companion_observed = seen & gaps.through_gap[..., None]
    companion_valid = seen_candidates & valid[:, :, None] & gaps.through_gap[..., None, None]
    lag = torch.where(has_analogue[..., 0], (1 + shift.abs() / candidates.fs_hz).log10(), 0.0)
    log_lag = torch.cat([lag, lag.new_full((*lag.shape[:2], candidates.cycles), -1.0)], dim=2)
    is_cycle = torch.arange(log_lag.shape[2], device=lag.device) >= candidates.analogues
    inputs = {
        "signal": own,
        "observed": observed,
        "missing": (time >= gaps.start[..., None]) & (time < gaps.stop[..., None]),
        "candidates": of_candidates,
        "valid": valid,
        "companions": torch.where(companion_observed, read, 0.0),
        "companion_observed": companion_observed,
        "companion_candidates": torch.where(companion_valid, read_candidates, 0.0),
        "companion_valid": companion_valid,
        "log_lag": log_lag,
        "is_cycle": is_cycle.expand(log_lag.shape),
        "is_forecast": gaps.is_forecast,
        "kind": groups.kind[:, None].expand(gaps.start.shape),
        "smallest_scale": SMALLEST_SCALE * groups.smallest_sd[:, None].expand(*gaps.start.shape, -1),
    }
    flat = {name: value.flatten(0, 1) for name, value in inputs.items()}
    return GapBatch(inputs=GapInputs(**flat), truth=truth.flatten(0, 1))


def _read(
    groups: SignalGroups,
    row: int,
    places: Int[Tensor, "recording gap *places"],
    hidden: tuple[Int[Tensor, "recording gap"], Int[Tensor, "recording gap"]] | None,
) -> tuple[Float[Tensor, "recording gap *places"], Bool[Tensor, "recording gap *places"]]:
    """Return samples of a signal, and which of them are observed; the others are zero."""
    signal, observed = groups.signal[:, row], groups.observed[:, row]
    inside = (places >= 0) & (places < signal.shape[1])
    at = places.clamp(0, signal.shape[1] - 1).flatten(1)
    seen = observed.gather(1, at).reshape(places.shape) & inside
    if hidden is not None:
        start, stop = (limit.reshape(*limit.shape, *(1,) * (places.ndim - 2)) for limit in hidden)
        seen = seen & ((places < start) | (places >= stop))
    return torch.where(seen, signal.gather(1, at).reshape(places.shape), 0.0), seen


def _interpolate(
    groups: SignalGroups,
    row: int,
    places: Float64[Tensor, "recording gap candidate time"],
    hidden: tuple[Int[Tensor, "recording gap"], Int[Tensor, "recording gap"]] | None,
) -> tuple[Float[Tensor, "recording gap candidate time"], Bool[Tensor, "recording gap candidate time"]]:
    """Return a signal at places between samples, linearly interpolated; NaN = nowhere."""
    places = torch.where(torch.isfinite(places), places, -1.0)
    before = places.floor()
    fraction = (places - before).float()
    left, left_seen = _read(groups, row, before.long(), hidden)
    right, right_seen = _read(groups, row, before.long() + 1, hidden)
    seen = left_seen & (right_seen | (fraction == 0))
    return torch.where(seen, left * (1 - fraction) + right * fraction, 0.0), seen
