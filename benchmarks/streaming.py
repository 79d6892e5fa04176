"""Time, memory and output of ``diffecg generate`` against the number of beats.

    python benchmarks/streaming.py --out docs/streaming.md

Runs the command as a user does, in a process of its own. Time and output should grow in proportion, memory
not at all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COUNTS = (1_000, 10_000, 100_000, 1_000_000)


def main() -> None:
    """Generate and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="mitbih-beat-fast")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--suffix", default=".npz")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    lines = ["| beats | s | beats/s | peak memory, MB | output, MB |", "| --- | --- | --- | --- | --- |"]
    for count in options.counts:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"made{options.suffix}"
            seconds, memory = generated(options.model, count, path, options.threads)
            megabytes = path.stat().st_size / 1e6
        row = (f"{count:,}", f"{seconds:.1f}", f"{count / seconds:.0f}", f"{memory:.0f}", f"{megabytes:.0f}")
        lines.append(f"| {' | '.join(row)} |")
        head = (
            f"`diffecg generate {options.model} --count N`, {options.threads} threads, start-up included.\n\n"
        )
        options.out.write_text(head + "\n".join(lines) + "\n")


def generated(model: str, count: int, path: Path, threads: int) -> tuple[float, float]:
    """Return the seconds that the command took and the most memory that it held, in MB."""
    arguments = ["generate", model, "--count", str(count), "--out", str(path), "--threads", str(threads)]
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "diffecg", *arguments, "--batch-size", "256"])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"generate failed at {count} beats")
    return time.perf_counter() - started, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main()
