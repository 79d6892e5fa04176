"""Synthetic copies of labelled windows without a trained model: a normal distribution of each label."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from diffecg._version import __version__
from diffecg.choices import choices
from diffecg.datasets.windows import Windows
from diffecg.errors import DiffecgError
from diffecg.inference.checks import check_integer

COMPONENTS = 32
"""Principal components of a label."""
MIN_SUBJECTS = 3
"""Fewest subjects that a label is copied from."""
_SOURCE = ("database", "version", "licence", "citation", "split", "label_map")


def gaussian_copy(
    windows: Windows,
    *,
    counts: Mapping[str, int] | None = None,
    components: int = COMPONENTS,
    min_subjects: int = MIN_SUBJECTS,
    seed: int = 0,
) -> Windows:
    r"""Return synthetic windows from a normal distribution of each label, fitted to real ones.

    With mean :math:`\mu`, and singular values :math:`s_i` and vectors :math:`v_i` of the n centred windows of
    a label, a window is :math:`\mu + \sum_i z_i s_i v_i / \sqrt{n - 1}`, with standard normal :math:`z_i`.

    Of the copies of MIT-BIH that were compared, these are worth most to classifiers and reveal least of the
    subjects; the figures are in ``docs/studies/sharing.md``. They have no RR intervals and no recordings.
    That attacks fail on one database proves nothing about another: measure the privacy of your copy with
    ``diffecg evaluate --only privacy``.

    Args:
        windows: real windows with one label each.
        counts: number of windows of each label; None: as many as there are real ones, without the labels of
            too few subjects or of one window.
        components: principal components of each label, or as many as it has windows less one.
        min_subjects: fewest subjects of a label, or recordings where subjects are not known: the copy of a
            label of one subject would show that person's windows.
        seed: seed of the samples.

    Example:
        >>> import diffecg, numpy as np
        >>> signal_mv = np.random.default_rng(0).standard_normal((90, 1, 256))
        >>> real = diffecg.as_windows(signal_mv, fs_hz=360, labels=["N"] * 90)
        >>> diffecg.gaussian_copy(real, min_subjects=0).counts()
        {'N': 90}

    Raises:
        DiffecgError: windows with several labels, or whose subjects are not known; no label, or a label in
            ``counts``, has enough subjects; missing or infinite samples; arguments out of range.
    """
    check_integer("components", components, 1)
    check_integer("seed", seed, 0)
    if windows.has_several_labels:
        raise DiffecgError("windows with several labels each cannot be copied; keep one label each")
    found = _count_subjects(windows, min_subjects)
    have = windows.counts()
    copied = [label for label, subjects in found.items() if subjects >= min_subjects and have[label] > 1]
    for label in counts or copied or found:
        if label not in found:
            raise DiffecgError(f"unknown label {label!r}; {choices(label, found)}")
        if have[label] == 1:
            raise DiffecgError(f"label {label} has one window, of which a copy would be that window")
        if label not in copied:
            raise DiffecgError(
                f"label {label} has windows of {found.get(label, 0)} subjects, fewer than "
                f"{min_subjects}; lower min_subjects only if those people agree"
            )
    counts = {
        label: check_integer(f"count of {label}", n, 1)
        for label, n in (counts or have).items()
        if label in copied
    }
    if not np.isfinite(windows.signal_mv).all():
        raise DiffecgError("the windows have missing or infinite samples; leave out those windows")
    rng = np.random.default_rng(seed)
    flat = [_sample(windows.with_label(label).flat(), n, components, rng) for label, n in counts.items()]
    return Windows.from_arrays(
        np.concatenate(flat).astype(np.float32).reshape(-1, *windows.signal_mv.shape[1:]),
        windows.fs_hz,
        [label for label, count in counts.items() for _ in range(count)],
        channel_names=windows.channel_names,
        r_peak=windows.r_peak,
        info={
            "synthetic": True,
            "task": "gaussian-copy",
            **{name: windows.info[name] for name in _SOURCE if name in windows.info},
            "components": components,
            "min_subjects": min_subjects,
            "left_out": sorted(set(found) - set(counts)),
            "seed": seed,
            "diffecg": __version__,
        },
    )


def _count_subjects(windows: Windows, min_subjects: int) -> dict[str, int]:
    """Return the number of subjects of each label; of recordings where subjects are not known."""
    check_integer("min_subjects", min_subjects, 0)
    if min_subjects == 0:
        return dict.fromkeys(windows.counts(), 0)
    column = next((name for name in ("subject", "recording") if name in windows.index), None)
    if column is None:
        raise DiffecgError(
            "the windows do not say whose they are; give their index a column subject or recording, or set "
            "min_subjects to 0"
        )
    return {label: windows.with_label(label).index[column].nunique() for label in windows.counts()}


def _sample(
    real: Float[np.ndarray, "window feature"], count: int, components: int, rng: np.random.Generator
) -> Float[np.ndarray, "{count} feature"]:
    """Return samples of the normal distribution of windows in their principal components."""
    mean = real.mean(axis=0)
    components = min(components, len(real) - 1)
    _, deviations, directions = np.linalg.svd(real - mean, full_matrices=False)
    loadings = deviations[:components, None] * directions[:components] / np.sqrt(max(len(real) - 1, 1))
    return mean + rng.standard_normal((count, components)) @ loadings
