"""Names of channels and files, as formats allow them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

_SPELLED_OUT = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "Æ": "Ae",
    "ø": "o", "Ø": "O", "å": "a", "Å": "A", "µ": "u", "μ": "u", "Ω": "Ohm", "°": "deg", "–": "-", "—": "-",
    "’": "'", "“": '"', "”": '"', "„": '"', "…": "...", "²": "2", "³": "3", "±": "+-", "×": "x",
})  # fmt: skip
"""Letters and signs that are spelled with several ASCII characters."""


def to_ascii(text: str) -> str:
    """Return a text in printable ASCII: umlauts spelled out, accents left out, other characters as ``?``."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text).translate(_SPELLED_OUT))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return "".join(char if " " <= char <= "~" else " " if char.isspace() else "?" for char in plain)


def distinct_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return distinct names, and what was assumed: repeated ones are numbered."""
    counts = Counter(names)
    taken = {name for name, count in counts.items() if count == 1}
    numbered, seen = [], Counter[str]()
    for name in names:
        if counts[name] == 1:
            numbered.append(name)
            continue
        seen[name] += 1
        while (unique := f"{name} {seen[name]}") in taken:
            seen[name] += 1
        taken.add(unique)
        numbered.append(unique)
    repeated = [name for name, count in counts.items() if count > 1]
    notes = tuple(f"{counts[name]} channels are named {name}: they are numbered" for name in repeated)
    return tuple(numbered), notes


def shortened_names(names: Sequence[str], length: int) -> tuple[str, ...]:
    """Return distinct names of at most ``length`` characters; those that would become equal are numbered."""
    short = [name[:length].rstrip() for name in names]
    if len(set(short)) == len(short):
        return tuple(short)
    width = len(str(len(names))) + 1
    return tuple(f"{name[: length - width].rstrip()} {i + 1}" for i, name in enumerate(names))


def file_stem(name: str) -> str:
    """Return a name for a WFDB record: letters, digits, ``-`` and ``_`` of ASCII."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", to_ascii(name)) or "recording"
