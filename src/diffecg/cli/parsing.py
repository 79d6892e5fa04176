"""Converters of command-line text to typed options, for cyclopts.

Errors raised here are reported as wrong usage of the flag.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cyclopts import Parameter, Token

from diffecg.composition.noise import NoiseInterval
from diffecg.errors import DiffecgError
from diffecg.signal.masks import Interval


def parse_interval(text: str) -> Interval:
    """Return the interval of a text such as ``12.0:12.8``.

    Raises:
        DiffecgError: the text is not a pair of times.
    """
    try:
        start_s, stop_s = (float(number) for number in text.split(":"))
    except ValueError:
        raise DiffecgError(f"{text!r} is not start:stop in seconds, such as 12.0:12.8") from None
    return Interval(start_s=start_s, stop_s=stop_s)


def parse_noise(text: str) -> NoiseInterval:
    """Return the noise of a text such as ``em:6`` or ``em:6:60:120``: kind, SNR in dB, start and stop in s.

    Raises:
        DiffecgError: the text is not of that form, or a value is out of range.
    """
    kind, *numbers = text.split(":")
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        values = []
    if len(values) not in (1, 3):
        raise DiffecgError(
            f"noise {text!r} is not kind:SNR or kind:SNR:start:stop (SNR in dB, times in s), such as em:6 or "
            "em:6:60:120"
        )
    times = {} if len(values) == 1 else {"start_s": values[1], "stop_s": values[2]}
    return NoiseInterval(kind=kind, snr_db=values[0], **times)


def parse_condition(text: str) -> tuple[str, float]:
    """Return name and value of a text such as ``age=63``.

    Raises:
        DiffecgError: the text is not of that form.
    """
    name, _, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise DiffecgError(f"condition {text!r} is not name=number, such as age=63") from None


def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a comma-separated text."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def repeatable(parse: Callable[[str], Any], *, join: bool = False, **parameter: Any) -> Parameter:
    """Return the parameter of a flag that takes one text and may be repeated.

    Args:
        parse: converts a text to a value.
        join: ``parse`` returns a tuple of values, and the tuples of a repeated flag are concatenated.
        **parameter: further fields of :class:`cyclopts.Parameter`.
    """

    def convert(_: Any, tokens: Sequence[Token]) -> tuple[Any, ...]:
        values = [parse(token.value) for token in tokens]
        return tuple(value for group in values for value in group) if join else tuple(values)

    return Parameter(
        converter=convert, n_tokens=1, accepts_keys=False, negative="", show_default=False, **parameter
    )
