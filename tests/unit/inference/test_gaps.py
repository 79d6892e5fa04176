"""Gaps of a recording: given, missing and detected."""

from dataclasses import replace

import numpy as np
from helpers import make_ecg

from diffecg.formats.recording import Recording
from diffecg.inference.gaps import find_segments, mask_segments
from diffecg.signal.masks import Interval


def test_overlapping_gaps_of_different_reasons_are_merged():
    signal, _, _ = make_ecg(3)
    signal[4000:4400] = signal[4000]
    missing = np.zeros((1, len(signal)), bool)
    missing[0, 4390:4500] = True
    recording = replace(Recording.from_arrays(signal[None], 360.0, channel_names=["II"]), missing=missing)
    first, second = find_segments(recording, [0], [Interval(start_s=20.0, stop_s=21.0)], ["flat"])
    assert (first.start, first.stop, first.reason) == (3993, 4500, "missing+flat")
    assert (second.start, second.stop, second.reason) == (7200, 7560, "given")
    masked = mask_segments(recording, [0], [first, second])
    assert np.array_equal(np.flatnonzero(np.isnan(masked[0])), np.r_[3993:4500, 7200:7560])
