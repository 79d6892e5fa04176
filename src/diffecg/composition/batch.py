"""Compose recordings in several leads, many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int, Int16

from diffecg.composition.assembly import BeatTrain, assemble
from diffecg.composition.beat_source import BeatSource
from diffecg.composition.fibrillation import draw_waves
from diffecg.composition.noise_process import NoiseProcess
from diffecg.composition.noise_statistics import NoiseStatistics, load_noise_statistics
from diffecg.composition.plan import RecordingPlan
from diffecg.composition.steps import STEPS_PER_MV, to_steps
from diffecg.composition.waveforms import Waveforms, draw_waveforms
from diffecg.errors import DiffecgError

GAIN_RANGE = (0.6, 1.4)
"""Range of the amplitude of a QRS complex over that of the subject's."""
RESPIRATION = 0.5
"""Share of the variance of QRS amplitudes that follows respiration."""
CHUNK_SAMPLES = 1000
"""Samples of a recording that are assembled at once."""
_NOISE_STREAM = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class ComposedBatch:
    """Composed recordings of one length, in steps of 2.5 uV."""

    steps: Int16[np.ndarray, "recording time lead"]
    leads: tuple[str, ...]
    fs_hz: float
    plans: Sequence[RecordingPlan]

    @property
    def signal_mv(self) -> Float32[np.ndarray, "recording lead time"]:
        """Samples in mV."""
        return self.steps.transpose(0, 2, 1) / np.float32(STEPS_PER_MV)

    def peaks(self, index: int) -> Int[np.ndarray, " beat"]:
        """Return the sample of each R peak of a recording."""
        return np.rint(self.plans[index].times_s * self.fs_hz).astype(np.int64)


def compose_batch(
    source: BeatSource,
    plans: Sequence[RecordingPlan],
    duration_s: float,
    *,
    strength: float = 1.0,
    noise_scale: float = 1.0,
    statistics: NoiseStatistics | None = None,
) -> ComposedBatch:
    """Compose recordings; each depends on its plan only.

    Args:
        source: generator of beats.
        plans: the recordings.
        duration_s: their length, in s.
        strength: factor of the variation of QRS amplitudes from beat to beat.
        noise_scale: factor of baseline wander and noise; 0 for none.
        statistics: statistics of noise in the source's leads; None: those that come with the package.

    Raises:
        DiffecgError: the source has no beats of a label, or a lead without statistics of its noise.
    """
    for name, factor in (("strength", strength), ("noise_scale", noise_scale)):
        if not 0 <= factor < np.inf:
            raise DiffecgError(f"{name} {factor:g} must be at least 0 and finite")
    samples = round(duration_s * source.fs_hz)
    statistics = (statistics or load_noise_statistics()).select(source.leads)
    rngs = [np.random.default_rng([plan.seed, _NOISE_STREAM]) for plan in plans]
    pairs = list(zip(plans, rngs, strict=True))
    gains = [draw_gains(plan, duration_s, statistics, rng, strength) for plan, rng in pairs]
    train = place_beats(draw_waveforms(source, plans), plans, duration_s, source.fs_hz, gains)
    waves = [
        (i, draw_waves(statistics.fibrillation, rng))
        for i, (plan, rng) in enumerate(pairs)
        if plan.has_fibrillation
    ]
    process = NoiseProcess(statistics, rngs, source.fs_hz, samples, noise_scale)
    steps = np.empty((len(plans), samples, len(source.leads)), dtype=np.int16)
    for start in range(0, samples, CHUNK_SAMPLES):
        stop = min(start + CHUNK_SAMPLES, samples)
        signal_mv = assemble(train, start, stop).signal_mv + process.evaluate(start, stop)
        for i, wave in waves:
            signal_mv[i] += wave.evaluate(start, stop, source.fs_hz)
        steps[:, start:stop] = to_steps(signal_mv)
    return ComposedBatch(steps=steps, leads=source.leads, fs_hz=source.fs_hz, plans=plans)


def place_beats(
    waveforms: Waveforms,
    plans: Sequence[RecordingPlan],
    duration_s: float,
    fs_hz: float,
    gains: Sequence[Float32[np.ndarray, "_ lead"]],
) -> BeatTrain:
    """Return the beats of recordings at their places.

    Args:
        waveforms: a beat of each label of each recording.
        plans: the recordings.
        duration_s: their length, in s.
        fs_hz: their sampling rate, in Hz.
        gains: factors of the beats of each recording.
    """
    placed = [list(plan.placed_beats(duration_s)) for plan in plans]
    waveform = np.array(
        [number[label] for beats, number in zip(placed, waveforms.number, strict=True) for _, label in beats]
    )
    times_s = np.array([time_s for beats in placed for time_s, _ in beats])
    return BeatTrain(
        waveforms_mv=waveforms.beats_mv,
        r_peak=waveforms.r_peak,
        fs_hz=fs_hz,
        steps_per_sample=waveforms.steps_per_sample,
        recording=np.repeat(np.arange(len(plans)), [len(beats) for beats in placed]),
        peak=np.rint(times_s * fs_hz * waveforms.steps_per_sample).astype(np.int64),
        waveform=waveform,
        onset=waveforms.onset[waveform],
        end=waveforms.end[waveform],
        gain=np.concatenate(gains),
    )


def draw_gains(
    plan: RecordingPlan,
    duration_s: float,
    statistics: NoiseStatistics,
    rng: np.random.Generator,
    strength: float,
) -> Float32[np.ndarray, "beat lead"]:
    """Return the amplitude of each beat in each lead over that of the subject's: in part respiratory.

    Args:
        plan: the recording.
        duration_s: its length, in s.
        statistics: relative standard deviation of QRS amplitudes in each lead.
        rng: source of randomness.
        strength: factor of that deviation.
    """
    leads = len(statistics.leads)
    times_s = np.array([time_s for time_s, _ in plan.placed_beats(duration_s)])
    deviation = strength * statistics.amplitude.draw(rng)
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * plan.rhythm.respiration_hz * times_s
    breath = np.sqrt(2 * RESPIRATION) * np.sin(phase)[:, None] * rng.standard_normal(leads)
    own = np.sqrt(1 - RESPIRATION) * rng.standard_normal((len(times_s), leads))
    gain = 1 + deviation * ((breath + own) @ statistics.amplitude.mixing)
    return np.clip(gain, *GAIN_RANGE).astype(np.float32)
