"""The time axis of a file: how its times are written, and what they mean in seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from diffecg.errors import DiffecgError

SECONDS_PER_UNIT = {"s": Decimal(1), "ms": Decimal("1e-3"), "us": Decimal("1e-6"), "ns": Decimal("1e-9")}
"""Units of numeric times, in seconds."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?")
_INTERVAL = re.compile(rf"(?P<start>{_NUMBER.pattern}):(?P<stop>{_NUMBER.pattern})")
_ANY_DAY = date(2000, 1, 1)
_DAY_S = 86_400.0
_TOLERANCE_S = 1e-6
"""Times may lie this much outside the recording, because clocks and decimals are rounded."""


@dataclass(frozen=True, kw_only=True)
class FileTime:
    """The file's own time axis: what its numbers, clocks and dates mean.

    Attributes:
        start_date: date of the first sample, where the file states one.
        start_time: time of day of the first sample, with a zone where the file states one.
        origin: number that the file gives the first sample, in ``unit``.
        unit: unit of the file's numbers: ``s``, ``ms``, ``us`` or ``ns``.
        is_epoch: whether the numbers count from 1970-01-01 in UTC.
    """

    start_date: date | None = None
    start_time: time | None = None
    origin: Decimal = Decimal(0)
    unit: str = "s"
    is_epoch: bool = False

    @classmethod
    def from_datetime(cls, start: datetime) -> FileTime:
        """Return the axis of a file whose first sample has a date and time, with or without a zone."""
        return cls(start_date=start.date(), start_time=start.timetz())

    @classmethod
    def from_epoch(cls, origin: Decimal, unit: str) -> FileTime:
        """Return the axis of a file whose times count from 1970-01-01 in UTC.

        Args:
            origin: time of the first sample, in ``unit``.
            unit: ``s``, ``ms``, ``us`` or ``ns``.
        """
        microseconds = round(origin * SECONDS_PER_UNIT[unit] * 1_000_000)
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
        return cls(
            start_date=start.date(), start_time=start.timetz(), origin=origin, unit=unit, is_epoch=True
        )

    @property
    def start(self) -> tuple[date | None, time | None]:
        """Date and time of day of the first sample, without zone."""
        return self.start_date, None if self.start_time is None else self.start_time.replace(tzinfo=None)

    @property
    def start_datetime(self) -> datetime | None:
        """Date and time of the first sample with the zone of the file; None unless both are known."""
        if self.start_date is None or self.start_time is None:
            return None
        return datetime.combine(self.start_date, self.start_time)

    @property
    def origin_s(self) -> float:
        """Time of the first sample on the axis of the file's numbers, in seconds."""
        return float(self.origin * SECONDS_PER_UNIT[self.unit])

    def shifted(self, seconds: float) -> FileTime:
        """Return the axis of a recording that begins ``seconds`` after this one."""
        origin = self.origin + _decimal(seconds) / SECONDS_PER_UNIT[self.unit]
        start = self.start_datetime
        if start is not None:
            moved = _later(start, seconds)
            return replace(self, start_date=moved.date(), start_time=moved.timetz(), origin=origin)
        if self.start_time is not None:
            moved = _later(datetime.combine(_ANY_DAY, self.start_time), seconds)
            return replace(self, start_time=moved.timetz(), origin=origin)
        return replace(self, origin=origin)

    def seconds(self, text: str, duration_s: float) -> float:
        """Return a time as a user writes it in seconds from the first sample.

        Args:
            text: a number of seconds on the file's axis, a number in the file's own unit if it lies in the
                recording only so, a time of day, or an ISO 8601 date and time.
            duration_s: duration of the recording, in seconds.

        Raises:
            DiffecgError: the text is not a time, or the time lies outside the recording.
        """
        (seconds,) = self._inside((text.strip(),), duration_s)
        return seconds

    def interval(self, text: str, duration_s: float) -> tuple[float, float]:
        """Return an interval as a user writes it, start and stop in seconds from the first sample.

        Args:
            text: ``start:stop`` with two numbers, or ``start/stop`` with times of any form.
            duration_s: duration of the recording, in seconds.

        Raises:
            DiffecgError: the text is not an interval, or ends before it starts; a time lies outside the
                recording.
        """
        numbers = _INTERVAL.fullmatch(text.strip())
        times = (numbers["start"], numbers["stop"]) if numbers else tuple(text.strip().split("/"))
        if len(times) != 2:
            raise DiffecgError(
                f"{text!r} is not an interval; write two numbers as START:STOP, or two times as START/STOP, "
                f"such as {self._example(duration_s, '/')}"
            )
        start, stop = self._inside(tuple(part.strip() for part in times), duration_s)
        if start >= stop:
            raise DiffecgError(f"{text!r} ends before it starts; write an earlier time first")
        return start, stop

    def text(self, seconds: float) -> str:
        """Return the time of a sample as the file would write it; :meth:`seconds` reads it.

        Args:
            seconds: time from the first sample, in seconds.
        """
        if self.is_epoch:
            value = self.origin + _decimal(seconds) / SECONDS_PER_UNIT[self.unit]
            return _plain(round(value) if self.unit == "ns" else value)
        if (start := self.start_datetime) is not None:
            moved = _later(start, seconds)
            return moved.isoformat(timespec=_timespec(moved.microsecond))
        if self.start_time is not None and 0 <= seconds < _DAY_S:
            clock = _later(datetime.combine(_ANY_DAY, self.start_time), seconds)
            return clock.time().isoformat(timespec=_timespec(clock.microsecond))
        return self._number(seconds)

    def _number(self, seconds: float) -> str:
        """Return a time as a number of seconds on the file's axis."""
        return _plain(self.origin * SECONDS_PER_UNIT[self.unit] + _decimal(seconds))

    def _inside(self, texts: tuple[str, ...], duration_s: float) -> tuple[float, ...]:
        """Return times in seconds from the first sample, all read in the same way.

        Raises:
            DiffecgError: a text is not a time; no way of reading puts all of them into the recording.
        """
        for times in zip(*(self._readings(text, duration_s) for text in texts), strict=True):
            if all(-_TOLERANCE_S <= seconds <= duration_s + _TOLERANCE_S for seconds in times):
                return tuple(min(max(seconds, 0.0), duration_s) for seconds in times)
        raise DiffecgError(
            f"{' to '.join(texts)} lies outside the recording, which lasts from "
            f"{self._example(duration_s, ' to ')}; give a time in it"
        )

    def _readings(self, text: str, duration_s: float) -> list[float]:
        """Return what a text can mean in seconds from the first sample, the most usual first."""
        if _NUMBER.fullmatch(text):
            value, scale = Decimal(text), SECONDS_PER_UNIT[self.unit]
            origin = self.origin * scale
            on_axis, in_unit = float(value - origin), float(value * scale - origin)
            return [on_axis, in_unit, float(value) if self.is_epoch else on_axis]
        is_clock = _CLOCK.fullmatch(text)
        return [self._clock_seconds(text, duration_s) if is_clock else self._date_seconds(text)] * 3

    def _clock_seconds(self, text: str, duration_s: float) -> float:
        """Return a time of day in seconds from the first sample.

        Raises:
            DiffecgError: the file states no time of day; the time occurs on several days.
        """
        if self.start_time is None:
            raise DiffecgError(
                f"the time of day {text} cannot be found, because the file states none; write seconds, "
                f"such as {self._number(duration_s / 2)}"
            )
        try:
            clock = time.fromisoformat(f"0{text}" if text[1] == ":" else text)
        except ValueError as error:
            raise DiffecgError(f"{text} is not a time of day ({error}); write HH:MM:SS") from error
        seconds = (_day_seconds(clock) - _day_seconds(self.start_time)) % _DAY_S
        if seconds > _DAY_S - _TOLERANCE_S:
            seconds -= _DAY_S
        if seconds + _DAY_S <= duration_s:
            way_out = f"a date, such as {self.text(seconds)}" if self.start_date else "seconds"
            raise DiffecgError(f"{text} occurs on several days of the recording; write {way_out}")
        return seconds

    def _date_seconds(self, text: str) -> float:
        """Return an ISO 8601 date and time in seconds from the first sample.

        Raises:
            DiffecgError: the text is not a date; the file states none; only one of both states a zone.
        """
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise DiffecgError(
                f"{text!r} is not a time; write seconds, a time of day (HH:MM:SS) or an ISO 8601 date"
            ) from error
        start = self.start_datetime
        if start is None:
            raise DiffecgError(f"{text} cannot be found, because the file states no date; write seconds")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=start.tzinfo)
        if start.tzinfo is None and moment.tzinfo is not None:
            raise DiffecgError(f"{text} has a time zone and the file states none; write it without a zone")
        if start.tzinfo is not None:  # differences within one zone ignore daylight saving time
            start, moment = start.astimezone(UTC), moment.astimezone(UTC)
        return (moment - start).total_seconds()

    def _example(self, duration_s: float, between: str) -> str:
        """Return start and end of a recording in its own time."""
        if self.start_date is None and duration_s >= _DAY_S:
            return f"{self._number(0)}{between}{self._number(duration_s)}"
        return f"{self.text(0)}{between}{self.text(duration_s)}"


def _decimal(seconds: float) -> Decimal:
    """Return seconds as a decimal number of nanoseconds' precision."""
    return Decimal(repr(round(float(seconds), 9)))


def _plain(value: Decimal | int) -> str:
    """Return a decimal number without exponent and without zeros behind the last digit."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _later(start: datetime, seconds: float) -> datetime:
    """Return the moment some seconds later, in the same zone; elapsed time, whatever the clocks show."""
    step = timedelta(seconds=seconds)
    if start.tzinfo is None:
        return start + step
    return (start.astimezone(UTC) + step).astimezone(start.tzinfo)


def _day_seconds(clock: time) -> float:
    """Return the seconds since midnight."""
    return clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6


def _timespec(microsecond: int) -> str:
    """Return the shortest precision of ``isoformat`` that keeps a time."""
    return "seconds" if microsecond == 0 else "milliseconds" if microsecond % 1000 == 0 else "microseconds"
