"""Making two sets of windows comparable: cleaning, rate and length, and the mean-beat baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diffecg.datasets.labels import AAMI_LABELS, UNKNOWN
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.signal.channels import make_channels
from diffecg.signal.resampling import resample


def shared_classes(one: Windows, other: Windows) -> list[str]:
    """Return the classes that both sets have, in AAMI's order, ``?`` last."""
    there = other.classes()
    return [label for label in one.classes() if label in there]


def cleaned(windows: Windows, name: str) -> tuple[Windows, list[str]]:
    """Return the windows that can be compared, and a sentence for each kind that was left out.

    Args:
        windows: any set.
        name: what the sentences call the set.

    Raises:
        DiffecgError: no window is left.
    """
    finite = np.isfinite(windows.signal_mv).all(axis=(1, 2))
    moving = np.ptp(np.nan_to_num(windows.signal_mv), axis=2).min(axis=1) > 0
    known = np.isin(windows.labels, (*AAMI_LABELS, UNKNOWN))
    unknown = sorted(set(windows.labels[~known].tolist()))
    reasons = [
        (~finite, "hold NaN or infinite samples"),
        (finite & ~moving, "are constant"),
        (finite & moving & ~known, f"bear an unknown label ({', '.join(unknown[:5])})"),
    ]
    notes = [
        f"{rows.sum()} of {len(windows)} {name} windows {why} and are left out"
        for rows, why in reasons
        if rows.any()
    ]
    kept = finite & moving & known
    if not kept.any():
        hint = f"; labels may be {', '.join(AAMI_LABELS)}" if unknown else ""
        raise DiffecgError(f"no {name} window can be compared: {'; '.join(notes) or 'it is empty'}{hint}")
    return (windows if kept.all() else windows.take(kept)), notes


def matched(synthetic: Windows, real: Windows, *, resampling: bool) -> Windows:
    """Return ``synthetic`` at the rate and length of ``real``.

    Args:
        synthetic: the set to change.
        real: the set to follow.
        resampling: whether the rate may be changed.

    Raises:
        DiffecgError: rates differ and ``resampling`` is off; lengths or numbers of leads differ.
    """
    leads, length = real.signal_mv.shape[1:]
    if synthetic.fs_hz != real.fs_hz:
        if not resampling:
            raise DiffecgError(
                f"synthetic windows at {synthetic.fs_hz:g} Hz cannot be compared with real ones at "
                f"{real.fs_hz:g} Hz; add --resample to convert the synthetic ones"
            )
        signal_mv = resample(synthetic.signal_mv.astype(np.float64), synthetic.fs_hz, real.fs_hz)
        if length < signal_mv.shape[2] <= length + 2:  # a rate's rounding
            signal_mv = signal_mv[..., :length]
        synthetic = replace(
            synthetic,
            signal=signal_mv.astype(np.float32),
            channels=make_channels(synthetic.leads),
            fs_hz=real.fs_hz,
        )
    if synthetic.signal_mv.shape[1:] != (leads, length):
        has = synthetic.signal_mv.shape
        raise DiffecgError(
            f"synthetic windows of {has[1]} lead(s) x {has[2]} samples cannot be compared with real ones "
            f"of {leads} x {length} at {real.fs_hz:g} Hz; cut both alike (diffecg prepare has --length)"
        )
    return replace(synthetic, r_peak=real.r_peak)


def in_turn(rows: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return ``count`` of the rows at random, each as often as the others but for one."""
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(rounds)[:count] if rounds else rows[:0]


def mean_beats(real: Windows, labels: Sequence[str], seed: int = 0) -> Windows:
    """Return the trivial baseline: each class's mean window plus white noise of its spread.

    Args:
        real: the windows to average.
        labels: class of each window to make; ``real`` has all of them.
        seed: of the noise.
    """
    rng = np.random.default_rng(seed)
    wanted = np.asarray(labels)
    signal_mv = np.empty((len(wanted), *real.signal_mv.shape[1:]), np.float32)
    for label in sorted(set(wanted.tolist())):
        rows = wanted == label
        signals = real.of(label).signal_mv
        noise = rng.standard_normal((int(rows.sum()), *signals.shape[1:]))
        signal_mv[rows] = signals.mean(axis=0) + signals.std(axis=0) * noise
    return Windows.from_arrays(
        signal_mv, real.fs_hz, wanted, leads=real.leads, r_peak=real.r_peak, info={"name": "mean beat"}
    )
