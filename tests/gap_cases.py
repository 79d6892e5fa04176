"""Small gap models and inputs for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from diffecg.config.gap import CandidateConfig, GapConfig, GapNetworkConfig, GapTrainingConfig
from diffecg.datasets.recording_set import CONTENT, FORMAT
from diffecg.datasets.recording_set_writer import RecordingSetWriter
from diffecg.model.gap.inputs import GapInputs
from diffecg.signal.simulation import simulate_ecg
from diffecg.transform.gap_window import GapWindow

MONITOR = CandidateConfig(
    length=128,
    longest_s=0.6,
    analogues=4,
    cycles=2,
    kinds=("ecg", "ppg", "pressure"),
    companions=("ecg", "ppg", "pressure"),
)
"""Settings of candidates of a model of several kinds of signals."""


def tiny_config(candidates: CandidateConfig | None = None, **training: object) -> GapConfig:
    """Return the settings of a network with a few thousand parameters, by default for ECG."""
    return GapConfig(
        candidates=candidates or CandidateConfig(length=128, longest_s=0.6, analogues=4, cycles=2),
        network=GapNetworkConfig(
            encoder_width=8, encoder_blocks=1, trunk_width=8, trunk_blocks=1, draw_blocks=1, latents=4
        ),
        training=GapTrainingConfig(**{"batch": 8, "blocks": ((1, 1.0), (16, 0.4)), **training}),
    )


def randomise(module: nn.Module, seed: int = 0) -> None:
    """Give all weights random values, also those that are zero in an untrained network."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data.normal_(0, 0.2, generator=generator)


def random_inputs(config: GapConfig, count: int = 3, seed: int = 0) -> GapInputs:
    """Return gaps of random signals; the second has companions, the third is a forecast."""
    generator = torch.Generator().manual_seed(seed)
    length, candidates = config.candidates.length, config.candidates.analogues + config.candidates.cycles
    missing = torch.zeros(count, length, dtype=torch.bool)
    missing[:, 50:80] = True
    missing[2] = torch.arange(length) >= 100
    observed = ~missing
    observed[0, :7] = False
    valid = torch.rand(count, candidates, 1, generator=generator).expand(-1, -1, length) > 0.2
    companions, kinds = len(config.candidates.companions), len(config.candidates.kinds)
    has_companion = torch.tensor([row == 1 for row in range(count)])
    companion = has_companion[:, None, None].expand(-1, companions, length)
    companion_valid = (valid & has_companion[:, None, None])[:, None].expand(-1, companions, -1, -1)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    return GapInputs(
        signal=noise(count, length) * observed,
        observed=observed,
        missing=missing,
        candidates=noise(count, candidates, length) * valid,
        valid=valid,
        companions=noise(count, companions, length) * companion,
        companion_observed=companion,
        companion_candidates=noise(count, companions, candidates, length) * companion_valid,
        companion_valid=companion_valid,
        log_lag=torch.rand(count, candidates, generator=generator),
        is_cycle=(torch.arange(candidates) >= config.candidates.analogues).expand(count, candidates),
        is_forecast=torch.tensor([row == 2 for row in range(count)]),
        kind=torch.arange(count) % kinds,
        smallest_scale=torch.full((count, 1 + companions), 0.03),
    )


def assert_same_window(inputs: GapInputs, row: int, window: GapWindow, *, atol: float) -> None:
    """Check that a gap of a batch has the arrays of a window that was cut alone."""
    for name, values in vars(inputs).items():
        here = values[row].numpy().astype(float)
        np.testing.assert_allclose(here, np.asarray(getattr(window, name), float), atol=atol, err_msg=name)


def write_recording_set(
    folder: Path, partitions: Sequence[str] = ("train", "train", "validation"), *, duration_s: float = 40.0
) -> Path:
    """Write a set of simulated recordings with two leads at 100 Hz, one for each partition given."""
    folder.mkdir()
    with RecordingSetWriter(folder) as writer:
        for number, partition in enumerate(partitions):
            ecg = simulate_ecg(duration_s, 100.0, seed=number)
            signal_mv = np.stack([ecg.signal_mv, -0.6 * np.roll(ecg.signal_mv, 2)])
            found = writer.write_signal([signal_mv], 2, signal_mv.shape[1])
            entry = {
                "recording": f"r{number}",
                "database": "simulated",
                "subject": f"s{number}",
                "partition": partition,
                "labels": [],
                "leads": ["I", "II"],
                "samples": signal_mv.shape[1],
                "peak_lead": "I",
                "source_fs_hz": 100.0,
                "flat_leads": [],
                "missing": sum(found["missing"]),
                "clipped": sum(found["clipped"]),
            }
            writer.add(entry, ecg.sample)
        writer.finish({"content": CONTENT, "format": FORMAT, "fs_hz": 100.0})
    return folder
