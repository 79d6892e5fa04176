"""Rhythms as text, in the words of clinicians.

    N*8 V N*12 S N*6            runs of beats
    (N*3 V)*10 N*20             a group, ten times
    bigeminy*20 N*10            names: bigeminy, trigeminy, quadrigeminy, couplet, triplet, salvo of 5
    atrial bigeminy             the same with S in place of V

A text is one period: it is repeated as long as the recording lasts.
"""

from __future__ import annotations

import re
from typing import NoReturn

from diffecg.errors import DiffecgError

BEAT_LABELS = ("N", "S", "V", "F")
NAMES = {
    "sinus": "N",
    "bigeminy": "NV",
    "trigeminy": "NNV",
    "quadrigeminy": "NNNV",
    "couplet": "VV",
    "triplet": "VVV",
}
"""Beats of each name; ``atrial`` puts S in place of V."""
MOST_BEATS = 100_000
"""Longest period."""
_DEEPEST, _DIGITS = 50, 9
_WORD = re.compile(r"([()*]|[^\s()*]+)")


def parse_rhythm(text: str) -> list[str]:
    """Return the label of each beat of one period.

    Raises:
        DiffecgError: an unknown name, a bracket or a number that is missing, or no beat at all; the message
            shows the place.
    """
    beats = _Parser(text).rhythm()
    if not beats:
        raise DiffecgError(f"the rhythm {text!r} holds no beat; write one as {'N*8 V N*12 S'!r}")
    return beats


class _Parser:
    """Reads a text from left to right, a word at a time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = [(found.group(1), found.start(1)) for found in _WORD.finditer(text)]
        self.place = 0
        self.depth = 0

    def rhythm(self) -> list[str]:
        """Return all beats of the text."""
        beats = self._items()
        if self.place < len(self.words):
            self._refuse("a closing bracket that none opened")
        return beats

    def _items(self) -> list[str]:
        beats: list[str] = []
        while self._next() not in ("", ")"):
            unit = self._unit()
            if self._next() == "*":
                self.place += 1
                times = self._number("how many times")
                if len(unit) * times > MOST_BEATS:
                    self._refuse(f"more than {MOST_BEATS:,} beats in one period", back=1)
                unit = unit * times
            beats += unit
            if len(beats) > MOST_BEATS:
                self._refuse(f"more than {MOST_BEATS:,} beats in one period", back=1)
        return beats

    def _unit(self) -> list[str]:
        """Return the beats of a label, a name or a group."""
        word = self._next()
        if word == "(":
            opened = self.place
            self.place += 1
            self.depth += 1
            if self.depth > _DEEPEST:
                self._refuse(f"more than {_DEEPEST} brackets within each other", back=1)
            beats = self._items()
            self.depth -= 1
            if self._next() != ")":
                self.place = opened
                self._refuse("a bracket that is never closed")
            self.place += 1
            return beats
        atrial = word == "atrial"
        self.place += atrial
        word = self._next()
        if word == "salvo":
            self.place += 1
            if self._next() != "of":
                self._refuse("a salvo of how many? write: salvo of 5")
            self.place += 1
            beats = ["V"] * self._number("of how many")
        elif word in NAMES:
            self.place += 1
            beats = list(NAMES[word])
        elif word in BEAT_LABELS and not atrial:
            self.place += 1
            beats = [word]
        else:
            known = ", ".join((*BEAT_LABELS, *NAMES, "salvo of 5", "atrial …"))
            self._refuse(f"unknown; choose of {known}")
        return ["S" if atrial and beat == "V" else beat for beat in beats]

    def _number(self, what: str) -> int:
        word = self._next()
        if not word.isdecimal() or len(word) > _DIGITS or not 0 < int(word) <= MOST_BEATS:
            self._refuse(f"{what}? write a whole number from 1 to {MOST_BEATS:,}")
        self.place += 1
        return int(word)

    def _next(self) -> str:
        """Return the next word; nothing at the end."""
        return self.words[self.place][0] if self.place < len(self.words) else ""

    def _refuse(self, why: str, back: int = 0) -> NoReturn:
        """Point at the word where reading stopped."""
        place = self.place - back
        if place >= len(self.words):
            raise DiffecgError(f"the rhythm {self.text!r} breaks off: {why}")
        word, at = self.words[place]
        raise DiffecgError(f"{word!r} at character {at + 1} of the rhythm {self.text!r}: {why}")
