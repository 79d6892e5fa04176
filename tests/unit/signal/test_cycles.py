"""Cycles laid to expected beat times, on constructed R peaks."""

from __future__ import annotations

import numpy as np
import pytest

from diffecg.signal.cycles import lay_cycles

PEAKS = np.arange(50, 1000, 80)
"""R peaks 0.8 s apart at 100 Hz."""


def test_in_a_regular_rhythm_a_cycle_is_laid_without_stretching() -> None:
    laid = lay_cycles(PEAKS, slice(400, 500), slice(300, 700), fs_hz=100.0, count=3)
    time = np.arange(300, 700)
    # Every sample keeps its distance from the R peak before.
    np.testing.assert_allclose((laid - 50) % 80, np.tile((time - 50) % 80, (3, 1)), atol=1e-9)
    assert len({float(row[0] // 80) for row in laid}) == 3
    sources = laid[np.isfinite(laid)]
    assert not ((sources > 370) & (sources < 530)).any()  # the cycles that reach into the gap


def test_the_rhythm_continues_after_the_start_of_a_forecast() -> None:
    gap = slice(500, 600)
    laid = lay_cycles(PEAKS, gap, slice(0, 600), fs_hz=100.0, count=1, is_forecast=True)[0]
    np.testing.assert_allclose((laid[200:] - 50) % 80, (np.arange(200, 600) - 50) % 80, atol=1e-9)
    assert np.nanmax(laid) <= 450  # the last visible R peak is at 450, 530 is hidden
    changed = np.where(PEAKS >= 500, PEAKS + 17, PEAKS)
    again = lay_cycles(changed, gap, slice(0, 600), fs_hz=100.0, count=1, is_forecast=True)[0]
    np.testing.assert_array_equal(again, laid)


def test_r_peaks_in_the_gap_are_used_only_where_they_are_visible() -> None:
    gap, window = slice(400, 520), slice(300, 700)
    peaks = np.where(PEAKS == 450, 470, PEAKS)  # a beat 0.2 s late, in the gap
    expected = lay_cycles(PEAKS, gap, window, fs_hz=100.0, count=2)
    np.testing.assert_array_equal(lay_cycles(peaks, gap, window, fs_hz=100.0, count=2), expected)
    seen = lay_cycles(peaks, gap, window, fs_hz=100.0, count=2, through_gap=True)
    # An R peak of the cycle is laid on the late beat, and the P wave keeps its distance to it.
    assert ((seen[:, 470 - 300] - 50) % 80).tolist() == [0, 0]
    assert ((seen[:, 455 - 300] - 50) % 80).tolist() == pytest.approx([65, 65])


def test_the_t_p_segment_alone_is_stretched() -> None:
    slow = np.concatenate([np.arange(0, 400, 80), [340 + 160], np.arange(580, 1000, 80)])
    laid = lay_cycles(slow, slice(700, 720), slice(320, 500), fs_hz=100.0, count=1, through_gap=True)[0]
    since = laid - laid[0]
    np.testing.assert_allclose(since[:40], np.arange(40))
    np.testing.assert_allclose(np.diff(since[-23:]), 1)
    assert np.diff(since).min() > 0
    assert np.diff(since[45:150]).max() < 0.5


@pytest.mark.parametrize("peaks", [np.array([], dtype=int), np.array([50, 130, 700])])
def test_too_few_beats_lay_nothing(peaks: np.ndarray) -> None:
    assert np.isnan(lay_cycles(peaks, slice(400, 500), slice(0, 800), fs_hz=100.0, count=2)).all()
