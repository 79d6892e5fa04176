"""The time axis of a file: times as users write them, in seconds from the first sample."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffecg.errors import DiffecgError
from diffecg.formats.file_time import FileTime

DURATION_S = 12.0
MORNING = datetime(2023, 1, 5, 10)
BERLIN = timezone(timedelta(hours=1))
AT_100_S = FileTime(origin=Decimal(100))
AT_100_S_IN_MS = FileTime(origin=Decimal(100_000), unit="ms")
CLOCK = FileTime(start_time=time(10))
DATED = FileTime.from_datetime(MORNING)
ZONED = FileTime.from_datetime(MORNING.replace(tzinfo=BERLIN))
EPOCH_MS = FileTime.from_epoch(Decimal(1_672_912_800_000), "ms")
EPOCH_NS = FileTime.from_epoch(Decimal(1_672_912_800_000_000_001), "ns")
MIMIC = FileTime.from_datetime(datetime(2896, 2, 28, 23, 59, 55))

TIMES = [
    (FileTime(), "5.2", 5.2),
    (AT_100_S, "105.2", 5.2),
    (AT_100_S, " 1.052e2 ", 5.2),
    (AT_100_S_IN_MS, "105.2", 5.2),
    (AT_100_S_IN_MS, "105200", 5.2),
    (FileTime(unit="ms"), "5", 5.0),
    (FileTime(unit="ms"), "5200", 5.2),
    (CLOCK, "10:00:05.250", 5.25),
    (CLOCK, "10:00:05,250", 5.25),
    (CLOCK, "10:00", 0.0),
    (CLOCK, "5.2", 5.2),
    (FileTime(start_time=time(23, 59, 58)), "00:00:01", 3.0),
    (FileTime(start_time=time(9, 0)), "9:00:01", 1.0),
    (DATED, "10:00:05", 5.0),
    (DATED, "2023-01-05T10:00:05.25", 5.25),
    (DATED, "2023-01-05 10:00:05", 5.0),
    (ZONED, "2023-01-05T09:00:05Z", 5.0),
    (ZONED, "2023-01-05T10:00:05", 5.0),
    (EPOCH_MS, "1672912805200", 5.2),
    (EPOCH_MS, "1672912805.2", 5.2),
    (EPOCH_MS, "5.2", 5.2),
    (EPOCH_MS, "2023-01-05T11:00:05+01:00", 5.0),
    (EPOCH_NS, "1672912805200000001", 5.2),
    (MIMIC, "2896-02-29T00:00:05", 10.0),
    (MIMIC, "00:00:05", 10.0),
]


@pytest.mark.parametrize(("axis", "text", "seconds"), TIMES)
def test_times_are_those_of_the_file(axis, text, seconds):
    assert axis.seconds(text, DURATION_S) == pytest.approx(seconds, abs=1e-6)


OUTSIDE = [
    (AT_100_S, "5", "100 to 112"),
    (AT_100_S, "112.1", "100 to 112"),
    (CLOCK, "09:59:59", "10:00:00 to 10:00:12"),
    (CLOCK, "2023-01-05T10:00:05", "no date; write seconds"),
    (FileTime(), "10:00:05", "states none; write seconds, such as 6"),
    (DATED, "2023-01-06T10:00:05", "2023-01-05T10:00:00 to 2023-01-05T10:00:12"),
    (DATED, "2023-01-05T10:00:05Z", "without a zone"),
    (ZONED, "2023-01-05T10:00:05Z", r"10:00:00\+01:00 to"),
    (EPOCH_MS, "13", "1672912800000 to 1672912812000"),
    (DATED, "soon", "'soon' is not a time; write seconds"),
    (DATED, "25:00:00", "not a time of day"),
    (DATED, "nan", "not a time"),
    (DATED, "1e999", "outside"),
]


@pytest.mark.parametrize(("axis", "text", "message"), OUTSIDE)
def test_times_outside_the_recording_are_refused_in_its_own_time(axis, text, message):
    with pytest.raises(DiffecgError, match=message):
        axis.seconds(text, DURATION_S)


INTERVALS = [
    (AT_100_S, "105:106.5", (5.0, 6.5)),
    (AT_100_S_IN_MS, "105000:106500", (5.0, 6.5)),
    (FileTime(unit="ms"), "10:5000", (0.01, 5.0)),  # both in the same unit
    (AT_100_S, "100:112", (0.0, 12.0)),
    (CLOCK, "10:00:05/10:00:06.5", (5.0, 6.5)),
    (DATED, "2023-01-05T10:00:05/2023-01-05T10:00:06.5", (5.0, 6.5)),
    (EPOCH_MS, "1672912805000:1672912806500", (5.0, 6.5)),
    (EPOCH_MS, "5/6.5", (5.0, 6.5)),
]


@pytest.mark.parametrize(("axis", "text", "expected"), INTERVALS)
def test_intervals(axis, text, expected):
    assert axis.interval(text, DURATION_S) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("6:5", "ends before"),
        ("5:5", "ends before"),
        ("5", "not an interval; write"),
        ("10:00:05:10:00:06", "START/STOP, such as 10:00:00/10:00:12"),
        ("5:13", "outside"),
        ("1/2/3", "not an interval"),
    ],
)
def test_other_intervals_are_refused(text, message):
    with pytest.raises(DiffecgError, match=message):
        CLOCK.interval(text, DURATION_S)


def test_a_time_of_day_that_occurs_twice_is_refused():
    with pytest.raises(DiffecgError, match=r"several days.*2023-01-05T11:00:00"):
        DATED.seconds("11:00", 100_000)
    assert DATED.seconds("2023-01-06T11:00", 100_000) == 90_000
    with pytest.raises(DiffecgError, match="0 to 100000"):
        CLOCK.seconds("100001", 100_000)


def test_daylight_saving_time_does_not_count():
    paris = FileTime.from_datetime(datetime(2023, 3, 26, 1, 59, 58, tzinfo=ZoneInfo("Europe/Paris")))
    assert paris.text(4) == "2023-03-26T03:00:02+02:00"
    assert paris.seconds("2023-03-26T03:00:02+02:00", DURATION_S) == 4
    assert paris.shifted(4).start == (date(2023, 3, 26), time(3, 0, 2))


def test_an_epoch_has_a_date():
    assert EPOCH_MS.start_datetime == datetime(2023, 1, 5, 10, tzinfo=UTC)
    assert EPOCH_NS.text(0.004) == "1672912800004000001"


zones = st.none() | st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
dated = st.builds(
    lambda start, zone: FileTime.from_datetime(start.replace(tzinfo=zone)),
    st.datetimes(datetime(1800, 1, 1), datetime(9000, 1, 1)),
    zones,
)
numbered = st.builds(
    lambda origin, unit: FileTime(origin=origin, unit=unit),
    st.decimals(-(10**9), 10**9, places=3),
    st.sampled_from(["s", "ms", "us", "ns"]),
)
clocks = st.times().map(lambda clock: FileTime(start_time=clock))
epochs = st.integers(10**18, 2 * 10**18).map(lambda ns: FileTime.from_epoch(Decimal(ns), "ns"))


@given(axis=dated | numbered | clocks | epochs, ms=st.integers(0, 80_000_000), shift_ms=st.integers(0, 1000))
def test_the_text_of_a_time_is_read_back(axis, ms, shift_ms):
    seconds = ms / 1000
    assert axis.seconds(axis.text(seconds), 80_000) == pytest.approx(seconds, abs=2e-6)
    shifted = axis.shifted(shift_ms / 1000)
    assert shifted.text(seconds) == axis.text(seconds + shift_ms / 1000)
