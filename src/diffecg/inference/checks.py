"""Validation of arguments from the user."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from typing import Any

import numpy as np
from jaxtyping import Float32
from numpy.typing import ArrayLike

from diffecg.config.schema import Config
from diffecg.datasets.labels import check_label
from diffecg.errors import DiffecgError
from diffecg.inference.options import SamplerOptions
from diffecg.inference.seeds import MAX_SEED
from diffecg.signal.arrays import as_floats

MAX_HORIZON_S = 600.0


def as_windows(
    signal_mv: ArrayLike, shape: tuple[int, int], count: int
) -> Float32[np.ndarray, "window lead time"]:
    """Return one window, repeated, or ``count`` windows as an array of float32.

    Args:
        signal_mv: axes (lead, time), (time, lead) or (time), also behind an axis of windows, in mV.
        shape: leads and samples of the model's windows.
        count: number of windows.

    Raises:
        DiffecgError: the windows have another shape, or values that are not finite.
    """
    signal = as_floats(signal_mv).astype(np.float32)
    leads, samples = shape
    if signal.shape[-2:] == (samples, leads) != shape:
        signal = signal.swapaxes(-1, -2)
    elif leads == 1 and signal.shape in ((samples,), (count, samples)):
        signal = signal[..., None, :]
    if signal.shape not in (shape, (count, *shape)) or not np.isfinite(signal).all():
        raise DiffecgError(
            f"windows of shape {signal.shape} must be finite and {shape} or {(count, *shape)}, in mV"
        )
    return np.broadcast_to(signal, (count, *shape)).copy()


def check_integer(name: str, value: Any, least: int = 1) -> int:
    """Return a value as an integer.

    Raises:
        DiffecgError: it is not an integer, or below ``least``.
    """
    try:
        number = index(value)
    except TypeError:
        raise DiffecgError(f"{name} {value!r} is not an integer") from None
    if number < least:
        raise DiffecgError(f"{name} {number} must be at least {least}")
    return number


def check_coverage(coverage: float) -> float:
    """Return a coverage.

    Raises:
        DiffecgError: it is not between 0 and 1.
    """
    if not 0 < coverage < 1:
        raise DiffecgError(f"coverage {coverage:g} must be between 0 and 1, such as 0.9 for 90 %")
    return coverage


def check_strength(strength: float, sigma_max: float) -> float:
    """Return the noise level of a variation.

    Raises:
        DiffecgError: it is not above 0 and at most the model's highest noise level.
    """
    if not 0 < strength <= sigma_max:
        raise DiffecgError(f"strength {strength:g} must be above 0 and not above {sigma_max:g}")
    return strength


def horizon_samples(horizon_s: float, fs_hz: float) -> int:
    """Return the number of samples of a forecast.

    Raises:
        DiffecgError: the horizon is shorter than one sample or longer than MAX_HORIZON_S.
    """
    samples = round(horizon_s * fs_hz) if np.isfinite(horizon_s * fs_hz) else 0
    if samples < 1 or horizon_s > MAX_HORIZON_S:
        raise DiffecgError(
            f"horizon {horizon_s:g} s must be at least one sample and at most {MAX_HORIZON_S:g} s"
        )
    return samples


def check_sampler(sampler: str | None, steps: int | None, batch_size: int) -> SamplerOptions:
    """Return sampler options.

    Raises:
        DiffecgError: steps or batch size are not positive integers.
    """
    return SamplerOptions(
        sampler=sampler,
        steps=None if steps is None else check_integer("steps", steps),
        batch_size=check_integer("batch_size", batch_size),
    )


def check_seeds(seed: int | Iterable[int], count: int) -> Sequence[int]:
    """Return the seeds ``seed``, ``seed + 1``, …, or those of a sequence.

    Raises:
        DiffecgError: a seed is out of range, or there are not ``count`` of them.
    """
    if isinstance(seed, Iterable) and not isinstance(seed, str):
        seeds = [check_seeds(one, 1)[0] for one in seed]
        if len(seeds) != count:
            raise DiffecgError(f"{len(seeds)} seeds for a count of {count}; give one per window")
        return seeds
    first = check_integer("seed", seed, least=0)
    if first > MAX_SEED - count:
        raise DiffecgError(f"seed {first} must be 0 to {MAX_SEED - count}")
    return range(first, first + count)


def check_labels(
    label: str | Iterable[str | None] | None, count: int, known: Sequence[str], model: str
) -> list[str | None]:
    """Return a label for each window.

    Raises:
        DiffecgError: an unknown label, or not ``count`` of them.
    """
    if label is not None and (isinstance(label, bytes) or not isinstance(label, Iterable)):
        check_label(label, known, model)
    labels = [label] * count if label is None or isinstance(label, str) else list(label)
    if len(labels) != count:
        raise DiffecgError(f"{len(labels)} labels for a count of {count}; give one per window")
    for one in dict.fromkeys(labels):
        check_label(one, known, model)
    return labels


def rhythm_samples(
    rhythm: Sequence[tuple[float, str]] | None, config: Config, model: str
) -> tuple[tuple[int, str], ...]:
    """Return the beats of a window as (sample of the R peak, label), in order.

    Args:
        rhythm: beats as (time of the R peak in s, label).
        config: configuration of the model.
        model: its name, for messages.

    Raises:
        DiffecgError: an unknown label, a beat outside the window, or a model without rhythm condition.
    """
    window, labels = config.window, config.conditions.rhythm
    if rhythm and not labels:
        raise DiffecgError(f"the model {model} cannot be conditioned on a rhythm")
    beats = []
    for time_s, label in rhythm or ():
        if label not in labels:
            raise DiffecgError(f"unknown label {label!r} in the rhythm; choose one of {', '.join(labels)}")
        if not 0 <= time_s < window.duration_s:
            raise DiffecgError(f"a beat at {time_s:g} s is outside the window of {window.duration_s:g} s")
        beats.append((round(time_s * window.fs_hz), label))
    return tuple(sorted(beats))
