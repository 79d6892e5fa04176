"""Gaps of a recording: given, missing and detected."""

import numpy as np
from helpers import make_ecg

from diffecg.formats.recording import Recording
from diffecg.formats.samples import ArraySource
from diffecg.inference.gaps import Segment, find_segments, group_segments
from diffecg.signal.artefacts import ARTEFACTS
from diffecg.signal.channels import make_channels
from diffecg.signal.masks import Interval


def test_overlapping_gaps_of_different_reasons_are_merged():
    signal, _, _ = make_ecg(3)
    signal[4000:4400] = signal[4000]
    missing = np.zeros((1, len(signal)), bool)
    missing[0, 4390:4500] = True
    recording = Recording(
        name="r", channels=make_channels(["II"]), source=ArraySource(signal[None], 360.0, missing=missing)
    )
    first, second = find_segments(recording, [0], [Interval(start_s=20.0, stop_s=21.0)], ["flat"])
    assert (first.start, first.stop, first.reason) == (3993, 4500, "missing+flat")
    assert (second.start, second.stop, second.reason) == (7200, 7560, "given")


def segment(row, start, stop):
    return Segment(row=row, start=start, stop=stop, reason="given")


def test_segments_are_grouped_by_time_and_overlapping_ones_stay_together():
    segments = [segment(0, 0, 10), segment(0, 90, 130), segment(0, 500, 900), segment(1, 880, 1010)]
    groups = group_segments(segments, 100)
    assert [[(one.row, one.start) for one in group] for group in groups] == [
        [(0, 0)],
        [(0, 90)],
        [(0, 500), (1, 880)],
    ]
    assert len(group_segments(segments, 130)) == 2


def test_artefacts_of_a_long_recording_are_those_of_its_parts(monkeypatch):
    signal, _, _ = make_ecg(3, duration_s=60.0)
    for second in (9.9, 29.99, 45.0):
        signal[round(second * 360) : round((second + 1) * 360)] = 0.1
    recording = Recording.from_arrays(signal[None], 360.0, channel_names=["II"])
    whole = find_segments(recording, [0], (), ["flat"])
    monkeypatch.setattr("diffecg.inference.gaps.DETECTION_S", 10.0)
    assert find_segments(recording, [0], (), ["flat"]) == whole
    assert len(whole) == 3


def test_slow_waves_are_not_saturated_and_held_ones_are_flat():
    breath = 0.2 * np.sin(2 * np.pi * 0.25 * np.arange(7500) / 125.0)
    recording = Recording.from_arrays(breath[None], 125.0, channel_names=["RESP"], units=["NU"])
    assert find_segments(recording, [0], (), list(ARTEFACTS)) == []
    breath[3000:3250] = breath[3000]
    (held,) = find_segments(recording, [0], (), list(ARTEFACTS))
    assert held.reason == "flat"
    assert abs(held.start - 3000) <= 3
    assert abs(held.stop - 3250) <= 3
