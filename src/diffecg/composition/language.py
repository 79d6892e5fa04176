"""The rhythm language.

    N*8 V N*12 S N*6            beats and runs of beats
    (N*3 V)*10 N*20             a group, ten times
    bigeminy*20 N*10            names: bigeminy, trigeminy, quadrigeminy, couplet, triplet, salvo of 5
    atrial bigeminy             the same with S in place of V

A text is one period of the rhythm, which is repeated to the end of the recording.
"""

from __future__ import annotations

import re
from typing import NoReturn

from diffecg.choices import choices
from diffecg.errors import DiffecgError

BEAT_LABELS = ("N", "S", "V", "F")
PATTERNS = {
    "sinus": "N",
    "bigeminy": "NV",
    "trigeminy": "NNV",
    "quadrigeminy": "NNNV",
    "couplet": "VV",
    "triplet": "VVV",
}
"""Beats of each name; ``atrial`` replaces V by S."""
MAX_BEATS = 100_000
"""Longest period, in beats."""
_MAX_DEPTH, _MAX_DIGITS = 50, 9
_TOKEN = re.compile(r"([()*]|[^\s()*]+)")


def parse_rhythm(text: str) -> list[str]:
    """Return the label of each beat of one period.

    Raises:
        DiffecgError: unknown words, unmatched parentheses, invalid numbers or an empty rhythm; the message
            gives the position.
    """
    beats = _Parser(text).parse()
    if not beats:
        raise DiffecgError("the rhythm is empty; an example is 'N*8 V N*12 S'")
    return beats


class _Parser:
    """A recursive-descent parser."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [(match.group(1), match.start(1)) for match in _TOKEN.finditer(text)]
        self.position = 0
        self.depth = 0

    def parse(self) -> list[str]:
        """Return the beats of the whole text."""
        beats = self._sequence()
        if self.position < len(self.tokens):
            self._fail("unmatched ')'")
        return beats

    def _sequence(self) -> list[str]:
        beats: list[str] = []
        while self._token() not in ("", ")"):
            item = self._item()
            if self._token() == "*":
                self.position += 1
                times = self._number("'*'")
                if len(item) * times > MAX_BEATS:
                    self._fail(f"more than {MAX_BEATS:,} beats in one period", back=1)
                item = item * times
            beats += item
            if len(beats) > MAX_BEATS:
                self._fail(f"more than {MAX_BEATS:,} beats in one period", back=1)
        return beats

    def _item(self) -> list[str]:
        """Return the beats of a label, a name or a group."""
        if self._token() == "(":
            return self._group()
        atrial = self._token() == "atrial"
        self.position += atrial
        word = self._token()
        if word == "salvo":
            beats = self._salvo()
        elif word in PATTERNS:
            self.position += 1
            beats = list(PATTERNS[word])
        elif word in BEAT_LABELS and not atrial:
            self.position += 1
            beats = [word]
        else:
            self._fail(choices(word, (*BEAT_LABELS, *PATTERNS, "salvo of 5", "atrial …")))
        return ["S" if atrial and beat == "V" else beat for beat in beats]

    def _group(self) -> list[str]:
        opening = self.position
        self.position += 1
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self._fail(f"groups are nested more than {_MAX_DEPTH} deep", back=1)
        beats = self._sequence()
        self.depth -= 1
        if self._token() != ")":
            self.position = opening
            self._fail("unclosed '('")
        self.position += 1
        return beats

    def _salvo(self) -> list[str]:
        self.position += 1
        if self._token() != "of":
            self._fail("expected 'of' after 'salvo', as in salvo of 5")
        self.position += 1
        return ["V"] * self._number("'of'")

    def _number(self, previous: str) -> int:
        token = self._token()
        if not token.isdecimal() or len(token) > _MAX_DIGITS or not 0 < int(token) <= MAX_BEATS:
            self._fail(f"expected a number after {previous}, from 1 to {MAX_BEATS:,}")
        self.position += 1
        return int(token)

    def _token(self) -> str:
        """Return the next token; an empty string at the end."""
        return self.tokens[self.position][0] if self.position < len(self.tokens) else ""

    def _fail(self, reason: str, back: int = 0) -> NoReturn:
        """Raise an error that points at a token."""
        position = self.position - back
        if position >= len(self.tokens):
            raise DiffecgError(f"at the end of the rhythm {self.text!r}: {reason}")
        token, start = self.tokens[position]
        raise DiffecgError(f"{token!r} at character {start + 1} of the rhythm {self.text!r}: {reason}")
