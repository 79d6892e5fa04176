"""EDF and BDF files as people have them: what devices, converters and standards make of them."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import edfio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg import read_recording, write_recording
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import NOTE, Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import check_writable
from diffecg.formats.samples import ArraySource
from diffecg.signal.channels import make_channels

CASES = Path(__file__).parents[2] / "data" / "cases" / "edf"
START = (date(2023, 1, 2), time(10, 11, 12))
NOTES = [
    (0.0, "Recording starts", 0.0),
    (2.5, "Sleep stage N2", 30.0),
    (3.25, "V lead loose", 0.0),
    (4.0, "A", 0.0),
    (5.0, "S  1", 0.0),
    (6.1, "F", 0.0),
    (6.5, "Q wave?", 0.0),
    (7.0, "R arm moved", 0.5),
]
"""The notes of notes.edf: time, text and duration, in seconds."""


def read_case(name):
    return read_recording(CASES / f"{name}.edf")


def case_bytes(name):
    return (CASES / f"{name}.edf").read_bytes()


def patched(path, content, first, text):
    """Write a file with some bytes replaced, and return its path."""
    path.write_bytes(content[:first] + text + content[first + len(text) :])
    return path


PEAKS_S = [0.5, 1.336, 2.168, 3.016, 3.852]
"""When the first R peaks are highest."""


@pytest.mark.parametrize(
    "name", ["lat1_label", "inverted", "norec", "unit_micro_latin1", "unit_upper", "notes", "psg", "discont"]
)
def test_the_ecg_of_every_case_is_read_in_millivolts(name):
    recording = read_case(name)
    row = recording.default_lead()
    signal = recording.lead_mv(row)
    for peak_s in PEAKS_S:
        first = round((peak_s - 0.2) * 256)
        peak = first + np.argmax(signal[first : first + 102])
        assert abs(peak / 256 - peak_s) < 1 / 256
        assert 1.0 < signal[peak] < 1.2
    assert recording.ecg_indices == [row]
    assert recording.start == START


def test_an_inverted_range_gives_the_same_values():
    upright, inverted = read_case("lat1_label"), read_case("inverted")
    assert np.allclose(inverted.signal_mv, upright.signal_mv, atol=1e-9)
    assert np.array_equal(inverted.stored, -upright.stored)


def test_the_ecg_of_a_sleep_recording_is_chosen_and_never_the_eeg():
    recording = read_case("psg")
    assert recording.channel_names == ("EEG Fpz-Cz", "SaO2", "ECG II")
    assert recording.source.rates_hz == (100.0, 1.0, 256.0)
    assert recording.source.lengths == (1200, 12, 3072)
    assert recording.channel_index("II") == recording.default_lead() == 2
    with pytest.raises(DiffecgError, match=r"select\(\)"):
        recording.signal  # noqa: B018 - raises
    assert np.array_equal(recording.lead_mv(2), read_case("lat1_label").lead_mv(0))


@pytest.mark.parametrize("suffix", [".edf", ".bdf", ""])
def test_all_signals_of_a_recording_with_three_rates_are_written(tmp_path, suffix):
    recording = replace(read_case("faros"), layout=None)  # not as a copy of the file
    assert not [loss for loss in check_writable(recording, suffix) if "zone" not in loss]
    back = read_recording(write_recording(tmp_path / f"r{suffix}", recording))
    assert back.channel_names == ("ECG", "Accelerometer_X", "Marker")
    assert back.units == ("uV", "mg", "NU")
    assert back.source.rates_hz == (512.0, 100.0, 1.0)
    assert back.source.lengths == (6144, 1200, 12)
    for row in range(3):
        assert np.allclose(back.select([row]).signal, recording.select([row]).signal, atol=1e-6)


def test_a_file_is_written_as_its_copy_but_for_the_imputed_samples(tmp_path):
    recording = read_case("faros")
    imputed = np.zeros(6144, bool)
    imputed[1000:1100] = True
    changed = recording.with_imputed(0, np.full(6144, 0.5), imputed)
    written = write_recording(tmp_path / "r.edf", changed).read_bytes()
    original = case_bytes("faros")
    assert len(written) == len(original)
    differing = np.flatnonzero(np.frombuffer(written, "u1") != np.frombuffer(original, "u1"))
    assert 100 < differing.size <= 200
    assert np.allclose(read_recording(tmp_path / "r.edf").lead_mv(0)[1000:1100], 0.5)


def test_a_recording_may_replace_the_file_that_it_is_read_from(tmp_path):
    path = patched(tmp_path / "r.edf", case_bytes("lat1_label"), 0, b"0")
    recording = read_recording(path)
    expected = recording.signal_mv[:, 512:]
    write_recording(path, read_recording(path).crop(2, 12))
    assert np.allclose(read_recording(path).signal_mv, expected, atol=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == ["r.edf"]


@pytest.mark.parametrize("suffix", [".edf", ".bdf", ".csv"])
def test_notes_keep_text_time_and_duration_and_are_never_beats(tmp_path, suffix):
    recording = read_case("notes")
    assert [(note.time_s, note.text, note.duration_s) for note in recording.annotations] == NOTES
    assert len(recording.beats().sample) == 0
    changed = replace(recording, layout=None)
    back = read_recording(write_recording(tmp_path / f"r{suffix}", changed))
    assert {note.symbol for note in back.annotations} == {NOTE}
    if suffix != ".csv":
        assert not check_writable(changed, suffix)
        assert back.annotations == recording.annotations
        read = {".edf": edfio.read_edf, ".bdf": edfio.read_bdf}[suffix](tmp_path / f"r{suffix}")
        assert [(n.onset, n.text, n.duration or 0.0) for n in read.annotations] == NOTES
    else:
        assert [note.text for note in back.annotations] == [text for _, text, _ in NOTES]
        assert np.allclose([note.time_s for note in back.annotations], [at for at, _, _ in NOTES], atol=2e-3)


def test_a_note_at_the_wording_of_ours_stays_a_note(tmp_path):
    notes = (
        Annotation(time_s=1, symbol=NOTE, text="PhysioNet V"),
        Annotation(time_s=2, symbol=NOTE, text="end of recording"),
        Annotation(time_s=3, symbol=NOTE, text="missing II"),
        Annotation(time_s=4, symbol="V", text="PhysioNet"),
    )
    recording = Recording.from_arrays(np.zeros((1, 1800)), 360, channel_names=["II"], annotations=notes)
    back = read_recording(write_recording(tmp_path / "r.edf", recording))
    assert back.annotations == notes
    assert back.source.lengths == (1800,)
    assert not back.missing.any()


def test_breaks_between_data_records_are_gaps_in_the_file_s_own_time(tmp_path):
    recording = read_case("discont")
    assert recording.format == "EDF+D"
    assert recording.duration_s == 15
    assert recording.source.missing_runs([0]) == [[(6 * 256, 9 * 256)]]
    stored = read_case("lat1_label").stored[0]
    assert np.array_equal(recording.stored[0, : 6 * 256], stored[: 6 * 256])
    assert np.array_equal(recording.stored[0, 9 * 256 :], stored[6 * 256 :])
    assert [(note.time_s, note.text) for note in recording.annotations] == [
        (0.0, "Recording starts"),
        (10.5, "V"),
    ]
    back = read_recording(write_recording(tmp_path / "r.edf", recording))
    assert (back.format, back.duration_s, back.start) == ("EDF+C", 15, START)
    assert np.array_equal(back.missing, recording.missing)
    assert np.array_equal(back.stored[~back.missing], recording.stored[~recording.missing])
    assert back.annotations == recording.annotations


@pytest.mark.parametrize(("start_s", "stop_s"), [(0, 15), (5.5, 9.5), (7, 8), (9, 15)])
def test_gaps_and_notes_are_kept_where_a_recording_is_cropped(tmp_path, start_s, stop_s):
    recording = read_case("discont")
    expected = recording.signal_mv[:, round(start_s * 256) : round(stop_s * 256)]
    cropped = recording.crop(start_s, stop_s)
    for suffix in (".edf", ".bdf", ""):
        back = read_recording(write_recording(tmp_path / f"r{suffix}", cropped))
        assert np.allclose(back.signal_mv, expected, equal_nan=True, atol=1e-7)
        assert [round(note.time_s + start_s, 9) for note in back.annotations if note.text == "V"] == (
            [10.5] if start_s <= 10.5 < stop_s else []
        )
        assert back.start[1] == cropped.start[1]
        (tmp_path / "r.atr").unlink(missing_ok=True)


COUNTS = {
    b"-1      ": "no number",
    b"        ": "no number",
    b"15      ": "states 15",
    b"4       ": "states 4",
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("trailing", [b"", b"xyz"])
def test_all_whole_data_records_are_read_whatever_the_header_counts(tmp_path, count, trailing):
    path = patched(tmp_path / "r.edf", case_bytes("lat1_label") + trailing, 236, count)
    recording = read_recording(path)
    assert np.array_equal(recording.stored, read_case("lat1_label").stored)
    assert any(COUNTS[count] in warning for warning in recording.warnings)
    assert any("3 bytes" in warning for warning in recording.warnings) == bool(trailing)
    written = write_recording(tmp_path / "s.edf", recording)
    assert edfio.read_edf(written, header_encoding="latin-1").num_data_records == 12
    assert read_recording(written).warnings == ()


def test_a_truncated_data_record_is_not_read(tmp_path):
    path = tmp_path / "r.edf"
    path.write_bytes(case_bytes("lat1_label")[:-100])
    recording = read_recording(path)
    assert recording.source.lengths == (11 * 256,)
    assert len(recording.warnings) == 2


def test_labels_units_and_notes_in_latin_1_are_read(tmp_path):
    recording = read_case("lat1_label")
    assert recording.channel_names == ("EKG Gerät",)
    assert check_writable(recording, ".edf") == []  # the file is copied
    assert check_writable(recording, ".bdf") == ["'EKG Gerät' is written as 'EKG Geraet'"]
    back = read_recording(write_recording(tmp_path / "r.bdf", recording))
    assert back.channel_names == ("EKG Geraet",)
    assert read_case("unit_micro_latin1").units == read_case("unit_upper").units == ("uV",)
    content = case_bytes("notes").replace(b"Q wave?", b"P w\xe4hrend"[:7])
    path = patched(tmp_path / "n.edf", content, 0, b"0")
    assert "P währe" in [note.text for note in read_recording(path).annotations]


def test_a_unit_that_the_user_states_is_written(tmp_path):
    path = CASES / "lat1_label.edf"
    recording = read_recording(path, unit="mV")
    back = read_recording(write_recording(tmp_path / "r.edf", recording))
    assert back.units == ("mV",)
    assert np.allclose(back.signal_mv, 1000 * read_recording(path).signal_mv)


def test_numbers_with_a_decimal_comma_are_read(tmp_path):
    content = case_bytes("lat1_label")
    path = patched(tmp_path / "r.edf", content, 256 + 104, b"-3276,8 3276,7  ")
    assert np.array_equal(read_recording(path).signal_mv, read_case("lat1_label").signal_mv)


def test_digital_ranges_upside_down_invert_the_signal(tmp_path):
    path = patched(tmp_path / "r.edf", case_bytes("lat1_label"), 256 + 120, b"32767   -32768  ")
    expected = read_case("lat1_label").signal_mv
    assert np.allclose(read_recording(path).signal_mv, -expected - 1e-4, atol=1e-9)


@pytest.mark.parametrize("field", [b"0       0       ", b"nan     1       "])
def test_a_signal_without_a_range_has_no_unit(tmp_path, field):
    path = patched(tmp_path / "r.edf", case_bytes("lat1_label"), 256 + 104, field)
    recording = read_recording(path)
    assert recording.units == ("NU",)
    assert len(recording.warnings) == 1


@pytest.mark.parametrize(
    ("field", "start"),
    [
        (b"Startdate 02-JAN-2023 X X X", START),
        (b"Startdate X X X X", (None, time(10, 11, 12))),
        (b"anything else          ", START),
        (b"Startdate 09-OCT-2896 X X X", (date(2896, 10, 9), time(10, 11, 12))),
    ],
)
def test_the_date_is_that_of_the_recording_field_else_of_the_header(tmp_path, field, start):
    path = patched(tmp_path / "r.edf", case_bytes("lat1_label"), 88, field.ljust(80))
    assert read_recording(path).start == start


def test_a_date_that_is_none_is_unknown(tmp_path):
    content = case_bytes("lat1_label")
    path = patched(tmp_path / "r.edf", content[:88] + b" " * 80 + content[168:], 168, b"31.02.23")
    assert read_recording(path).start == (None, time(10, 11, 12))


def discontinuous(onsets, *, kind=b"EDF+D"):
    """Return the file of notes with other times of its data records, as text of at most seven characters."""
    content = bytearray(case_bytes("discont"))
    content[192:197] = kind
    for record, onset in enumerate(onsets):
        first = 768 + record * 632 + 512
        content[first : first + 120] = f"{onset}\x14\x14\x00".encode().ljust(120, b"\0")
    return bytes(content)


@given(st.lists(st.integers(0, 5), min_size=11, max_size=11))
def test_every_break_is_a_gap(tmp_path_factory, breaks):
    onsets = np.concatenate([[0], np.cumsum(breaks) + np.arange(1, 12)])
    path = tmp_path_factory.getbasetemp() / "d.edf"
    path.write_bytes(discontinuous([f"+{onset}" for onset in onsets]))
    recording = read_recording(path)
    expected = np.ones((onsets[-1] + 1) * 256, bool)
    for onset in onsets:
        expected[onset * 256 : (onset + 1) * 256] = False
    assert np.array_equal(recording.missing[0], expected)
    assert np.array_equal(recording.stored[0, ~expected], read_case("lat1_label").stored[0])


def test_the_jitter_of_a_clock_is_no_break(tmp_path):
    path = tmp_path / "d.edf"
    path.write_bytes(discontinuous([f"+{k + (0.001 if k % 2 else 0)}" for k in range(12)]))
    assert not read_recording(path).missing.any()
    path.write_bytes(discontinuous([f"+{k * 1.01:.2f}" for k in range(12)], kind=b"EDF+C"))
    recording = read_recording(path)
    assert recording.source.lengths == (3072,)
    assert "0.11 s off" in recording.warnings[0]
    path.write_bytes(discontinuous([f"+{0.5 * k}" for k in range(12)]))
    with pytest.raises(DiffecgError, match="overlap"):
        read_recording(path)


def test_many_notes_do_not_lengthen_the_data_records(tmp_path):
    notes = tuple(Annotation(time_s=0.001 * k, symbol=NOTE, text=f"note {k}") for k in range(1000))
    recording = Recording.from_arrays(
        np.zeros((1, 25000)), 250, channel_names=["II"], annotations=notes, name="r"
    )
    path = write_recording(tmp_path / "r.edf", recording)
    assert path.stat().st_size < 25000 * 2 + 60_000
    assert read_recording(path).annotations == notes
    assert len(edfio.read_edf(path).annotations) == 1000


def test_the_start_within_a_second_is_kept(tmp_path):
    recording = read_case("notes").crop(2.25, 7.5)
    assert recording.start[1] == time(10, 11, 14, 250_000)
    path = write_recording(tmp_path / "r.edf", recording)
    back = read_recording(path)
    assert (back.start, back.annotations) == (recording.start, recording.annotations)
    theirs = edfio.read_edf(path)
    assert theirs.starttime == time(10, 11, 14, 250_000)
    assert theirs.annotations[0][::2] == (0.25, "Sleep stage N2")


@pytest.mark.parametrize(
    ("unit", "gain", "baseline", "losses"),
    [
        ("mV", 200.0, 1024.0, False),
        ("V", 3.141592653e6, 0.0, True),  # written in uV: eight characters hold too few digits of volts
        ("mV", 50000.44449462997, -23086.0, True),
        ("mV", -200.0, 3.0, False),
        ("mV", 1000 / 3, 0.5, False),
    ],
)
def test_scales_are_written_exactly_or_their_loss_is_reported(tmp_path, unit, gain, baseline, losses):
    stored = np.random.default_rng(0).integers(-2000, 2000, (1, 500))
    source = ArraySource(stored, 250, gain=[gain], baseline=[baseline])
    recording = Recording(name="r", channels=make_channels(["II"], [unit]), source=source)
    reported = check_writable(recording, ".edf")
    assert bool(reported) == losses, reported
    path = write_recording(tmp_path / "r.edf", recording)
    back = read_recording(path)
    step = np.abs(recording.signal_mv[0, 0] - recording.signal_mv[0, 1]) / max(
        abs(stored[0, 0] - stored[0, 1]), 1
    )
    assert np.allclose(
        back.signal_mv, recording.signal_mv, rtol=0, atol=0.6 * step if losses else 0.011 * step
    )
    theirs = edfio.read_edf(path).signals[0]
    assert np.array_equal(theirs.digital, stored[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fs_hz": 251.37}, None),
        ({"name": "a lead of more than sixteen characters"}, "'a lead of more t'"),
        ({"name": "a\tb"}, "'a b'"),
        ({"name": "Ableitung µ"}, "'Ableitung u'"),
        ({"unit": "furlongs per fortnight"}, "furlongs"),
        ({"time": (date(2896, 10, 9), time(1))}, "2896"),
        ({"time": (date(2000, 1, 1), None)}, "00:00:00"),
        ({"samples": 601}, "599 s|0.596 s|are added"),
        ({"value": 1 / 3}, "rounded to 0.001 mV"),
    ],
)
def test_what_a_file_cannot_hold_is_reported_before(tmp_path, change, message):
    signal = np.full((1, change.get("samples", 500)), change.get("value", 0.5))
    recording = Recording.from_arrays(
        signal,
        change.get("fs_hz", 250.0),
        channel_names=[change.get("name", "II")],
        units=[change.get("unit", "mV")],
    )
    day, clock = change.get("time", (None, None))
    recording = replace(recording, time=replace(recording.time, start_date=day, start_time=clock))
    reported = check_writable(recording, ".edf")
    assert message is None or len(reported) == 1
    assert message is None or any(part in reported[0] for part in message.split("|"))
    back = read_recording(write_recording(tmp_path / "r.edf", recording))
    assert back.source.lengths == recording.source.lengths
    assert np.allclose(back.signal, signal, atol=1e-3)


def test_names_that_shorten_to_the_same_are_told_apart(tmp_path):
    names = ["precordial lead V1", "precordial lead V2", "II", "II "]
    recording = Recording.from_arrays(np.arange(400.0).reshape(4, 100) / 100, 100, channel_names=names)
    assert len(check_writable(recording, ".edf")) >= 2
    path = write_recording(tmp_path / "r.edf", recording)
    assert len({signal.label for signal in edfio.read_edf(path).signals}) == 4
    assert np.allclose(read_recording(path).signal_mv, recording.signal_mv)


def test_what_cannot_be_written_at_all_is_refused_before(tmp_path):
    source = ArraySource(np.array([[0, 40000, 3]]), 250)
    big = Recording(name="r", channels=make_channels(["II"]), source=source)
    with pytest.raises(DiffecgError, match="16 bits; choose bdf"):
        check_writable(big, ".edf")
    assert check_writable(big, ".bdf")  # three samples of 250 Hz are padded
    infinite = Recording.from_arrays(np.array([[0.0, np.inf]]), 250)
    with pytest.raises(DiffecgError, match="infinity"):
        check_writable(infinite, ".edf")


def test_imputed_samples_beyond_the_range_are_limited(tmp_path):
    recording = read_case("discont")
    gap = recording.missing[0]
    imputed = recording.with_imputed(0, np.full(gap.size, 1e3), gap)
    back = read_recording(write_recording(tmp_path / "r.edf", imputed))
    assert not back.missing.any()
    assert np.allclose(back.signal_mv[0, gap], 3.2767)
    assert np.array_equal(back.stored[0, ~gap], recording.stored[0, ~gap])
