"""Gaps and beats given as text."""

from __future__ import annotations

from diffecg.errors import DiffecgError


def parse_gap(text: str) -> tuple[float, float]:
    """Return (from, to) in seconds for a text like ``12.0:12.8``.

    Raises:
        DiffecgError: the text is no such pair of times.
    """
    try:
        first, last = (float(part) for part in text.split(":"))
    except ValueError:
        raise DiffecgError(f"gap {text!r} is not from:to in seconds, as 12.0:12.8") from None
    return first, last


def parse_times(text: str | None) -> list[tuple[float, str]] | None:
    """Return the beats of a text such as ``0.5:N 1.3:V``: time in s and label of each.

    Raises:
        DiffecgError: it is not of that form.
    """
    if text is None:
        return None
    beats = []
    for beat in text.split():
        time_s, _, label = beat.partition(":")
        try:
            beats.append((float(time_s), label))
        except ValueError:
            raise DiffecgError(f'rhythm {beat!r} is not of the form "0.5:N 1.3:V"') from None
    return beats
