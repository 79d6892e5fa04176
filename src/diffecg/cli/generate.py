"""``diffecg generate``."""

from __future__ import annotations

from pathlib import Path

from diffecg.cli.console import Compute, Force, Json, Seed, progress_bar, show
from diffecg.errors import DiffecgError


def generate(
    model: str,
    /,
    *,
    out: Path,
    label: str | None = None,
    count: int = 1,
    seed: Seed = 0,
    rhythm: str | None = None,
    compute: Compute = Compute(),
    force: Force = False,
    json: Json = False,
) -> None:
    """Make synthetic windows of a class.

    Example: diffecg generate mitbih-beat --label V --count 1000 --out v.npz

    Parameters
    ----------
    model:
        A bundled model (mitbih-beat, mitbih-beat-fast, mitbih-strip) or a model folder.
    out:
        File to write: .npz, .parquet or .csv; without a suffix, a folder of WFDB records.
    label:
        Class of the windows: N, S, V or F; left to the model unless given.
    count:
        Number of windows.
    rhythm:
        Beats of every window, as "0.5:N 1.3:N 1.9:V" (time of the R peak in s, class), for strips.
    """
    from diffecg.data.store import refuse_existing
    from diffecg.exchange.windows import check_format, write_generated

    check_format(out)
    refuse_existing(out, force=force, is_folder=not out.suffix)
    loaded = compute.load(model)
    with progress_bar("generate") as move:
        windows = loaded.stream(
            label, count, seed, rhythm=parse_rhythm(rhythm), progress=move, **compute.sampling()
        )
        card = write_generated(windows, out, count=count, before=loaded.config.window.before, force=force)
    text = f"{count} windows of class {label or 'unknown'} in {out}, seeds {seed} to {seed + count - 1}"
    show({"out": str(out), **card}, text, as_json=json)


def parse_rhythm(text: str | None) -> list[tuple[float, str]] | None:
    """Return the beats of a text such as ``0.5:N 1.3:V``: time in s and label of each.

    Raises:
        DiffecgError: it is not of that form.
    """
    if text is None:
        return None
    beats = []
    for beat in text.split():
        time_s, _, label = beat.partition(":")
        try:
            beats.append((float(time_s), label))
        except ValueError:
            raise DiffecgError(f'rhythm {beat!r} is not of the form "0.5:N 1.3:V"') from None
    return beats
