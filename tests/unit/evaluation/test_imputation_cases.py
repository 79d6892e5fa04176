"""Cases of the imputation benchmark: the same for every method, grouped by rhythm, and hidden from it."""

from collections import Counter

import numpy as np
import pytest
from helpers import FS_HZ, make_ecg, write_recording

from diffecg.datasets.splits import DS2
from diffecg.errors import DiffecgError
from diffecg.evaluation.imputation.cases import (
    FIRST_GAPS_S,
    GAPS_S,
    HEARTBEAT,
    draw_cases,
    first_cases,
    gap_group,
    manifest_sha256,
)
from diffecg.evaluation.imputation.contexts import open_cases
from diffecg.evaluation.imputation.rhythms import (
    ATRIAL,
    ECTOPIC,
    REGULAR,
    UNKNOWN,
    rhythm_annotations,
)
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two annotated recordings of 90 s."""
    folder = tmp_path_factory.mktemp("recordings")
    for i, name in enumerate(("100", "103")):
        write_recording(folder / name, seed=i, duration_s=90.0)
    return folder


def annotated(*annotations):
    """Return a recording of 100 s at 100 Hz with annotations (time in s, symbol, text)."""
    notes = tuple(Annotation(time_s=time_s, symbol=symbol, text=text) for time_s, symbol, text in annotations)
    return Recording.from_arrays(np.zeros((1, 10_000)), 100.0, annotations=notes)


def test_cases_are_fixed_by_their_seed(folder):
    cases = draw_cases(folder, ["100", "103"], per_group=2, seed=5)
    assert cases == draw_cases(folder, ["100", "103"], per_group=2, seed=5)
    assert cases[len(cases) // 2 :] == draw_cases(folder, ["103"], per_group=2, seed=5)
    assert manifest_sha256(cases) != manifest_sha256(draw_cases(folder, ["100", "103"], per_group=2, seed=6))
    counts = Counter(case.group for case in cases)
    assert counts == dict.fromkeys([*map(gap_group, GAPS_S), HEARTBEAT], 4)


@pytest.mark.parametrize("per_group", [1, 3, 5])
def test_more_cases_keep_the_first_ones(folder, per_group):
    few = draw_cases(folder, ["100"], per_group=per_group)
    many = draw_cases(folder, ["100"], per_group=6)
    assert set(first_cases(few)) <= set(first_cases(many))
    if per_group >= 3:
        assert first_cases(few) == first_cases(many)
        assert len(first_cases(few)) == 3 * (len(FIRST_GAPS_S) + 1)


def test_the_first_cases_of_ds2_are_those_of_version_0_1(mitdb):
    cases = draw_cases(mitdb, DS2, per_group=3)
    first = first_cases(cases)
    assert len(first) == 330
    assert manifest_sha256(first).startswith("a04ac7478e52")
    assert {case.rhythm for case in cases} == {REGULAR, ECTOPIC, ATRIAL}
    # Recording 202 is in atrial fibrillation from 25 minutes on, recording 100 never.
    assert {case.rhythm for case in cases if case.recording == "202" and case.start > 1600 * 360} <= {ATRIAL}
    assert ATRIAL not in {case.rhythm for case in cases if case.recording == "100"}


def test_the_rhythm_is_that_at_the_gap():
    notes = rhythm_annotations(
        annotated(
            (0.1, "+", "(N"),
            *((time_s, "N", "") for time_s in np.arange(1.0, 100.0)),
            (30.4, "V", ""),
            (50.0, "+", "(AFIB"),
            (60.0, "+", "(N"),
            (70.0, "+", "(AFL\0"),
        )
    )

    def at(start_s, length_s):
        return notes.at(round(start_s * 100), round((start_s + length_s) * 100), 100.0)

    assert at(20, 1) == REGULAR
    assert at(28.0, 0.5) == REGULAR
    assert at(28.5, 0.5) == ECTOPIC
    assert at(30.0, 1) == ECTOPIC
    assert at(31.9, 1) == ECTOPIC
    assert at(32.0, 1) == REGULAR
    assert at(49.5, 0.4) == REGULAR
    assert at(49.5, 1.0) == ATRIAL
    assert at(59.9, 1.0) == ATRIAL
    assert at(60.0, 1.0) == REGULAR
    assert rhythm_annotations(annotated()).at(0, 100, 100.0) == UNKNOWN


@pytest.mark.parametrize("symbol", "NLRej")
def test_normal_beats_are_regular(symbol):
    notes = rhythm_annotations(annotated((10.0, symbol, "")))
    assert notes.at(1000, 1100, 100.0) == REGULAR


def test_atrial_fibrillation_counts_before_ectopic_beats():
    notes = rhythm_annotations(annotated((5.0, "+", "(AFIB"), (10.0, "V", "")))
    assert notes.at(1000, 1100, 100.0) == ATRIAL


def test_the_context_is_the_whole_recording_without_the_gap(folder):
    for opened in open_cases(folder, draw_cases(folder, ["100"], per_group=3)):
        case, context, truth = opened.case, opened.context, opened.truth
        assert np.isfinite(truth.gap_mv).all()
        assert np.array_equal(truth.around_mv[truth.gap], truth.gap_mv)
        assert len(truth.gap_mv) == case.length == context.length
        assert np.isnan(context.signal_mv[context.gap]).all()
        assert np.isfinite(np.delete(context.signal_mv, np.r_[context.gap])).all()
        assert not ((context.r_peaks >= case.start) & (context.r_peaks < case.start + case.length)).any()
        assert not context.other_leads_mv.size
        if case.forecast:
            assert context.is_forecast
            assert opened.other_leads is None
            assert context.gap.stop == len(context.signal_mv)
            assert (context.r_peaks < case.start).all()
        else:
            assert len(context.signal_mv) == 90 * FS_HZ
            assert opened.other_leads.other_leads_mv.shape == (1, 90 * FS_HZ)
            assert np.isfinite(opened.other_leads.other_leads_mv).all()
            assert np.isnan(opened.other_leads.signal_mv[context.gap]).all()


def test_recordings_without_annotations_have_cases_too(tmp_path):
    signal, samples, _ = make_ecg(0, duration_s=70.0)
    from diffecg.formats.registry import write_recording as write_any

    write_any(tmp_path / "a", Recording.from_arrays(signal[None], FS_HZ, channel_names=["II"]))
    cases = draw_cases(tmp_path, ["a"], per_group=1)
    assert {case.rhythm for case in cases} == {UNKNOWN}
    for opened in open_cases(tmp_path, cases):
        context = opened.context
        assert context.annotated_r_peaks is None
        assert not ((context.r_peaks >= context.gap.start) & (context.r_peaks < context.gap.stop)).any()
        visible = samples[(samples < context.gap.start - FS_HZ) & (samples > FS_HZ)]
        nearest = np.abs(context.r_peaks[:, None] - visible).min(axis=0)
        assert (nearest < 0.05 * FS_HZ).mean() > 0.9


def test_short_recordings_are_rejected(tmp_path):
    write_recording(tmp_path / "100", duration_s=30.0)
    with pytest.raises(DiffecgError, match="too short"):
        draw_cases(tmp_path, ["100"])
