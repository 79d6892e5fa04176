"""What every measure of the benchmark shares: real records, trained networks, seeds, and rows of results."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from diffecg.files import atomic_path
from research.benchmarks.twelve_leads.networks import (
    Loss,
    Recipe,
    ResidualNetwork,
    SignalUv,
    Targets,
    fit_network,
    label_loss,
)
from research.benchmarks.twelve_leads.records import TRAIN_FOLDS, Records

CROPS = Recipe(crop=256, pool=1)
"""The fixed classifier of superclasses: crops of 2.56 s. It was chosen on fold 9, trained on real records."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A measure of one label, of a generated set and of real records in its place."""

    section: str
    measure: str
    label: str = "all"
    unit: str = ""
    values: tuple[float, ...]
    """Of the generated set, one for each seed."""
    reference: tuple[float, ...] = ()
    """Of real records in its place, one for each seed."""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class NetworkCache:
    """Networks by what they were trained on, so that each is trained once."""

    folder: Path
    device: str = "cpu"

    def fit(
        self, signal_uv: SignalUv, targets: Targets, recipe: Recipe, *, seed: int, loss: Loss = label_loss
    ) -> ResidualNetwork:
        """Return the network of :func:`fit_network`, from a file if it was trained before."""
        digest = hashlib.sha256(repr((asdict(recipe), seed, loss.__name__)).encode())
        digest.update(np.ascontiguousarray(signal_uv).data)
        digest.update(np.ascontiguousarray(targets, dtype=np.float32).data)
        path = self.folder / f"{digest.hexdigest()[:20]}.safetensors"
        if not path.is_file():
            network = fit_network(signal_uv, targets, recipe, seed=seed, loss=loss, device=self.device)
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_path(path) as partial:
                save_file({name: value.contiguous() for name, value in network.state_dict().items()}, partial)
            return network
        with torch.random.fork_rng(devices=[]):
            network = ResidualNetwork(signal_uv.shape[1], targets.shape[1], recipe.widths, recipe.pool)
        network.load_state_dict(load_file(path))
        return network.to(self.device).eval()


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """Real records, the fold that sets are scored on, and the seeds."""

    ptbxl: Records
    folder: Path
    """PTB-XL as released."""
    fold: int
    seeds: Sequence[int]
    networks: NetworkCache

    @cached_property
    def train(self) -> Records:
        """Real records of folds 1 to 8."""
        return self.ptbxl.folds(TRAIN_FOLDS)

    @cached_property
    def test(self) -> Records:
        """Real records of the fold that sets are scored on."""
        return self.ptbxl.folds([self.fold])


def matched(first: Records, second: Records, most: int, seed: int) -> tuple[Records, Records]:
    """Return as many random records of two sets, at most ``most`` of each."""
    rng = np.random.default_rng(seed)
    count = min(len(first), len(second), most)
    return first.take(rng.permutation(len(first))[:count]), second.take(rng.permutation(len(second))[:count])


def subject_of(records: Records) -> np.ndarray:
    """Return the subject of each record; in a set without the column each record has its own."""
    table = records.table
    return table["subject"].to_numpy() if "subject" in table else np.arange(len(table))
