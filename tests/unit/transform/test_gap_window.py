"""Windows around gaps: nothing hidden is read, candidates come from where they should."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from diffecg.config.gap import CandidateConfig
from diffecg.signal.kinds import signal_kind
from diffecg.signal.simulation import simulate_ecg
from diffecg.transform.gap_window import Gap, GapWindow, cut_gap_window, window_samples

CONFIG = CandidateConfig(length=320, longest_s=1.0, analogues=3, cycles=2)
KINDS = ("ecg", "ecg")
STARTS = np.array([800, 2050])


def recording() -> np.ndarray:
    first = simulate_ecg(40, 100.0).signal_mv
    return np.stack([first, 0.5 * np.roll(first, 2)])


def cut(signal_mv: np.ndarray, gap: Gap) -> GapWindow:
    return cut_gap_window(signal_mv, KINDS, gap, STARTS, CONFIG, window_samples(gap, CONFIG, 8))


@pytest.mark.parametrize("fill", ["noise", "nan"])
@pytest.mark.parametrize(("companion", "is_forecast"), [(None, False), (1, False), (None, True)])
def test_hidden_samples_change_nothing(companion: int | None, is_forecast: bool, fill: str) -> None:
    signal_mv = recording()
    beats = 0 if companion is None else companion
    gap = Gap(row=0, samples=slice(3000, 3100), companions=(companion,), beats=beats, is_forecast=is_forecast)
    changed = signal_mv.copy()
    hidden = (slice(None), slice(3000, None)) if is_forecast else (0, slice(3000, 3100))
    noise = 3 * np.random.default_rng(0).standard_normal(changed[hidden].shape)
    changed[hidden] = np.nan if fill == "nan" else noise
    before, after = cut(signal_mv, gap), cut(changed, gap)
    for field in fields(GapWindow):
        np.testing.assert_array_equal(getattr(after, field.name), getattr(before, field.name), field.name)


def test_candidates_are_segments_of_the_recording_with_their_surroundings() -> None:
    signal_mv = recording().astype(np.float32)
    gap = Gap(row=0, samples=slice(3000, 3100), companions=(1,), beats=1)
    window = cut(signal_mv, gap)
    assert window.start == 2890
    for number, start in enumerate(STARTS):
        there = slice(start - 110, start + 210)
        np.testing.assert_array_equal(window.candidates[number], signal_mv[0, there])
        np.testing.assert_array_equal(window.companion_candidates[0, number], signal_mv[1, there])
        assert window.log_lag[number] == pytest.approx(np.log10(1 + (3000 - start) / 100))
    assert not window.valid[2].any()
    assert window.valid[3:].any(axis=1).all()
    np.testing.assert_array_equal(window.missing, ~window.observed)
    assert window.companion_observed.all()


def test_a_candidate_is_hidden_where_it_reaches_into_the_gap() -> None:
    gap = Gap(row=0, samples=slice(2150, 2250))
    window = cut_gap_window(recording(), KINDS, gap, np.array([2050]), CONFIG, window_samples(gap, CONFIG, 8))
    places = np.arange(320) + window.start - 100
    np.testing.assert_array_equal(window.valid[0], (places < 2150) | (places >= 2250))
    assert (window.candidates[0][~window.valid[0]] == 0).all()


def test_samples_beyond_the_recording_are_neither_observed_nor_missing() -> None:
    window = cut(recording(), Gap(row=0, samples=slice(20, 60)))
    beyond = np.arange(320) + window.start < 0
    assert beyond.sum() == 120
    assert not (window.observed | window.missing)[beyond].any()
    assert (window.observed | window.missing)[~beyond].all()


@pytest.mark.parametrize(("length", "expected"), [(50, 640), (300, 640), (500, 840), (1000, 1344)])
def test_windows_grow_with_long_gaps(length: int, expected: int) -> None:
    config = CandidateConfig()
    gap = Gap(row=0, samples=slice(5000, 5000 + length))
    window = window_samples(gap, config, 8)
    assert window.stop - window.start == expected
    assert abs((window.start + window.stop) - (gap.samples.start + gap.samples.stop)) <= 2
    forecast = window_samples(Gap(row=0, samples=gap.samples, is_forecast=True), config, 8)
    assert forecast == slice(5000 + length - expected, 5000 + length)


def test_a_pressure_gap_takes_its_beats_from_an_ecg_that_is_hidden_in_the_gap_too() -> None:
    ecg = recording()[0]
    pressure = 90 + 20 * np.roll(ecg, 25)
    config = CandidateConfig(
        length=320, longest_s=1.0, analogues=3, cycles=2, kinds=("ecg", "pressure"), companions=("ecg", "ppg")
    )
    gap = Gap(row=0, samples=slice(3000, 3100), companions=(None, None), beats=1)
    signal = np.stack([pressure, ecg])

    def window_of(signal: np.ndarray) -> GapWindow:
        kinds = ("pressure", "ecg")
        return cut_gap_window(signal, kinds, gap, STARTS, config, window_samples(gap, config, 8))

    window = window_of(signal)
    assert window.kind == 1
    assert not window.companion_observed.any()
    assert window.valid[3:].any(axis=1).all()
    assert window.smallest_scale == pytest.approx(
        [6 * signal_kind(k).smallest_sd for k in ("pressure", "ecg", "ppg")]
    )
    signal[:, 3000:3100] = 7.0
    np.testing.assert_array_equal(window_of(signal).candidates, window.candidates)
