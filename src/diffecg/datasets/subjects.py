"""Who takes which part: the split of a database, or of one's own people."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pandas as pd

from diffecg.datasets.databases import PEOPLE
from diffecg.datasets.recording_folder import Recordings
from diffecg.datasets.splits import Split, by_person, split
from diffecg.errors import DiffecgError


def read_people(path: Path) -> dict[str, str]:
    """Return the records that take part and the person of each, from a CSV file with these columns.

    Raises:
        DiffecgError: it is no such file, tells two people of a record, or leaves a cell empty.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DiffecgError(f"{path} cannot be read as CSV ({' '.join(str(error).split())})") from error
    if not {"record", "person"} <= set(table.columns):
        raise DiffecgError(f"{path} has the columns {', '.join(table.columns)}; record, person are needed")
    people: dict[str, str] = {}
    for row, (record, person) in enumerate(zip(table["record"], table["person"], strict=True), 2):
        name = str(PurePosixPath(record.strip()))  # one spelling, or a record might be two people's
        if not (record.strip() and person.strip()):
            raise DiffecgError(f"{path}, line {row}: record {record!r}, person {person!r}; both are needed")
        if people.setdefault(name, person.strip()) != person.strip():
            raise DiffecgError(f"{path} tells two people of record {name}")
    if not people:
        raise DiffecgError(f"{path} is empty")
    return people


def people_of(source: Recordings, split_name: str, people: dict[str, str] | None = None) -> dict[str, str]:
    """Return the recordings to cut, and the person of each.

    Args:
        source: where they are.
        split_name: one of ``data/splits.py``.
        people: of one's own: the records that take part and the person of each; None: all recordings, each
            of a person of its own.

    Raises:
        DiffecgError: there is no folder, or no recording in it; people are told where the split knows them.
    """
    if people is not None and split_name != PEOPLE:
        raise DiffecgError(
            f"the split {split_name!r} knows its people; they are told of one's own records only"
        )
    if people is None:
        return {name: name for name in source.names()}
    source.check()
    return people


def parts_of(split_name: str, people: dict[str, str]) -> Split:
    """Return the part that each record plays.

    Raises:
        DiffecgError: an unknown split.
    """
    return by_person(people) if split_name == PEOPLE else split(split_name)
