"""What is written as WFDB, EDF or BDF is read back the same by all, or its loss was reported before."""

import shutil
import warnings
from datetime import date, time

import edfio
import numpy as np
import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st

from diffecg import read_recording, write_recording
from diffecg.errors import DiffecgError
from diffecg.formats.annotations import NOTE, Annotation, to_text
from diffecg.formats.file_time import FileTime
from diffecg.formats.recording import Recording
from diffecg.formats.registry import check_writable
from diffecg.formats.samples import Block, SampleSource
from diffecg.signal.channels import make_channels

SUFFIXES = ("", ".edf", ".bdf")


class Samples(SampleSource):
    """Integers in memory, at several rates."""

    is_integer = True

    def __init__(self, stored, missing, rates_hz, gain, baseline):
        self.arrays, self.masks = stored, missing
        self.rates_hz, self.gain, self.baseline = tuple(rates_hz), tuple(gain), tuple(baseline)
        self.lengths = tuple(len(values) for values in stored)

    def read(self, rows, start, stop):
        """Return some samples."""
        return Block(
            np.stack([self.arrays[row][start:stop] for row in rows]),
            np.stack([self.masks[row][start:stop] for row in rows]),
        )


RATES = [(250.0,), (256.0, 256.0), (512.0, 100.0, 1.0), (62.5, 125.0), (128.25,)]
NAMES = st.text("IV1 µäé\t\nx", min_size=1, max_size=24)
UNITS = st.sampled_from(["mV", "uV", "V", "nV", "mmHg", "%", "NU", "°C", "beats per minute²"])
GAINS = st.sampled_from([200.0, -200.0, 1000.0, 6553.5, 50000.44449462997, 0.25, 1 / 3])
BASELINES = st.sampled_from([0.0, 1024.0, -0.5, 0.3375, 1 / 7])
TEXTS = st.text("aB µé☃#\x14\x00\n ", max_size=12)
SYMBOLS = st.sampled_from(["N", "V", "+", NOTE, "@@"])
STARTS = st.sampled_from(
    [
        (None, None),
        (date(2020, 2, 29), time(23, 59, 58, 250_000)),
        (date(2896, 1, 2), time(1)),
        (None, time(5)),
    ]
)


@st.composite
def recordings(draw):
    """Return a recording of integers with any names, units, scales, gaps, notes and start."""
    rates = draw(st.sampled_from(RATES))
    duration_s = draw(st.sampled_from([4, 4.4]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    wide = draw(st.sampled_from([900, 32767, 2**20]))
    stored = [rng.integers(-wide, wide, round(rate * duration_s), endpoint=True) for rate in rates]
    missing = [np.zeros(len(values), bool) for values in stored]
    if draw(st.booleans()):
        missing[0][5:20] = True
    count = len(rates)
    notes = draw(
        st.lists(
            st.builds(
                Annotation,
                time_s=st.sampled_from([0.0, 0.5, 1.0, 3.996, 2.0123, -0.5]),
                symbol=SYMBOLS,
                text=TEXTS,
                duration_s=st.sampled_from([0.0, 0.0, 1.5]),
            ),
            max_size=3,
        )
    )
    day, clock = draw(STARTS)
    source = Samples(
        stored,
        missing,
        rates,
        [draw(GAINS) for _ in rates],
        [draw(BASELINES) for _ in rates],
    )
    names = [draw(NAMES) for _ in range(count)]
    units = [draw(UNITS) if rate > 1 else "%" for rate in rates]  # an ECG at 1 Hz is refused
    return Recording(
        name="r",
        channels=make_channels(names, units),
        source=source,
        comments=draw(st.sampled_from([(), ("a comment",)])),
        time=FileTime(start_date=day, start_time=clock),
        load_annotations=lambda: tuple(sorted(notes, key=lambda note: note.time_s)),
    )


def signals(recording):
    """Return the samples of each channel in its unit, as it is written, for voltages in mV."""
    rows = [recording.select([row]) for row in range(len(recording.channels))]
    return [one.signal_mv[0] if one.channels[0].is_voltage else one.signal[0] for one in rows]


def check(recording, back, losses):
    """Compare a recording with the one that was read back; what differs must have been reported."""
    text = " | ".join(losses)
    scale_changes = "values of" in text
    for row, (ours, theirs) in enumerate(zip(signals(recording), signals(back), strict=True)):
        rate, channel = recording.source.rates_hz[row], recording.channels[row]
        assert (
            back.source.rates_hz[row] == pytest.approx(rate, rel=1e-9) or f"{rate:g} Hz, is written" in text
        )
        assert len(theirs) == len(ours) or "added" in text
        assert np.isnan(theirs[len(ours) :]).all()
        step = signal_step(recording, row)
        tolerance = step * (5 if scale_changes else 0.02)
        assert np.allclose(theirs[: len(ours)], ours, rtol=0, atol=tolerance, equal_nan=True)
        assert back.channel_names[row] == channel.name or repr(channel.name) in text
        assert back.units[row] == channel.unit or f"the unit of {channel.name}" in text
    assert back.start == recording.start or any(
        word in text for word in ("the date", "time of day", "time zone")
    )
    assert back.comments == recording.comments or "comment" in text
    check_annotations(recording, back, text)


def signal_step(recording, row):
    """Return the size of a stored step, in mV for voltages."""
    one = recording.select([row])
    unit = {"mV": 1.0, "uV": 1e-3, "nV": 1e-6, "V": 1e3}.get(one.units[0], 1.0)
    return abs(unit / recording.source.gain[row])


def check_annotations(recording, back, text):
    """Compare annotations."""
    ours = [note for note in recording.annotations if note.time_s >= 0 or "before the first" not in text]
    assert len(back.annotations) == len(ours)
    for note, other in zip(ours, back.annotations, strict=True):
        assert abs(note.time_s - other.time_s) < 1e-9 or "rounded to samples" in text
        assert note.duration_s == other.duration_s or "durations" in text
        changed = any(word in text for word in ("texts of annotations", "control characters", "symbols"))
        assert (note.symbol, note.text) == (other.symbol, other.text) or changed
        assert note.symbol == other.symbol or "symbols" in text


@given(recording=recordings(), first=st.sampled_from(SUFFIXES), second=st.sampled_from(SUFFIXES))
def test_recordings_are_read_back_from_every_pair_of_formats(tmp_path_factory, recording, first, second):
    folder = tmp_path_factory.mktemp("r")
    for i, suffix in enumerate((first, second)):
        try:
            losses = check_writable(recording, suffix)
        except DiffecgError:
            break  # refused before anything is computed
        path = write_recording(folder / f"r{i}{suffix}", recording)
        back = read_recording(path)
        check(recording, back, losses)
        check_with_others(path, suffix)
        recording = back
    shutil.rmtree(folder)


def check_with_others(path, suffix):
    """Compare values and names with those that wfdb and edfio read."""
    back = read_recording(path)
    if suffix:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = (edfio.read_edf if suffix == ".edf" else edfio.read_bdf)(path)
        values, names = [signal.data for signal in file.signals], [signal.label for signal in file.signals]
        units = [signal.physical_dimension for signal in file.signals]
        # those of gaps and of the end are ours
        notes = [note for note in file.annotations if not note.text.startswith(("missing ", "end of rec"))]
        times = [note.onset for note in notes]
    else:
        record = wfdb.rdrecord(str(path), smooth_frames=False)
        values, names, units = record.e_p_signal, record.sig_name, record.units
        times = None
    assert [name.strip() for name in names] == list(back.channel_names)
    for row, (channel, theirs) in enumerate(zip(back.channels, values, strict=True)):
        own = back.select([row]).signal[0]
        assert make_channels([channel.name], [units[row]])[0].unit == channel.unit
        at = np.flatnonzero(~np.isnan(own))
        assert np.allclose(theirs[at], own[at], rtol=1e-9, atol=1e-9 * np.abs(own[at]).max(initial=1.0))
    if times is not None:
        # edfio drops notes that are empty, and some that have line breaks, which EDF+ allows
        back_times = [note.time_s for note in back.annotations if "\n" not in note.text and to_text(note)]
        expected = back_times if len(back_times) == len(back.annotations) else times
        assert np.allclose(times, expected, atol=1e-6)


@given(
    start_s=st.floats(0, 3.9),
    length_s=st.floats(0.05, 4),
    suffix=st.sampled_from(SUFFIXES),
    row=st.integers(0, 2),
)
def test_a_part_of_a_recording_is_written_with_its_gaps_and_notes(
    tmp_path_factory, start_s, length_s, suffix, row
):
    stored = [np.arange(round(4 * rate)) % 1000 for rate in (500, 250, 250)]
    missing = [np.zeros(len(values), bool) for values in stored]
    missing[row][20:400] = True
    notes = (Annotation(time_s=1.0, symbol="N"), Annotation(time_s=2.5, symbol=NOTE, text="x"))
    recording = Recording(
        name="r",
        channels=make_channels(["I", "II", "ABP"], ["mV", "mV", "mmHg"]),
        source=Samples(stored, missing, (500.0, 250.0, 250.0), (200.0, 100.0, 10.0), (0.0, 0.0, 0.0)),
        time=FileTime(start_date=date(2020, 2, 29), start_time=time(23, 59, 58)),
        load_annotations=lambda: notes,
    )
    folder = tmp_path_factory.mktemp("p")
    part = recording.crop(start_s, start_s + length_s).select([2, 0])
    losses = check_writable(part, suffix)
    check(part, read_recording(write_recording(folder / f"r{suffix}", part)), losses)
    shutil.rmtree(folder)
