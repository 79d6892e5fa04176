"""Small versions of the benchmarks."""

import numpy as np
import pytest
from helpers import write_recording

from research.benchmarks import composition, denoising, denoising_methods


def test_the_noise_of_the_denoising_benchmark_has_the_stated_ratio():
    rng = np.random.default_rng(0)
    signal, noise = rng.standard_normal(5000), rng.standard_normal(3000)
    case = denoising.noisy_signal(rng, signal, noise, -6, 700, 1000)
    assert case.is_noisy.sum() == 700
    assert len(case.clean_mv) == 2700
    assert np.array_equal(case.noisy_mv[~case.is_noisy], case.clean_mv[~case.is_noisy])
    clean, added = case.clean_mv[case.is_noisy], (case.noisy_mv - case.clean_mv)[case.is_noisy]
    assert 10 * np.log10(clean.var() / added.var()) == pytest.approx(-6)


def test_denoising_writes_a_row_for_each_noise_and_ratio(research, database, tmp_path):
    for i, kind in enumerate(("bw", "ma", "em")):
        write_recording(tmp_path / kind, seed=10 + i)
    out = tmp_path / "denoising.md"
    settings = ["--recordings", "100", "--length", 1, "--cases", 1]
    status, _, err = research("denoising", database, tmp_path, "--out", out, *settings)
    assert status == 0, err
    rows = [line for line in out.read_text().splitlines() if line.startswith("| ")][2:]
    assert len(rows) == 9
    assert all(row.count("|") == 10 for row in rows)


def test_peaks_match_once_within_the_tolerance():
    true, found = np.array([100, 200, 300]), np.array([104, 106, 290, 900])
    everywhere = np.ones(1000, bool)
    assert denoising_methods.match_peaks(true, found, everywhere, 100.0).tolist() == [1, 4, 3]
    assert denoising_methods.match_peaks(true, found, np.arange(1000) < 250, 100.0).tolist() == [1, 2, 2]


@pytest.mark.parametrize("name", denoising_methods.FILTERS)
def test_filters_keep_a_beat_and_remove_wander(name):
    time = np.arange(7200) / 360  # the wavelets need 20 s, which every case of the benchmark has
    beats = sum(np.exp(-(((time - beat) / 0.03) ** 2)) for beat in range(1, 20))
    left = denoising_methods.FILTERS[name](beats + np.sin(2 * np.pi * 0.1 * time), 360.0)
    error = (left - left.mean() - beats + beats.mean())[360:-360]
    assert error.std() < 0.15


def test_a_perfect_detector_scores_one():
    beats = np.arange(200, 3600, 300)
    labels = np.array(composition.BEAT_LABELS * 3)
    signal = composition.AnnotatedSignal(np.zeros(3600), beats, labels)
    assert composition.detector_scores(lambda *_: beats, [signal]) == ([1.0] * 4, 1.0)
    shares, f1 = composition.detector_scores(lambda *_: beats[labels != "V"], [signal])
    assert shares == [1.0, 1.0, 0.0, 1.0]
    assert f1 == pytest.approx(2 * 0.75 / 1.75)
    cut = composition.cut_beats(signal, "x")
    assert len(cut) == 11  # the last beat is too near to the end
    assert cut.rr_s[1:] == pytest.approx(300 / 360)
