"""Compose an annotated recording from a rhythm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from diffecg.composition.assembly import autoregressive_noise, beat_boundaries, blend_weights, fill_pause
from diffecg.composition.subject import SyntheticSubject, baseline_mv, sample_subject
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
"""Default variation from beat to beat (see ``Model.vary``): 5 % of the height of normal beats. In DS1 it is
8.5 % (median over recordings), respiration and noise included, which a strength of 2 gives."""
PAUSE_FADE_S = 0.15
"""Longest fade from the last wave of a beat to the baseline."""
CHUNK_BEATS = 1024
"""Beats generated together."""
_BATCH_SIZE = 256


def compose(
    beats: Rhythm | Sequence[tuple[float, str]],
    duration_s: float | None = None,
    *,
    model: str | Path | Model = "mitbih-beat",
    seed: int = 0,
    rhythm_seed: int | None = None,
    subject_seed: int = 0,
    strength: float = STRENGTH,
    progress: Progress | None = None,
) -> Recording:
    """Compose an annotated synthetic recording.

    Each beat is a variation of the subject's beat of its label, placed at its time. Neighbouring beats are
    cross-faded; between distant beats the signal is a baseline with noise of the beats' own spectrum.

    Args:
        beats: a rhythm, or (time of the R peak in s, label) of each beat in order.
        duration_s: length of the recording, in s; None: until 1 s after the last of the given beats.
        model: a model of beats with the labels N, S, V and F.
        seed: seed of the variation from beat to beat.
        rhythm_seed: seed of the rhythm; None: ``seed``.
        subject_seed: seed of the subject; recordings with the same seed share their beat shapes.
        strength: variation from beat to beat, see :meth:`Model.vary`.
        progress: called with (beats done, beats in total).

    Example:
        >>> import diffecg
        >>> recording = diffecg.compose([(0.5, "N"), (1.3, "N"), (1.8, "V")], seed=1)
        >>> recording.beats().symbol.tolist(), recording.fs_hz, recording.duration_s
        (['N', 'N', 'V'], 360.0, 2.8)

    Raises:
        DiffecgError: unknown labels, beats out of order, too close or outside the recording, or no beats.
    """
    seed, subject_seed = check_integer("seed", seed, 0), check_integer("subject_seed", subject_seed, 0)
    loaded = load(model)
    if isinstance(beats, Rhythm):
        if duration_s is None:
            raise DiffecgError("duration_s is required with a Rhythm; give it in s")
        timed = beats.beats(duration_s, seed if rhythm_seed is None else rhythm_seed)
    else:
        timed = [(float(time_s), label) for time_s, label in beats]
    subject = sample_subject(loaded, subject_seed)
    _check_composition(timed, duration_s, subject)
    window = loaded.config.window
    composition = _Composition(
        model=loaded,
        subject=subject,
        peaks=[round(time_s * window.fs_hz) for time_s, _ in timed],
        labels=[label for _, label in timed],
        samples=round((timed[-1][0] + 1.0 if duration_s is None else duration_s) * window.fs_hz),
        seed=seed,
        strength=strength,
    )
    return Recording.from_arrays(
        composition.signal_mv(progress),
        window.fs_hz,
        channel_names=window.leads,
        name="composed",
        annotations=composition.annotations(),
        info={
            "synthetic": True,
            "task": "compose",
            "model": loaded.name,
            "weights_sha256": loaded.weights_sha256,
            "rhythm": asdict(beats) if isinstance(beats, Rhythm) else None,
            "seed": seed,
            "subject_seed": subject_seed,
            "strength": strength,
        },
    )


def _check_composition(
    beats: Sequence[tuple[float, str]], duration_s: float | None, subject: SyntheticSubject
) -> None:
    if not beats:
        raise DiffecgError("no beats to compose; give a longer recording or a faster rhythm")
    unknown = [label for _, label in beats if label not in subject.beats_mv]
    if unknown:
        raise DiffecgError(f"unknown label {unknown[0]!r}; choose one of {', '.join(subject.beats_mv)}")
    end_s = np.inf if duration_s is None else duration_s
    outside = [time_s for time_s, _ in beats if not 0 <= time_s < end_s]
    if outside:
        raise DiffecgError(f"the beat at {outside[0]:g} s is outside the recording")
    check_beats(beats)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Composition:
    """Beats of a subject at given samples."""

    model: Model
    subject: SyntheticSubject
    peaks: list[int]
    labels: list[str]
    samples: int
    seed: int
    strength: float

    def annotations(self) -> list[Annotation]:
        """Return an annotation for each beat."""
        beats = zip(self.peaks, self.labels, strict=True)
        return [
            Annotation(time_s=peak / self.model.config.window.fs_hz, symbol=label) for peak, label in beats
        ]

    def signal_mv(self, progress: Progress | None) -> Float32[np.ndarray, "lead time"]:
        """Return the signal, in mV."""
        window = self.model.config.window
        margin, padded = window.length, self.samples + 2 * window.length
        total_mv, weight = np.zeros((len(window.leads), padded)), np.zeros(padded)
        boundaries = beat_boundaries(self.peaks, self.labels, window.fs_hz)
        baselines_mv: list[Float[np.ndarray, " lead"]] = []
        quiet_mv = None
        for first, beats_mv, baseline in self._varied_beats():
            baselines_mv.extend(baseline[..., 0])
            for i, beat_mv in enumerate(beats_mv, start=first):
                start = self.peaks[i] - window.before + margin
                begin, end = boundaries[i : i + 2] + margin - start
                weights = blend_weights(begin, end, window.length, window.fs_hz)
                total_mv[:, start : start + window.length] += weights * beat_mv
                weight[start : start + window.length] += weights
            if quiet_mv is None:
                quiet_mv = beats_mv[:, :, : window.before // 3].astype(np.float64)
            if progress is not None:
                progress(first + len(beats_mv), len(self.peaks))
        signal_mv = total_mv / np.maximum(weight, 1e-9)
        for start, stop in true_runs(weight <= 1e-6):
            pause = slice(start, stop)
            signal_mv[:, pause] = fill_pause(signal_mv, pause, round(PAUSE_FADE_S * window.fs_hz))
        if quiet_mv is not None:
            rng = np.random.default_rng([self.seed, self.subject.seed])
            noise_mv = autoregressive_noise(quiet_mv, padded, rng)
            signal_mv += np.sqrt(np.clip(1 - weight, 0, 1)) * noise_mv
        inside = slice(margin, margin + self.samples)
        return (signal_mv[:, inside] + self._wander(np.stack(baselines_mv, axis=1))).astype(np.float32)

    def _wander(self, baselines_mv: Float[np.ndarray, "lead beat"]) -> Float[np.ndarray, "lead time"]:
        """Return the baselines of the beats, interpolated linearly."""
        time = np.arange(self.samples)
        return np.stack([np.interp(time, self.peaks, lead_mv) for lead_mv in baselines_mv])

    def _varied_beats(
        self,
    ) -> Iterator[tuple[int, Float[np.ndarray, "beat lead time"], Float[np.ndarray, "beat lead 1"]]]:
        """Yield chunks of beats: index of the first beat, beats with their baselines at 0, and baselines."""
        window, subject = self.model.config.window, self.subject
        state = np.random.SeedSequence([self.seed, subject.seed]).generate_state(1, np.uint64)
        first_seed = int(state[0] >> np.uint64(2))
        for first in range(0, len(self.labels), CHUNK_BEATS):
            labels = self.labels[first : first + CHUNK_BEATS]
            beats_mv = np.stack([subject.beats_mv[label] + subject.baseline_mv for label in labels])
            varied_mv = self.model.vary(
                beats_mv,
                labels,
                len(labels),
                first_seed + first,
                strength=self.strength,
                batch_size=_BATCH_SIZE,
            ).signal_mv
            pairs = zip(varied_mv, labels, strict=True)
            baseline = np.stack(
                [baseline_mv(beat_mv, label, window.fs_hz, window.before) for beat_mv, label in pairs]
            )
            yield first, varied_mv - baseline, baseline
