"""How often faults are found: in recordings as they are, and where real noise was added.

    python benchmarks/faults.py mitdb/ nstdb/

Prints a table of the faulty share of the leads of a database, and one of the noise found in two minutes of
six recordings to which each noise of the MIT-BIH Noise Stress Test Database was added at three ratios.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from diffecg.data.read_wfdb import recording_names
from diffecg.formats.registry import read_recording
from diffecg.signal.artefacts import ARTEFACTS, find_artefacts

CLEAN = ("100", "103", "111", "118", "213", "219")
RATIOS_DB = (6, 0, -6)
SPOILT_S = (300, 420)
"""Where noise is added, in seconds."""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("noises", type=Path)
    options = parser.parse_args()
    shares: dict[str, list[float]] = {kind: [] for kind in ARTEFACTS}
    for name in recording_names(options.database):
        recording = read_recording(options.database / name)
        for row in recording.voltages:
            for kind, mask in find_artefacts(
                recording.lead_mv(row), recording.fs_hz, list(ARTEFACTS)
            ).items():
                shares[kind].append(float(mask.mean()))
    print("| fault | leads | mean share |\n| --- | --- | --- |")
    for kind, found in shares.items():
        print(f"| {kind} | {sum(x > 0 for x in found)} of {len(found)} | {mean(found):.3%} |")
    print(f"\n| noise | {' | '.join(f'{ratio} dB' for ratio in RATIOS_DB)} | elsewhere |\n|{' --- |' * 5}")
    for noise in ("bw", "em", "ma"):
        added_mv = read_recording(options.noises / noise).lead_mv(0)
        cells = [[marked(options.database / name, added_mv, ratio) for name in CLEAN] for ratio in RATIOS_DB]
        ranges = [f"{min(x for x, _ in cell):.0%} to {max(x for x, _ in cell):.0%}" for cell in cells]
        print(f"| {noise} | {' | '.join(ranges)} | {max(y for cell in cells for _, y in cell):.1%} |")


def marked(path: Path, noise_mv: NDArray[np.float64], ratio_db: float) -> tuple[float, float]:
    """Return which share of the spoilt stretch, and of the rest, is found noisy.

    The signal's power is that of a sine as high as its beats, as Moody's nst defines it.
    """
    recording = read_recording(path)
    signal_mv, fs_hz = recording.lead_mv(0).copy(), round(recording.fs_hz)
    seconds = signal_mv[: len(signal_mv) // fs_hz * fs_hz].reshape(-1, fs_hz)
    power = np.median(np.ptp(seconds, axis=1)) ** 2 / 8
    spoilt = np.zeros(len(signal_mv), dtype=bool)
    spoilt[SPOILT_S[0] * fs_hz : SPOILT_S[1] * fs_hz] = True
    noise = noise_mv[: spoilt.sum()] - noise_mv[: spoilt.sum()].mean()
    signal_mv[spoilt] += noise * np.sqrt(power / np.mean(noise**2) / 10 ** (ratio_db / 10))
    found = find_artefacts(signal_mv, fs_hz, ["noise"])["noise"]
    return float(found[spoilt].mean()), float(found[~spoilt].mean())


if __name__ == "__main__":
    main()
