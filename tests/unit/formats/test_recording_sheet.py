"""Sheets of recordings: which leads they show, and what they say."""

import numpy as np
import pytest
from helpers import make_ecg

from diffecg.errors import DiffecgError
from diffecg.formats.annotations import Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.sheet import is_synthetic, recording_sheet, sheet_rows
from diffecg.plotting.sheet import LAYOUTS, SheetText
from diffecg.signal.limb_leads import INDEPENDENT_LEADS, STANDARD_LEADS, derive_leads

FS_HZ = 250.0


def make_recording(leads=INDEPENDENT_LEADS, duration_s=30.0, **kwargs):
    """Return a recording whose leads are multiples of one simulated lead."""
    ecg = make_ecg(0, duration_s=duration_s, fs_hz=FS_HZ)[0]
    signal_mv = np.stack([(1 + 0.1 * row) * ecg for row in range(len(leads))])
    return Recording.from_arrays(signal_mv, FS_HZ, channel_names=leads, name="r", **kwargs)


def test_limb_leads_that_are_not_recorded_are_derived():
    recording = make_recording()
    sheet = recording_sheet(recording, start_s=4.0)
    assert sheet.rows == (*LAYOUTS["3x4"], ("II",))
    shown = recording.signal_mv[:, 1000:3500]
    for lead, signal_mv in zip(STANDARD_LEADS, derive_leads(shown, INDEPENDENT_LEADS), strict=True):
        assert np.array_equal(sheet.leads_mv[lead], signal_mv), lead
    assert list(sheet.remarks) == ["from 4 s", "III, aVR, aVL, aVF derived"]


def test_recorded_leads_are_shown_as_they_are_whatever_they_are_called():
    names = ["I", "II", "III", "AVR", "AVL", "AVF", "v1", "ECG V2", "Lead V3", "V4", "V5", "V6"]
    recording = make_recording(names)
    sheet = recording_sheet(recording)
    for row, lead in enumerate(STANDARD_LEADS):
        assert np.array_equal(sheet.leads_mv[lead], recording.signal_mv[row, :2500]), lead
    assert list(sheet.remarks) == []


def test_leads_that_do_not_follow_are_left_out():
    sheet = recording_sheet(make_recording(["aVR", "aVF", "V2"]))
    assert set(STANDARD_LEADS) - set(sheet.leads_mv) == {"V1", "V3", "V4", "V5", "V6"}


def test_recordings_of_few_leads_are_shown_in_rows_of_their_own():
    assert sheet_rows(make_recording(["MLII", "V1"])) == (("MLII",), ("V1",))
    chest = make_recording(["V1", "V2", "V3", "V4", "V5", "V6"])
    assert sheet_rows(chest)[-1] == ("V1",), "the rhythm strip, as II is not recorded"
    assert sheet_rows(make_recording(), "6x2", "V5") == (*LAYOUTS["6x2"], ("V5",))


def test_a_lead_without_samples_is_not_recorded():
    recording = make_recording()
    signal_mv = recording.signal_mv.copy()
    signal_mv[0] = np.nan
    sheet = recording_sheet(Recording.from_arrays(signal_mv, FS_HZ, channel_names=INDEPENDENT_LEADS))
    assert set(sheet.leads_mv) == set(INDEPENDENT_LEADS) - {"I"}


def test_the_heart_rate_is_that_of_annotated_beats_else_of_detected_ones():
    peaks_s = np.arange(0.5, 30, 0.75)
    beats = [Annotation(time_s=float(time_s), symbol="N") for time_s in peaks_s]
    sheet = recording_sheet(make_recording(annotations=beats), start_s=10.0, has_beats=True)
    assert sheet.text.heart_rate_per_min == pytest.approx(80, abs=0.5)
    inside = peaks_s[(peaks_s >= 10) & (peaks_s < 20)]
    assert [sample for sample, _ in sheet.beats] == np.rint((inside - 10) * FS_HZ).tolist()
    _, samples, _ = make_ecg(0, duration_s=30.0, fs_hz=FS_HZ)
    simulated = 60 * FS_HZ / np.diff(samples[samples < 2500]).mean()
    assert recording_sheet(make_recording()).text.heart_rate_per_min == pytest.approx(simulated, abs=1)
    stated = SheetText(heart_rate_per_min=99.0)
    assert recording_sheet(make_recording(), text=stated).text == stated


@pytest.mark.parametrize("left_s", [10.0, 0.5, 0.004])
def test_the_end_of_a_recording_is_shown_however_short(left_s):
    sheet = recording_sheet(make_recording(), start_s=30 - left_s)
    assert len(sheet.leads_mv["III"]) == left_s * FS_HZ


def test_synthetic_recordings_are_recognised_by_provenance_or_comments():
    assert not is_synthetic(make_recording(comments=["partly synthetic (II): see card.json", "69 M"]))
    assert is_synthetic(make_recording(info={"synthetic": True}))
    assert recording_sheet(make_recording(comments=["synthetic ECG, not of any person"])).is_synthetic


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([["V9"]], {}, "shows none of V9 in the 10 s from 0 s.*among I, II, V1"),
        ([["II"]], {"start_s": 30.0}, "start 30 s is outside recording r, which has 30 s"),
        ([["II"]], {"mm_per_mv": 0.0}, "scale 0 mm/mV must be positive"),
    ],
)
def test_what_cannot_be_shown_is_refused(rows, options, message):
    with pytest.raises(DiffecgError, match=message):
        recording_sheet(make_recording(), rows, **options)
