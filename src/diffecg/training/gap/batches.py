"""Training batches of gaps: what the network is given, and apart from it what was really there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Float32, Int, Shaped
from torch import Tensor

from diffecg.config.gap import GapConfig
from diffecg.datasets.recording_set import PreparedRecording
from diffecg.model.gap.inputs import GapInputs
from diffecg.training.gap.examples import gap_of
from diffecg.training.gap.recordings import RecordingSource
from diffecg.transform.gap_window import GapWindow, cut_gap_window, window_samples


@dataclass(frozen=True, kw_only=True, eq=False)
class GapBatch:
    """Gaps with the true signal."""

    inputs: GapInputs
    truth_mv: Float[Tensor, "batch time"]
    """The signal of the gap's lead; read in the gap only."""

    def __len__(self) -> int:
        """Return the number of gaps."""
        return len(self.truth_mv)

    def select(self, rows: slice, device: str | torch.device) -> GapBatch:
        """Return some of the gaps, on a device."""
        return GapBatch(inputs=self.inputs.select(rows, device), truth_mv=self.truth_mv[rows].to(device))

    def inverted(self, sign: Float[Tensor, " batch"]) -> GapBatch:
        """Return the gaps with all signals multiplied by 1 or -1."""
        one, several = sign[:, None], sign[:, None, None]
        inputs = replace(
            self.inputs,
            signal_mv=self.inputs.signal_mv * one,
            candidates_mv=self.inputs.candidates_mv * several,
            companion_mv=self.inputs.companion_mv * one,
            companion_candidates_mv=self.inputs.companion_candidates_mv * several,
        )
        return GapBatch(inputs=inputs, truth_mv=self.truth_mv * one)


class GapBatchSource:
    """Makes batches from examples."""

    def __init__(
        self, source: RecordingSource, examples: Shaped[np.ndarray, " example"], config: GapConfig
    ) -> None:
        self.source, self.examples, self.config = source, examples, config

    def random_batch(self, rng: np.random.Generator, size: int) -> GapBatch:
        """Return ``size`` random examples, some of them upside down."""
        rows = rng.integers(len(self.examples), size=size)
        sign = np.where(rng.random(size) < self.config.training.inverted, -1, 1)
        return self.batch(rows).inverted(torch.from_numpy(sign.astype(np.float32)))

    def batch(self, rows: Int[np.ndarray, " batch"]) -> GapBatch:
        """Return certain examples."""
        pairs = [self._window(row) for row in rows.tolist()]
        return GapBatch(
            inputs=GapInputs.stack([window for window, _ in pairs]),
            truth_mv=torch.from_numpy(np.stack([truth for _, truth in pairs])),
        )

    def _window(self, row: int) -> tuple[GapWindow, Float32[np.ndarray, " time"]]:
        example = self.examples[row]
        recording = self.source.recording(int(example["recording"]))
        gap, candidates = gap_of(example), self.config.candidates
        window = window_samples(gap, candidates, self.config.network.n_fft // 2)
        starts = example["analogues"]
        cut = cut_gap_window(
            recording.signal_mv, gap, starts[starts >= 0].astype(np.int64), candidates, window
        )
        return cut, _truth(recording, gap.row, window)


def _truth(recording: PreparedRecording, row: int, window: slice) -> Float32[np.ndarray, " time"]:
    """Return the signal of a lead in a window, zero where there is none."""
    signal_mv = recording.signal_mv[row]
    inside = slice(max(window.start, 0), min(window.stop, len(signal_mv)))
    truth = np.zeros(window.stop - window.start, dtype=np.float32)
    truth[inside.start - window.start : inside.stop - window.start] = np.nan_to_num(signal_mv[inside])
    return truth
