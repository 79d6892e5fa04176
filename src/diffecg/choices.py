"""The end of messages about unknown names: which names there are, and which of them may be meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

MAX_LISTED = 12
"""Most names that a message lists."""
MAX_SUGGESTED = 3
"""Most names that a message suggests."""
MIN_SIMILARITY = 0.6
"""Smallest similarity of a name that is suggested, as of :class:`difflib.SequenceMatcher`."""


def choices(
    given: object,
    known: Iterable[str],
    *,
    meanings: Mapping[str, str] | None = None,
    intro: str = "choose one of",
    all_by: str = "",
) -> str:
    """Return which names may be chosen in place of an unknown one, similar ones as suggestions.

    Args:
        given: the unknown name.
        known: the names that are allowed.
        meanings: what names stand for; a name is also suggested if its meaning is similar to what was given.
        intro: the words before the list of names.
        all_by: what lists all names, for lists that are too long for a message.

    Example:
        >>> choices("bigemini", ["bigeminy", "couplet"])
        'choose one of bigeminy, couplet; did you mean bigeminy?'
    """
    names, meanings = list(known), meanings or {}
    similar = [
        f"{name} ({meanings[name]})" if name in meanings else name
        for name in similar_names(str(given), names, meanings)
    ]
    question = [f"did you mean {' or '.join(similar)}?"] if similar else []
    if len(names) <= MAX_LISTED:
        return "; ".join([f"{intro} {', '.join(names) or 'none'}", *question])
    listed = f"{intro} {', '.join(names[:MAX_LISTED])} and {len(names) - MAX_LISTED} more"
    rest = [all_by] if all_by else []
    return " ".join([*question, *rest]) if question else "; ".join([listed, *rest])


def similar_names(given: str, known: Iterable[str], meanings: Mapping[str, str]) -> list[str]:
    """Return the names most similar to a text, in themselves or by their meaning, the most similar first.

    Args:
        given: a name that is not known, or words of a meaning.
        known: the names.
        meanings: what names stand for.
    """
    similarity = {
        name: max(_similarity(given, name), _similarity_of_words(given, meanings.get(name, "")))
        for name in known
    }
    ordered = sorted(similarity, key=lambda name: -similarity[name])
    return [name for name in ordered if similarity[name] >= MIN_SIMILARITY][:MAX_SUGGESTED]


def _similarity(one: str, other: str) -> float:
    """Return the similarity of two texts, whatever their case: 1 if they are equal."""
    return SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False).ratio()


def _similarity_of_words(given: str, meaning: str) -> float:
    """Return the similarity of a text to a meaning; above 1 if all words of the text occur in the meaning."""
    contained = len(given) > 3 and set(given.casefold().split()) <= set(meaning.casefold().split())
    return _similarity(given, meaning) + contained
