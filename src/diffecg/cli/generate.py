"""``diffecg generate``."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import (
    BatchSize,
    Device,
    Force,
    Json,
    Sampler,
    Seed,
    Steps,
    Threads,
    progress_bar,
    show,
    use_threads,
)


def generate(
    model: str,
    /,
    *,
    out: Path,
    label: str | None = None,
    count: int = 1,
    seed: Seed = 0,
    sampler: Sampler = None,
    steps: Steps = None,
    batch_size: BatchSize = 64,
    threads: Threads = None,
    device: Device = "cpu",
    force: Force = False,
    json: Json = False,
) -> None:
    """Make synthetic windows of a class.

    Example: diffecg generate mitbih-beat --label V --count 1000 --out v.npz

    Parameters
    ----------
    model:
        A bundled model (mitbih-beat, mitbih-strip) or a model folder.
    out:
        File to write: .npz, .parquet or .csv; without a suffix, a folder of WFDB records.
    label:
        Class of the windows: N, S, V or F; left to the model unless given.
    count:
        Number of windows.
    """
    from diffecg.data.store import refuse_existing
    from diffecg.exchange.windows import card, check_format, write_generated
    from diffecg.tasks.model import load

    use_threads(threads)
    check_format(out)
    refuse_existing(out, force=force)
    loaded = load(model, device)
    with progress_bar("generate") as move:
        windows = loaded.generate(
            label,
            count,
            seed,
            sampler=sampler,
            steps=steps,
            batch_size=batch_size,
            progress=move,
        )
    write_generated(windows, out, before=loaded.config.window.before, force=force)
    text = f"{count} windows of class {label or 'unknown'} in {out}, seeds {seed} to {seed + count - 1}"
    show({"out": str(out), **card(windows)}, text, as_json=json)
