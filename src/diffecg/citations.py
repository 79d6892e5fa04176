"""What to cite for a result: the software, the papers of its methods, and the data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from diffecg._version import __version__

ALWAYS = ("diffecg", "neifar2023")
"""Keys of the works that any result cites: the software, and the paper whose idea it implements."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """A work to cite."""

    key: str
    text: str
    """The reference as a sentence."""
    bibtex: str
    """The reference as an entry of a BibTeX file."""


def works_for(card: Mapping[str, Any]) -> list[Work]:
    """Return the works to cite for a result, by the models and databases that its data card names.

    Args:
        card: the data card of a result; empty: what any result cites.
    """
    named = set(_texts(card))
    keys = [key for name, keys in _table()["sources"].items() if name in named for key in keys]
    return [work(key) for key in dict.fromkeys((*ALWAYS, *keys))]


def unknown_models(card: Mapping[str, Any]) -> list[str]:
    """Return the models that a data card names and of which it is not known what they were trained on."""
    names = {name for key in ("model", "parent") for name in _texts(card.get(key))}
    return sorted(names - set(_table()["sources"]))


def work(key: str) -> Work:
    """Return the work of a key."""
    entry = {name: text.replace("VERSION", __version__) for name, text in _table()["works"][key].items()}
    return Work(key=key, text=entry["text"], bibtex=entry["bibtex"].strip())


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((files("diffecg") / "citations.toml").read_text())


def _texts(value: object) -> Iterator[str]:
    """Yield all texts within a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, Iterable):
        for one in value:
            yield from _texts(one)
