"""``python -m research monitor-networks``: train the networks that models are compared with."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from diffecg.cli.console import Threads, use_threads
from diffecg.datasets.recording_set import RecordingSet
from research.benchmarks.monitor_windows import draw_batch, monitor_windows
from research.rivals.imputation_networks import NETWORKS
from research.rivals.network_training import train_networks


def monitor_networks(
    *,
    data: Annotated[Path, Parameter(help="Recording set of diffecg prepare cinc2015 --preset monitor.")],
    out: Path,
    minutes: float = 20.0,
    only: tuple[str, ...] = tuple(NETWORKS),
    seed: int = 0,
    threads: Threads = 1,
) -> None:
    """Train a U-Net, and SAITS and CSDI of PyPOTS, on windows of ECG, PPG, pressure and respiration.

    Example: python -m research monitor-networks --data monitor/ --out networks/ --only saits

    The windows are 896 samples (7.2 s at 125 Hz) of two ECG leads and one signal of each other kind, of the
    partition train. Gaps of 0.25 to 5 s are in one, several or all signals; a quarter are forecasts. Compare
    with: python -m research monitors --vs saits=networks/saits ... SAITS and CSDI need: pip install
    pypots==1.5.

    Args:
        out: Folder of the networks.
        minutes: Processor time of the training of each network.
        only: Names of the networks to train.
        seed: Seed of weights, windows and gaps.
    """
    use_threads(threads)
    recordings = RecordingSet.open(data).select(partition="train")
    train_networks(
        only,
        monitor_windows(recordings.fs_hz),
        partial(draw_batch, recordings),
        out=out,
        minutes=minutes,
        seed=seed,
        about={"data": recordings.fingerprint("train")},
    )
