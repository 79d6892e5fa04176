"""WFDB records as people have them: annotators, resolutions, frames, skew, headers made by hand."""

import shutil
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st

from diffecg import read_recording, write_recording
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import NOTE, Annotation
from diffecg.formats.recording import Recording
from diffecg.formats.registry import check_writable, file_name
from diffecg.formats.samples import ArraySource, Block, SampleSource
from diffecg.signal.channels import make_channels

CASES = Path(__file__).parents[2] / "data" / "cases" / "wfdb"
BEATS_S = [0.5, 1.336, 2.168, 3.016, 3.852]
"""When the first beats are, to a sample."""


def read_case(name, **options):
    return read_recording(CASES / name, **options)


def copy_case(folder, *names):
    for name in names:
        shutil.copy(CASES / name, folder)


def texts(recording):
    """Return time, symbol and text of the annotations."""
    return [(round(note.time_s, 6), note.symbol, note.text) for note in recording.annotations]


def small(stored=None, fs_hz=250.0, *, gain=200.0, baseline=0.0, unit="mV", names=("II",), **fields):
    """Return a recording of integers."""
    stored = np.arange(-50, 50).reshape(len(names), -1) if stored is None else stored
    source = ArraySource(stored, fs_hz, gain=[gain] * len(names), baseline=[baseline] * len(names))
    return Recording(name="r", channels=make_channels(names, [unit] * len(names)), source=source, **fields)


@pytest.mark.parametrize("name", ["right", "low", "patient 1", "annqrs"])
def test_beats_lie_at_the_r_peaks_whatever_the_resolution_and_name_of_the_file(name):
    recording = read_case(name)
    signal, beats = recording.lead_mv(0), recording.beats()
    assert np.abs(np.array([note.time_s for note in recording.annotations][:5]) - BEATS_S).max() <= 0.0041
    assert len(beats.sample) == (144 if name in ("right", "low") else 24)
    for sample in beats.sample[:20]:
        around = signal[max(sample - 75, 0) : sample + 75]
        assert abs(max(sample - 75, 0) + np.argmax(around) - sample) <= 3
    assert set(beats.symbol) == {"N"}


def test_both_resolutions_give_the_same_times():
    right, low = (
        np.array([note.time_s for note in read_case(name).annotations]) for name in ("right", "low")
    )
    assert np.abs(right - low).max() <= 1 / 250 + 1e-9
    assert np.array_equal(read_case("right").stored, read_case("low").stored)


def test_annotations_of_another_resolution_are_copied_and_read_by_wfdb(tmp_path):
    recording = read_case("low")
    back = read_recording(write_recording(tmp_path / "r", recording))
    assert back.annotations == recording.annotations
    theirs = wfdb.rdann(str(tmp_path / "r"), "atr")
    assert theirs.fs == 125
    assert (tmp_path / "r.atr").read_bytes() == (CASES / "low.atr").read_bytes()


def test_the_only_annotator_is_read_and_another_can_be_chosen(tmp_path):
    recording = read_case("annqrs")
    assert recording.assumptions == ("annotations are read from annqrs.qrs, as there is no .atr file",)
    assert recording.annotations == read_case("annqrs", annotator="qrs").annotations
    with pytest.raises(DiffecgError, match="no annotations 'man'; choose one of qrs"):
        read_case("annqrs", annotator="man")
    copy_case(tmp_path, "annqrs.hea", "annqrs.dat", "annqrs.qrs")
    shutil.copy(CASES / "low.atr", tmp_path / "annqrs.man")
    unread = read_recording(tmp_path / "annqrs")
    assert unread.annotations == ()
    assert "choose with --annotator: man, qrs" in unread.warnings[0]
    assert len(read_recording(tmp_path / "annqrs", annotator="man").annotations) == 144


def test_all_annotators_are_written_beside_the_recording_under_its_name(tmp_path):
    copy_case(tmp_path, "annqrs.hea", "annqrs.dat", "annqrs.qrs")
    shutil.copy(CASES / "right.atr", tmp_path / "annqrs.atr")
    recording = read_recording(tmp_path / "annqrs", annotator="qrs")
    (tmp_path / "out").mkdir()
    write_recording(tmp_path / "out" / "other", recording)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "other.atr", "other.dat", "other.hea", "other.qrs"
    ]  # fmt: skip
    assert (tmp_path / "out" / "other.qrs").read_bytes() == (CASES / "annqrs.qrs").read_bytes()
    changed = recording.with_annotations([Annotation(time_s=1, symbol="V")])
    write_recording(tmp_path / "out" / "other", changed)
    assert texts(read_recording(tmp_path / "out" / "other", annotator="qrs")) == [(1, "V", "")]
    assert (tmp_path / "out" / "other.atr").read_bytes() == (CASES / "right.atr").read_bytes()


def test_a_name_with_spaces_is_written_as_one_that_wfdb_knows(tmp_path):
    recording = read_case("patient 1")
    with pytest.raises(DiffecgError, match="write it as 'patient_1'"):
        write_recording(tmp_path / "patient 1", recording)
    assert list(tmp_path.iterdir()) == []
    path = write_recording(tmp_path / file_name(recording, ""), recording)
    assert path.name == "patient_1"
    assert read_recording(path).annotations == recording.annotations
    assert wfdb.rdann(str(path), "atr").sample[:2].tolist() == [125, 334]


def test_annotations_of_another_recording_are_never_taken_or_overwritten(tmp_path):
    shutil.copy(CASES / "right.atr", tmp_path / "r.atr")
    with pytest.raises(DiffecgError, match=r"r\.atr .* would be taken for annotations"):
        write_recording(tmp_path / "r", small())
    assert [file.name for file in tmp_path.iterdir()] == ["r.atr"]


def test_a_recording_may_replace_the_record_that_it_is_read_from(tmp_path):
    copy_case(tmp_path, "right.hea", "right.dat", "right.atr")
    recording = read_recording(tmp_path / "right")
    expected = recording.signal_mv[:, 250:5000]
    write_recording(tmp_path / "right", read_recording(tmp_path / "right").crop(1, 20))
    back = read_recording(tmp_path / "right")
    assert np.array_equal(back.signal_mv, expected)
    assert texts(back)[0] == (0.336, "N", "")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["right.atr", "right.dat", "right.hea"]


@pytest.mark.parametrize("suffix", [".edf", ".bdf", ".csv", ".parquet", ""])
def test_a_date_far_from_now_is_kept_or_its_loss_is_reported(tmp_path, suffix):
    recording = read_case("mimic")
    assert recording.start == (date(2896, 10, 9), time(1, 56, 11))
    assert recording.source.gain == (50000.44449462997,)
    assert recording.source.baseline == (-23086.0,)
    assert recording.source.lengths == (3750,)
    assert np.allclose(recording.signal_mv[0], wfdb.rdrecord(str(CASES / "mimic")).p_signal[:, 0], atol=1e-12)
    losses = check_writable(recording, suffix)
    back = read_recording(write_recording(tmp_path / f"r{suffix}", recording))
    assert back.start[1] == time(1, 56, 11)
    assert (back.start[0] == date(2896, 10, 9)) != any("2896" in loss for loss in losses)
    assert np.allclose(back.signal_mv, recording.signal_mv, atol=1e-5)


def test_skewed_signals_are_aligned_and_the_checksum_is_that_of_the_file():
    recording, straight = read_case("skew"), read_case("annqrs")
    assert np.array_equal(recording.stored[0], straight.stored[0])
    assert np.array_equal(recording.stored[1, :4959], straight.stored[1, :4959])
    assert recording.source.missing_runs([0, 1]) == [[], [(4959, 5000)]]
    for start, stop in ((0, 7), (4900, 5000), (2000, 2001)):
        block = recording.source.read([1], start, stop)
        assert np.array_equal(block.stored[0], recording.stored[1, start:stop])
        assert np.array_equal(block.missing[0], recording.missing[1, start:stop])


def test_several_samples_a_frame_are_read_at_their_own_rate():
    with pytest.raises(DiffecgError, match=r"checksum of lead I is 9701, in the header 9947.*--no-verify"):
        read_case("frames")
    recording = read_case("frames", verify=False)
    assert recording.fs_hz == 500
    assert recording.source.lengths == (5000, 5000)
    theirs = wfdb.rdrecord(str(CASES / "frames"), physical=False, smooth_frames=False)
    assert np.array_equal(recording.stored, np.stack(theirs.e_d_signal))


def with_header(folder, header, data=None):
    """Write a record with a header made by hand and return its path."""
    (folder / "h.hea").write_bytes(header if isinstance(header, bytes) else header.encode())
    (folder / "h.dat").write_bytes(np.arange(-100, 100, dtype="<i2").tobytes() if data is None else data)
    return folder / "h"


def test_checksums_of_zero_are_not_verified_and_it_is_said(tmp_path):
    path = with_header(tmp_path, "h 1 250 200\nh.dat 16 200 16 0 0 0 0 II\n")
    recording = read_recording(path)
    assert recording.stored[0].tolist() == list(range(-100, 100))
    assert recording.warnings == ("the header states no checksum of II (0); its samples are not verified",)
    assert read_recording(path, verify=False).warnings == ()


@pytest.mark.parametrize("unit", ["/µV", "/μV", "/uV", "/UV", "/microvolts"])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_units_and_names_are_read_in_utf_8_and_latin_1(tmp_path, unit, encoding):
    line = f"h 1 250 200\nh.dat 16 2{unit} 16 0 0 -100 0 Gerät II\n# Prüfung: 50 µV\n"
    try:
        content = line.encode(encoding)
    except UnicodeEncodeError:
        pytest.skip("no letter of Latin-1")
    recording = read_recording(with_header(tmp_path, content))
    assert (recording.units, recording.channel_names) == (("uV",), ("Gerät II",))
    assert recording.comments == ("Prüfung: 50 µV",)
    assert recording.signal_mv[0, 0] == -0.05
    assert check_writable(recording, "") == [
        "'Gerät II' is written as 'Geraet II'",
        "comment 'Prüfung: 50 µV' is written as 'Pruefung: 50 uV'",
    ]
    write_recording(tmp_path / "r", recording)
    theirs = wfdb.rdrecord(str(tmp_path / "r"))
    assert (theirs.units, theirs.sig_name) == (["uV"], ["Geraet II"])
    assert theirs.comments == ["Pruefung: 50 uV"]


HEADERS = {
    "h 1 250 200\nh.dat 16 200(100)/mV 16 0 0 -100 0 II": (250, 200, 100, 200),
    "h 1 250/1000(5) 200\nh.dat 16 -200.5(-3)/mV 16 0 0 -100 0 II": (250, -200.5, -3, 200),
    "h 1\nh.dat 16": (250, 200, 0, 200),  # all that the standard demands
    "h 1 99.5 200\nh.dat 16 200 16 7": (99.5, 200, 7, 200),  # the zero of the converter is the baseline
    "h 1 250 100\nh.dat 16+200 200/mV 16 0 0 4950 0 II": (250, 200, 0, 100),
    "# a comment before\r\nh 1 250 200\r\nh.dat 16 200/mV 16 0 0 -100 0 II\r\n": (250, 200, 0, 200),
    "sub/h 1 250 200\nh.dat 16 200/mV 16 0 0 -100 0 II": (250, 200, 0, 200),
    "other 1 250 200\n./h.dat 16 200/mV 16 0 0 -100 0 II": (250, 200, 0, 200),
    "h 1 250 200 25:00:00 31/02/2020\nh.dat 16 200/mV 16 0 0 -100 0 II": (250, 200, 0, 200),
    "h 1 250 200\nh.dat 16 0/mV 16 0 0 -100 0 II": (250, 200, 0, 200),
}  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_headers_of_every_form_are_read(tmp_path, header):
    recording = read_recording(with_header(tmp_path, header))
    fs_hz, gain, baseline, samples = HEADERS[header]
    assert (recording.fs_hz, recording.samples) == (fs_hz, samples)
    assert (recording.source.gain, recording.source.baseline) == ((gain,), (baseline,))
    assert recording.stored[0, -1] == 99
    assert recording.start == (None, None)
    assert len(recording.warnings) == (2 if "31/02" in header else 0)
    assert ("no gain" in " ".join(recording.assumptions)) == (
        "16 0/" in header or header.endswith("\nh.dat 16")
    )


def test_a_record_in_a_folder_with_a_number_is_no_record_of_segments(tmp_path):
    path = with_header(tmp_path, "")
    for file in (".hea", ".dat"):
        path.with_suffix(file).rename(tmp_path / f"100{file}")
    (tmp_path / "100.hea").write_text("mitdb/100 1 250 200\n100.dat 16 200/mV 16 0 0 -100 0 II\n")
    assert read_recording(tmp_path / "100").samples == 200


def test_samples_in_a_folder_below_are_read_and_above_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.y.dat").write_bytes(np.arange(-100, 100, dtype="<i2").tobytes())
    header = "h 1 250 200\n{} 16 200/mV 16 0 0 -100 0 II\n"
    recording = read_recording(with_header(tmp_path, header.format("data/x.y.dat")))
    assert recording.stored[0].tolist() == list(range(-100, 100))
    for name in ("../x.y.dat", "/etc/hostname"):
        with pytest.raises(DiffecgError, match=r"is missing; put it beside h\.hea"):
            read_recording(with_header(tmp_path, header.format(name)))


def test_signals_of_several_files_are_read_in_the_order_of_the_header(tmp_path):
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-1000, 1000, (100, 2)).astype("<i2") for _ in range(2))
    (tmp_path / "a.dat").write_bytes(a.tobytes())
    (tmp_path / "b.dat").write_bytes(b.tobytes())
    lines = [
        f"{name}.dat 16 200/mV 16 0 0 0 0 {lead}"
        for name, lead in zip("abab", ("I", "II", "III", "V1"), strict=True)
    ]
    recording = read_recording(with_header(tmp_path, "h 4 250 100\n" + "\n".join(lines)), verify=False)
    assert recording.channel_names == ("I", "II", "III", "V1")
    assert np.array_equal(recording.stored, np.stack([a[:, 0], b[:, 0], a[:, 1], b[:, 1]]))
    assert np.array_equal(recording.select([2, 1]).stored, np.stack([a[:, 1], b[:, 0]]))


FORMATS = ["80", "16", "24", "32", "212", "508", "516", "524"]


@given(
    fmt=st.sampled_from(FORMATS),
    frames=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    span=st.tuples(st.integers(0, 200), st.integers(0, 60)),
    seed=st.integers(0, 99),
)
def test_any_interval_of_every_format_is_what_wfdb_reads(tmp_path_factory, fmt, frames, span, seed):
    folder = tmp_path_factory.mktemp("f")
    rng = np.random.default_rng(seed)
    signals = [rng.integers(-100, 100, 240 * count) for count in frames]
    wfdb.wrsamp(
        "r",
        fs=100,
        units=["mV"] * len(frames),
        sig_name=[f"s{i}" for i in range(len(frames))],
        e_d_signal=signals,
        fmt=[fmt] * len(frames),
        adc_gain=[200.0] * len(frames),
        baseline=[0] * len(frames),
        samps_per_frame=frames,
        write_dir=str(folder),
    )
    recording = read_recording(folder / "r")
    assert recording.source.rates_hz == tuple(100.0 * count for count in frames)
    for row, signal in enumerate(signals):
        first, stop = span[0], min(span[0] + span[1], len(signal))
        assert np.array_equal(recording.source.read([row], first, stop).stored[0], signal[first:stop])
    shutil.rmtree(folder)


def write_segment(folder, name, stored, names, gain, unit="mV"):
    """Write a segment; wfdb refuses negative gains."""
    stored = np.array(stored, "<i2")
    lines = [
        f"{name}.dat 16 {gain}/{unit} 16 0 {values[0]} {int(values.sum())} 0 {lead}"
        for lead, values in zip(names, stored, strict=True)
    ]
    head = f"{name} {len(names)} 100 {stored.shape[1]}"
    (folder / f"{name}.hea").write_text("\n".join([head, *lines]) + "\n")
    (folder / f"{name}.dat").write_bytes(stored.T.tobytes())


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    gaps=st.lists(st.integers(0, 30), min_size=5, max_size=5),
    gains=st.lists(st.sampled_from([100.0, 200.0, -50.0]), min_size=5, max_size=5),
    leads=st.lists(st.sampled_from([("II", "V1"), ("V1",), ("V1", "II"), ("X",)]), min_size=5, max_size=5),
)
def test_segments_with_gaps_and_other_gains_lie_at_their_time(tmp_path_factory, lengths, gaps, gains, leads):
    folder = tmp_path_factory.mktemp("s")
    lines, expected, rng = ["layout 0"], [], np.random.default_rng(0)
    (folder / "layout.hea").write_text("layout 2 100 0\n~ 0 100/mV 16 0 0 0 0 II\n~ 0 100/mV 16 0 0 0 0 V1\n")
    for i, length in enumerate(lengths):
        if gaps[i]:
            lines.append(f"~ {gaps[i]}")
            expected.append(np.full((2, gaps[i]), np.nan))
        stored = rng.integers(-500, 500, (len(leads[i]), length))
        write_segment(folder, f"s{i}", stored, leads[i], gains[i])
        lines.append(f"s{i} {length}")
        part = dict(zip(leads[i], stored / gains[i], strict=True))
        expected.append(np.stack([part.get(lead, np.full(length, np.nan)) for lead in ("II", "V1")]))
    signal = np.concatenate(expected, axis=1)
    (folder / "m.hea").write_text("\n".join([f"m/{len(lines)} 2 100 {signal.shape[1]}", *lines]) + "\n")
    recording = read_recording(folder / "m")
    assert np.allclose(recording.signal, signal, equal_nan=True, atol=1e-12)
    back = read_recording(write_recording(folder / "w", recording))
    assert np.allclose(back.signal, signal, equal_nan=True, atol=1e-5)
    shutil.rmtree(folder)


def test_segments_of_a_fixed_layout_may_have_other_units(tmp_path):
    write_segment(tmp_path, "s1", [[100, 200]], ["II"], 100.0)
    write_segment(tmp_path, "s2", [[100, 200, 300]], ["II"], 0.1, "uV")
    (tmp_path / "m.hea").write_text("m/2 1 100 5\ns1 2\ns2 3\n")
    assert read_recording(tmp_path / "m").signal.tolist() == [[1.0, 2.0, 1.0, 2.0, 3.0]]
    theirs = wfdb.rdrecord(str(tmp_path / "m"), m2s=True)
    assert theirs.p_signal[:2, 0].tolist() == [1.0, 2.0]


def test_the_layout_of_segments_alone_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "m_layout.hea").write_text("m_layout 1 100 0\n~ 0 100/mV 16 0 0 0 0 II\n")
    with pytest.raises(DiffecgError, match="read that record instead"):
        read_recording(tmp_path / "m_layout")


@pytest.mark.parametrize("baseline", [0.5, -0.5, 1 / 3, 12.0625, -2130.3875, 0.123456789])
@pytest.mark.parametrize("gain", [200.0, -6553.5])
def test_a_zero_between_two_steps_is_written_exactly(tmp_path, baseline, gain):
    stored = np.array([[-32768, 0, 1, 32767]])
    recording = small(stored, gain=gain, baseline=baseline)
    assert check_writable(recording, "") == []
    write_recording(tmp_path / "r", recording)
    theirs = wfdb.rdrecord(str(tmp_path / "r")).p_signal[:, 0]
    assert np.allclose(theirs, recording.signal[0], rtol=0, atol=1e-4 / abs(gain))
    assert np.allclose(read_recording(tmp_path / "r").signal, recording.signal, rtol=0, atol=1e-4 / abs(gain))


def test_signals_of_three_rates_share_frames(tmp_path):
    channels = make_channels(["II", "ABP", "SpO2"], ["mV", "mmHg", "%"])
    parts = [np.arange(count, dtype=np.int64)[None] for count in (5120, 1000, 10)]
    recording = Recording(name="r", channels=channels, source=_Joined(parts, (512.0, 100.0, 1.0)))
    notes = [Annotation(time_s=0.5, symbol="N"), Annotation(time_s=3.126953125, symbol="V")]
    recording = recording.with_annotations(notes)
    assert check_writable(recording, "") == []
    path = write_recording(tmp_path / "r", recording)
    theirs = wfdb.rdrecord(str(path), physical=False, smooth_frames=False)
    assert theirs.samps_per_frame == [512, 100, 1]
    assert all(np.array_equal(x, part[0]) for x, part in zip(theirs.e_d_signal, parts, strict=True))
    annotations = wfdb.rdann(str(path), "atr")
    assert (annotations.sample / annotations.fs).tolist() == [0.5, 3.126953125]
    back = read_recording(path)
    assert (back.source.rates_hz, back.source.lengths) == ((512, 100, 1), (5120, 1000, 10))
    assert list(back.annotations) == notes


class _Joined(SampleSource):
    """Samples in memory, at several rates."""

    is_integer = True

    def __init__(self, parts, rates_hz):
        self.parts, self.rates_hz = parts, rates_hz
        self.lengths = tuple(part.shape[1] for part in parts)
        self.gain, self.baseline = (1.0,) * len(parts), (0.0,) * len(parts)

    def read(self, rows, start, stop):
        (row,) = rows
        stored = self.parts[row][:, start:stop]
        return Block(stored, np.zeros(stored.shape, bool))


NOTES = [
    Annotation(time_s=0.02, symbol="N"),
    Annotation(time_s=0.1, symbol=NOTE, text="## time resolution: 7"),
    Annotation(time_s=0.2, symbol="+", text="(AFIB"),
]


@pytest.mark.parametrize(
    ("notes", "loss"),
    [
        (NOTES, None),
        ([Annotation(time_s=0.1, symbol="N", duration_s=2)], "1 durations"),
        ([Annotation(time_s=0.1234, symbol="N")], "rounded to samples"),
        ([Annotation(time_s=-1, symbol="N")], "before the first sample"),
        ([Annotation(time_s=1, symbol=NOTE, text="☃ Schnee")], "are changed"),
        ([Annotation(time_s=1, symbol=NOTE, text="x" * 300)], "254 characters"),
        ([Annotation(time_s=1, symbol="XYZ", text="x")], r"unknown to WFDB (XYZ)"),
    ],
)
def test_what_an_annotation_file_cannot_hold_is_reported(tmp_path, notes, loss):
    recording = small(fs_hz=50.0).with_annotations(notes)
    losses = check_writable(recording, "")
    back = read_recording(write_recording(tmp_path / "r", recording))
    if loss is None:
        assert losses == []
        assert list(back.annotations) == notes
    else:
        assert len(losses) == 1
        assert loss in losses[0]
        assert len(back.annotations) == (0 if notes[0].time_s < 0 else 1)


SYMBOLS = 'NLRBAaJSVrFejnE/fQ?[!]x()ptu^|~+sTD=*"@'


@given(
    st.lists(
        st.tuples(st.integers(0, 5000), st.sampled_from(SYMBOLS), st.text("ab ()#19", max_size=20)),
        max_size=30,
    )
)
def test_annotations_of_every_symbol_are_read_back_and_read_by_wfdb(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("a")
    notes = [
        Annotation(time_s=sample / 250, symbol=symbol, text=text.strip())
        for sample, symbol, text in sorted(entries, key=lambda entry: entry[0])
    ]
    path = write_recording(folder / "r", small(np.zeros((1, 5001), int)).with_annotations(notes))
    assert list(read_recording(path).annotations) == notes
    if notes and min(note.time_s for note in notes) > 0:  # wfdb takes notes at the start for definitions
        theirs = wfdb.rdann(str(path), "atr")
        assert theirs.sample.tolist() == [note.sample(250) for note in notes]
        assert theirs.symbol == [note.symbol for note in notes]
        assert [text.rstrip("\0") for text in theirs.aux_note] == [note.text for note in notes]
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("fields", "loss"),
    [
        ({"names": ("a\tb",)}, "'a b'"),
        ({"names": ("Gerät",)}, "'Geraet'"),
        ({"unit": "beats per minute²"}, "beats_per_minute2"),
        ({"comments": ("ein µ",)}, "'ein u'"),
    ],
)
def test_what_a_header_cannot_hold_is_reported(tmp_path, fields, loss):
    recording = small(**fields)
    losses = check_writable(recording, "")
    assert len(losses) == 1
    assert loss in losses[0]
    path = write_recording(tmp_path / "r", recording)
    assert np.array_equal(read_recording(path).stored, recording.stored)
    assert np.array_equal(wfdb.rdrecord(str(path), physical=False).d_signal.T, recording.stored)


def test_a_date_without_a_time_is_reported(tmp_path):
    recording = small()
    recording = replace(recording, time=replace(recording.time, start_date=date(2020, 2, 29)))
    assert check_writable(recording, "") == ["the time of day is written as 00:00:00, as none is known"]
    assert read_recording(write_recording(tmp_path / "r", recording)).start == (date(2020, 2, 29), time())


def test_floats_are_rounded_and_it_is_reported(tmp_path):
    exact = Recording.from_arrays(np.array([[0.00001, np.nan, -3.5]]), 250)
    assert check_writable(exact, "") == []
    third = Recording.from_arrays(np.array([[1 / 3, np.nan, -3.5]]), 250)
    assert check_writable(third, "") == ["samples of lead 1 are rounded to 1e-05 mV"]
    with pytest.raises(DiffecgError, match="infinity"):
        check_writable(Recording.from_arrays(np.array([[np.inf]]), 250), "")
    with pytest.raises(DiffecgError, match="not plausible"):
        check_writable(Recording.from_arrays(np.array([[1e30]]), 250), "")
    with pytest.raises(DiffecgError, match="32 bits"):
        check_writable(small(np.array([[2**40]])), "")


def test_rates_without_a_common_frame_are_refused_before():
    parts = [np.zeros((1, 10), int)] * 2
    source = _Joined(parts, (250.0, 250.0123456789))
    recording = Recording(name="r", channels=make_channels(["I", "II"]), source=source)
    with pytest.raises(DiffecgError, match="no common frame"):
        check_writable(recording, "")


@pytest.mark.parametrize("fs_hz", [62.4725, 333.3333333333, 128.0, 0.5])
def test_a_rate_with_decimals_is_kept(tmp_path, fs_hz):
    recording = small(fs_hz=fs_hz, unit="%", names=("SpO2",))
    path = write_recording(tmp_path / "r", recording)
    assert wfdb.rdheader(str(path)).fs == read_recording(path).fs_hz == fs_hz


@pytest.mark.parametrize("name", ["mitdb/100", "svdb/800", "svdb/860", "nstdb/118e06"])
def test_real_records_are_what_wfdb_reads(mitdb, name):
    path = mitdb.parent / name
    if not path.with_suffix(".dat").is_file():
        pytest.skip(f"{name} is not among the data")
    recording, theirs = read_recording(path), wfdb.rdrecord(str(path), physical=False)
    assert np.array_equal(recording.stored, theirs.d_signal.T)
    assert recording.source.gain == tuple(theirs.adc_gain)
    assert recording.source.baseline == tuple(theirs.baseline)
    assert recording.comments == tuple(theirs.comments)
    annotations = wfdb.rdann(str(path), "atr")
    ours = [(note.sample(theirs.fs), note.symbol) for note in recording.annotations]
    assert ours == list(zip(annotations.sample.tolist(), annotations.symbol, strict=True))
