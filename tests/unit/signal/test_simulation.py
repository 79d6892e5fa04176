"""Simulated ECG: every wave is a Gaussian, at its time after the R peak."""

import numpy as np

from diffecg.signal.simulation import WAVES, simulate_ecg


def waves(kind, time_s):
    """The waves of a beat at times after its R peak, in mV."""
    return sum(
        mv * np.exp(-0.5 * ((time_s - offset_s) / width_s) ** 2) for offset_s, width_s, mv in WAVES[kind]
    )


def test_beats_of_two_kinds_differ_by_their_waves():
    # The same seed has the same beats, wander and noise: what remains is the difference of the waves.
    normal, ectopic = (simulate_ecg(20.0, 250.0, seed=3, symbols=(kind,)) for kind in ("N", "V"))
    assert np.array_equal(normal.sample, ectopic.sample)
    found = ectopic.signal_mv - normal.signal_mv
    for sample in normal.sample[1:-1]:
        around = np.arange(sample - 40, sample + 110)
        # The R peak lies between two samples.
        errors = [
            np.abs(found[around] - waves("V", time_s) + waves("N", time_s)).max()
            for time_s in (around[None] - sample + np.linspace(-0.5, 0.5, 401)[:, None]) / 250.0
        ]
        assert min(errors) < 0.001
