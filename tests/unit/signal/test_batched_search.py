"""The batched search finds the analogues that the search for one gap finds."""

from __future__ import annotations

import numpy as np

from diffecg.signal.analogue_search import search_analogues
from diffecg.signal.batched_search import LeadSearch
from diffecg.signal.simulation import simulate_ecg


def recording() -> np.ndarray:
    rng = np.random.default_rng(0)
    first = simulate_ecg(60, 100.0, symbols=("N", "V")).signal_mv
    signal = np.stack([first, np.roll(first, 3) + 0.1 * rng.standard_normal(len(first))])
    signal[:, 2500:2510] = np.nan
    return signal


def test_it_agrees_with_the_search_for_one_gap() -> None:
    signal = recording()
    starts, lengths = np.array([700, 1500, 2600, 4321]), np.array([40, 100, 100, 7])
    is_forecast, has_companion = np.array([False, False, True, False]), [False, True, False, True]
    search = LeadSearch(signal[0], context=30, separation=10)
    companions = [signal[1] if has else None for has in has_companion]
    found = search.search(starts, lengths, 8, is_forecast=is_forecast, companions_mv=companions)
    for number, analogues in enumerate(found):
        gap = slice(int(starts[number]), int(starts[number] + lengths[number]))
        known = signal[: 1 + has_companion[number], : gap.stop if is_forecast[number] else None]
        expected = search_analogues(known, gap, row=0, fs_hz=100.0, count=8)
        assert sorted(analogues.tolist()) == sorted(expected.start.tolist())
        here = [float(expected.distance[list(expected.start).index(one)]) for one in analogues]
        np.testing.assert_allclose(here, sorted(here), atol=1e-4)


def test_where_nothing_fits_there_is_no_analogue() -> None:
    search = LeadSearch(np.random.default_rng(0).standard_normal(250), context=30, separation=10)
    found = search.search(
        np.array([100]), np.array([100]), 3, is_forecast=np.array([False]), companions_mv=[None]
    )
    assert (found == -1).all()
