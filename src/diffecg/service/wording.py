"""Messages of the library in the words of the page, and the field that they belong to."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELDS = (
    (re.compile(r"--fs\b"), "fs_hz"),
    (re.compile(r"--unit\b|\bunit\b.*(unknown|choose)|whole numbers from"), "unit"),
    (re.compile(r"--gap\b|--interval\b|interval .* is empty or not within"), "gaps"),
    (re.compile(r"--max-gap\b"), "max_gap_s"),
    (re.compile(r"^unknown label"), "label"),
)
_WORDS = (
    (r"state its unit with --unit \S+=UNIT, such as \S+=mV", "state its unit, under File"),
    (r"give (the rate|it)( in Hz)? with --fs", "state the sampling rate, in Hz,"),
    (r"(give|state) (it|(their|its) unit) with --unit( [\w=]+)?", "state the unit: mV, uV or V"),
    (r"its unit with --unit", "state its unit"),
    (r", or (the ADC units .* with --gain and --baseline.*|--gain)", ", or convert it to mV"),
    (r"; of ADC units, give --gain", ""),
    (r"give gaps with --gap .* --detect \S+", "mark an interval, or detect faults"),
    (r"give noisy intervals with --interval start:stop, in seconds", "mark a noisy interval"),
    (r"longer than --max-gap (\S+) \(s\)", r"longer than \1 s, the longest that is imputed"),
    (r": raise --max-gap to impute it", ""),
    (r";? diffecg info MODEL lists all labels", ""),
    (r"; give start:stop, in seconds, 0 <= start < stop <= (\S+)", r"; the recording ends at \1 s"),
    (r"--([a-z]+)-([a-z]+)", r"\1 \2"),
    (r"--([a-z]+)", r"\1"),
)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message for the user of the page."""

    text: str
    field: str | None = None
    """Name of the field of the request that is to be changed."""


def reword(text: str) -> Message:
    """Return a message without the flags of the command line.

    >>> reword("x.csv has no sampling rate; give the rate in Hz with --fs")
    Message(text='x.csv has no sampling rate; state the sampling rate, in Hz', field='fs_hz')
    """
    field = next((name for pattern, name in _FIELDS if pattern.search(text)), None)
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    return Message(text=text.rstrip(","), field=field)
