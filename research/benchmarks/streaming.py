"""``python -m research streaming``: time and memory of ``diffecg generate`` by number of beats."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from diffecg.errors import DiffecgError
from research.tables import markdown_table

HEAD = ("beats", "s", "beats/s", "peak memory, MB", "output, MB")


def streaming(
    *,
    out: Path,
    model: str = "mitbih-beat-fast",
    counts: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000),
    suffix: str = ".npz",
    threads: int = 2,
) -> None:
    """Measure time, memory and output size of `diffecg generate` by number of beats.

    Example: python -m research streaming --counts 1000 10000 --out streaming.md

    Each run is a process of its own. Time and output size should be proportional to the number of beats,
    memory constant.

    Args:
        out: Markdown file to write.
        model: Bundled name or model folder.
        counts: Numbers of beats.
        suffix: Format of the output: .npz, .csv, .parquet.
        threads: Processor threads.
    """
    rows: list[tuple[str, ...]] = []
    note = f"`diffecg generate {model} --count N`, {threads} threads, start-up included."
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"beats{suffix}"
            seconds, memory_mb = run_generate(model, count, path, threads)
            size_mb = path.stat().st_size / 1e6
        rows.append(
            (f"{count:,}", f"{seconds:.1f}", f"{count / seconds:.0f}", f"{memory_mb:.0f}", f"{size_mb:.0f}")
        )
        out.write_text(f"{note}\n\n{markdown_table(HEAD, rows)}")


def run_generate(model: str, count: int, path: Path, threads: int) -> tuple[float, float]:
    """Run `diffecg generate`; return its time in s and its peak memory in MB."""
    arguments = ["generate", model, "--count", str(count), "--out", str(path), "--threads", str(threads)]
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "diffecg", *arguments, "--batch-size", "256"])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise DiffecgError(f"diffecg generate failed at {count} beats; its message is above")
    return time.perf_counter() - started, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
