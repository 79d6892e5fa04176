"""The signal of a composed recording of one lead: every beat is a variation of the subject's by the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from diffecg.composition.assembly import BeatTrain, assemble
from diffecg.composition.autoregression import autoregressive_noise
from diffecg.composition.basic_rhythms import ONSET_S
from diffecg.composition.subject import SyntheticSubject, baseline_mv
from diffecg.inference.model import Model
from diffecg.inference.sampling import Progress

CHUNK_BEATS = 1024
"""Beats generated together."""
_BATCH_SIZE = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class LeadComposition:
    """Beats of a subject at given samples."""

    model: Model
    subject: SyntheticSubject
    peaks: list[int]
    labels: list[str]
    samples: int
    seed: int
    strength: float

    def signal_mv(self, progress: Progress | None) -> Float32[np.ndarray, "lead time"]:
        """Return the signal, in mV."""
        window = self.model.config.window
        chunks, baselines_mv = list[Float[np.ndarray, "beat lead time"]](), list[Float[np.ndarray, " lead"]]()
        for first, beats_mv, baseline in self._varied_beats():
            chunks.append(beats_mv)
            baselines_mv.extend(baseline[..., 0])
            if progress is not None:
                progress(first + len(beats_mv), len(self.peaks))
        train = BeatTrain(
            waveforms_mv=np.ascontiguousarray(np.concatenate(chunks).transpose(0, 2, 1), dtype=np.float32),
            r_peak=window.before,
            fs_hz=window.fs_hz,
            recording=np.zeros(len(self.peaks), dtype=int),
            peak=np.array(self.peaks),
            waveform=np.arange(len(self.peaks)),
            onset=np.array([round(ONSET_S[label] * window.fs_hz) for label in self.labels]),
            end=np.full(len(self.peaks), window.length - 1),
        )
        assembled = assemble(train, 0, self.samples)
        quiet_mv = chunks[0][:, :, : window.before // 3].astype(np.float64)
        rng = np.random.default_rng([self.seed, self.subject.seed])
        noise_mv = autoregressive_noise(quiet_mv, self.samples + 2 * window.length, rng)
        noise_mv = noise_mv[:, window.length : window.length + self.samples]
        signal_mv = assembled.signal_mv[0].T + np.sqrt(np.clip(1 - assembled.weight[0], 0, 1)) * noise_mv
        return (signal_mv + self._wander(np.stack(baselines_mv, axis=1))).astype(np.float32)

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
