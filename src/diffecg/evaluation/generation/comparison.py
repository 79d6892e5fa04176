"""Preparation of two sets of windows for a comparison, and the mean-beat baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Int

from diffecg.datasets.faults import find_faults
from diffecg.datasets.labels import UNKNOWN
from diffecg.datasets.windows import ASSUMPTIONS, Windows
from diffecg.errors import DiffecgError
from diffecg.signal.channels import make_channels
from diffecg.signal.resampling import resample

MAX_ROUNDING_SAMPLES = 2
"""Resampled windows may be longer than the real ones by so many samples, which are cut off."""


def shared_labels(first: Windows, second: Windows) -> list[str]:
    """Return the labels that occur in both sets, in the order of tables."""
    others = second.unique_labels()
    return [label for label in first.unique_labels() if label in others]


def clean_windows(windows: Windows, name: str) -> tuple[Windows, list[str]]:
    """Return the windows that can be compared, and a note for each reason to leave out others.

    Windows with non-finite samples or constant leads are left out.

    Args:
        windows: windows to check.
        name: name of the set in the notes, such as ``synthetic``.

    Raises:
        DiffecgError: no window is left.
    """
    faults = find_faults(windows.signal)
    reasons = [
        (faults.not_finite, "have NaN or infinite samples"),
        (faults.constant, "have a constant lead"),
    ]
    notes = [
        f"{rows.sum()} of {len(windows)} {name} windows {reason} and are left out"
        for rows, reason in reasons
        if rows.any()
    ]
    kept = faults.usable
    if not kept.any():
        raise DiffecgError(f"no {name} window can be compared: {'; '.join(notes) or 'the set is empty'}")
    return (windows if kept.all() else windows.take(kept)), notes


def assumptions(windows: Windows) -> list[str]:
    """Return how the files of windows, one or several, were interpreted where they left a choice."""
    sources = [windows.info, *windows.info.get("sources", [])]
    return list(dict.fromkeys(text for info in sources for text in info.get(ASSUMPTIONS, [])))


def match_labels(synthetic: Windows, real: Windows) -> tuple[Windows, Windows, list[str]]:
    """Return both sets without labels, and a note, if one of them has none; else both sets as they are.

    Args:
        synthetic: windows to evaluate.
        real: windows to compare with.
    """
    unlabelled = [
        name for name, windows in (("synthetic", synthetic), ("real", real)) if not _labelled(windows)
    ]
    if len(unlabelled) != 1:
        return synthetic, real, []
    note = (
        f"the {unlabelled[0]} windows have no labels, so all windows are compared together, whatever the "
        "labels of the others"
    )
    return _without_labels(synthetic), _without_labels(real), [note]


def _labelled(windows: Windows) -> bool:
    return bool(set(windows.unique_labels()) - {UNKNOWN})


def _without_labels(windows: Windows) -> Windows:
    return replace(
        windows, index=windows.index.drop(columns=["labels"], errors="ignore").assign(label=UNKNOWN)
    )


def match_windows(synthetic: Windows, real: Windows, *, resampling: bool) -> Windows:
    """Return the synthetic windows at the sampling rate and with the R peak of the real ones.

    Args:
        synthetic: windows to convert.
        real: windows to compare with.
        resampling: whether the sampling rate may be changed.

    Raises:
        DiffecgError: rates differ and ``resampling`` is False; lengths or numbers of leads differ.
    """
    leads, length = real.signal_mv.shape[1:]
    if synthetic.fs_hz != real.fs_hz:
        if not resampling:
            raise DiffecgError(
                f"synthetic windows at {synthetic.fs_hz:g} Hz cannot be compared with real ones at "
                f"{real.fs_hz:g} Hz; add --resample to convert the synthetic ones"
            )
        synthetic = _resample(synthetic, real.fs_hz, length)
    if synthetic.signal_mv.shape[1:] != (leads, length):
        _, its_leads, its_length = synthetic.signal_mv.shape
        raise DiffecgError(
            f"synthetic windows of {its_leads} lead(s) x {its_length} samples cannot be compared with real "
            f"ones of {leads} x {length} at {real.fs_hz:g} Hz; cut both to one length "
            "(diffecg prepare --length)"
        )
    return replace(synthetic, r_peak=real.r_peak)


def _resample(windows: Windows, fs_hz: float, length: int) -> Windows:
    signal_mv = resample(windows.signal_mv.astype(np.float64), windows.fs_hz, fs_hz)
    if length < signal_mv.shape[2] <= length + MAX_ROUNDING_SAMPLES:
        signal_mv = signal_mv[..., :length]
    return replace(
        windows,
        signal=signal_mv.astype(np.float32),
        channels=make_channels(windows.channel_names),
        fs_hz=fs_hz,
    )


def draw_evenly(
    rows: Int[np.ndarray, " window"], count: int, rng: np.random.Generator
) -> Int[np.ndarray, " chosen"]:
    """Return ``count`` random rows, each as often as any other, or once more."""
    rounds = [rng.permutation(rows) for _ in range(-(-count // len(rows)))]
    return np.concatenate(rounds)[:count] if rounds else rows[:0]


def mean_beats(real: Windows, labels: Sequence[str], seed: int = 0) -> Windows:
    """Return the baseline generator's windows: each label's mean window plus white noise of its spread.

    Args:
        real: windows to average.
        labels: label of each window to generate; each must occur in ``real``.
        seed: seed of the noise.
    """
    rng = np.random.default_rng(seed)
    wanted = np.asarray(labels)
    signal_mv = np.empty((len(wanted), *real.signal_mv.shape[1:]), np.float32)
    for label in sorted(set(wanted.tolist())):
        rows = wanted == label
        signals = real.with_label(label).signal_mv
        noise = rng.standard_normal((int(rows.sum()), *signals.shape[1:]))
        signal_mv[rows] = signals.mean(axis=0) + signals.std(axis=0) * noise
    return Windows.from_arrays(
        signal_mv,
        real.fs_hz,
        wanted,
        channel_names=real.channel_names,
        r_peak=real.r_peak,
        info={"name": "mean beat"},
    )
