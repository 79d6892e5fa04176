"""Who takes which part: the split of a database, or of one's own people."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from diffecg.data.databases import PEOPLE
from diffecg.data.source import Source
from diffecg.data.splits import Split, by_person, split
from diffecg.errors import DiffecgError


def read_people(path: Path) -> dict[str, str]:
    """Return the records that take part and the person of each, from a CSV file with these columns.

    Raises:
        DiffecgError: it is no such file, or tells two people of a record.
    """
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise DiffecgError(f"{path} cannot be read as CSV ({' '.join(str(error).split())})") from error
    if not {"record", "person"} <= set(table.columns):
        raise DiffecgError(f"{path} has the columns {', '.join(table.columns)}; record, person are needed")
    table = table.dropna(subset=["record", "person"]).drop_duplicates(["record", "person"])
    twice = table["record"][table["record"].duplicated()].tolist()
    if twice or table.empty:
        raise DiffecgError(f"{path} tells two people of record {twice[0]}" if twice else f"{path} is empty")
    return dict(zip(table["record"], table["person"], strict=True))


def people_of(source: Source, split_name: str, people: dict[str, str] | None = None) -> dict[str, str]:
    """Return the recordings to cut, and the person of each.

    Args:
        source: where they are.
        split_name: one of ``data/splits.py``.
        people: of one's own: the records that take part and the person of each; None: all recordings, each
            of a person of its own.

    Raises:
        DiffecgError: no recording is there; people are told where the split knows them.
    """
    if people is not None and split_name != PEOPLE:
        raise DiffecgError(
            f"the split {split_name!r} knows its people; they are told of one's own records only"
        )
    return {name: name for name in source.names()} if people is None else people


def parts_of(split_name: str, people: dict[str, str]) -> Split:
    """Return the part that each record plays.

    Raises:
        DiffecgError: an unknown split.
    """
    return by_person(people) if split_name == PEOPLE else split(split_name)
