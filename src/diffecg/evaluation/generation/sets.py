"""Sets of labelled windows, real or synthetic, from whatever program; and how two are made comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffecg.datasets.labels import AAMI_LABELS, UNKNOWN
from diffecg.errors import DiffecgError
from diffecg.signal.resampling import resample

Array = NDArray[np.floating]


@dataclass(frozen=True)
class WindowSet:
    """Labelled windows of one kind."""

    signal_mv: NDArray[np.float32]
    """Axes (window, lead, time), in mV."""
    fs_hz: float
    """Sampling rate, in Hz."""
    labels: NDArray[np.str_]
    """Class of each window; ``?`` = none."""
    recordings: NDArray[np.str_] | None = None
    """Recording that each window was cut from; None = not known."""
    parts: NDArray[np.str_] | None = None
    """``train``, ``validation`` or ``test`` for each window; None = the set has no parts."""
    rr_s: NDArray[np.float64] | None = None
    """RR intervals before and after the beat, axes (window, 2), in s; None = not known."""
    before: int | None = None
    """Samples before the R peak; None for windows that are not of one beat."""
    info: dict[str, Any] = field(default_factory=dict)
    """Where the set came from."""

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.labels)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> WindowSet:
        """Return the windows that ``rows`` (a mask, or places) chooses."""
        return replace(
            self,
            signal_mv=self.signal_mv[rows],
            labels=self.labels[rows],
            recordings=None if self.recordings is None else self.recordings[rows],
            parts=None if self.parts is None else self.parts[rows],
            rr_s=None if self.rr_s is None else self.rr_s[rows],
        )

    def part(self, name: str) -> WindowSet | None:
        """Return the windows of one part; None if the set has no such part."""
        if self.parts is None or name not in self.parts:
            return None
        return self.take(self.parts == name)

    def of(self, label: str) -> WindowSet:
        """Return the windows of one class."""
        return self.take(self.labels == label)

    def classes(self) -> list[str]:
        """Return the classes that occur, in AAMI's order, ``?`` last."""
        present = set(self.labels.tolist())
        return [label for label in (*AAMI_LABELS, UNKNOWN) if label in present]

    def flat(self) -> Array:
        """Return the windows as rows (window lead*time), in mV."""
        return self.signal_mv.reshape(len(self), -1)


def shared_classes(one: WindowSet, other: WindowSet) -> list[str]:
    """Return the classes that both sets have, in AAMI's order, ``?`` last."""
    there = other.classes()
    return [label for label in one.classes() if label in there]


def one_set(sets: Sequence[WindowSet]) -> WindowSet:
    """Return the windows of several sets, in order, as one; what one of them does not know is unknown.

    Raises:
        DiffecgError: they differ in leads, length or rate.
    """
    kinds = {(s.signal_mv.shape[1:], s.fs_hz) for s in sets}
    if len(kinds) > 1:
        found = " and ".join(f"{leads} x {length} at {fs:g} Hz" for (leads, length), fs in sorted(kinds))
        raise DiffecgError(f"windows of {found} do not make one set")
    if len(sets) == 1:
        return sets[0]
    recordings = [s.recordings for s in sets if s.recordings is not None]
    rr_s = [s.rr_s if s.rr_s is not None else np.full((len(s), 2), np.nan) for s in sets]
    return WindowSet(
        np.concatenate([s.signal_mv for s in sets]),
        sets[0].fs_hz,
        np.concatenate([s.labels for s in sets]),
        np.concatenate(recordings) if len(recordings) == len(sets) else None,
        rr_s=None if all(s.rr_s is None for s in sets) else np.concatenate(rr_s),
        before=sets[0].before,
        info=sets[0].info,
    )


def cleaned(windows: WindowSet, name: str) -> tuple[WindowSet, list[str]]:
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


def matched(synthetic: WindowSet, real: WindowSet, *, resampling: bool) -> WindowSet:
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
        synthetic = replace(synthetic, signal_mv=signal_mv.astype(np.float32), fs_hz=real.fs_hz)
    if synthetic.signal_mv.shape[1:] != (leads, length):
        has = synthetic.signal_mv.shape
        raise DiffecgError(
            f"synthetic windows of {has[1]} lead(s) x {has[2]} samples cannot be compared with real ones "
            f"of {leads} x {length} at {real.fs_hz:g} Hz; cut both alike (diffecg prepare has --length)"
        )
    return replace(synthetic, before=real.before)


def in_turn(rows: NDArray[np.intp], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return ``count`` of the rows at random, each as often as the others but for one."""
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(rounds)[:count] if rounds else rows[:0]


def mean_beats(real: WindowSet, labels: Sequence[str], seed: int = 0) -> WindowSet:
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
    return WindowSet(signal_mv, real.fs_hz, wanted, before=real.before, info={"name": "mean beat"})
