"""The recordings to use, with their subjects and partitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class SubjectTable:
    """The recordings to use, and their subjects."""

    subjects: Mapping[str, str]
    """Subject of each recording."""
    partitions: Mapping[str, str] = field(default_factory=dict)
    """Partition of each subject; empty: they are drawn."""
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Labels of each recording; empty: unknown."""
    label_map: str = ""
    """Name of the labels; empty: there are none."""
    statements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """All statements about each recording, its labels among them; empty: unknown."""
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Numbers that describe each recording or its subject, such as age, by name; NaN = unknown."""

    @classmethod
    def of_recordings(cls, names: list[str]) -> SubjectTable:
        """Return a table in which each recording is of a different subject."""
        return cls(subjects={name: name for name in names})
