"""From labels to times: a sinus rhythm that varies as hearts do, ectopic beats that come as real ones do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from diffecg.composition.language import parse_rhythm
from diffecg.composition.rr_statistics import LIKE, Statistics, load_statistics
from diffecg.errors import DiffecgError

SHORTEST_S = 0.2
"""Two beats cannot come closer: the ventricles' refractory period."""
HEART_RATE, HEART_RATES = 72.0, (20.0, 250.0)
"""The usual one, and what is possible, in beats a minute."""
SDNN_MS, SDNNS_MS = 40.0, (0.0, 500.0)
RESPIRATION_HZ = (0.05, 1.0)
_LOW_HZ, _WIDTH_HZ, _LOW_TO_HIGH = 0.1, 0.01, 0.5
_CLOCK_HZ = 4.0
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rhythm:
    """Which beats come, and when."""

    text: str
    """In the language of ``rhythm/language.py``; or ``like:208``, random as in a recording of DS1."""
    heart_rate: float | None = None
    """Of normal beats, in beats a minute; None: 72, or the recording's."""
    sdnn_ms: float | None = None
    """Standard deviation of the intervals between normal beats, in ms; None: 40, or the recording's."""
    respiration_hz: float = 0.25
    """Where the faster of the two oscillations of the heart rate lies, in Hz."""

    def beats(self, duration_s: float, seed: int = 0) -> list[tuple[float, str]]:
        """Return beats as (time of the R peak in s, label) that fill a recording.

        Args:
            duration_s: of the recording, in s.
            seed: of all that is random.

        Raises:
            DiffecgError: a rhythm that cannot be read, or settings out of range.
        """
        if not (np.isfinite(duration_s) and duration_s > 0):
            raise DiffecgError(f"a recording of {duration_s:g} s holds no beat; its length must be above 0")
        if seed < 0:
            raise DiffecgError(f"seed {seed} must be at least 0")
        like = self.text.removeprefix(LIKE).strip() if self.text.startswith(LIKE) else ""
        known = load_statistics(like)
        usual = (known.heart_rate, known.sdnn_ms) if like else (HEART_RATE, SDNN_MS)
        rate = _within("heart rate", self.heart_rate, usual[0], HEART_RATES, "beats a minute")
        sdnn_s = _within("SDNN", self.sdnn_ms, usual[1], SDNNS_MS, "ms") / 1000
        breath = _within("respiration", self.respiration_hz, 0.25, RESPIRATION_HZ, "Hz")
        rng = np.random.default_rng(seed)
        most = int(duration_s / SHORTEST_S) + 2
        labels = (
            random_labels(known, most, rng) if like else list(islice(cycle(parse_rhythm(self.text)), most))
        )
        first_s = float(rng.uniform(0.3, 0.7)) * 60 / rate
        rr = intervals(labels, 60 / rate, sdnn_s, breath, known, duration_s - first_s, rng)
        times = first_s + np.concatenate([[0.0], np.cumsum(rr)])
        return [(float(t), label) for t, label in zip(times, labels, strict=False) if t < duration_s]


def intervals(
    labels: Sequence[str],
    mean_s: float,
    sdnn_s: float,
    respiration_hz: float,
    known: Statistics,
    duration_s: float,
    rng: np.random.Generator,
) -> Array:
    """Return the intervals between beats, in s, until ``duration_s`` is over or labels are.

    A single ectopic beat takes its coupling and its pause together from one real beat, as shares of the
    sinus interval; beats within a run take real intervals of runs. Intervals between normal beats have
    exactly the mean and the standard deviation that were asked for, where there are at least two.

    Args:
        labels: of the beats, more than will fit.
        mean_s: of intervals between normal beats, in s.
        sdnn_s: their standard deviation, in s.
        respiration_hz: of the faster oscillation.
        known: when real ectopic beats come.
        duration_s: of the recording, from the first beat on, in s.
        rng: source of randomness.
    """
    sway = oscillation(duration_s, respiration_hz, rng)
    at, share_after, rr = 0.0, 1.0, []
    for one, two in zip(labels, labels[1:], strict=False):
        if at >= duration_s:
            break
        usual = mean_s + sdnn_s * float(np.interp(at, np.arange(len(sway)) / _CLOCK_HZ, sway))
        share = share_after if two == "N" else 1.0
        if two != "N":
            runs = known.runs.get(two, [])
            single = known.pairs[two][rng.integers(len(known.pairs[two]))]
            within = runs[rng.integers(len(runs))] if runs else single[0]
            share, share_after = (within if one == two else single[0]), single[1]
        else:
            share_after = 1.0
        rr.append(max(share * usual, SHORTEST_S))
        at += rr[-1]
    out = np.array(rr)
    names = np.array(labels[: len(out) + 1])
    normal = (names[:-1] == "N") & (names[1:] == "N")
    if normal.sum() > 1:
        spread = out[normal].std()
        out[normal] = mean_s + (sdnn_s / spread if spread > 0 else 0) * (out[normal] - out[normal].mean())
    possible: Array = np.maximum(out, SHORTEST_S)
    return possible


def oscillation(duration_s: float, respiration_hz: float, rng: np.random.Generator) -> Array:
    """Return how the sinus interval sways, at 4 Hz: mean 0, standard deviation 1.

    Random phases under two Gaussian peaks, at 0.1 Hz and at the respiration, the first with half the power
    of the second: McSharry et al. (2003), IEEE Trans Biomed Eng 50(3):289-294, eq. 2 and figure 3.
    """
    samples = max(int(duration_s * _CLOCK_HZ), 64)
    frequency = np.fft.rfftfreq(samples, 1 / _CLOCK_HZ)
    peaks = [np.exp(-0.5 * ((frequency - f) / _WIDTH_HZ) ** 2) for f in (_LOW_HZ, respiration_hz)]
    power = _LOW_TO_HIGH * peaks[0] + peaks[1]
    power[0] = 0
    phase = rng.uniform(0, 2 * np.pi, len(frequency))
    sway: Array = np.fft.irfft(np.sqrt(power) * np.exp(1j * phase), samples)
    return sway / max(float(sway.std()), 1e-12)


def random_labels(known: Statistics, count: int, rng: np.random.Generator) -> list[str]:
    """Return labels that follow each other as in a recording: each depends on the two before it."""
    labels = ["N", "N"]
    for _ in range(count - 2):
        following = known.follows.get("".join(labels[-2:]), {"N": 1})
        chance = np.array(list(following.values()), dtype=float)
        labels.append(str(rng.choice(list(following), p=chance / chance.sum())))
    return labels


def check_beats(beats: Sequence[tuple[float, str]]) -> None:
    """Refuse beats that no heart can make.

    Args:
        beats: (time in s, label), in order.

    Raises:
        DiffecgError: beats out of order, or closer than SHORTEST_S.
    """
    for (one_s, _), (two_s, label) in zip(beats, beats[1:], strict=False):
        if two_s - one_s < SHORTEST_S - 1e-9:
            raise DiffecgError(
                f"the beat {label} at {two_s:.3f} s comes {two_s - one_s:.3f} s after the one before it; the "
                f"shortest interval is {SHORTEST_S:g} s"
            )


def _within(name: str, value: float | None, usual: float, possible: tuple[float, float], unit: str) -> float:
    """Return a setting, or the usual one.

    Raises:
        DiffecgError: it is out of range.
    """
    value = usual if value is None else value
    if not possible[0] <= value <= possible[1]:
        raise DiffecgError(f"{name} {value:g} {unit} must lie between {possible[0]:g} and {possible[1]:g}")
    return value
