"""A recording out of a rhythm: every beat drawn where it is to come, with its label, by one heart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from diffecg.composition.subject import SyntheticSubject, level_of, sample_subject
from diffecg.composition.timing import Rhythm, check_beats
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.inference.checks import check_integer
from diffecg.inference.loading import load
from diffecg.inference.model import Model
from diffecg.inference.sampling import Progress
from diffecg.signal.runs import true_runs

STRENGTH = 1.0
"""How much beats of one heart differ (see ``Model.vary``): the height of normal beats by 5 %. In DS1
it varies by 8.5 % (median of its recordings), breathing and noise included, which a strength of 2 gives."""
_CHUNK = 1024
_ONSET_S = {"N": 0.22, "S": 0.22, "V": 0.125, "F": 0.125}
"""How long before the R peak a beat begins to show: its P wave, or its QRS."""
_QRS_END_S, _QRS_BEGIN_S = 0.125, 0.07
_FADE_S = 0.033
_RETURN_S = 0.15
"""How long the last wave of a beat takes back to the zero line, at most."""
_ORDER = 8
Array = NDArray[np.float64]


def compose(
    beats: Rhythm | Sequence[tuple[float, str]],
    duration_s: float | None = None,
    *,
    model: str | Model = "mitbih-beat",
    seed: int = 0,
    rhythm_seed: int | None = None,
    subject_seed: int = 0,
    strength: float = STRENGTH,
    progress: Progress | None = None,
) -> Recording:
    """Return a recording with these beats.

    Each beat is the subject's beat of its class, varied by its own seed, at its own time. Where one beat ends
    and the next begins the two are blended; between beats that are far apart runs the zero line, with noise
    of the beats' own spectrum.

    Args:
        beats: a rhythm, or (time of the R peak in s, label) of each beat in order.
        duration_s: of the recording, in s; None: until a second after the last of the given beats.
        model: of beats.
        seed: of each beat's variation.
        rhythm_seed: of the rhythm; None: the same.
        subject_seed: of the person; the same person may have many recordings.
        strength: how much beats of a class differ (see :meth:`Model.vary`).
        progress: called with beats done and in all.

    Raises:
        DiffecgError: beats that no heart can make, unknown labels, no beat at all, or a length of zero.
    """
    seed, subject_seed = check_integer("seed", seed, 0), check_integer("subject_seed", subject_seed, 0)
    loaded = model if isinstance(model, Model) else load(model)
    if isinstance(beats, Rhythm):
        if duration_s is None:
            raise DiffecgError("a rhythm has no end: say how long the recording is to be")
        given = beats.beats(duration_s, seed if rhythm_seed is None else rhythm_seed)
    else:
        given = [(float(time_s), label) for time_s, label in beats]
    subject = sample_subject(loaded, subject_seed)
    _check(given, duration_s, subject)
    fs_hz = loaded.config.window.fs_hz
    samples = round((given[-1][0] + 1.0 if duration_s is None else duration_s) * fs_hz)
    places = [(round(time_s * fs_hz), label) for time_s, label in given]
    signal_mv = _assembled(loaded, subject, places, samples, seed, strength, progress)
    info = {
        "synthetic": True,
        "task": "compose",
        "model": loaded.name,
        "weights_sha256": loaded.weights_sha256,
        "rhythm": asdict(beats) if isinstance(beats, Rhythm) else None,
        "seed": seed,
        "subject_seed": subject_seed,
        "strength": strength,
    }
    return Recording.from_arrays(
        signal_mv,
        fs_hz,
        leads=loaded.config.window.leads,
        name="composed",
        annotations=[Annotation(sample=sample, symbol=label) for sample, label in places],
        info=info,
    )


def _check(beats: Sequence[tuple[float, str]], duration_s: float | None, subject: SyntheticSubject) -> None:
    if not beats:
        raise DiffecgError("there is no beat to compose; a longer recording or a faster rhythm has some")
    unknown = [label for _, label in beats if label not in subject.beats_mv]
    if unknown:
        raise DiffecgError(f"unknown label {unknown[0]!r}; choose of {', '.join(subject.beats_mv)}")
    outside = [t for t, _ in beats if not 0 <= t < (np.inf if duration_s is None else duration_s)]
    if outside:
        raise DiffecgError(f"a beat at {outside[0]:g} s lies outside the recording")
    check_beats(beats)


def _assembled(
    model: Model,
    subject: SyntheticSubject,
    beats: Sequence[tuple[int, str]],
    samples: int,
    seed: int,
    strength: float,
    progress: Progress | None,
) -> NDArray[np.float32]:
    """Return the recording (lead time), in mV."""
    window = model.config.window
    margin = window.length
    total = np.zeros((len(window.leads), samples + 2 * margin))
    weight = np.zeros(samples + 2 * margin)
    borders = _borders(beats, window.fs_hz)
    quiet: list[NDArray[np.floating]] = []
    levels: list[NDArray[np.floating]] = []
    for first, drawn, level in _varied(model, subject, beats, seed, strength):
        levels.extend(level[..., 0])
        for i, beat in enumerate(drawn, start=first):
            at = beats[i][0] - window.before + margin
            share = _share(borders[i : i + 2] + margin - at, window.length, window.fs_hz)
            total[:, at : at + window.length] += share * beat
            weight[at : at + window.length] += share
        if not quiet:
            quiet = [beat[:, : window.before // 3] for beat in drawn]
        if progress is not None:
            progress(first + len(drawn), len(beats))
    inside = slice(margin, margin + samples)
    course = total / np.maximum(weight, 1e-9)
    for first, last in true_runs(weight <= 1e-6):
        course[:, first:last] = _pause(course, slice(first, last), round(_RETURN_S * window.fs_hz))
    course += np.sqrt(np.clip(1 - weight, 0, 1)) * _noise(
        np.stack(quiet), len(weight), np.random.default_rng([seed, subject.seed])
    )
    peaks = [sample for sample, _ in beats]
    wander = np.stack([np.interp(np.arange(samples), peaks, lead) for lead in np.stack(levels, axis=1)])
    out: NDArray[np.float32] = (course[:, inside] + wander).astype(np.float32)
    return out


def _varied(
    model: Model, subject: SyntheticSubject, beats: Sequence[tuple[int, str]], seed: int, strength: float
) -> Iterator[tuple[int, NDArray[np.floating], NDArray[np.floating]]]:
    """Yield the first beat's number, beats (beat lead time) with zero lines at 0, and these (beat lead 1)."""
    window = model.config.window
    for first in range(0, len(beats), _CHUNK):
        labels = [label for _, label in beats[first : first + _CHUNK]]
        given = np.stack([subject.beats_mv[label] + subject.level_mv for label in labels])
        seeds = np.random.SeedSequence([seed, subject.seed]).generate_state(1, np.uint64)[0] >> np.uint64(2)
        made = model.vary(given, labels, len(labels), int(seeds) + first, strength=strength, batch_size=256)
        pairs = zip(made.signal_mv, labels, strict=True)
        level = np.stack([level_of(beat, label, window.fs_hz, window.before) for beat, label in pairs])
        yield first, made.signal_mv - level, level


def _borders(beats: Sequence[tuple[int, str]], fs_hz: float) -> NDArray[np.int64]:
    """Return where each beat ends and the next begins, in samples: (beats + 1,).

    That is where the next begins to show, but not within either's QRS.
    """
    inner = []
    for (one, _), (two, label) in zip(beats, beats[1:], strict=False):
        border = max(two - round(_ONSET_S[label] * fs_hz), one + round(_QRS_END_S * fs_hz))
        inner.append(min(border, two - round(_QRS_BEGIN_S * fs_hz)))
    far = round(10 * fs_hz)
    return np.array([beats[0][0] - far, *inner, beats[-1][0] + far])


def _share(borders: NDArray[np.int64], length: int, fs_hz: float) -> Array:
    """Return a window's weight (time): one between its borders, falling to zero over them and at its ends.

    Weights of neighbours add up to one where both reach over the border between them.
    """
    fade = round(_FADE_S * fs_hz)
    place = np.arange(length)
    begin, end = (np.clip((place - border + fade) / (2 * fade), 0, 1) for border in borders)
    ends = np.minimum(np.minimum(place + 1, length - place) / fade, 1)
    return np.asarray(np.minimum(begin - end, ends))


def _pause(level: Array, pause: slice, most: int) -> Array:
    """Return the course (lead time) from the end of a beat to the zero line, and from there to the next."""
    length = pause.stop - pause.start
    falling = np.zeros(length)
    span = min(length, most)
    falling[:span] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(span) + 1) / (span + 1))
    before = level[:, pause.start - 1, None] if pause.start else np.zeros((len(level), 1))
    after = level[:, pause.stop, None] if pause.stop < level.shape[1] else np.zeros((len(level), 1))
    return before * falling + after * falling[::-1]


def _noise(quiet: Array, samples: int, rng: np.random.Generator) -> Array:
    """Return noise (lead time) with the spectrum of true_runs (beat lead time) where beats are quiet.

    An autoregressive process by the Yule-Walker equations (Box and Jenkins 1970, section 3.2); the parabola
    through each stretch is taken out.
    """
    length = quiet.shape[2]
    parabola = np.vander(np.linspace(-1, 1, length), 3)
    rest = quiet - quiet @ np.linalg.pinv(parabola).T @ parabola.T
    out = []
    for lead in rest.transpose(1, 0, 2):
        alike = np.array([np.mean(lead[:, : length - lag] * lead[:, lag:]) for lag in range(_ORDER + 1)])
        alike[0] += 1e-12
        past = solve_toeplitz(alike[:-1], alike[1:])
        fresh = np.sqrt(max(alike[0] - past @ alike[1:], 0)) * rng.standard_normal(samples)
        out.append(lfilter([1.0], np.concatenate([[1.0], -past]), fresh))
    return np.stack(out)
