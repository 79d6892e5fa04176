"""MNE Raw objects as people have them: cropped, with other channel types and skipped intervals."""

from datetime import UTC, date, datetime, time
from pathlib import Path

import mne
import numpy as np
import pytest

import diffecg
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import NOTE

CASES = Path(__file__).parents[2] / "data" / "cases" / "edf"
DATES = [None, datetime(2020, 2, 29, 23, 59, 58, tzinfo=UTC)]


def make_raw(start, types=("ecg", "misc")):
    info = mne.create_info([f"c{i}" for i in range(len(types))], 100, list(types))
    raw = mne.io.RawArray(np.tile(np.arange(1000) / 1e6, (len(types), 1)), info, verbose="error")
    raw.set_meas_date(start)
    texts = ["before", "BAD lead", "V lead loose"]
    notes = mne.Annotations([1, 5.5, 6.1], [0, 1, 0.25], texts, orig_time=start)
    return raw.set_annotations(notes)


@pytest.mark.parametrize("start", DATES)
@pytest.mark.parametrize("crop_s", [0.0, 3.0, 3.01])
def test_notes_and_start_of_a_cropped_raw_are_at_their_place(start, crop_s):
    recording = diffecg.as_recording(make_raw(start).crop(crop_s, 8))
    notes = [(round(n.time_s + crop_s, 9), n.symbol, n.text, n.duration_s) for n in recording.annotations]
    kept = [(5.5, NOTE, "BAD lead", 1.0), (6.1, NOTE, "V lead loose", 0.25)]
    assert notes == [(1.0, NOTE, "before", 0.0)] * (crop_s == 0) + kept
    assert recording.signal[0, 0] == pytest.approx(1e-4 * crop_s * 1e3)
    if start is None:
        assert recording.start == (None, None)
    else:
        starts = {
            0.0: (date(2020, 2, 29), time(23, 59, 58)),
            3.0: (date(2020, 3, 1), time(0, 0, 1)),
            3.01: (date(2020, 3, 1), time(0, 0, 1, 10_000)),
        }
        assert recording.start == starts[crop_s]


def test_all_channels_in_volts_become_millivolts():
    raw = make_raw(None, ("ecg", "eeg", "eog", "emg", "seeg", "bio", "misc"))
    recording = diffecg.as_recording(raw)
    assert recording.units == ("mV",) * 6 + ("NU",)
    assert recording.signal[0, 999] == pytest.approx(0.999)
    assert recording.signal[6, 999] == pytest.approx(0.000999)


def test_intervals_that_were_not_recorded_are_missing():
    raw = make_raw(None)
    raw.annotations.append(2, 1.5, "BAD_ACQ_SKIP")
    recording = diffecg.as_recording(raw)
    assert recording.source.missing_runs([0, 1]) == [[(200, 350)], [(200, 350)]]
    assert [note.text for note in recording.annotations] == ["before", "BAD lead", "V lead loose"]
    back = diffecg.as_recording(diffecg.to_mne(recording))
    assert np.array_equal(back.missing, recording.missing)
    assert [note.text for note in back.annotations] == ["before", "BAD lead", "V lead loose"]


def test_a_recording_with_several_rates_is_refused_with_the_way_out():
    recording = diffecg.read_recording(CASES / "psg.edf")
    with pytest.raises(DiffecgError, match=r"select\(\)"):
        diffecg.to_mne(recording)
    assert diffecg.to_mne(recording.select([0])).get_channel_types() == ["eeg"]
    assert diffecg.to_mne(recording.select([2])).get_channel_types() == ["ecg"]


@pytest.mark.parametrize("name", ["notes", "discont", "inverted"])
def test_mne_reads_written_files_as_we_do(tmp_path, name):
    recording = diffecg.read_recording(CASES / f"{name}.edf").crop(1, 11)  # MNE ignores parts of a second
    path = diffecg.write_recording(tmp_path / "r.edf", recording)
    raw = diffecg.as_recording(mne.io.read_raw_edf(path, verbose="error"))
    observed = ~recording.missing
    samples = recording.samples
    assert np.allclose(raw.signal_mv[:, :samples][observed], recording.signal_mv[observed], atol=1e-7)
    ours, theirs = (
        [(round(note.time_s, 9), note.text) for note in one.annotations] for one in (recording, raw)
    )
    assert [note for note in theirs if not note[1].startswith("missing")] == ours
    assert raw.start == recording.start
