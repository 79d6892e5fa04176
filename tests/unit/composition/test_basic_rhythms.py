"""Basic rhythms have the rates, intervals and order that were measured, and names that fit together."""

from functools import cache

import numpy as np
import pytest

from diffecg.composition.basic_rhythms import BASIC_RHYTHMS, onset_s, rhythm_of
from diffecg.composition.intervals import irregular_deviation
from diffecg.composition.rhythm_statistics import draw_quantile, load_rhythm_statistics
from diffecg.composition.timing import Rhythm
from diffecg.errors import DiffecgError

RECORDINGS = 200


@cache
def intervals(text, rate=None):
    return [np.diff([t for t, _ in Rhythm(text, rate).beats(10, seed)]) for seed in range(RECORDINGS)]


@pytest.mark.parametrize("name", BASIC_RHYTHMS)
def test_rates_and_variation_are_the_measured_ones(name):
    measured = load_rhythm_statistics().rhythms[BASIC_RHYTHMS[name].statement]
    found = intervals(name)
    for quantile in (0.25, 0.5, 0.75):
        rates = np.array([60 / rr.mean() for rr in found])
        assert np.quantile(rates, quantile) == pytest.approx(
            draw_quantile(measured.heart_rate, quantile), rel=0.08
        )
        variation = np.array([rr.std() / rr.mean() for rr in found])
        expected = draw_quantile(measured.variation, quantile)
        assert np.quantile(variation, quantile) == pytest.approx(expected, rel=0.3)


def test_the_given_rate_is_kept():
    for text in ("sinus arrhythmia", "atrial fibrillation", "first-degree block"):
        errors = np.abs([60 / rr.mean() - 93 for rr in intervals(text, 93)])
        assert np.mean(errors) < 1.5
        assert errors.max() < 8  # the last interval may end after the recording


def test_rhythms_differ_in_rate_and_regularity():
    rate = {name: np.median([60 / rr.mean() for rr in intervals(name)]) for name in BASIC_RHYTHMS}
    assert rate["sinus bradycardia"] < 60 < rate["sinus rhythm"] < 100 < rate["sinus tachycardia"]
    variation = {name: np.median([rr.std() / rr.mean() for rr in intervals(name)]) for name in BASIC_RHYTHMS}
    assert variation["atrial fibrillation"] > 1.5 * variation["sinus arrhythmia"]
    assert variation["sinus arrhythmia"] > 3 * variation["sinus rhythm"]


def test_irregular_intervals_have_the_given_autocorrelation():
    measured = load_rhythm_statistics().rhythms["AFIB"]
    next_one = irregular_deviation(measured, 20_000, np.random.default_rng(0))
    found = np.array([next_one(i, 0.0) for i in range(20_000)])
    assert np.corrcoef(found[1:], found[:-1])[0, 1] == pytest.approx(measured.autocorrelation, abs=0.03)
    assert np.median(found) == pytest.approx(draw_quantile(measured.deviation, 0.5), abs=0.03)


@pytest.mark.parametrize("label", ["V", "S"])
def test_occasional_beats_are_single_early_and_at_least_one(label):
    for seed in range(60):
        beats = Rhythm(f"sinus rhythm occasional {label}", 75).beats(10, seed)
        text = "".join(name for _, name in beats)
        assert label in text[1:]
        assert label * 2 not in text
        rr = np.diff([t for t, _ in beats]) * 75 / 60
        coupling = rr[[i - 1 for i, name in enumerate(text) if name == label]]
        assert coupling.max() < 1
        assert coupling.std() < 0.12  # one focus: alike but for the sinus rhythm around them


@pytest.mark.parametrize(
    ("statements", "text", "annotation"),
    [
        (["NORM", "SR"], "sinus rhythm", "(N"),
        (["AFIB", "PVC"], "atrial fibrillation occasional V", "(AFIB"),
        (["SBRAD"], "sinus bradycardia", "(SBR"),
        (["1AVB", "SR", "PAC"], "first-degree block occasional S", "(BI"),
        (["BIGU", "PVC", "SR"], "sinus rhythm bigeminy", "(B"),
        (["TRIGU", "SR"], "sinus rhythm trigeminy", "(T"),
        (["BIGU", "PAC"], "sinus rhythm atrial bigeminy", "(AB"),
        ([], "sinus rhythm", "(N"),
    ],
)
def test_statements_describe_a_rhythm(statements, text, annotation):
    assert rhythm_of(statements) == text
    assert Rhythm(text).annotation == annotation
    assert Rhythm(text).beats(10, 1)


def test_a_basic_rhythm_goes_with_any_order():
    beats = Rhythm("sinus bradycardia (N*2 V)*2 S", 50).beats(20, 0)
    assert "".join(label for _, label in beats).startswith("NNVNNVSNNV")
    assert Rhythm("N*3 V").annotation == ""
    with pytest.raises(DiffecgError, match="'fibrilation' at character"):
        Rhythm("atrial fibrilation").beats(10)
    with pytest.raises(DiffecgError, match="no statistics of occasional beats 'F'"):
        Rhythm("sinus rhythm occasional F").beats(10)


def test_the_onset_depends_on_the_rhythm():
    assert onset_s("N", ["AFIB"]) < onset_s("N", ["SR"]) < onset_s("N", ["1AVB", "SR"])
    assert onset_s("V", ["1AVB"]) == onset_s("V", [])
