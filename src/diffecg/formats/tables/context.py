"""What is known about a table besides its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from diffecg.formats.tables.preamble import Preamble


@dataclass(frozen=True, kw_only=True)
class Context:
    """What is known about a table besides its columns.

    Attributes:
        path: the file, for messages.
        fs_hz: sampling rate that the user gives, in Hz.
        units: units that the user states, by channel; that of the key ``""`` is for all.
        preamble: what the lines above the rows say.
        has_headings: whether the columns have headings.
        assumptions: how the file was interpreted so far.
    """

    path: Path
    fs_hz: float | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    preamble: Preamble = field(default_factory=Preamble)
    has_headings: bool = True
    assumptions: tuple[str, ...] = ()
